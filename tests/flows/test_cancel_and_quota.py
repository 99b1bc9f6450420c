"""Runs stop at a page's end and go on from there; a quota that is used up leaves its whole connection alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.canonical.ids import show
from hub.errors import NotFound, QuotaUsed, RateLimited, WrongUse
from hub.flows import connection_life, work
from hub.flows.cancelling import cancel
from hub.flows.upkeep import sweep
from hub.flows.why_not import why_not
from hub.store.documents import load

System = Callable[..., MemorySystem]


@pytest.fixture
def many(hub: Hub, system: System) -> MemorySystem:
    """A system with 130 customers, in pages of 50, that were not read yet."""
    found = system("alpha")
    for number in range(130):
        word = "".join(chr(97 + int(digit)) for digit in f"{number:04d}")
        found.put(id=f"a{number:03d}", first=f"{word}o", last=f"{word}son", mail=f"{word}@x.org")
        hub.clock.wait(1)
    hub.connect("alpha", map=MAP)
    return found


def pulled(hub: Hub, after_pages: int, then: Callable[[int], object]) -> int:
    """Pull, and do something after so many pages. Returns the run."""
    run_id = work.request_pull(hub.db, hub.stream("alpha"), options={})
    pages = []

    def say(counts: object, total: object) -> None:
        pages.append(counts)
        if len(pages) == after_pages:
            then(run_id)

    work.run_pull(hub.db, hub.settings, run_id, say=say)
    return run_id


def test_a_run_at_work_ends_with_its_page_and_the_next_goes_on_from_there(
    hub: Hub, many: MemorySystem
) -> None:
    run_id = pulled(hub, 1, lambda id: cancel(hub.db, id, by="ann", now=hub.clock()))
    row = hub.rows("SELECT state, cause, counts, lease_until FROM run WHERE id = :id", id=run_id)[0]
    assert row.state == "cancelled" and "by ann" in row.cause and row.lease_until is None
    assert hub.count("source_record") == 100 == load(row.counts)["created"]
    assert hub.settle().exit_code == 0
    assert hub.count("source_record") == 130
    done = hub.rows("SELECT counts FROM run WHERE kind = 'pull' AND state = 'done'")[0]
    assert load(done.counts)["created"] == 30
    with pytest.raises(WrongUse, match="cancelled already"):
        cancel(hub.db, run_id, by="ann", now=hub.clock())


def test_a_run_that_waits_is_cancelled_at_once_and_no_worker_starts_it(hub: Hub, many: MemorySystem) -> None:
    run_id = work.request_pull(hub.db, hub.stream("alpha"), options={})
    assert cancel(hub.db, run_id, by="ann", now=hub.clock()) == "cancelled"
    work.run_pull(hub.db, hub.settings, run_id)
    assert hub.count("source_record") == 0
    assert hub.one("SELECT act FROM audit ORDER BY id DESC LIMIT 1") == "run.cancel"
    with pytest.raises(NotFound):
        cancel(hub.db, 4711, by="ann", now=hub.clock())


def test_a_run_whose_worker_died_after_it_was_asked_to_stop_is_not_taken_up(
    hub: Hub, many: MemorySystem
) -> None:
    def dies(id: int) -> None:
        assert cancel(hub.db, id, by="ann", now=hub.clock()) == "stopping"
        raise MemoryError("killed")

    with pytest.raises(MemoryError):
        pulled(hub, 1, dies)
    run_id = hub.one("SELECT MAX(id) FROM run")
    hub.clock.wait(3600)
    work.run_pull(hub.db, hub.settings, run_id)
    assert hub.one("SELECT state FROM run WHERE id = :id", id=run_id) == "cancelled"
    assert hub.count("source_record") == 50


def test_a_pause_stops_at_the_end_of_a_page_and_resuming_goes_on(hub: Hub, many: MemorySystem) -> None:
    run_id = pulled(hub, 1, lambda id: connection_life.pause(hub.db, "alpha", by="ann", now=hub.clock()))
    row = hub.rows("SELECT state, attempts FROM run WHERE id = :id", id=run_id)[0]
    assert (row.state, row.attempts) == ("queued", 0) and hub.count("source_record") == 100
    connection_life.resume(hub.db, "alpha", by="ann", now=hub.clock())
    hub.clock.wait(120)
    work.run_pull(hub.db, hub.settings, run_id)
    assert hub.count("source_record") == 130


# --- quotas -------------------------------------------------------------------------------------------


@pytest.fixture
def two(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    alpha, beta = system("alpha"), system("beta")
    for one in (alpha, beta):
        for number, word in enumerate(("ann", "bob", "cid")):
            one.put(
                id=f"{one.name[0]}{number}", first=word, last=f"{word}son", mail=f"{word}@x.org", city="Bonn"
            )
        hub.connect(one.name, "update = true", map=MAP)
    hub.settle()
    hub.clock.wait(60)
    return alpha, beta


def test_a_quota_parks_the_whole_connection_uncharged_until_it_is_back(
    hub: Hub, two: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = two
    for number in range(3):
        alpha.edit(f"a{number}", city="Köln")
    beta.broken = QuotaUsed("beta answered 429", after=7200.0)
    began = hub.clock()
    report = hub.sync("alpha")
    assert hub.clock() - began < 60, "nobody waits for it"
    assert [one.state for one in report.outcomes if one.connection == "beta"] == ["later"]
    beta_id = hub.stream("beta").connection_id
    until, why = hub.rows("SELECT parked_until, parked_why FROM connection WHERE name = 'beta'")[0]
    assert until == pytest.approx(began + 7200, abs=60) and why == "beta answered 429"
    assert hub.count("delivery", "state = 'waiting' AND attempts = 0") == 3
    asked = sum(beta.calls.values())
    hub.clock.wait(3600)
    assert all(id != beta_id for kind, id, _ in sweep(hub.db, hub.clock()) if kind == "drain")
    hub.sync()
    assert sum(beta.calls.values()) == asked, "nothing is asked of it"
    run = hub.rows(
        "SELECT state, attempts, next_at FROM run WHERE connection_id = :id ORDER BY id DESC", id=beta_id
    )
    assert any((one.state, one.attempts) == ("queued", 0) and one.next_at >= until for one in run)
    reasons = why_not(hub.db, hub.wiring(), show("cus", hub.customer("beta", "b0")), connection="beta")
    assert "left alone until" in reasons[0].reason
    beta.broken = None
    hub.clock.wait(3700)
    assert hub.settle().exit_code == 0
    assert {row["city"] for row in beta.rows.values()} == {"Köln"}


def test_resume_goes_on_before_the_quota_is_back(hub: Hub, two: tuple[MemorySystem, MemorySystem]) -> None:
    alpha, beta = two
    alpha.edit("a1", city="Köln")
    beta.broken = QuotaUsed("beta answered 429", after=7200.0)
    hub.sync("alpha")
    beta.broken = None
    assert connection_life.resume(hub.db, "beta", by="ann", now=hub.clock())
    assert hub.count("connection", "parked_until IS NOT NULL") == 0


def test_a_short_pause_parks_nothing(hub: Hub, two: tuple[MemorySystem, MemorySystem]) -> None:
    beta = two[1]
    beta.broken = RateLimited("beta answered 429", after=20.0)
    run_id = work.request_pull(hub.db, hub.stream("beta"), options={})
    work.run_pull(hub.db, hub.settings, run_id)
    assert hub.count("connection", "parked_until IS NOT NULL") == 0
    assert hub.one("SELECT state FROM run WHERE id = :id", id=run_id) == "queued"
