"""Everything a connection is owed goes out: creates, deliveries, re-reads, until nothing is due (DESIGN §5, "Push")."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable

from hub.budget import Bucket
from hub.flows import connect, creating, delivery, owing
from hub.flows.batch import Batch
from hub.flows.connect import Lease
from hub.flows.reread import reread
from hub.flows.wiring import Stream, Wiring
from hub.queue import Lane
from hub.sdk.connector import Connector
from hub.settings import Settings
from hub.store.queries import outgoing
from hub.store.session import Database

LANES: tuple[Lane, ...] = ("realtime", "bulk")


def drain(
    db: Database,
    wiring: Wiring,
    streams: Iterable[Stream],
    *,
    connector: Connector,
    lease: Lease,
    lanes: Iterable[str] = LANES,
    seconds: float | None = None,
    say: Callable[[Counter[str]], None] | None = None,
) -> Counter[str]:
    """Work until nothing of these streams (of one connection) is due, or `seconds` are over. Returns the counts.

    Raises ConnectionBroken when the remote refuses us altogether; the rows stay queued.
    """
    counts: Counter[str] = Counter()
    end = None if seconds is None else time.monotonic() + seconds
    lanes = tuple(lanes)
    first = lanes[0] if lanes else owing.BULK
    batches = [Batch(db, wiring, stream, connector, counts, lease.seconds) for stream in streams]
    busy = True
    while busy and (end is None or time.monotonic() < end):
        busy = False
        for batch in batches:
            due = _due(batch)
            for lane in lanes:
                lease.prolong()
                busy |= ("creation", lane) in due and creating.make(batch, lane=lane) > 0
                lease.prolong()
                busy |= ("delivery", lane) in due and delivery.deliver(batch, lane=lane) > 0
            lease.prolong()
            busy |= reread(batch, lane=first) > 0
            if say is not None and busy:
                say(counts)
    return counts


def _due(batch: Batch) -> set[tuple[str, str]]:
    """What there is to claim: a look costs no lock."""
    with batch.db.read() as conn:
        return outgoing.lanes_due(conn, batch.stream.connection_id, batch.stream.object, now=time.time())


def connector_for(
    settings: Settings,
    stream: Stream,
    *,
    seconds: float,
    bucket: Bucket | None,
    lane: str = owing.BULK,
) -> tuple[Connector, Lease]:
    """The connector of a stream's connection, with the lease that bounds its calls."""
    lease = Lease(seconds)
    built = connect.build(
        settings,
        stream.connection,
        stream.config,
        base_dir=stream.base_dir,
        lease=lease,
        bucket=bucket,
        lane=lane,
    )
    return built, lease
