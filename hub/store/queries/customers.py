"""Golden records: read and write by id, many at once, and the change feed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, text

from hub.store import bulk
from hub.store.queries.numbers import feed_numbers
from hub.store.tables import customer, feed

COLUMNS = ("id", "version", "merged_into", "doc", "why", "created_at", "updated_at")


class CustomerRow(NamedTuple):
    """A golden record as stored; `merged_into` set: a redirect."""

    id: int
    version: int
    merged_into: int | None
    doc: str
    why: str
    created_at: float
    updated_at: float


class FeedRow(NamedTuple):
    """What happened to a golden record: ADDED, CHANGED, MERGED (into other), UNMERGED (out of other)."""

    customer_id: int
    kind: str
    other_id: int | None = None


def load_many(connection: Connection, ids: Iterable[int]) -> dict[int, CustomerRow]:
    """The rows of these customers, by id."""
    rows = connection.execute(
        text(f"SELECT {', '.join(COLUMNS)} FROM customer WHERE id {bulk.among(connection, 'ids')}"),
        {"ids": bulk.pack(connection, ids)},
    )
    return {row[0]: CustomerRow(*row) for row in rows.all()}


def put(connection: Connection, rows: Sequence[CustomerRow], *, fresh: bool) -> None:
    """Write customers; `fresh`: none of them has a row yet."""
    write = bulk.insert if fresh else bulk.upsert
    write(connection, customer, COLUMNS, rows=rows)


def append_feed(connection: Connection, rows: Sequence[FeedRow], *, now: float) -> None:
    """Number what happened. The transaction's last statements: the counter stays locked until commit."""
    if rows:
        numbers = feed_numbers(connection, len(rows))
        bulk.insert(
            connection,
            feed,
            ("seq", "customer_id", "kind", "other_id", "at"),
            rows=[(seq, *row, now) for seq, row in zip(numbers, rows, strict=True)],
        )
