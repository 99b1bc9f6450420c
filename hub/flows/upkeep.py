"""What is due and in nobody's hands: the list that makes a lost queue, or a dead worker, cost nothing but time
(DESIGN §7)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text

from hub.queue import Lane
from hub.store.queries import inbox, runs
from hub.store.session import Database

Call = tuple[str, int | str, Lane]


def sweep(db: Database, now: float) -> Iterator[Call]:
    """Every job to ring for: runs that are due, and connections with anything due, as (kind, id, lane)."""
    with db.read() as conn:
        pulls = [row.id for row in runs.open_runs(conn, now=now) if row.kind == "pull"]
        owing = conn.execute(
            text(
                "SELECT DISTINCT d.connection_id, d.lane FROM delivery d JOIN connection c ON c.id = d.connection_id "
                "WHERE c.state = 'active' AND d.next_at <= :now "
                "AND (d.state = 'waiting' OR (d.state = 'claimed' AND d.lease_until <= :now)) "
                "UNION SELECT DISTINCT n.connection_id, n.lane FROM creation n JOIN connection c "
                "ON c.id = n.connection_id WHERE c.state = 'active' AND n.next_at <= :now "
                "AND (n.state = 'waiting' OR (n.state = 'claimed' AND n.lease_until <= :now)) "
                "UNION SELECT DISTINCT r.connection_id, 'bulk' FROM reread r JOIN connection c "
                "ON c.id = r.connection_id WHERE c.state = 'active' ORDER BY 1, 2"
            ),
            {"now": now},
        ).all()
        heard = inbox.due(conn, now=now)
    for connection_id in heard:
        yield "webhook", connection_id, "realtime"
    for run_id in pulls:
        yield "pull", run_id, "bulk"
    for connection_id, lane in owing:
        yield "drain", connection_id, lane


def urgent(db: Database, now: float) -> Iterator[Call]:
    """The jobs to ring for in the realtime lane alone: cheap, whatever waits in the other."""
    of = "connection_id = c.id AND lane = 'realtime' AND state <> 'done' AND next_at <= :now"
    with db.read() as conn:
        owed = conn.execute(
            text(
                "SELECT c.id FROM connection c WHERE c.state = 'active' "
                f"AND (EXISTS (SELECT 1 FROM delivery WHERE {of} AND (state = 'waiting' "
                "OR (state = 'claimed' AND lease_until <= :now))) "
                f"OR EXISTS (SELECT 1 FROM creation WHERE {of} AND (state = 'waiting' "
                "OR (state = 'claimed' AND lease_until <= :now)))) ORDER BY c.id"
            ),
            {"now": now},
        )
        ids = [row[0] for row in owed]
    for connection_id in ids:
        yield "drain", connection_id, "realtime"
