"""Walks a remote's list to its end and no further, whatever the remote does meanwhile.

| the remote pages by | use | a row that moves during the scan |
|---|---|---|
| a sort key it can filter strictly (time, id) | `by_keyset` | cannot be missed: best |
| "changed at or after", and a position within that | `by_time` | cannot be missed |
| a token or next-link it gives | `by_token` | the remote's own business |
| a position only | `by_position` | noticed by an anchor row; the scan is walked again |

Each yields lists of rows, never empty ones. A remote that would lead in circles raises ConnectionBroken with the cause:
its pages cannot be trusted, and repeating would not help.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from hub.errors import ConnectionBroken, RetryLater

# How often a moment whose rows keep moving is read again.
_PATIENCE = 5


class Sortable(Protocol):
    """What can be a sort key: numbers, texts, tuples of them."""

    def __lt__(self, other: Any, /) -> bool: ...


Row = TypeVar("Row")
Key = TypeVar("Key", bound=Sortable)


def by_keyset(
    fetch: Callable[[Key | None], Sequence[Row]], *, key: Callable[[Row], Key], after: Key | None = None
) -> Iterator[list[Row]]:
    """`fetch(after)` gives the rows whose key is strictly greater, in order; until it gives none.

    `key` must be unique per row, such as (changed at, id).
    """
    while True:
        rows = list(fetch(after))
        if not rows:
            return
        last = max(key(row) for row in rows)
        if after is not None and not after < last:
            raise _circle(f"a page after {after!r} ends at {last!r}")
        yield rows
        after = last


def by_time(
    fetch: Callable[[Key | None, int], Sequence[Row]],
    *,
    moment: Callable[[Row], Key],
    since: Key | None = None,
) -> Iterator[list[Row]]:
    """`fetch(since, skip)` gives rows changed at or after `since`, oldest first, leaving out the first `skip` of those.

    For remotes that cannot break ties by id: where the time stands still the scan goes on by position, however
    many rows
    share it (pages of 2 or more), each page beginning with the last row of the one before. If that row is not
    there, the
    rows of that moment are read again from the first. Rows of a page's last moment may come twice.
    """
    skip = 0
    again = 0
    anchor: list[Row] = []
    previous: list[Row] = []
    while True:
        rows = list(fetch(since, skip))
        if len(rows) > 1 and rows == previous:
            raise _circle(f"the page at {since!r}, position {skip}, repeats the one before")
        if anchor and rows[:1] != anchor:
            again += 1
            if again > _PATIENCE:
                raise _restless(f"rows changed at {since!r} kept moving in {_PATIENCE} readings")
            skip, anchor, previous = 0, [], []
            continue
        fresh = rows[len(anchor) :]
        if not fresh:
            return
        yield fresh
        last = max(moment(row) for row in rows)
        stands = all(not moment(row) < last for row in rows)
        if since is None or since < last:
            since, skip, again = last, 0, 0
        previous, anchor = rows, []
        if stands:
            skip += len(rows) - 1
            anchor = rows[-1:]


def by_token(
    fetch: Callable[[str | None], tuple[Sequence[Row], str | None]], *, token: str | None = None
) -> Iterator[list[Row]]:
    """`fetch(token)` gives rows and the next token or link; None or "" ends it. A token given twice is a circle.

    Empty pages in the middle are walked over.
    """
    seen: set[str] = {token} if token else set()
    while True:
        rows, following = fetch(token)
        if rows:
            yield list(rows)
        if not following:
            return
        if following in seen:
            raise _circle("the remote gave the same page token twice")
        seen.add(following)
        token = following


def by_position(
    fetch: Callable[[int], Sequence[Row]], *, size: int, identity: Callable[[Row], Hashable], passes: int = 3
) -> Iterator[list[Row]]:
    """`fetch(position)` gives up to `size` (at least 2) rows from there on; a short or empty page ends the list.

    Each page begins with the last row of the one before, the anchor. An anchor that is not where it was means that rows
    moved, so one may have slipped past: the whole list is walked once more, up to `passes` times, and then
    RetryLater is
    raised. Rows come again then; the hub's digests make that cheap.
    """
    for _ in range(passes):
        moved = False
        pages = position = 0
        previous: list[Row] = []
        while True:
            rows = list(fetch(position))
            if len(rows) > 1 and [identity(row) for row in rows] == [identity(row) for row in previous]:
                # Some remotes answer a position past the end with their last page; one that does so for the second
                # page may as well not heed the position at all.
                if pages > 1:
                    break
                raise _circle(f"the page at position {position} repeats the first one")
            pages += 1
            if previous and (not rows or identity(rows[0]) != identity(previous[-1])):
                moved = True
            fresh = rows[1:] if previous and rows and not moved else rows
            if fresh:
                yield fresh
            if len(rows) < size or len(rows) < 2:
                break
            position += len(rows) - 1
            previous = rows
        if not moved:
            return
    raise _restless(f"rows changed their place in each of {passes} scans")


def next_link(header: str | None) -> str | None:
    """The target of rel="next" in a Link header (RFC 8288), or None."""
    for part in _links(header or ""):
        target, _, parameters = part.partition(">")
        relations = [one.strip() for one in parameters.split(";")]
        if any(one.replace('"', "").replace(" ", "").lower() == "rel=next" for one in relations):
            return target.strip().lstrip("<").strip()
    return None


def _links(header: str) -> Iterator[str]:
    """A Link header's parts: the commas between `<…>` targets, not those inside one."""
    part = ""
    inside = False
    for letter in header:
        if letter == "<":
            inside = True
        elif letter == ">":
            inside = False
        if letter == "," and not inside:
            yield part
            part = ""
        else:
            part += letter
    yield part


def _circle(cause: str) -> ConnectionBroken:
    return ConnectionBroken(
        "the remote's paging leads in a circle",
        cause=cause,
        fix="this is a fault of the remote or of its connector: report it with this message",
    )


def _restless(cause: str) -> RetryLater:
    return RetryLater(
        "the list kept moving while it was read",
        cause=cause,
        fix="pull at a quieter time, or in an order that edits do not change",
    )
