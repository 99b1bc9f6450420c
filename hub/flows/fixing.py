"""Quarantine retried: the records are read anew from their system, or taken again from what was kept of them."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from hub.errors import HubError
from hub.flows import intake, owing, quarantine
from hub.flows.connect import Lease, build
from hub.flows.wiring import Stream, Wiring, load_wiring
from hub.sdk.connector import RemoteRecord
from hub.settings import Settings
from hub.store.queries import connections, listings
from hub.store.queries.listings import Quarantined
from hub.store.session import Database

_LEASE = 300.0
_BATCH = 100


class Retried(NamedTuple):
    """What became of the rows: taken, still refused, and those nothing can be said of (with why)."""

    taken: int
    refused: int
    left: dict[str, int]


def retry(db: Database, settings: Settings, rows: Sequence[Quarantined]) -> Retried:
    """Take quarantined records again: as they are in their system now where it can be asked, else as they were kept."""
    wiring = load_wiring(db)
    streams: defaultdict[tuple[int, str], list[Quarantined]] = defaultdict(list)
    left: Counter[str] = Counter()
    for row in rows:
        if wiring.stream(row.connection_id, row.object) is None:
            left["its connection is gone, or has no map for it"] += 1
        elif not row.external_id:
            left["it has no id: mend it at its source, then run hub sync"] += 1
        else:
            streams[(row.connection_id, row.object)].append(row)
    for (connection_id, object), mine in streams.items():
        stream = wiring.stream(connection_id, object)
        assert stream is not None
        try:
            for start in range(0, len(mine), _BATCH):
                _batch(db, settings, wiring, stream, rows=mine[start : start + _BATCH])
        except HubError as error:
            left[error.message] += len(mine)
    with db.read() as conn:
        refused = sum(_now(conn, row).state == "open" for mine in streams.values() for row in mine)
    return Retried(sum(map(len, streams.values())) - refused, refused, dict(left))


def _batch(
    db: Database, settings: Settings, wiring: Wiring, stream: Stream, *, rows: list[Quarantined]
) -> None:
    """Take these again. One that is found and not refused anew is settled, also if it is as it was before it broke."""
    started = time.time()
    found = _read(db, settings, stream, rows)
    page = intake.PageIn(records=found, started=started, finished=time.time())
    intake.take_page(db, wiring, stream, page=page, now=time.time(), lane=owing.BULK)
    ids = {one.external_id for one in found}
    with db.write() as conn:
        calm = [str(row.external_id) for row in rows if _now(conn, row).times == row.times]
        quarantine.settle(conn, stream, taken=[id for id in calm if id in ids], now=time.time())


def _read(db: Database, settings: Settings, stream: Stream, batch: list[Quarantined]) -> list[RemoteRecord]:
    """The records as they are there now; from what was kept, where the system cannot be asked for single records."""
    if not stream.capabilities.fetch_batch:
        kept = [(str(row.external_id), row.raw) for row in batch]
        return [RemoteRecord(id, raw) for id, raw in kept if isinstance(raw, dict) and not raw.get("cut")]
    with db.read() as conn:
        row = connections.by_name(conn, stream.connection)
    assert row is not None
    connector = build(
        settings, stream.connection, stream.config, base_dir=Path(row.base_dir), lease=Lease(_LEASE)
    )
    found: list[RemoteRecord] = []
    size = stream.capabilities.fetch_batch
    ids = [str(row.external_id) for row in batch]
    for start in range(0, len(ids), size):
        found += connector.fetch(stream.object, ids[start : start + size])
    return [one for one in found if not one.deleted]


def _now(conn: Connection, row: Quarantined) -> Quarantined:
    found = listings.quarantined(conn, row.id)
    assert found is not None  # rows of quarantine are resolved, never deleted
    return found
