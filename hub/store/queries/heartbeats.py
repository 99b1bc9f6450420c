"""Signs of life: a worker writes its row every few seconds; one younger than thirty counts as alive."""

from __future__ import annotations

from sqlalchemy import text

from hub.store.session import Database

ALIVE_SECONDS = 30.0
_FORGOTTEN_SECONDS = 86400.0


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


def forget(db: Database, *, now: float) -> None:
    """Take out the rows of processes that ended without a word, once they tell nothing any more."""
    with db.claim() as conn:
        conn.execute(text("DELETE FROM heartbeat WHERE at < :before"), {"before": now - _FORGOTTEN_SECONDS})


def alive(db: Database, *, now: float, kind: str = "worker") -> bool:
    """Whether any process of this kind lives. Kinds: `scheduler`, `worker QUEUE`; `worker` means one of any queue."""
    with db.read() as conn:
        found = conn.scalar(
            text("SELECT 1 FROM heartbeat WHERE (kind = :kind OR kind LIKE :kinds) AND at > :since LIMIT 1"),
            {"kind": kind, "kinds": f"{kind} %", "since": now - ALIVE_SECONDS},
        )
    return found is not None
