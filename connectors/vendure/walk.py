"""How a pull walks the store's lists, and where it goes on: the cursor of both objects.

A list can be filtered and sorted by its moments only, and not by "id greater than". A pass is a chain of tracks:

| track | by | what it finds |
|---|---|---|
| `all` | createdAt, which never moves | everything: the first pass, a full one |
| `changed` | updatedAt | what moved its own stamp since the last pass began, less the overlap |
| `placed` | orderPlacedAt (orders) | orders placed since: placing one does not move its updatedAt |
| `open` | createdAt (orders), a stretch per pass | orders not yet at their end: a change of state moves no stamp |
| `sweep` | createdAt, a stretch per pass, round and round | what moves no stamp at all: addresses, refunds |

Cursor: {"since", "open", "sweep"} between passes; inside one also "until" (the store's clock as it began), "track",
"at" (how far it is) and "left" (how many records of the stretch are still to come).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from connectors.vendure.graphql import Row
from hub.sdk import ConnectionBroken
from hub.sdk.paging import by_time

FULL = "all"
_STRETCHES = ("open", "sweep")


class Track(NamedTuple):
    """A list in the order of one moment. `filter`: of theirs, besides the moment."""

    name: str
    moment: str
    filter: Mapping[str, Any] = {}


class Step(NamedTuple):
    """Some rows and the cursor to store with them; `total` of the whole list, where it says something."""

    rows: list[Row]
    cursor: dict[str, Any]
    total: int | None = None


Ask = Callable[[dict[str, Any]], tuple[list[Row], int | None]]
"""List options of theirs (filter, sort, skip, take) → rows and how many there are in all."""


class Walk:
    """One pull. `clock`: the store's, once it has answered. `stretch`: records per pass of a track without stamps."""

    def __init__(
        self, ask: Ask, tracks: Sequence[Track], *, clock: Callable[[], float], size: int, stretch: int
    ) -> None:
        self._ask = ask
        self._tracks = {one.name: one for one in tracks}
        self._clock = clock
        self._size = size
        self._stretch = stretch
        self._total: int | None = None

    def steps(self, cursor: Any, *, full: bool, overlap: float) -> Iterator[Step]:
        """Pages from the cursor on, to the end of the pass. Raises ConnectionBroken for a cursor of another shape."""
        state = {} if full or not cursor else dict(_checked(cursor))
        while True:
            state.setdefault("track", FULL if state.get("since") is None else "changed")
            if state["track"] not in self._tracks:
                state["track"] = FULL
            yield from self._walk(state, overlap=overlap)
            if not self._next(state):
                yield Step([], dict(state))
                return

    def _walk(self, state: dict[str, Any], *, overlap: float) -> Iterator[Step]:
        track = self._tracks[state["track"]]
        swept = track.name in _STRETCHES
        if "at" not in state:
            state["at"] = state.get(track.name) if swept else _earlier(state.get("since"), overlap)
            if track.name == FULL:
                state["at"] = None
        if swept:
            state.setdefault("left", self._stretch)
            if state["left"] <= 0:
                return
        begun = state["at"]
        self._total = None
        for rows in by_time(
            lambda since, skip: self._fetch(track, since, skip),
            moment=lambda row: str(row[track.moment]),
            since=state["at"],
        ):
            state.setdefault("until", _shown(self._clock()))
            state["at"] = max(str(row[track.moment]) for row in rows)
            if swept:
                state["left"] -= len(rows)
                state[track.name] = state["at"]
            yield Step(rows, dict(state), self._total if track.name == FULL else None)
            self._total = None
            # A moment that many records share (an import) is read to its end, or a stretch would begin there for ever.
            if swept and state["left"] <= 0 and state["at"] != begun:
                return
        if swept:
            state[track.name] = None  # at the end: next time from the beginning

    def _next(self, state: dict[str, Any]) -> bool:
        """Move on to the next track. False: the pass is done, and `state` is what the next one begins with."""
        names = list(self._tracks)
        following = names[names.index(state["track"]) + 1 :] if state["track"] != FULL else []
        for name in ("at", "left"):
            state.pop(name, None)
        if following:
            state["track"] = following[0]
            return True
        until = state.pop("until", None) or _shown(self._clock())
        state.pop("track", None)
        state["since"] = until
        return False

    def _fetch(self, track: Track, since: str | None, skip: int) -> list[Row]:
        narrowed = dict(track.filter)
        if since is not None:
            # Their stamps have microseconds and show milliseconds; `after` is strict.
            narrowed[track.moment] = {"after": _earlier(since, 0.001)}
        options = {
            "filter": narrowed,
            "sort": {track.moment: "ASC", "id": "ASC"},
            "skip": skip,
            "take": self._size,
        }
        rows, total = self._ask(options)
        if since is None and skip == 0:
            self._total = total
        return rows


def _checked(cursor: Any) -> Mapping[str, Any]:
    if isinstance(cursor, Mapping):
        return cursor
    raise ConnectionBroken(
        "the stored cursor is none of this connector's", fix="pull this connection in full"
    )


def _shown(at: float) -> str:
    return _text(datetime.fromtimestamp(at, UTC))


def _earlier(moment: str | None, seconds: float) -> str | None:
    if moment is None:
        return None
    return _text(datetime.fromisoformat(moment) - timedelta(seconds=seconds))


def _text(moment: datetime) -> str:
    """As they write it: milliseconds, Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
