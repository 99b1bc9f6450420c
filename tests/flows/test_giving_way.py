"""A long pull lets urgent work go first, and never for long."""

from __future__ import annotations

from flows.calling_system import Company

from hub.flows.giving_way import give_way


def test_a_pull_waits_for_webhooks_and_what_they_caused_but_no_longer_than_its_page_took(
    company: Company,
) -> None:
    hub, shop, crm, step = company
    assert give_way(hub.db, took=10.0) < 0.01
    shop.edit("s1", city="Köln")
    step.send("shop", "s1")
    assert 0.1 <= give_way(hub.db, took=0.1) < 0.2
    step.work("shop")  # the webhook is done; its delivery is urgent too
    assert 0.9 <= give_way(hub.db, took=10.0) < 1.1
    step.drain("realtime")
    assert give_way(hub.db, took=10.0) < 0.01
    assert crm.rows["c1"]["city"] == "Köln"


def test_it_does_not_wait_for_what_nobody_works_on(company: Company) -> None:
    hub, _, _, step = company
    step.send("shop", "s1")
    hub.clock.wait(6)
    assert give_way(hub.db, took=1.0) < 0.01
    with hub.db.claim() as conn:
        conn.exec_driver_sql("UPDATE connection SET state = 'paused'")
    step.send("shop", "s1", id="1")
    assert give_way(hub.db, took=1.0) < 0.01
