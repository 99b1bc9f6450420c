"""How many records are claimed at once where the remote takes one per call, and what is put off unsent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.flows.batch import MOST, WINDOW, Pace

System = Callable[..., MemorySystem]


def two(hub: Hub, system: System, *, people: int) -> tuple[MemorySystem, MemorySystem]:
    alpha, beta = system("alpha"), system("beta")
    beta.capabilities = replace(beta.capabilities, push_batch=1)
    for number in range(people):
        alpha.put(id=f"a{number}", first="Ann", last=f"Lee{number}", mail=f"ann{number}@x.org", city="Bonn")
    hub.connect("alpha", map=MAP)
    hub.connect("beta", 'update = true\ncreate = "all"', map=MAP)
    hub.settle()
    return alpha, beta


def test_each_call_takes_no_more_than_the_system_says_and_all_arrive(hub: Hub, system: System) -> None:
    alpha, beta = two(hub, system, people=12)
    assert (len(beta.rows), beta.calls["push"]) == (12, 12)
    for number in range(12):
        alpha.edit(f"a{number}", city="Kiel")
    hub.settle()
    assert {row["city"] for row in beta.rows.values()} == {"Kiel"}
    assert beta.calls["push"] == 24


def test_what_is_behind_a_call_that_is_to_come_later_is_put_off_and_costs_no_attempt(
    hub: Hub, system: System
) -> None:
    alpha, beta = two(hub, system, people=12)
    for number in range(12):
        alpha.edit(f"a{number}", city="Kiel")
    beta.arm("fine", "fine", "fine", "retry")
    hub.sync("alpha", confirm=True)
    late = hub.rows("SELECT attempts FROM delivery WHERE state = 'waiting'")
    assert [row.attempts for row in late] == [1], "the one that was refused for now, and no other"
    assert sum(row["city"] == "Kiel" for row in beta.rows.values()) == 11
    hub.clock.wait(400)
    hub.settle()
    assert {row["city"] for row in beta.rows.values()} == {"Kiel"}


def test_a_slow_system_is_given_few_at_once_and_a_quick_one_many(hub: Hub, system: System) -> None:
    two(hub, system, people=1)
    stream, pace = hub.stream("beta"), Pace()
    assert pace.size(stream) == 1
    for _ in range(5):
        pace.took(pace.size(stream), seconds=0.001 * pace.size(stream))
    assert pace.size(stream) == MOST
    pace.took(MOST, seconds=MOST * WINDOW)
    assert pace.size(stream) == 1
