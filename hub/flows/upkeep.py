"""What is due and in nobody's hands: the list that makes a lost queue, or a dead worker, cost nothing but time
(DESIGN §7)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text

from hub.queue import Lane
from hub.store.queries import inbox, runs
from hub.store.session import Database

Call = tuple[str, int | str, Lane]


_DUE = (
    "COALESCE(c.parked_until, 0) <= :now AND "
    "connection_id = c.id AND lane = :lane AND state <> 'done' AND next_at <= :now "
    "AND (state = 'waiting' OR (state = 'claimed' AND lease_until <= :now))"
)


def sweep(db: Database, now: float) -> Iterator[Call]:
    """Every job to ring for: webhooks not worked on, runs that are due, and connections with anything due, as (kind,
    id, lane)."""
    with db.read() as conn:
        heard = inbox.due(conn, now=now)
        open_runs = runs.open_runs(conn, now=now)
        pulls = [row.id for row in open_runs if row.kind in ("pull", "reconcile")]
        fills = [row.id for row in open_runs if row.kind == "backfill"]
        urgent = _owing(conn, "realtime", now=now)
        later = set(_owing(conn, "bulk", now=now)) | set(_to_read_again(conn))
    for connection_id in heard:
        yield "webhook", connection_id, "realtime"
    for connection_id in urgent:
        yield "drain", connection_id, "realtime"
    for run_id in pulls:
        yield "pull", run_id, "bulk"
    for run_id in fills:
        yield "backfill", run_id, "bulk"
    for connection_id in sorted(later):
        yield "drain", connection_id, "bulk"


def urgent(db: Database, now: float) -> Iterator[Call]:
    """What is to be delivered in the realtime lane, as jobs to ring for: what a webhook has just caused."""
    with db.read() as conn:
        owing = _owing(conn, "realtime", now=now)
    for connection_id in owing:
        yield "drain", connection_id, "realtime"


def _owing(conn: Connection, lane: Lane, *, now: float) -> list[int]:
    """Connections at work with a delivery or create due in a lane. Quick, however much waits in the other."""
    rows = conn.execute(
        text(
            f"SELECT c.id FROM connection c WHERE c.state = 'active' AND (EXISTS (SELECT 1 FROM delivery WHERE {_DUE}) "
            f"OR EXISTS (SELECT 1 FROM creation WHERE {_DUE})) ORDER BY c.id"
        ),
        {"lane": lane, "now": now},
    )
    return [row[0] for row in rows]


def _to_read_again(conn: Connection) -> list[int]:
    marked = "EXISTS (SELECT 1 FROM reread WHERE connection_id = c.id)"
    rows = conn.execute(text(f"SELECT c.id FROM connection c WHERE c.state = 'active' AND {marked}"))
    return [row[0] for row in rows]
