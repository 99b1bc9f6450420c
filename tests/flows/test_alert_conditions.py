"""What is worth an alert, found in the store as it stands: there, or not there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.flows import alert_conditions, connection_life, work

System = Callable[..., MemorySystem]


@pytest.fixture
def pair(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    """Two dozen customers in alpha and beta, in agreement."""
    alpha, beta = system("alpha"), system("beta")
    for one in (alpha, beta):
        for number in range(24):
            name = "abcdefghijklmnopqrstuvwx"[number] * 4
            one.put(id=f"{one.name[0]}{number}", first=name, last=name + "son", mail=f"{name}@x.org")
        hub.connect(one.name, "update = true", map=MAP)
    hub.settle()
    hub.clock.wait(60)
    return alpha, beta


def found(hub: Hub, **more: Any) -> dict[str, alert_conditions.Found]:
    with hub.db.read() as conn:
        listed = alert_conditions.found(conn, replace(hub.settings, **more), now=hub.clock())
    return {one.kind: one for one in listed}


def test_drift_over_the_share_is_an_alert_until_a_comparison_finds_less(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    beta = pair[1]

    def compare() -> None:
        run_id = work.request_pull(hub.db, hub.stream("beta"), options={}, kind="reconcile")
        work.run_pull(hub.db, hub.settings, run_id)
        hub.clock.wait(60)

    compare()
    assert "drift" not in found(hub)
    beta.rows["b3"]["city"] = "Aachen"
    compare()
    one = found(hub)["drift"]
    assert (one.subject, one.facts["count"], one.facts["of"], one.facts["percent"]) == (
        "beta/customer",
        1,
        24,
        4.17,
    )
    assert one.facts["healed"] == 1 and "address.locality" in one.facts["fields"]
    assert "drift" not in found(hub, alert_drift=50), "1 of 24 is under 5 %"
    hub.settle()
    compare()
    assert "drift" not in found(hub)


def test_deletes_over_the_guard_and_a_plan_over_the_cap_wait_for_a_word(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem], system: System
) -> None:
    for number in range(12):
        pair[0].erase(f"a{number}")
    hub.sync("alpha")
    one = found(hub)["held_run"]
    assert one.connection == "alpha" and "12 of 24 records are gone" in (one.cause or "")
    gamma = system("gamma")
    hub.connect("gamma", 'create = "all"', map=MAP)
    hub.sync("gamma")
    assert found(hub)["held_plan"].facts == {"name": "gamma", "count": 24}
    assert gamma.rows == {}
    hub.sync("alpha", confirm=True)
    hub.sync("gamma", confirm=True)
    assert not {"held_run", "held_plan"} & {*found(hub)}


def test_a_scheduled_stream_that_is_not_read_has_stalled(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem], system: System
) -> None:
    system("slow").put(id="s1", first="Eve", last="Early", mail="eve@x.org")
    hub.connect("slow", 'schedule = "every 5m"', map=MAP)
    hub.settle("slow")
    hub.clock.wait(3 * 300 + 30)
    assert "stalled" not in found(hub), "a run may just be starting"
    hub.clock.wait(60)
    one = found(hub)["stalled"]
    assert (one.subject, one.level, one.facts["minutes"]) == ("slow/customer", 1, 16)
    assert "stalled" not in found(hub, alert_missed=5)
    hub.clock.wait(3 * 4 * 300)
    assert found(hub)["stalled"].level == 2
    connection_life.pause(hub.db, "slow", by="test", now=hub.clock())
    assert "stalled" not in found(hub), "a person wants it so"
    connection_life.resume(hub.db, "slow", by="test", now=hub.clock())
    hub.settle("slow")
    assert "stalled" not in found(hub)


def test_what_waits_too_long_for_a_system_that_works_is_a_backlog(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    pair[0].edit("a1", city="Bonn")
    hub.clock.wait(60)
    run_id = work.request_pull(hub.db, hub.stream("alpha"), options={})
    work.run_pull(hub.db, hub.settings, run_id)  # and no worker brings it out
    hub.clock.wait(14 * 60)
    assert "backlog" not in found(hub)
    hub.clock.wait(2 * 60)
    one = found(hub)["backlog"]
    assert one.facts == {"name": "beta", "count": 1, "minutes": 16}
    hub.settle()
    assert "backlog" not in found(hub)


def test_a_part_that_fell_silent_is_told_unless_another_of_its_kind_lives(hub: Hub) -> None:
    from hub.store.queries import heartbeats

    heartbeats.beat(hub.db, "host:1", kind="worker bulk", now=hub.clock())
    hub.clock.wait(45)
    assert "silent_part" not in found(hub)
    hub.clock.wait(60)
    assert found(hub)["silent_part"].facts == {"part": "worker bulk", "minutes": 1}
    heartbeats.beat(hub.db, "host:2", kind="worker bulk", now=hub.clock())
    assert "silent_part" not in found(hub)
