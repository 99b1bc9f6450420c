"""Persons' decisions: written, superseded, withdrawn; never overwritten, never deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.store import bulk
from hub.store.tables import decision


class Decided(NamedTuple):
    """A decision as it stands. at: epoch seconds."""

    id: int
    a: int
    b: int
    verdict: str
    by: str
    reason: str | None
    at: float
    superseded_at: float | None


def insert(
    conn: Connection,
    pairs: Sequence[tuple[int, int]],
    *,
    verdict: str,
    by: str,
    reason: str | None,
    now: float,
) -> list[int]:
    """New decisions with one verdict; their numbers. The caller holds the matching lock."""
    before = int(conn.scalar(text("SELECT max(id) FROM decision")) or 0)
    rows = [{"a": a, "b": b, "verdict": verdict, "by": by, "reason": reason, "at": now} for a, b in pairs]
    conn.execute(decision.insert(), rows)
    query = "SELECT id FROM decision WHERE id > :before ORDER BY id"
    return [row[0] for row in conn.execute(text(query), {"before": before})]


def supersede(conn: Connection, ids: Iterable[int], *, by: int | None, now: float) -> None:
    """Put decisions out of force. by: the newer one that did it; None: they were withdrawn."""
    conn.execute(
        text(
            "UPDATE decision SET superseded_at = :now, superseded_by = :by "
            f"WHERE id {bulk.among(conn, 'ids')}"
        ),
        {"now": now, "by": by, "ids": bulk.pack(conn, ids)},
    )


def repeat(conn: Connection, ids: Iterable[int]) -> None:
    """Say superseded decisions again, as they were said: who, why and when stay theirs."""
    conn.execute(
        text(
            'INSERT INTO decision (a, b, verdict, "by", reason, at) '
            'SELECT a, b, verdict, "by", reason, at FROM decision '
            f"WHERE id {bulk.among(conn, 'ids')} ORDER BY id"
        ),
        {"ids": bulk.pack(conn, ids)},
    )


def load(conn: Connection, ids: Iterable[int]) -> list[Decided]:
    """These decisions, in force or not."""
    return _decided(conn, f"id {bulk.among(conn, 'ids')}", ids)


def on(conn: Connection, record_ids: Iterable[int]) -> list[Decided]:
    """Decisions in force that touch one of these records, the newest first."""
    ids = bulk.among(conn, "ids")
    return _decided(conn, f"superseded_at IS NULL AND (a {ids} OR b {ids})", record_ids)


def in_force(conn: Connection) -> list[Decided]:
    """Every decision in force, the oldest first."""
    rows = conn.execute(
        text(
            'SELECT id, a, b, verdict, "by", reason, at, superseded_at FROM decision '
            "WHERE superseded_at IS NULL ORDER BY at, id"
        )
    )
    return [Decided(*row) for row in rows]


def _decided(conn: Connection, where: str, ids: Iterable[int]) -> list[Decided]:
    rows: Any = conn.execute(
        text(
            'SELECT id, a, b, verdict, "by", reason, at, superseded_at FROM decision '
            f"WHERE {where} ORDER BY at DESC, id DESC"
        ),
        {"ids": bulk.pack(conn, ids)},
    )
    return [Decided(*row) for row in rows]
