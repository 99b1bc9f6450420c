"""What persons took back of runs, and the receipts they took it from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.store import bulk
from hub.store.documents import load
from hub.store.tables import undo

COLUMNS = ("run_id", "record_id", "connection_id", "object", "path", "wrote", "before", "by", "at")


class Undone(NamedTuple):
    """A value taken back. wrote: what the run wrote and golden had; before: what stood there until then."""

    wrote: Any
    before: Any
    run_id: int


def in_force(conn: Connection) -> dict[tuple[int, str], dict[int, dict[str, Undone]]]:
    """(connection, object) → record id → path → what was taken back there."""
    found: dict[tuple[int, str], dict[int, dict[str, Undone]]] = {}
    rows = conn.execute(
        text(
            "SELECT connection_id, object, record_id, path, wrote, before, run_id FROM undo "
            "WHERE ended_at IS NULL ORDER BY id"
        )
    )
    for connection, object, record, path, wrote, before, run in rows:
        mine = found.setdefault((connection, object), {}).setdefault(record, {})
        mine[path] = Undone(load(wrote), load(before), run)
    return found


def receipts_of(conn: Connection, connection_id: int, *, started: float, finished: float) -> list[Any]:
    """Answers `done` of a connection between two moments, in order: object, record_id, external_id, kind, wrote,
    before (as JSON text). A run writes all objects of its connection."""
    return list(
        conn.execute(
            text(
                "SELECT object, record_id, external_id, kind, wrote, before FROM receipt WHERE connection_id = :id "
                "AND outcome = 'done' AND at >= :started AND at <= :finished "
                "AND record_id IS NOT NULL ORDER BY id"
            ),
            {"id": connection_id, "started": started, "finished": finished},
        )
    )


def put(conn: Connection, rows: Sequence[Sequence[Any]]) -> None:
    """Take values back: rows in the order of COLUMNS."""
    bulk.insert(conn, undo, COLUMNS, rows=rows)


def end(conn: Connection, run_id: int, *, now: float) -> list[tuple[str, int]]:
    """Take the undoing of a run back. Returns the records it was about: (object, record id)."""
    where = "WHERE run_id = :id AND ended_at IS NULL"
    rows = conn.execute(text(f"SELECT DISTINCT object, record_id FROM undo {where}"), {"id": run_id}).all()
    conn.execute(text(f"UPDATE undo SET ended_at = :now {where}"), {"id": run_id, "now": now})
    return [(row[0], row[1]) for row in rows]


def of_run(conn: Connection, run_id: int) -> bool:
    """Whether a run is undone already."""
    found = conn.scalar(
        text("SELECT 1 FROM undo WHERE run_id = :id AND ended_at IS NULL LIMIT 1"), {"id": run_id}
    )
    return found is not None
