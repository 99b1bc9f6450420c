"""Webhooks taken in: what becomes of them when a record is gone, a system is down, or a worker dies."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from flows.calling_system import CallingConnector, Company, capable

from hub.errors import NeedsReauth, RecordRejected, RemoteUnavailable
from hub.flows import connection_life, webhook
from hub.flows.inbox import replay
from hub.flows.upkeep import sweep
from hub.store.queries import inbox, runs

# --- deletes --------------------------------------------------------------------------------------


def test_a_deleted_record_is_retired_on_the_systems_word(company: Company) -> None:
    hub, shop, _, step = company
    shop.erase("s1")
    step.send("shop", deleted=["s1"])
    assert step.work("shop")["deleted"] == 1
    assert hub.one("SELECT gone_at FROM source_record WHERE external_id = 's1'") is not None


def test_a_message_of_a_delete_about_a_record_that_lives_is_a_reading(company: Company) -> None:
    hub, shop, _, step = company
    shop.edit("s1", city="Köln")
    step.send("shop", deleted=["s1"])
    assert step.work("shop")["changed"] == 1
    assert hub.golden("shop", "s1")["address.locality"] == "Köln"


def test_a_record_not_shown_is_not_deleted_unless_that_is_said(calling: Callable[..., Company]) -> None:
    _, shop, _, step = calling(capabilities=capable(deletes=False))
    del shop.rows["s1"]
    step.send("shop", "s1")
    assert "deleted" not in step.work("shop")
    step.send("shop", deleted=["s1"])
    assert step.work("shop")["deleted"] == 1


def test_deletes_that_come_one_by_one_meet_the_guard_together(calling: Callable[..., Company]) -> None:
    hub, shop, _, step = calling()
    ids = [shop.put(first=f"P{n}", last="Q", mail=f"p{n}@x.org") for n in range(20)]
    hub.settle()
    for id in ids[:9]:
        shop.erase(id)
        step.send("shop", deleted=[id], id=f"d-{id}")
        step.work("shop")
    assert [state for state, _ in step.inbox()] == ["done"] * 5 + ["held"] * 4
    (cause,) = {row.cause for row in hub.rows("SELECT cause FROM inbox WHERE state = 'held'")}
    assert "the guard lets 5 go at once" in cause
    assert "hub inbox replay" in cause
    held = [row.id for row in hub.rows("SELECT id FROM inbox WHERE state = 'held'")]
    assert replay(hub.db, hub.settings, held).became == {"held": 4}
    assert replay(hub.db, hub.settings, held, confirm=True).became == {"done": 4}
    assert hub.count("source_record", "gone_at IS NOT NULL") == 9


# --- what cannot be read now ----------------------------------------------------------------------


def test_a_system_that_is_down_is_asked_again_on_the_ladder(company: Company) -> None:
    hub, shop, crm, step = company
    shop.edit("s1", city="Köln")
    step.send("shop", "s1")
    shop.broken = RemoteUnavailable("no answer")
    assert step.work("shop") == {"webhooks": 1, "waiting": 1}
    (row,) = hub.rows("SELECT attempts, cause, next_at FROM inbox")
    assert (row.attempts, row.cause, row.next_at > time.time() + 200) == (1, "no answer", True)
    assert step.work("shop") == {}
    shop.broken = None
    hub.clock.wait(400)
    assert ("webhook", step.id("shop"), "realtime") in set(sweep(hub.db, time.time()))
    step.work("shop")
    step.drain()
    assert crm.rows["c1"]["city"] == "Köln"


def test_in_the_end_it_is_a_dead_letter_that_can_be_replayed(company: Company) -> None:
    hub, shop, _, step = company
    shop.edit("s1", city="Köln")
    step.send("shop", "s1")
    shop.broken = RemoteUnavailable("no answer")
    for _ in range(8):
        step.work("shop")
        hub.clock.wait(2 * 86400)
    assert step.inbox() == [("dead", 1)]
    shop.broken = None
    (row,) = hub.rows("SELECT id FROM inbox")
    assert replay(hub.db, hub.settings, [row.id]).became == {"done": 1}
    assert hub.golden("shop", "s1")["address.locality"] == "Köln"


def test_a_broken_connection_keeps_its_webhooks_until_it_works(company: Company) -> None:
    hub, shop, _, step = company
    shop.edit("s1", city="Köln")
    step.send("shop", "s1")
    shop.broken = NeedsReauth("the key is refused")
    step.work("shop")
    assert hub.one("SELECT state FROM connection WHERE name = 'shop'") == "needs_reauth"
    step.bells.rung.clear()
    step.send("shop", "s1", id="more")
    assert (step.bells.rung, list(sweep(hub.db, time.time()))) == ([], [])
    shop.broken = None
    connection_life.resume(hub.db, "shop", by="test", now=time.time())
    assert ("webhook", step.id("shop"), "realtime") in set(sweep(hub.db, time.time()))
    step.work("shop")
    assert step.inbox() == [("done", 1), ("done", 1)]


def test_a_paused_connection_takes_webhooks_in_and_works_on_them_later(company: Company) -> None:
    hub, shop, _, step = company
    connection_life.pause(hub.db, "shop", by="test", now=time.time())
    shop.edit("s1", city="Köln")
    assert step.send("shop", "s1")
    assert (step.bells.rung, list(sweep(hub.db, time.time()))) == ([], [])
    connection_life.resume(hub.db, "shop", by="test", now=time.time())
    assert ("webhook", step.id("shop"), "realtime") in set(sweep(hub.db, time.time()))
    step.work("shop")
    assert hub.golden("shop", "s1")["address.locality"] == "Köln"


def test_one_record_the_system_will_not_hear_of_does_not_keep_the_others(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, shop, _, step = company
    fetch = CallingConnector.fetch

    def strict(self: Any, object: str, ids: Any) -> Any:
        if "bad/id" in ids:
            raise RecordRejected("bad/id is no id")
        return fetch(self, object, ids)

    monkeypatch.setattr(CallingConnector, "fetch", strict)
    shop.edit("s1", city="Köln")
    step.send("shop", "bad/id", id="1")
    step.send("shop", "s1", id="2")
    counts = step.work("shop")
    assert (counts["dead"], counts["done"], counts["changed"]) == (1, 1, 1)


def test_a_system_that_shows_no_single_record_is_pulled(calling: Callable[..., Company]) -> None:
    _, shop, crm, step = calling(capabilities=capable(fetch_batch=0, conditional=True, version="etag"))
    shop.edit("s1", city="Köln")
    step.send("shop", "s1")
    step.work("shop")
    assert ("pull", "realtime") in [(kind, lane) for kind, _, lane in step.bells.rung]
    step.pull()
    step.drain()
    assert crm.rows["c1"]["city"] == "Köln"


def test_a_pull_that_had_begun_before_does_not_count(calling: Callable[..., Company]) -> None:
    hub, _, _, step = calling(capabilities=capable(fetch_batch=0, conditional=True, version="etag"))
    with hub.db.claim() as conn:
        run = runs.request(
            conn, step.id("shop"), "customer", kind="pull", lane="bulk", options={}, now=time.time()
        )
        row = runs.claim(conn, run, now=time.time(), lease_seconds=60)
    step.send("shop", "s1")
    step.work("shop")
    assert step.inbox() == [("waiting", 1)]
    with hub.db.claim() as conn:
        runs.end(conn, run, fence=row.fence, state="done", counts={}, now=time.time())
    hub.clock.wait(6)
    step.work("shop")
    assert step.inbox() == [("done", 1)]
    assert hub.count("run", "state = 'queued'") == 1


# --- twice, and taken over ------------------------------------------------------------------------


def test_killed_at_any_step_another_does_it_all_again(company: Company) -> None:
    hub, shop, crm, step = company
    shop.edit("s1", city="Köln")
    step.send("shop", "s1")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(inbox, "settle", _killed)
        step.work("shop")
    assert step.inbox() == [("claimed", 1)]
    assert step.work("shop") == {}  # its lease is not over
    hub.clock.wait(hub.settings.lease_seconds + 1)
    assert ("webhook", step.id("shop"), "realtime") in set(sweep(hub.db, time.time()))
    assert step.work("shop")["unchanged"] == 1
    step.drain()
    assert (len(crm.writes), step.inbox()) == (1, [("done", 1)])
    assert hub.one("SELECT attempts FROM inbox") == 0


def test_the_rows_of_an_owner_that_was_taken_over_are_not_settled_by_it(company: Company) -> None:
    hub, _, _, step = company
    step.send("shop", "s1")
    took = []

    def slow(batch: Any, rows: Any) -> dict[Any, Any]:
        hub.clock.wait(hub.settings.lease_seconds + 1)
        with hub.db.claim() as conn:
            now = time.time()
            took.extend(inbox.claim(conn, step.id("shop"), owner="other", now=now, until=now + 60, limit=9))
        return {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(webhook._Batch, "take", slow)
        step.work("shop")
    assert len(took) == 1
    assert step.inbox() == [("claimed", 1)]
    hub.clock.wait(100)
    step.work("shop")


def test_a_reading_that_meets_a_write_of_ours_is_read_again_after_it(company: Company) -> None:
    """sync.md R2: what was read while our write was open is no evidence."""
    hub, shop, crm, step = company
    crm.edit("c1", city="Köln")

    def meanwhile() -> None:
        shop.before_write = None
        shop.edit("s1", phone="+49 30 901821")
        step.send("shop", "s1")
        assert step.work("shop")["dropped"] == 1

    shop.before_write = meanwhile
    hub.settle()
    assert shop.rows["s1"]["city"] == "Köln"
    assert "901821" in crm.rows["c1"]["phone"].replace(" ", "")


def test_what_is_done_is_forgotten_after_some_days_and_what_is_not_stays(company: Company) -> None:
    hub, shop, _, step = company
    step.send("shop", "s1", id="1")
    step.work("shop")
    shop.broken = NeedsReauth("no")
    step.send("shop", "s1", id="2")
    step.work("shop")
    with hub.db.claim() as conn:
        assert inbox.trim(conn, before=time.time() + 1) == 1
    assert step.inbox() == [("waiting", 1)]
    shop.broken = None


def _killed(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt
