"""What a partition of everything is computed from: every pair, tie and decision, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

_BATCH = 10_000


def bonds(conn: Connection, *, least: int) -> Iterator[tuple[int, int]]:
    """Every two records that may be in one component: pairs with at least so many points, decisions "same" in force,
    records we made with the record they were made for."""
    for query in (
        "SELECT a, b FROM edge WHERE points >= :least",
        "SELECT a, b FROM decision WHERE verdict = 'same' AND superseded_at IS NULL",
        "SELECT record_id, tied_to FROM identity WHERE tied_to IS NOT NULL",
    ):
        yield from _pairs(conn, query, {"least": least} if ":least" in query else {})


def customer_of(conn: Connection) -> Iterator[tuple[int, int]]:
    """(record id, customer id) of every record, as stored."""
    yield from _pairs(conn, "SELECT record_id, customer_id FROM identity", {})


def _pairs(conn: Connection, query: str, values: dict[str, Any]) -> Iterator[tuple[int, int]]:
    streaming = conn.execution_options(stream_results=True, yield_per=_BATCH)
    for rows in streaming.execute(text(query), values).partitions(_BATCH):
        for row in rows:
            yield row[0], row[1]
