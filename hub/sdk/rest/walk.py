"""Walks the list of one object as its table says, with the best cursor that allows.

| the list | cursor kept after a page |
|---|---|
| filters by time, oldest change first | the time of its last row |
| filters by time, any order | the token of the next page; at the end the time at which the pass began |
| does not filter by time | the token of the next page; each pass reads all |

Times in a cursor never run ahead of the system's own clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from hub.errors import ConnectionBroken, NeedsReauth
from hub.sdk.paging import by_position, by_time, by_token
from hub.sdk.rest.moments import Moments, earlier, epoch_text
from hub.sdk.rest.names import reach
from hub.sdk.rest.tables import ObjectTable

Row = Mapping[str, Any]


class Listed(NamedTuple):
    """One answer of a list: its rows, and what the table calls its token (None at the end)."""

    rows: list[Row]
    token: str | None


class Step(NamedTuple):
    rows: list[Row]
    cursor: Any


class Walk:
    """`ask(params, link)`: one call of the list; a `link` is a whole address. `clock`: the system's, epoch seconds."""

    def __init__(
        self,
        ask: Callable[[dict[str, str], str | None], Listed],
        table: ObjectTable,
        *,
        size: int,
        zone: str,
        clock: Callable[[], float],
    ) -> None:
        self._ask = ask
        self._table = table
        self._size = size
        self._clock = clock
        self._moments = Moments(table.format, zone=zone if table.zone == "connection" else "UTC")
        self._next: str | None = None

    def steps(self, cursor: Any, *, full: bool, overlap: float) -> Iterator[Step]:
        """Pages of at most `size` rows from `cursor` on; the last may have no row, only a cursor."""
        state = cursor if isinstance(cursor, Mapping) and not full else {}
        since = state.get("since") if self._table.since else None
        asked = earlier(since, overlap) if since else None
        if self._table.since and self._table.sorted:
            yield from self._sorted(asked, since)
        elif self._table.paging in {"offset", "page"}:
            yield from self._positions(asked)
        else:
            yield from self._tokens(asked, state, since)

    # --- oldest change first ----------------------------------------------------------------------------

    def _sorted(self, asked: str | None, since: str | None) -> Iterator[Step]:
        reached = since or ""
        if self._table.paging in {"offset", "page"}:
            pages = by_time(self._at, moment=self._moment, since=asked)
        else:
            pages = self._onwards(asked)
        for rows in pages:
            reached = max(reached, *(self._moment(row) for row in rows))
            kept = min(reached, epoch_text(self._clock())) if reached else None
            for start in range(0, len(rows), self._size):
                yield Step(rows[start : start + self._size], {"since": kept} if kept else None)

    def _onwards(self, asked: str | None) -> Iterator[list[Row]]:
        """By tokens only where the time stands still: else each page is asked for anew from the last row's time on, so
        that rows which move meanwhile are missed by no kind of token. A second is gone back, should the filter mean
        "later than"."""
        token: str | None = None
        seen: set[str] = set()
        while True:
            rows, following = self._page(asked, token)
            if rows:
                yield rows
            if not following:
                return
            last = max((self._moment(row) for row in rows), default="")
            again = self._floor(earlier(last, 1.0)) if last else ""
            if again and (asked is None or again > self._floor(asked)):
                asked, token = again, None
                seen.clear()
                continue
            if following in seen:
                raise ConnectionBroken(
                    "the remote's paging leads in a circle",
                    cause="it gave the same page token twice",
                    fix="this is a fault of the remote or of its manifest: report it with this message",
                )
            seen.add(following)
            token = following

    def _floor(self, text: str) -> str:
        """A time as it comes back from the filter's own precision."""
        return self._moments.read(self._moments.write(text))

    # --- in any order -----------------------------------------------------------------------------------

    def _positions(self, asked: str | None) -> Iterator[Step]:
        began = _Start(self._clock)
        pages = by_position(
            lambda skip: self._at(asked, skip), size=self._size, identity=lambda row: str(self._id(row))
        )
        for rows in pages:
            began.note()
            yield Step(rows, None)
        yield Step([], self._ended(began))

    def _tokens(self, asked: str | None, state: Mapping[str, Any], since: str | None) -> Iterator[Step]:
        began = _Start(self._clock, state.get("began"))
        token = state.get("token")
        while True:
            try:
                for rows in by_token(lambda given: self._page(asked, given), token=token):
                    began.note()
                    kept = {"since": since, "token": self._next, "began": began.text} if self._next else None
                    for start in range(0, len(rows), self._size):
                        last = start + self._size >= len(rows)
                        yield Step(rows[start : start + self._size], kept if last else None)
                    token = None
                break
            except NeedsReauth:
                raise
            except ConnectionBroken:
                if token is None:
                    raise
                # A token kept since the last run is no longer good: the pass begins again.
                token, began = None, _Start(self._clock)
        yield Step([], self._ended(began))

    def _ended(self, began: _Start) -> dict[str, Any]:
        began.note()
        return {"since": began.text if self._table.since else None}

    # --- single calls -----------------------------------------------------------------------------------

    def _page(self, asked: str | None, token: str | None) -> tuple[list[Row], str | None]:
        if token and self._table.paging == "link":
            listed = self._ask({}, token)
        else:
            params = self._params(asked)
            if token:
                params[self._table.token_param] = token
            listed = self._ask(params, None)
        self._next = listed.token
        return listed.rows, listed.token

    def _at(self, asked: str | None, skip: int) -> list[Row]:
        """Up to `size` rows from a position on; of a list by page numbers, the two pages that hold them."""
        table = self._table
        if table.paging == "offset":
            params = {**self._params(asked), table.position_param: str(skip)}
            return self._ask(params, None).rows[: self._size]
        number, inside = divmod(skip, self._size)
        rows: list[Row] = []
        for page in (number, number + 1) if inside else (number,):
            params = {**self._params(asked), table.position_param: str(page + table.first)}
            found = self._ask(params, None).rows
            rows += found
            if len(found) < self._size:
                break
        return rows[inside : inside + self._size]

    def _params(self, asked: str | None) -> dict[str, str]:
        params = dict(self._table.params)
        if self._table.size_param:
            params[self._table.size_param] = str(self._size)
        if asked and self._table.since:
            params[self._table.since] = self._moments.write(asked)
        return params

    def _moment(self, row: Row) -> str:
        return self._moments.read(reach(row, self._table.moment))

    def _id(self, row: Row) -> Any:
        return reach(row, self._table.id)


class _Start:
    """When a pass began by the system's clock, which is known only once it has answered."""

    def __init__(self, clock: Callable[[], float], text: str | None = None) -> None:
        self._clock = clock
        self._began = time.monotonic()
        self.text = text

    def note(self) -> None:
        if self.text is None:
            self.text = epoch_text(self._clock() - (time.monotonic() - self._began))
