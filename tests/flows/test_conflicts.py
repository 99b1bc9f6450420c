"""A person's choice between values: once, until a system says something else, or remembered (sync.md, "Choosing")."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.errors import NotFound, WrongUse
from hub.flows import conflicts

System = Callable[..., MemorySystem]
ANN = {"first": "Ann", "last": "Lee", "mail": "ann@x.org", "city": "Köln"}


@pytest.fixture
def pair(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    """Ann in alpha and beta; her city changes only by a person's word."""
    alpha, beta = system("alpha"), system("beta")
    for one in (alpha, beta):
        one.put(id=f"{one.name[0]}1", **ANN)
        hub.connect(one.name, "update = true", map=MAP)
    hub.apply('[survivorship]\n"address" = "manual"\n')
    hub.settle()
    hub.clock.wait(60)
    return alpha, beta


def held(hub: Hub) -> conflicts.Held:
    (found,) = conflicts.holds(hub.db, hub.wiring(), limit=10)
    return found


def test_a_hold_shows_both_sides_and_is_decided_for_the_new_value(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = pair
    alpha.edit("a1", city="Bonn")
    hub.settle()
    found = held(hub)
    assert (found.path, found.value) == ("address.locality", "Köln")
    assert {(one.record, one.value, one.kind) for one in found.said} == {
        ("alpha:a1", "Bonn", "edit"),
        ("beta:b1", "Köln", "first_sight"),
    }
    assert beta.rows["b1"]["city"] == "Köln"
    conflicts.choose(hub.db, hub.wiring(), found.customer_id, path=found.path, of="alpha:a1", by="test")
    hub.settle()
    assert beta.rows["b1"]["city"] == "Bonn"
    assert conflicts.holds(hub.db, hub.wiring(), limit=10) == []


def test_a_choice_ends_when_a_system_says_something_else(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = pair
    alpha.edit("a1", city="Bonn")
    hub.settle()
    conflicts.choose(hub.db, hub.wiring(), held(hub).customer_id, path="address.locality", of=None, by="test")
    hub.settle()
    assert alpha.rows["a1"]["city"] == "Köln"  # kept, and written over the edit
    hub.clock.wait(60)
    beta.edit("b1", city="Rome")
    hub.settle()
    assert held(hub).value == "Köln"


def test_a_remembered_choice_stays(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    alpha, beta = pair
    alpha.edit("a1", city="Bonn")
    hub.settle()
    conflicts.choose(
        hub.db,
        hub.wiring(),
        held(hub).customer_id,
        path="address.locality",
        of="alpha:a1",
        by="test",
        remember=True,
    )
    hub.settle()
    hub.clock.wait(60)
    beta.edit("b1", city="Rome")
    hub.settle()
    assert (alpha.rows["a1"]["city"], beta.rows["b1"]["city"]) == ("Bonn", "Bonn")
    assert conflicts.holds(hub.db, hub.wiring(), limit=10) == []


def test_an_entry_is_decided_after_the_fact(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    alpha, beta = pair
    alpha.edit("a1", note="cook")
    hub.clock.wait(60)
    beta.edit("b1", note="baker")
    hub.settle()
    assert alpha.rows["a1"]["note"] == "baker"
    with hub.db.read() as conn:
        overruled = next(one for one in conflicts.entries(conn, limit=10) if one.detail["ours"] == "cook")
    conflicts.choose_entry(hub.db, hub.wiring(), overruled.id, theirs=False, by="test")
    hub.settle()
    assert (alpha.rows["a1"]["note"], beta.rows["b1"]["note"]) == ("cook", "cook")


def test_what_a_record_does_not_say_cannot_be_chosen(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    customer = hub.customer("alpha", "a1")
    with pytest.raises(WrongUse):
        conflicts.choose(hub.db, hub.wiring(), customer, path="phone", of="alpha:a1", by="test")
    with pytest.raises(WrongUse):
        conflicts.choose(hub.db, hub.wiring(), customer, path="email", of="gamma:1", by="test")
    with pytest.raises(NotFound):
        conflicts.choose_entry(hub.db, hub.wiring(), 10**6, theirs=True, by="test")
