"""The change feed: read by number, trimmed from its beginning."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.store.queries.customers import FeedRow, append_feed

_TRIM_BATCH = 5_000


class Change(NamedTuple):
    """One thing that happened to a golden record. kind: ADDED, CHANGED, MERGED (into other), UNMERGED (out of other),
    ERASED. at: epoch seconds UTC."""

    seq: int
    kind: str
    customer_id: int
    other_id: int | None
    at: float


def last(conn: Connection) -> int:
    """The newest number given out; 0 before the first."""
    return int(conn.scalar(text("SELECT value FROM counter WHERE name = 'feed'")) or 0)


def after(conn: Connection, seq: int, *, limit: int) -> list[Change]:
    """What is kept of the changes after a number, in order. One statement: one state of the store."""
    rows = conn.execute(
        text(
            "SELECT seq, kind, customer_id, other_id, at FROM feed WHERE seq > :seq ORDER BY seq LIMIT :limit"
        ),
        {"seq": seq, "limit": limit},
    )
    return [Change(*row) for row in rows]


def erased(conn: Connection, customer_id: int) -> bool:
    """Whether the feed still says that this customer was erased."""
    sql = text("SELECT 1 FROM feed WHERE customer_id = :id AND kind = 'ERASED' LIMIT 1")
    return conn.scalar(sql, {"id": customer_id}) is not None


def trim(conn: Connection, *, before: float) -> int:
    """Take out one batch of changes older than `before` (epoch seconds), from the beginning, so that what is kept has
    no hole. Returns how many; 0: nothing older is left."""
    rows: Any = conn.execute(
        text("SELECT seq, at FROM feed ORDER BY seq LIMIT :limit"), {"limit": _TRIM_BATCH}
    ).all()
    old = 0
    while old < len(rows) and rows[old].at < before:
        old += 1
    if old:
        conn.execute(text("DELETE FROM feed WHERE seq <= :seq"), {"seq": rows[old - 1].seq})
    return old


__all__ = ["Change", "FeedRow", "after", "append_feed", "erased", "last", "trim"]
