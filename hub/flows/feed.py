"""The change feed for readers: every commit in order, nothing twice, nothing left out in silence (DESIGN §5)."""

from __future__ import annotations

from typing import NamedTuple

from hub.errors import Gone
from hub.store.queries import feed
from hub.store.queries.feed import Change
from hub.store.session import Database


class Changes(NamedTuple):
    """changes: in order, each number one more than the one before. next: the cursor to go on from. latest: the newest
    number when it was read."""

    changes: list[Change]
    next: int
    latest: int


def read(db: Database, after: int, *, limit: int) -> Changes:
    """The changes after a cursor; 0: from the beginning. Raises Gone where some of them are kept no longer.

    The numbers come from one row that a transaction keeps locked until it commits, so they become visible in order.
    Whether the first one is the very next is looked at in the answer itself: a trim between two statements cannot hide.
    """
    with db.read() as conn:
        latest = feed.last(conn)
        found = feed.after(conn, after, limit=limit)
    if after > max(latest, found[-1].seq if found else 0):
        raise Gone(
            f"The feed has not come to {after} yet; its newest change is {latest}.",
            cause="The hub was restored from a backup, or the cursor is of another hub.",
            fix=_AGAIN,
        )
    if (found and found[0].seq != after + 1) or (not found and after < latest):
        raise Gone(
            f"Changes after {after} are kept no longer.",
            cause="The cursor is older than the feed goes back (setting feed_days).",
            fix=_AGAIN,
        )
    position = found[-1].seq if found else after
    return Changes(found, position, max(latest, position))


def latest(db: Database) -> int:
    """The newest number: where a reader begins that takes an export from now on."""
    with db.read() as conn:
        return feed.last(conn)


def trim(db: Database, *, before: float) -> int:
    """Forget changes older than `before` (epoch seconds). Returns how many."""
    done = 0
    while True:
        with db.claim() as conn:
            count = feed.trim(conn, before=before)
        done += count
        if not count:
            return done


_AGAIN = "Take all customers anew: GET /api/v1/exports/customers, and go on in the feed from its header Feed-Position."
