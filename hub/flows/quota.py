"""A quota that is used up parks its whole connection until it is back: nothing is asked of it, nothing is charged."""

from __future__ import annotations

import time

from hub.errors import QuotaUsed, RateLimited, RemoteUnavailable
from hub.flows import retry
from hub.store.queries import connection_state
from hub.store.session import Database


def park(db: Database, connection_id: int, error: Exception) -> bool:
    """Leave a connection alone for as long as its system asked, if that is long. Whether it is."""
    if not retry.parks(error):
        return False
    assert isinstance(error, RateLimited | RemoteUnavailable) and error.after is not None
    with db.claim() as conn:
        connection_state.park(conn, connection_id, until=time.time() + error.after, why=str(error))
    return True


def waits(db: Database, connection_id: int) -> QuotaUsed | None:
    """That a connection is parked, as the error that puts its work off until then; None: it is not."""
    now = time.time()
    with db.read() as conn:
        found = connection_state.parked(conn, connection_id, now=now)
    if found is None:
        return None
    return QuotaUsed("Its quota is used up.", after=found[0] - now, cause=found[1])
