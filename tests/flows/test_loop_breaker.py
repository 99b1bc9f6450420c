"""Two systems that keep setting the same field back are stopped, said, and let go again by a person (DESIGN §6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.flows import dead_letters, loop_breaker
from hub.flows.why_not import why_not

System = Callable[..., MemorySystem]
ANN = {"first": "Ann", "last": "Lee", "mail": "ann@x.org", "city": "Bonn"}


@pytest.fixture
def pair(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", **ANN)
    beta.put(id="b1", **ANN)
    for name in ("alpha", "beta"):
        hub.connect(name, "update = true", map=MAP)
    hub.settle()
    return alpha, beta


def spin(hub: Hub, alpha: MemorySystem, beta: MemorySystem, *, turns: int) -> None:
    """An automation in each system that wants its own city."""
    for _ in range(turns):
        alpha.edit("a1", city="Bonn")
        hub.sync()
        hub.clock.wait(60)
        beta.edit("b1", city="Kiel")
        hub.sync()
        hub.clock.wait(60)


def test_a_field_that_goes_to_and_fro_is_stopped_and_says_so(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = pair
    spin(hub, alpha, beta, turns=3 * loop_breaker.FLIPS)
    writes = [one for one in (*alpha.writes, *beta.writes) if "city" in one[1]]
    assert len(writes) <= 2 * loop_breaker.FLIPS + 1
    (stuck, *_) = dead_letters.listed(hub.db, states=["held"])
    assert "address.locality" in (stuck.cause or "") and "hub delivery replay" in (stuck.cause or "")
    customer = str(hub.golden("alpha", "a1")["email"])
    (reason, *_) = why_not(hub.db, hub.wiring(), customer, connection=stuck.connection)
    assert reason.reason.startswith("held: address.locality")


def test_other_fields_and_other_values_are_no_loop(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    alpha, beta = pair
    for number in range(3 * loop_breaker.FLIPS):
        alpha.edit("a1", city=f"Town {number}")
        hub.settle()
    assert beta.rows["b1"]["city"] == alpha.rows["a1"]["city"]
    assert dead_letters.listed(hub.db) == []


def test_a_person_lets_it_go_and_it_goes_once(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    alpha, beta = pair
    spin(hub, alpha, beta, turns=3 * loop_breaker.FLIPS)
    dead_letters.replay(hub.db, dead_letters.listed(hub.db, states=["held"]))
    hub.sync()
    assert (
        alpha.rows["a1"]["city"] == beta.rows["b1"]["city"] == hub.golden("alpha", "a1")["address.locality"]
    )
    assert dead_letters.listed(hub.db) == []
