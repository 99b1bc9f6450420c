"""Pairs of records that a person is asked about, the best first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, text

from hub.store import bulk
from hub.store.tables import deferral


class Unsure(NamedTuple):
    """A stored pair whose records answer to different customers."""

    a: int
    b: int
    points: int
    customer_a: int
    customer_b: int


class Deferred(NamedTuple):
    """A pair that was put off, with the points it had then. at, until: epoch seconds."""

    a: int
    b: int
    points: int
    by: str
    reason: str | None
    at: float
    until: float


_UNSURE = """
SELECT e.a, e.b, e.points, x.customer_id AS customer_a, y.customer_id AS customer_b
FROM edge e JOIN identity x ON x.record_id = e.a JOIN identity y ON y.record_id = e.b
WHERE x.customer_id <> y.customer_id AND e.points BETWEEN :least AND :most
"""
# what comes after a pair, best first
_AFTER = "AND (e.points < :points OR (e.points = :points AND (e.a > :a OR (e.a = :a AND e.b > :b))))"


def unsure(
    conn: Connection, *, least: int, most: int, after: tuple[int, int, int] | None, limit: int
) -> list[Unsure]:
    """Pairs with points from `least` to `most`, best first; after: (points, a, b) of the last one seen."""
    values = {"least": least, "most": most, "limit": limit}
    query = _UNSURE
    if after is not None:
        query += _AFTER
        values |= dict(zip(("points", "a", "b"), after, strict=True))
    rows = conn.execute(text(f"{query} ORDER BY e.points DESC, e.a, e.b LIMIT :limit"), values)
    return [Unsure(*row) for row in rows]


def across(conn: Connection, customer_ids: Iterable[int], *, least: int) -> list[Unsure]:
    """Pairs with at least so many points that have a record of one of these customers, and join two customers."""
    ids = bulk.among(conn, "ids")
    query = (
        f"SELECT * FROM ({_UNSURE} AND x.customer_id {ids} UNION {_UNSURE} AND y.customer_id {ids}) AS pair"
    )
    rows = conn.execute(text(query), {"least": least, "most": 1 << 30, "ids": bulk.pack(conn, customer_ids)})
    return [Unsure(*row) for row in rows]


def customer_pairs(conn: Connection, *, least: int, most: int, limit: int) -> list[tuple[int, int]]:
    """Every two customers with such a pair, the smaller id first."""
    query = (
        "SELECT DISTINCT CASE WHEN customer_a < customer_b THEN customer_a ELSE customer_b END, "
        "CASE WHEN customer_a < customer_b THEN customer_b ELSE customer_a END "
        f"FROM ({_UNSURE}) AS pair LIMIT :limit"
    )
    rows = conn.execute(text(query), {"least": least, "most": most, "limit": limit})
    return [(row[0], row[1]) for row in rows]


def parted(conn: Connection) -> set[tuple[int, int]]:
    """Every two customers that a person's decision in force holds apart, the smaller id first."""
    query = (
        "SELECT DISTINCT x.customer_id, y.customer_id FROM decision d "
        "JOIN identity x ON x.record_id = d.a JOIN identity y ON y.record_id = d.b "
        "WHERE d.superseded_at IS NULL AND d.verdict = 'different'"
    )
    return {(min(row), max(row)) for row in conn.execute(text(query))}


def deferred(conn: Connection) -> list[tuple[Deferred, int, int, int | None]]:
    """Pairs put off, with the customers of their records and the points they have now (None: the pair is gone)."""
    query = (
        'SELECT f.a, f.b, f.points, f."by", f.reason, f.at, f.until, x.customer_id, y.customer_id, e.points '
        "FROM deferral f JOIN identity x ON x.record_id = f.a JOIN identity y ON y.record_id = f.b "
        "LEFT JOIN edge e ON e.a = f.a AND e.b = f.b ORDER BY f.until, f.a, f.b"
    )
    return [(Deferred(*row[:7]), row[7], row[8], row[9]) for row in conn.execute(text(query))]


def defer(conn: Connection, rows: Sequence[Deferred]) -> None:
    """Put pairs off; one put off already gets the new word."""
    bulk.upsert(conn, deferral, Deferred._fields, rows=rows)


def forget_deferrals(conn: Connection, pairs: Iterable[tuple[int, int]]) -> None:
    """These pairs are decided, or asked about again."""
    bulk.delete(conn, deferral, ("a", "b"), rows=list(pairs))
