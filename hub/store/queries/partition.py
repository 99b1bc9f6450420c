"""What a partition of everything is computed from: every pair, tie and decision, streamed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, text

from hub.store import bulk
from hub.store.tables import edge

_BATCH = 10_000


def bonds(conn: Connection, *, least: int | None) -> Iterator[tuple[int, int]]:
    """Every two records that may be in one component: pairs with at least so many points (None: no pairs), decisions
    "same" in force, records we made with the record they were made for."""
    if least is not None:
        yield from _pairs(conn, "SELECT a, b FROM edge WHERE points >= :least", {"least": least})
    yield from _pairs(conn, "SELECT a, b FROM decision WHERE verdict = 'same' AND superseded_at IS NULL", {})
    yield from _pairs(conn, "SELECT record_id, tied_to FROM identity WHERE tied_to IS NOT NULL", {})


def edges(conn: Connection) -> Iterator[tuple[int, int, int]]:
    """Every stored pair (a, b, points), by a and b."""
    streaming = conn.execution_options(stream_results=True, yield_per=_BATCH)
    for rows in streaming.execute(text("SELECT a, b, points FROM edge ORDER BY a, b")).partitions(_BATCH):
        for row in rows:
            yield row[0], row[1], row[2]


def keys(conn: Connection) -> Iterator[list[tuple[int, int]]]:
    """Every (key, record id), some thousands at a time."""
    streaming = conn.execution_options(stream_results=True, yield_per=_BATCH)
    for rows in streaming.execute(text("SELECT hash, record_id FROM match_key")).partitions(_BATCH):
        yield [(row[0], row[1]) for row in rows]


def key_sample(conn: Connection, *, most: int) -> Iterator[tuple[int, list[int]]]:
    """Keys that several records hold, each with its records in order; about so many rows, the same ones each time.

    Keys are digests, so a part of their numbers is a part drawn by lot; their last four bits are their kind.
    """
    count = int(conn.scalar(text("SELECT count(*) FROM match_key")) or 0)
    query = (
        "SELECT hash, record_id FROM match_key WHERE (hash / 16) % :part = 0 "
        "ORDER BY (hash / 16) % 9973, hash, record_id"
    )
    streaming = conn.execution_options(stream_results=True, yield_per=_BATCH)
    held: list[int] = []
    last: int | None = None
    for rows in streaming.execute(text(query), {"part": max(1, -(-count // most))}).partitions(_BATCH):
        for hash, id in rows:
            if hash != last:
                if last is not None and len(held) > 1:
                    yield last, held
                last, held = hash, []
            held.append(id)
    if last is not None and len(held) > 1:
        yield last, held


def drop_edges(conn: Connection, rows: Sequence[tuple[int, int, int]]) -> None:
    """Forget these pairs where they still have these points."""
    bulk.delete(conn, edge, ("a", "b", "points"), rows=rows)


def customer_of(conn: Connection) -> Iterator[tuple[int, int]]:
    """(record id, customer id) of every record, as stored."""
    yield from _pairs(conn, "SELECT record_id, customer_id FROM identity", {})


def _pairs(conn: Connection, query: str, values: dict[str, Any]) -> Iterator[tuple[int, int]]:
    streaming = conn.execution_options(stream_results=True, yield_per=_BATCH)
    for rows in streaming.execute(text(query), values).partitions(_BATCH):
        for row in rows:
            yield row[0], row[1]
