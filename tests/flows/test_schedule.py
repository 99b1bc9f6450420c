"""The scheduler's tick: what is due is asked for once, next times are set, and nothing overlaps."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.flows import connection_life
from hub.flows.schedule import tick, upcoming

System = Callable[..., MemorySystem]


@pytest.fixture
def alpha(hub: Hub, system: System) -> MemorySystem:
    made = system("alpha")
    made.put(id="a1", first="Ann", last="Lee", mail="ann@x.org")
    return made


def open_runs(hub: Hub) -> list[str]:
    return [row[0] for row in hub.rows("SELECT kind FROM run WHERE state = 'queued' ORDER BY id")]


def test_a_new_interval_is_due_now_and_asked_for_once(hub: Hub, alpha: MemorySystem) -> None:
    hub.connect("alpha", 'schedule = "every 5m"', map=MAP)
    assert len(list(tick(hub.db, time.time()))) == 1
    assert list(tick(hub.db, time.time())) == []
    hub.clock.wait(600)
    assert len(list(tick(hub.db, time.time()))) == 1
    assert open_runs(hub) == ["pull"]  # the one that is still open is the same request


def test_a_new_cron_waits_for_its_time(hub: Hub, alpha: MemorySystem) -> None:
    hub.connect("alpha", 'schedule = "cron 0 3 * * *"', map=MAP, more='timezone = "Asia/Shanghai"')
    assert list(tick(hub.db, time.time())) == []
    hub.clock.wait(86_400)
    assert len(list(tick(hub.db, time.time()))) == 1


def test_a_reconciliation_has_its_own_times(hub: Hub, alpha: MemorySystem) -> None:
    hub.connect("alpha", 'reconcile = "every 1d"', map=MAP)
    assert list(tick(hub.db, time.time())) == []
    hub.clock.wait(86_401)
    assert len(list(tick(hub.db, time.time()))) == 1
    assert open_runs(hub) == ["reconcile"]


def test_the_next_times_are_shown_and_what_keeps_them(hub: Hub, alpha: MemorySystem) -> None:
    hub.connect("alpha", 'schedule = "every 1h"\nreconcile = "cron 0 4 * * *"', map=MAP)
    list(tick(hub.db, time.time()))
    now = time.time()
    pulled, compared = upcoming(hub.db, now=now, count=2)
    assert (pulled.kind, compared.kind) == ("pull", "reconcile")
    assert pulled.at[1] - pulled.at[0] == 3600.0
    assert pulled.why is None
    connection_life.pause(hub.db, "alpha", by="test", now=now)
    assert upcoming(hub.db, now=now, count=1)[0].why == "alpha is paused"
    hub.clock.wait(7200)
    assert list(tick(hub.db, time.time())) == []


def test_a_schedule_taken_away_asks_no_more(hub: Hub, alpha: MemorySystem) -> None:
    hub.connect("alpha", 'schedule = "every 5m"', map=MAP)
    hub.connect("alpha", "", map=MAP)
    hub.clock.wait(600)
    assert list(tick(hub.db, time.time())) == []
