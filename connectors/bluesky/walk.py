"""How a pull walks the account's notifications and its own posts, and where it goes on.

Both lists come newest first, so a pass goes down to where the last one began, less the overlap. The AppView lists a
notification under the time its writer claims, or the time it saw it if that is earlier (seen 2026-11-24): one that is
written with a date before the overlap stands below where a pass ends, and only a full pull comes by it.

Cursor: {"since"} between passes; inside one also "until" (the service's clock as it began), "track" and "at", the
service's own cursor. A page of theirs is handed on in pieces: until the last of them is stored, "at" leads to it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from connectors.bluesky import tid
from connectors.bluesky.answers import Row, rows
from connectors.bluesky.shape import POST, key
from connectors.bluesky.xrpc import Api
from hub.sdk import ConnectionBroken

HEARD, OWN = "heard", "own"
ASKED = 100  # the most a page of theirs holds


class Step(NamedTuple):
    """Some rows of a track, and the cursor to store with them."""

    track: str
    rows: list[Row]
    cursor: dict[str, Any]


class _Theirs(NamedTuple):
    """A page of theirs: the rows that are wanted, where the next one is, and the earliest moment in it."""

    rows: list[Row]
    following: str | None
    lowest: str


class Walk:
    """One pull. `size`: rows per step. `own`: whether our own posts are walked too."""

    def __init__(self, api: Api, *, size: int, reasons: Sequence[str], own: bool, asked: int = ASKED) -> None:
        self._api = api
        self._size = size
        self._reasons = list(reasons)
        self._tracks = (HEARD, OWN) if own else (HEARD,)
        self._asked = asked

    def steps(self, cursor: Any, *, full: bool, overlap: float) -> Iterator[Step]:
        """From the cursor to the end of the pass. Raises ConnectionBroken for a cursor of another shape."""
        state = {} if full or not cursor else dict(_checked(cursor))
        if state.get("track") not in self._tracks:
            state |= {"track": HEARD, "at": None}
        floor = _earlier(state.get("since"), overlap)
        for track in self._tracks[self._tracks.index(state["track"]) :]:
            if track != state["track"]:
                state |= {"track": track, "at": None}
            yield from self._walk(state, floor)
        yield Step("", [], {"since": state["until"]})

    def _walk(self, state: dict[str, Any], floor: str | None) -> Iterator[Step]:
        track = state["track"]
        been: set[str] = set()
        while True:
            page = self._heard(state["at"]) if track == HEARD else self._own(state["at"])
            if "until" not in state:  # now its clock is known
                state["until"] = _text(datetime.fromtimestamp(self._api.server_now(), UTC))
            fresh = [one for one in page.rows if floor is None or not _moment(track, one) < floor]
            ended = page.following is None or (floor is not None and page.lowest < floor)
            if not ended and page.following in been:
                raise ConnectionBroken(
                    "the service's paging leads in a circle", fix="pull again later, in full if it lasts"
                )
            been.add(str(page.following))
            for start in range(0, len(fresh), self._size):
                last = start + self._size >= len(fresh) and not ended
                at = page.following if last else state["at"]
                yield Step(track, fresh[start : start + self._size], {**state, "at": at})
            if ended:
                return
            state["at"] = page.following

    def _heard(self, at: str | None) -> _Theirs:
        said = self._api.read(
            "app.bsky.notification.listNotifications", limit=self._asked, cursor=at, reasons=self._reasons
        )
        found = rows(said, "notifications")
        wanted = [one for one in found if one.get("reason") in self._reasons]
        lowest = min((_moment(HEARD, one) for one in found), default="")
        return _Theirs(wanted, _following(said.get("cursor"), found, at), lowest)

    def _own(self, at: str | None) -> _Theirs:
        said = self._api.read(
            "com.atproto.repo.listRecords",
            repo=self._api.account().did,
            collection=POST,
            limit=self._asked,
            cursor=at,
        )
        found = rows(said, "records")
        lowest = min((_moment(OWN, one) for one in found), default="")
        return _Theirs(found, str(said["cursor"]) if said.get("cursor") and found else None, lowest)


def _following(cursor: Any, found: Sequence[Row], at: str | None) -> str | None:
    """The next page's cursor. Where that is the moment of the last row, as with Bluesky's own AppView, rows that share
    it and did not fit would be passed over: the page begins a millisecond before instead, and rows come twice."""
    if not cursor or not found:
        return None
    following = str(cursor)
    moments = [str(one.get("indexedAt")) for one in found]
    if following != moments[-1] or moments[0] == moments[-1]:
        return following
    try:
        later = _text(datetime.fromisoformat(following) + timedelta(milliseconds=1))
    except ValueError:
        return following
    return later if at is None or later < at else following


def _moment(track: str, row: Mapping[str, Any]) -> str:
    if track == HEARD:
        return str(row.get("indexedAt"))
    at = tid.seconds(key(str(row["uri"])))
    return "9" if at is None else _text(datetime.fromtimestamp(at, UTC))


def _checked(cursor: Any) -> Mapping[str, Any]:
    if isinstance(cursor, Mapping):
        return cursor
    raise ConnectionBroken(
        "the stored cursor is none of this connector's", fix="pull this connection in full"
    )


def _earlier(moment: str | None, seconds: float) -> str | None:
    if moment is None:
        return None
    return _text(datetime.fromisoformat(moment) - timedelta(seconds=seconds))


def _text(moment: datetime) -> str:
    """As they write it: milliseconds, Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
