"""How a pull walks the store's lists, and where it goes on: the cursors.

Lists are read in the order of ids, which never move. The API has no "id greater than", only positions; so each page
begins with a row that we know, the last one. If its first row is newer than that, rows before it went, and we step
back. What was read is never skipped over, whatever is deleted, added or edited meanwhile.

| object | track | what it finds |
|---|---|---|
| order | `all` | everything: the first pass, a full one |
| | `changed` | those modified since the last pass began (by the store's clock), less the overlap |
| customer | `all` | everything |
| | `new` | those with a higher id than any seen |
| | `sweep` | a stretch of all, round and round: no filter tells which customers changed |
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from connectors.woocommerce.rest import Listing, Row, row_of
from hub.sdk import ConnectionBroken

Ask = Callable[[Mapping[str, Any]], Listing]
"""Parameters of a list → its page."""
State = dict[str, Any]

_STUCK = 3


class Step(NamedTuple):
    """Some rows and the cursor to store with them; `total` of the whole list, where it says something."""

    rows: list[Row]
    cursor: State
    total: int | None = None


class Window(NamedTuple):
    """Rows with higher ids than those before; `after`, `offset`: where to go on."""

    rows: list[Row]
    after: int
    offset: int
    total: int | None


def by_id(
    ask: Ask, params: Mapping[str, Any], *, size: int, after: int = 0, offset: int = 0
) -> Iterator[Window]:
    """All rows with ids greater than `after`; `offset`: about how many rows are not.

    Raises ConnectionBroken for a list that is not in the order of ids, or does not move.
    """
    size = max(size, 2)
    position = max(offset - 1, 0) if after else 0
    last: tuple[int, list[int]] | None = None
    stuck = 0
    while True:
        page, ids = _page(ask, params, size, position)
        lost = position and (not ids or ids[0] > after)
        # The row before is not here. Nothing moved if the page before is as it was: then it is not shown to us.
        if lost and (last is None or _page(ask, params, size, last[0])[1] != last[1]):
            position, last = _back(position, size, page.total), None
            continue
        stuck = stuck + 1 if ids and last is not None and ids == last[1] else 0
        if stuck >= _STUCK:
            raise ConnectionBroken(
                "the store's paging leads in a circle", cause=f"position {position} gives the page before it"
            )
        fresh = [row for row, id in zip(page.rows, ids, strict=True) if id > after]
        if fresh:
            after = ids[-1]
            yield Window(fresh, after, position + len(ids), page.total)
        # Rows that are not shown to us make a page short, so a short one is the last only if no total is told.
        if len(ids) < size if page.total is None else position + size >= page.total:
            return
        last = (position, ids)
        position += size - 1


def _page(ask: Ask, params: Mapping[str, Any], size: int, position: int) -> tuple[Listing, list[int]]:
    page = ask({**params, "orderby": "id", "order": "asc", "per_page": size, "offset": position})
    ids = [row_of(row, "a list")["id"] for row in page.rows]
    if ids != sorted(set(ids)):
        raise ConnectionBroken(
            "the store does not list in the order of ids",
            cause=f"asked for that, it gave {ids[:5]}",
            fix="look for a plugin that changes the order of lists",
        )
    return page, ids


def _back(position: int, size: int, total: int | None) -> int:
    before = position - size
    return max(before if total is None else min(before, total - 1), 0)


class OrderWalk:
    """One pull of orders. `clock`: the store's, once it has answered. Cursor: {"since"} between passes; inside one also
    "until", "after", "offset"; without "since" it is the first."""

    def __init__(self, ask: Ask, *, clock: Callable[[], float], size: int) -> None:
        self._ask = ask
        self._clock = clock
        self._size = size

    def steps(self, cursor: Any, *, full: bool, overlap: float) -> Iterator[Step]:
        """Pages from the cursor on, to the end of the pass."""
        state = {} if full or not cursor else checked(cursor, numbers=("since", "until", "after", "offset"))
        params: State = {"status": "any"}
        if (since := state.get("since")) is not None:
            # Strictly later, in whole seconds; digits without a zone are taken as they stand.
            moment = datetime.fromtimestamp(since - overlap - 1, UTC)
            params |= {"modified_after": moment.strftime("%Y-%m-%dT%H:%M:%S"), "dates_are_gmt": True}
        began = time.monotonic()
        place = {"after": state.get("after") or 0, "offset": state.get("offset") or 0}
        for window in by_id(self._ask, params, size=self._size, **place):
            state.setdefault("until", self._begun(began))
            state |= {"after": window.after, "offset": window.offset}
            yield Step(window.rows, dict(state), window.total if since is None else None)
        yield Step([], {"since": state.get("until", self._begun(began))})

    def _begun(self, began: float) -> int:
        """When the pass began, by the store's clock."""
        return int(self._clock() - (time.monotonic() - began))


class CustomerWalk:
    """One pull of customers. Cursor: {"last", "at"}: the highest id seen, and about how many there are up to it;
    "sweep", "sweep_at": the same of the sweep; inside a pass also "track", and of a sweep "left" and "round"."""

    def __init__(self, ask: Ask, *, role: str, size: int, stretch: int) -> None:
        self._ask = ask
        self._params = {"role": role}
        self._size = size
        self._stretch = stretch

    def steps(self, cursor: Any, *, full: bool) -> Iterator[Step]:
        """Pages from the cursor on, to the end of the pass."""
        names = ("last", "at", "sweep", "sweep_at", "left", "round")
        state = {} if full or not cursor else checked(cursor, numbers=names)
        track = str(state.get("track") or ("new" if "last" in state else "all"))
        if track != "sweep":
            state["track"] = track
            place = {"after": state.get("last") or 0, "offset": state.get("at") or 0}
            for window in by_id(self._ask, self._params, size=self._size, **place):
                state |= {"last": window.after, "at": window.offset}
                yield Step(window.rows, dict(state), window.total if track == "all" else None)
            state.setdefault("last", 0)
        if track != "all" and self._stretch > 0:
            yield from self._sweep(state)
        for name in ("track", "left", "round"):
            state.pop(name, None)
        yield Step([], dict(state))

    def _sweep(self, state: State) -> Iterator[Step]:
        """A stretch of the list, at its end on from the beginning, once round at most."""
        if state.get("track") != "sweep":
            state |= {"track": "sweep", "left": self._stretch, "round": state.get("sweep") or 0}
        while state["left"] > 0:
            begun = state.get("sweep") or 0
            place = {"after": begun, "offset": state.get("sweep_at") or 0}
            for window in by_id(self._ask, self._params, size=self._size, **place):
                state |= {"sweep": window.after, "sweep_at": window.offset}
                state["left"] -= len(window.rows)
                yield Step(window.rows, dict(state))
                if state["left"] <= 0 or (begun < state["round"] <= window.after):
                    return
            state |= {"sweep": 0, "sweep_at": 0}
            if begun >= state["round"] == 0 or begun < state["round"]:
                return


def checked(cursor: Any, *, numbers: tuple[str, ...]) -> State:
    """The cursor as one of ours. Raises ConnectionBroken for another shape."""
    if not isinstance(cursor, dict) or any(not isinstance(cursor.get(name, 0), int) for name in numbers):
        raise ConnectionBroken(
            "the stored cursor is not one of this connector", fix="run a full pull, which begins anew"
        )
    return dict(cursor)
