"""Everything, in order, a batch at a time: for exports of any size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

_BATCH = 5_000

_LINKS = """
SELECT c.name, s.object, s.external_id, i.customer_id, s.id, s.part
FROM connection c JOIN source_record s ON s.connection_id = c.id JOIN identity i ON i.record_id = s.id
WHERE s.gone_at IS NULL AND c.state NOT IN ('removed', 'built_in')
ORDER BY c.name{bytes}, s.object{bytes}, s.external_id{bytes}, s.part{bytes}
"""


def links(conn: Connection) -> Iterator[Any]:
    """(connection, object, external id, customer id, record id, part) of every live customer record, sorted by the
    bytes of its name."""
    query = _LINKS.format(bytes="" if conn.dialect.name == "sqlite" else ' COLLATE "C"')
    streaming = conn.execution_options(stream_results=True, yield_per=_BATCH)
    for rows in streaming.execute(text(query)).partitions(_BATCH):
        yield from rows


def customers(conn: Connection) -> Iterator[Any]:
    """Every living golden record by id: id, version, doc, created_at, updated_at."""
    query = (
        "SELECT id, version, doc, created_at, updated_at FROM customer "
        "WHERE merged_into IS NULL AND id > :after ORDER BY id LIMIT :batch"
    )
    return _pages(conn, query)


def orders(conn: Connection) -> Iterator[Any]:
    """Every order by id, with its connection's name and the customer it belongs to now."""
    query = (
        "SELECT o.id, c.name AS connection, o.external_id, i.customer_id, o.totals_difference, o.version, o.doc "
        "FROM order_document o JOIN connection c ON c.id = o.connection_id "
        "LEFT JOIN identity i ON i.record_id = o.customer_record_id "
        "WHERE o.id = o.origin_id AND o.id > :after ORDER BY o.id LIMIT :batch"
    )
    return _pages(conn, query)


def _pages(conn: Connection, query: str) -> Iterator[Any]:
    after = -1
    while True:
        rows = conn.execute(text(query), {"after": after, "batch": _BATCH}).all()
        yield from rows
        if len(rows) < _BATCH:
            return
        after = rows[-1].id
