"""Records of which a reading was dropped (sync.md R1, R2) or that were parked (R5) are read again once nothing is
open."""

from __future__ import annotations

import time

from hub.flows import deletes, owing
from hub.flows.batch import Batch
from hub.flows.intake import PageIn, take_page
from hub.store.queries import outgoing


def reread(batch: Batch, *, lane: str = owing.BULK) -> int:
    """Read one batch of marked records again. Returns how many are settled by it; 0: none, or something is still
    open."""
    stream = batch.stream
    size = stream.capabilities.fetch_batch
    if not size:
        return 0  # no digest was stored for a dropped reading: the next pull brings it
    with batch.db.read() as conn:
        ids = outgoing.rereads(conn, stream.connection_id, stream.object, limit=size, now=time.time())
    if not ids:
        return 0
    started = time.time()
    found = list(batch.connector.fetch(stream.object, ids))
    page = PageIn(
        records=[one for one in found if not one.deleted],
        started=started,
        finished=time.time(),
        settles=ids,
        counts=batch.counts,
    )
    take_page(batch.db, batch.wiring, stream, page=page, now=time.time(), lane=lane)
    gone = sorted(one.external_id for one in found if one.deleted)
    if gone and stream.capabilities.deletes:  # not shown is not deleted: the system's word counts
        gone = list(batch.connector.deletes(stream.object, None, gone).external_ids)
    if gone and len(gone) <= deletes.GUARD_RECORDS:
        with batch.db.write() as conn:
            batch.counts["deleted"] += deletes.retire(
                conn, batch.wiring, stream, external_ids=gone, now=time.time(), lane=lane
            )
    with batch.db.read() as conn:
        still = set(
            outgoing.rereads(conn, stream.connection_id, stream.object, limit=10 * size, now=time.time())
        )
    return sum(1 for one in ids if one not in still)
