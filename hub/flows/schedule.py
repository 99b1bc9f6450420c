"""Streams whose time has come: a run is asked for, and the next time set, in one transaction; two schedulers ask once.

A stream whose run is still open is not asked for again, so runs of one stream never overlap.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, text

from hub.flows.config import ConnectionConfig, from_json
from hub.flows.upkeep import Call
from hub.store.documents import load
from hub.store.queries import connections, runs, streams
from hub.store.session import Database

KINDS = {"pull": "schedule", "reconcile": "reconcile"}


class Planned(NamedTuple):
    """When a stream is pulled or compared next. at: epoch seconds, the next first; why: what keeps it from starting."""

    connection: str
    object: str
    kind: str
    schedule: str
    at: list[float]
    why: str | None


def tick(db: Database, now: float) -> Iterator[Call]:
    """Ask for what is due, as jobs to ring for. A run still open is not asked for twice."""
    with db.read() as conn:
        if not streams.due(conn, now=now):
            return
    asked = []
    with db.write() as conn:  # the lock: another scheduler sees the next time, not this one
        for connection_id, object, kind, at in streams.due(conn, now=now):
            table = _config(conn, connection_id).timetable(object, of=KINDS[kind])
            next_at = table.after(now) if table else None
            if table and table.starts(at, now=now):
                asked.append(
                    runs.request(conn, connection_id, object, kind=kind, lane="bulk", options={}, now=now)
                )
            streams.plan_next(conn, connection_id, object, at=next_at, kind=kind)
    for run_id in asked:
        yield "pull", run_id, "bulk"


def plan(
    conn: Connection, id: int, object: str, *, config: ConnectionConfig, now: float, soon: bool = True
) -> None:
    """Set the next times of a stream anew. soon: an interval begins now; cron waits for its time in any case."""
    for kind, of in KINDS.items():
        table = config.timetable(object, of=of)
        at = None
        if table is not None:
            at = now if soon and kind == "pull" and table.every is not None else table.after(now)
        streams.plan_next(conn, id, object, at=at, kind=kind)


def forget(conn: Connection, id: int, object: str) -> None:
    """Nothing is due for a stream until somebody asks."""
    for kind in KINDS:
        streams.plan_next(conn, id, object, at=None, kind=kind)


def upcoming(db: Database, *, now: float, count: int) -> list[Planned]:
    """What will start when, by connection and object."""
    found = []
    with db.read() as conn:
        due = {
            (row.connection_id, row.object): (row.next_due, row.reconcile_due)
            for row in conn.execute(text("SELECT connection_id, object, next_due, reconcile_due FROM stream"))
        }
        for row in connections.rows(conn):
            config = from_json(row.config)
            for object, rules in config.objects.items():
                for at, (kind, of) in zip(
                    due.get((row.id, object), (None, None)), KINDS.items(), strict=True
                ):
                    table = config.timetable(object, of=of)
                    if table is None:
                        continue
                    first = [at] if at is not None else []
                    rest = table.upcoming(at if at is not None else now, count - len(first))
                    why = None if row.state == "active" else f"{row.name} is {row.state}"
                    found.append(Planned(row.name, object, kind, getattr(rules, of), [*first, *rest], why))
    return found


def _config(conn: Connection, connection_id: int) -> ConnectionConfig:
    config = conn.scalar(text("SELECT config FROM connection WHERE id = :id"), {"id": connection_id})
    return from_json(load(config))
