"""Streams whose time has come: a run is asked for, and the next time set, in one transaction; two schedulers ask
once."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text

from hub.flows import interval
from hub.flows.config import from_json
from hub.flows.upkeep import Call
from hub.store.documents import load
from hub.store.queries import runs, streams
from hub.store.session import Database


def tick(db: Database, now: float) -> Iterator[Call]:
    """Ask for what is due, as jobs to ring for. A run still open is not asked for twice."""
    with db.read() as conn:
        if not streams.due(conn, now=now):
            return
    asked = []
    with db.write() as conn:  # the lock: another scheduler sees the next time, not this one
        for connection_id, object in streams.due(conn, now=now):
            config = conn.scalar(text("SELECT config FROM connection WHERE id = :id"), {"id": connection_id})
            schedule = from_json(load(config)).object(object).schedule
            at = now + interval.seconds(schedule) if schedule else None
            streams.plan_next(conn, connection_id, object, at=at)
            if schedule:
                asked.append(
                    runs.request(conn, connection_id, object, kind="pull", lane="bulk", options={}, now=now)
                )
    for run_id in asked:
        yield "pull", run_id, "bulk"
