"""A long pull lets urgent work go first: between its pages, and never longer than the page before took.

Both take the matching lock, and SQLite has but one writer; a change of one customer makes several short transactions,
each of which would wait for a whole page.
"""

from __future__ import annotations

import time

from sqlalchemy import Connection, text

from hub.store.session import Database

_LONGEST = 1.0  # seconds
_LOOK_EVERY = 0.02
_FRESH = 5.0  # seconds; what has waited longer waits for something else, such as a worker
_OPEN = "state <> 'done' AND state IN ('waiting', 'claimed') AND next_at BETWEEN :since AND :now"
_OWED = f"connection_id = c.id AND lane = 'realtime' AND {_OPEN}"
_URGENT = text(
    "SELECT 1 FROM connection c WHERE c.state = 'active' AND ("
    f"EXISTS (SELECT 1 FROM inbox WHERE connection_id = c.id AND {_OPEN}) "
    f"OR EXISTS (SELECT 1 FROM delivery WHERE {_OWED}) OR EXISTS (SELECT 1 FROM creation WHERE {_OWED})) LIMIT 1"
)


def give_way(db: Database, *, took: float) -> float:
    """Wait while urgent work is at hand, at most `took` seconds. Returns how long."""
    began = time.time()
    ends = began + min(took, _LONGEST)
    while time.time() < ends:
        with db.read() as conn:
            if not _urgent(conn, now=time.time()):
                break
        time.sleep(_LOOK_EVERY)
    return time.time() - began


def _urgent(conn: Connection, *, now: float) -> bool:
    return conn.scalar(_URGENT, {"since": now - _FRESH, "now": now}) is not None
