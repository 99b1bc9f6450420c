"""Where work may stop: after a page that was stored with its checkpoint (issue 6.8)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from hub.errors import Cancelled, LeaseLost, RetryLater
from hub.flows.connect import Lease
from hub.store.queries import connection_state, runs
from hub.store.session import Database

PAUSED = 60.0  # seconds after which a pull of a paused connection is looked at again


def page_done(db: Database, run: Any, lease: Lease, *, counts: Mapping[str, int], label: str) -> None:
    """Keep the run for its next page. Raises LeaseLost if it is another worker's by now, Cancelled if a person stopped
    it, RetryLater if its connection was paused; the next run goes on from the checkpoint."""
    lease.prolong()
    with db.claim() as conn:
        until = time.time() + lease.seconds
        ours = runs.keep(conn, run.id, fence=run.fence, until=until, counts=dict(counts))
        by = runs.asked_to_stop(conn, run.id)
        works = connection_state.works(conn, run.connection_id)
    if not ours:
        raise LeaseLost(f"{label}: another worker has taken this run over.")
    if by is not None:
        raise Cancelled(f"{label}: cancelled by {by}.")
    if not works:
        raise RetryLater(f"{label}: the connection is paused.", after=PAUSED)
