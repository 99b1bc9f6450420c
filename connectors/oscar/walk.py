"""A whole list, page by page, while people change it.

The API sorts accounts by nothing (a PostgreSQL shows them as they lie on its disk, so that a login moves one) and
orders from the newest on. So a page overlaps the one before by a row; if that row is not there, rows before it went,
and we step back until we meet one we know. And a pass that saw fewer rows than there were is walked again for the
others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from connectors.oscar.rest import Listing, Rest, Row, identity
from hub.sdk import ConnectionBroken, RetryLater

_PASSES = 3
_STEPS_BACK = 50
_STALE = 50


class Part(NamedTuple):
    """Some rows. cursor: where to go on after them; empty: at the beginning. total: of all rows, if told."""

    rows: list[Row]
    cursor: Mapping[str, Any]
    total: int | None


class Walk:
    """One list of the API. After a pass from its beginning to its end, `ids` are all there are, else None."""

    def __init__(self, rest: Rest, path: str, *, size: int) -> None:
        self._rest = rest
        self._path = path
        self._size = max(size, 2)
        self.ids: frozenset[str] | None = None

    def parts(self, cursor: Mapping[str, Any] | None = None) -> Iterator[Part]:
        """From a part's cursor on, else from the beginning, to the end. At most `size` rows each.

        Raises RetryLater if the list does not keep still enough.
        """
        self.ids = None
        known: set[str] = set()
        position, anchor = _place(cursor)
        for number in range(_PASSES):
            run = _Pass(position, anchor)
            for part in self._pass(run):
                fresh = [row for row in part.rows if identity(row) not in known] if number else part.rows
                if fresh or not part.cursor:
                    yield part._replace(rows=fresh)
            known |= run.seen
            if position:
                return
            if run.whole:
                self.ids = frozenset(run.seen)
                return
        raise RetryLater(
            "the list kept moving while it was read",
            cause=f"{self._path}: rows were missed in each of {_PASSES} passes",
            fix="pull at a quieter time",
        )

    def rows(self) -> list[Row]:
        """All rows, each once, as seen last."""
        return list({identity(row): row for part in self.parts() for row in part.rows}.values())

    def _pass(self, run: _Pass) -> Iterator[Part]:
        while True:
            offset = max(run.position - 1, 0)
            listing = self._rest.listing(self._path, {"limit": self._size, "offset": offset})
            if run.lost(listing):
                run.step_back(self._size, self._path)
                continue
            run.counted(listing)
            rows = listing.rows[1:] if run.position else listing.rows
            following = listing.following
            # Page numbers keep our own words in their links; only where a place is counted, it moves.
            if following is not None and following.get("offset", str(offset)) == str(offset):
                yield from self._by_links(run, listing)
                return
            run.took(rows, offset + len(listing.rows))
            if following is not None and (not rows or run.stale > _STALE):
                raise _circle(self._path, "page after page brings nothing new, and there is more")
            for start in range(0, len(rows) or 1, self._size):
                last = start + self._size >= len(rows)
                cursor = run.cursor if last and following is not None else {}
                yield Part(rows[start : start + self._size], cursor, listing.total)
            if following is None:
                return

    def _by_links(self, run: _Pass, listing: Listing) -> Iterator[Part]:
        """By page numbers or tokens, in pages of the shop's own size; each stop means to begin anew."""
        asked: list[Mapping[str, str]] = []
        while True:
            run.took(listing.rows, 0)
            for start in range(0, len(listing.rows), self._size):
                yield Part(listing.rows[start : start + self._size], {}, listing.total)
            following = listing.following
            if following is None:
                run.counted(listing)
                return
            if following in asked:
                raise _circle(self._path, f"the page {dict(following)} leads to itself")
            asked.append(following)
            listing = self._rest.listing(self._path, following)


class _Pass:
    """One walk through the list: where it is, what it has seen, how many rows there were."""

    def __init__(self, position: int, anchor: str | None) -> None:
        self.position = position
        self.seen: set[str] = {anchor} if anchor else set()
        self._last = anchor
        self._counts: list[int] = []
        self._steps = 0
        self.stale = 0

    @property
    def cursor(self) -> Mapping[str, Any]:
        return {"position": self.position, "anchor": self._last}

    @property
    def whole(self) -> bool:
        """Whether it saw as many rows as there were at its beginning or, if fewer, at its end."""
        return not self._counts or len(self.seen) >= min(self._counts)

    def counted(self, listing: Listing) -> None:
        if listing.total is not None:
            self._counts = [*self._counts[:1], listing.total]

    def lost(self, listing: Listing) -> bool:
        """Whether the row before our place is one we never saw: then rows before it went, and we are too far."""
        return bool(self.position) and not (listing.rows and identity(listing.rows[0]) in self.seen)

    def step_back(self, size: int, path: str) -> None:
        self._steps += 1
        if self._steps > _STEPS_BACK:
            raise RetryLater(
                "the list kept moving while it was read", cause=path, fix="pull at a quieter time"
            )
        self.position = max(self.position - size, 0)

    def took(self, rows: list[Row], position: int) -> None:
        self.position = position
        ids = [identity(row) for row in rows]
        self.stale = 0 if set(ids) - self.seen else self.stale + 1
        self.seen.update(ids)
        self._last = ids[-1] if ids else self._last


def _place(cursor: Mapping[str, Any] | None) -> tuple[int, str | None]:
    if not cursor or not cursor.get("position") or not cursor.get("anchor"):
        return 0, None
    return int(cursor["position"]), str(cursor["anchor"])


def _circle(path: str, cause: str) -> ConnectionBroken:
    return ConnectionBroken(
        "the shop's paging leads in a circle",
        cause=f"{path}: {cause}",
        fix="this is a fault of the shop or of its connector: report it with this message",
    )
