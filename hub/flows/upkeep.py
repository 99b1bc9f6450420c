"""What is due and in nobody's hands: the list that makes a lost queue, or a dead worker, cost nothing but time
(DESIGN §7)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text

from hub.queue import Lane
from hub.store.queries import runs
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
    for run_id in pulls:
        yield "pull", run_id, "bulk"
    for connection_id, lane in owing:
        yield "drain", connection_id, lane
