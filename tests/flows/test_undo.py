"""What a run wrote is put back by the same three-way, and stays so until golden changes (DESIGN §6, "Rails")."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.errors import NotFound, WrongUse
from hub.flows import undo, why_not

System = Callable[..., MemorySystem]
ANN = {"first": "Ann", "last": "Lee", "mail": "ann@x.org", "city": "Köln"}


@pytest.fixture
def pair(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    """Ann in alpha and beta; an edit of her city in alpha was written to beta."""
    alpha, beta = system("alpha"), system("beta")
    for one in (alpha, beta):
        one.put(id=f"{one.name[0]}1", **ANN)
        hub.connect(one.name, "update = true", map=MAP)
    hub.settle()
    hub.clock.wait(60)
    alpha.edit("a1", city="Bonn")
    hub.settle()
    assert beta.rows["b1"]["city"] == "Bonn"
    return alpha, beta


def last_push(hub: Hub) -> int:
    return int(hub.one("SELECT max(id) FROM run WHERE kind = 'push'"))


def test_what_a_run_wrote_is_put_back_and_stays_so(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    alpha, beta = pair
    found = undo.undo(hub.db, last_push(hub), by="test")
    assert found.values == {"b1": {"address.locality": ("Bonn", "Köln")}}
    hub.settle()
    hub.settle()
    assert (alpha.rows["a1"]["city"], beta.rows["b1"]["city"]) == ("Bonn", "Köln")
    assert hub.golden("alpha", "a1")["address.locality"] == "Bonn"
    (reason,) = why_not.why_not(hub.db, hub.wiring(), "alpha:a1", connection="beta")
    assert "was undone" in reason.reason


def test_a_preview_puts_nothing_back(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    _, beta = pair
    assert undo.undo(hub.db, last_push(hub), by="test", preview=True).values
    hub.settle()
    assert beta.rows["b1"]["city"] == "Bonn"


def test_a_later_change_of_golden_ends_it(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    alpha, beta = pair
    undo.undo(hub.db, last_push(hub), by="test")
    hub.settle()
    hub.clock.wait(60)
    alpha.edit("a1", city="Rome")
    hub.settle()
    assert beta.rows["b1"]["city"] == "Rome"


def test_what_a_person_changed_since_is_left_alone(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    alpha, beta = pair
    run = last_push(hub)
    hub.clock.wait(60)
    beta.edit("b1", city="Oslo")
    hub.settle()
    found = undo.undo(hub.db, run, by="test")
    assert (found.values, found.changed) == ({}, {"b1": ["address.locality"]})
    hub.settle()
    assert (alpha.rows["a1"]["city"], beta.rows["b1"]["city"]) == ("Oslo", "Oslo")


def test_a_person_who_edits_just_before_the_put_back_is_not_lost(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = pair
    undo.undo(hub.db, last_push(hub), by="test")
    hub.clock.wait(60)
    beta.edit("b1", city="Oslo")
    hub.settle()
    assert (alpha.rows["a1"]["city"], beta.rows["b1"]["city"]) == ("Oslo", "Oslo")


def test_it_can_be_let_stand_again(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    _, beta = pair
    run = last_push(hub)
    undo.undo(hub.db, run, by="test")
    hub.settle()
    with pytest.raises(WrongUse):
        undo.undo(hub.db, run, by="test")
    assert undo.redo(hub.db, run) == 1
    hub.settle()
    assert beta.rows["b1"]["city"] == "Bonn"


def test_a_pull_or_an_unknown_run_cannot_be_undone(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    pull = int(hub.one("SELECT max(id) FROM run WHERE kind = 'pull'"))
    with pytest.raises(WrongUse):
        undo.undo(hub.db, pull, by="test")
    with pytest.raises(NotFound):
        undo.undo(hub.db, 10**6, by="test")
