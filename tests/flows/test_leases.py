"""Leases of pulls: kept while the process lives, over soon after it; what another has taken is not prolonged."""

from __future__ import annotations

import threading
import time
from typing import Any

from hub.flows.connect import Lease
from hub.flows.keep import kept
from hub.store.queries import runs
from hub.store.session import Database


def claimed(db: Database, *, seconds: float) -> Any:
    """A run of no connection in particular, claimed for so long."""
    with db.claim() as conn:
        id = runs.request(conn, 1, "customer", kind="pull", lane="bulk", options={}, now=time.time())
        return runs.claim(conn, id, now=time.time(), lease_seconds=seconds)


def lease_end(db: Database, id: int) -> float:
    with db.read() as conn:
        return float(runs.get(conn, id).lease_until)


def until_moved(db: Database, id: int, *, beyond: float) -> None:
    give_up = time.monotonic() + 20
    while lease_end(db, id) <= beyond:
        assert time.monotonic() < give_up, "the lease was not prolonged"
        time.sleep(0.02)


def test_a_lease_is_prolonged_while_the_work_goes_on_and_not_after(db: Database) -> None:
    row = claimed(db, seconds=0.6)
    lease = Lease(0.6)
    with kept(db, row, lease):
        for _ in range(3):
            until_moved(db, row.id, beyond=lease_end(db, row.id))
        assert lease.remaining() > 0
    end = lease_end(db, row.id)
    assert not any(one.name == f"lease of run {row.id}" for one in threading.enumerate())
    with db.claim() as conn:
        assert runs.claim(conn, row.id, now=end - 0.01, lease_seconds=60) is None
        assert runs.claim(conn, row.id, now=end + 0.01, lease_seconds=60).fence == row.fence + 1


def test_the_lease_of_another_owner_is_not_touched(db: Database) -> None:
    row = claimed(db, seconds=-1.0)
    with db.claim() as conn:
        other = runs.claim(conn, row.id, now=time.time(), lease_seconds=1000)
    until = other.lease_until
    with kept(db, row, Lease(0.3)):
        keeper = next(one for one in threading.enumerate() if one.name == f"lease of run {row.id}")
        keeper.join(20)
        assert not keeper.is_alive(), "it goes on for a run that is another's"
    assert lease_end(db, row.id) == until


def test_a_person_who_asks_urges_the_run_that_waits_and_changes_what_it_is_to_do(db: Database) -> None:
    with db.claim() as conn:
        id = runs.request(conn, 1, "customer", kind="pull", lane="bulk", options={}, now=1000.0)
        row = runs.claim(conn, id, now=1000.0, lease_seconds=60)
        runs.later(conn, id, fence=row.fence, next_at=9000.0, charged=True, cause="down", code="x")
        assert runs.claim(conn, id, now=2000.0, lease_seconds=60) is None
        runs.due_now(conn, id, options={"full": True}, now=2000.0)
        again = runs.claim(conn, id, now=2000.0, lease_seconds=60)
    assert runs.options(again) == {"full": True}
