"""Signs of life: a worker writes its row every few seconds; one younger than thirty counts as alive."""

from __future__ import annotations

from sqlalchemy import text

from hub.store.session import Database

ALIVE_SECONDS = 30.0


def beat(db: Database, name: str, *, kind: str, now: float) -> None:
    """Say that this process lives."""
    with db.claim() as conn:
        conn.execute(
            text(
                "INSERT INTO heartbeat (name, kind, at) VALUES (:name, :kind, :now) "
                "ON CONFLICT (name) DO UPDATE SET at = excluded.at"
            ),
            {"name": name, "kind": kind, "now": now},
        )


def stop(db: Database, name: str) -> None:
    """A process that ends in order takes its row with it."""
    with db.claim() as conn:
        conn.execute(text("DELETE FROM heartbeat WHERE name = :name"), {"name": name})


def alive(db: Database, *, now: float, kind: str = "worker") -> bool:
    """Whether any process of this kind lives."""
    with db.read() as conn:
        found = conn.scalar(
            text("SELECT 1 FROM heartbeat WHERE kind = :kind AND at > :since LIMIT 1"),
            {"kind": kind, "since": now - ALIVE_SECONDS},
        )
    return found is not None
