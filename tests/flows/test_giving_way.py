"""A long pull lets urgent work go first, and never for long."""

from __future__ import annotations

import pytest
from flows.calling_system import Company

from hub.budget import LocalBucket
from hub.errors import RateLimited
from hub.flows import connect
from hub.flows.config import ConnectionConfig
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


def test_of_a_budget_of_calls_a_share_is_kept_for_what_is_urgent(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket, config = LocalBucket(clock=lambda: 0.0), ConnectionConfig("any", calls_per_second=10)
    monkeypatch.setattr(connect, "_PATIENCE", 0.0)

    def calls(lane: str) -> int:
        """How many calls this lane may make at once."""
        before_call = connect._budget("shop", config, bucket, lane=lane)
        assert before_call is not None
        count = 0
        with pytest.raises(RateLimited):
            while True:
                before_call()
                count += 1
        return count

    assert (calls("bulk"), calls("bulk"), calls("realtime"), calls("realtime")) == (15, 0, 5, 0)
