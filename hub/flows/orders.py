"""Orders in: one origin each, matched by reference only; an order whose customer is not here yet waits for it
(DESIGN §5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from hub.canonical.order import totals_difference
from hub.flows.wiring import Stream, Wiring
from hub.store import bulk
from hub.store.documents import dump
from hub.store.queries import numbers, records
from hub.store.queries.records import Known
from hub.store.tables import order as table

if TYPE_CHECKING:
    from hub.flows.intake import Mapped

_COLUMNS = (
    "id", "connection_id", "external_id", "customer_ref", "customer_record_id", "placed_at", "totals_difference",
    "version", "doc", "updated_at",
)  # fmt: skip


def take(
    conn: Connection,
    wiring: Wiring,
    stream: Stream,
    *,
    mapped: Sequence[Mapped],
    finished: float,
    counts: Counter[str],
) -> None:
    """Store a page of orders; the last reading is the order, for its origin owns its content."""
    known = records.digests(
        conn, stream.connection_id, stream.object, external_ids=[one.record.external_id for one in mapped]
    )
    new = [one for one in mapped if one.record.external_id not in known]
    ids = dict(
        zip(
            (one.record.external_id for one in new),
            numbers.record_ids(conn, len(new), now=finished) if new else (),
            strict=True,
        )
    )
    customers = _customers(conn, stream, {one.parts[0].customer_record for one in mapped})
    versions = _versions(conn, [many[0].id for many in known.values()])
    rows = []
    for one in mapped:
        id = ids.get(one.record.external_id) or known[one.record.external_id][0].id
        part = one.parts[0]
        customer = customers.get(part.customer_record or "")
        version = versions.get(id, 0) + 1
        rows.append(_row(stream, one, id=id, customer=customer, version=version, finished=finished))
    _store_records(conn, stream, mapped, ids=ids, known=known, finished=finished)
    bulk.upsert(conn, table, _COLUMNS, rows=rows)
    counts["created"] += len(new)
    counts["changed"] += len(mapped) - len(new)
    counts["mismatched"] += sum(1 for row in rows if row[6] is not None)
    counts["waiting"] += sum(1 for row in rows if row[3] and row[4] is None)


def _row(
    stream: Stream, one: Mapped, *, id: int, customer: int | None, version: int, finished: float
) -> tuple[Any, ...]:
    part = one.parts[0]
    difference = totals_difference(part.values)
    return (
        id, stream.connection_id, one.record.external_id, part.customer_record, customer,
        part.values.get("placed_at"), str(difference) if difference else None, version, dump(part.values), finished,
    )  # fmt: skip


def _store_records(
    conn: Connection,
    stream: Stream,
    mapped: Sequence[Mapped],
    *,
    ids: Mapping[str, int],
    known: Mapping[str, list[Known]],
    finished: float,
) -> None:
    """The source records of the orders: new ones in, known ones as read now."""
    records.insert(
        conn,
        [
            (
                ids[one.record.external_id], stream.connection_id, stream.object, one.record.external_id, "",
                one.digest, stream.map_id, finished, finished, one.text,
            )
            for one in mapped
            if one.record.external_id in ids
        ],
    )  # fmt: skip
    records.update_read(
        conn,
        [
            {
                "id": known[one.record.external_id][0].id,
                "digest": one.digest,
                "map_id": stream.map_id,
                "read_at": finished,
                "raw": one.text,
            }
            for one in mapped
            if one.record.external_id in known
        ],
    )


def adopt(conn: Connection, connection_id: int) -> int:
    """Orders that waited for a customer which has come: tie them to it. Returns how many."""
    result: Any = conn.execute(
        text(
            "UPDATE order_document SET customer_record_id = (SELECT s.id FROM source_record s "
            "WHERE s.connection_id = order_document.connection_id AND s.object = 'customer' AND s.part = '' "
            "AND s.external_id = order_document.customer_ref) "
            "WHERE connection_id = :id AND customer_record_id IS NULL AND customer_ref IS NOT NULL"
        ),
        {"id": connection_id},
    )
    return int(result.rowcount)


def _customers(conn: Connection, stream: Stream, refs: set[str | None]) -> dict[str, int]:
    found = records.digests(
        conn, stream.connection_id, "customer", external_ids=[one for one in refs if one is not None]
    )
    return {external_id: part.id for external_id, parts in found.items() for part in parts if part.part == ""}


def _versions(conn: Connection, ids: Sequence[int]) -> dict[int, int]:
    if not ids:
        return {}
    rows = conn.execute(
        text(f"SELECT id, version FROM order_document WHERE id {bulk.among(conn, 'ids')}"),
        {"ids": bulk.pack(conn, ids)},
    )
    return {row[0]: row[1] for row in rows}
