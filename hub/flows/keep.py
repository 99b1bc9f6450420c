"""The lease of a pull at work is prolonged while its process lives, however long a page takes; it ends soon after it.

So leases can be short, and the work of a dead worker is taken over soon (DESIGN §7), while a large file or a slow list
of deletes is not taken from a worker that lives. A pull only reads the remote; what writes there (deliveries, creates)
is bounded by its lease, which is never prolonged in the middle of a call.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hub.flows.connect import Lease
from hub.store.queries import runs
from hub.store.session import Database

log = logging.getLogger(__name__)

_TIMES = 3  # so often is a lease prolonged before it would end


@contextmanager
def kept(db: Database, run: Any, lease: Lease) -> Iterator[None]:
    """Prolong the run's lease, and the time its calls have, until the body ends or another worker has taken it over."""
    over = threading.Event()
    keeper = threading.Thread(target=_keep, args=(db, run, lease, over), name=f"lease of run {run.id}")
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def _keep(db: Database, run: Any, lease: Lease, over: threading.Event) -> None:
    while not over.wait(lease.seconds / _TIMES):
        until = time.time() + lease.seconds
        try:
            with db.claim() as conn:
                ours = runs.prolong(conn, run.id, fence=run.fence, until=until)
        except Exception:
            log.warning("the lease of run %d could not be prolonged", run.id, exc_info=True)
            continue
        if not ours:
            return  # the pull learns it with its next page (R4)
        lease.prolong()
