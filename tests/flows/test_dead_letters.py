"""What could not be brought to a system is kept with its cause, and goes out when a person says so; and why something
is not there is answered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.errors import NotFound, WrongUse
from hub.flows import dead_letters, why_not

System = Callable[..., MemorySystem]
ANN = {"first": "Ann", "last": "Lee", "mail": "ann@x.org"}
BO = {"first": "Bo", "last": "Ek", "mail": "bo@x.org"}


@pytest.fixture
def pair(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    """Alpha and beta, both with Ann and Bo, both written to."""
    alpha, beta = system("alpha"), system("beta")
    for one in (alpha, beta):
        one.put(id=f"{one.name[0]}1", **ANN)
        one.put(id=f"{one.name[0]}2", **BO)
        hub.connect(one.name, "update = true", map=MAP)
    hub.settle()
    hub.clock.wait(60)
    return alpha, beta


def refused(hub: Hub, alpha: MemorySystem, beta: MemorySystem) -> None:
    """Two edits that beta refuses."""
    beta.arm("refuse", "refuse")
    alpha.edit("a1", city="Bonn")
    alpha.edit("a2", city="Rome")
    hub.sync()


def reasons(hub: Hub, who: str, connection: str) -> list[str]:
    return [one.reason for one in why_not.why_not(hub.db, hub.wiring(), who, connection=connection)]


def test_dead_letters_are_grouped_by_the_words_of_their_cause(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    refused(hub, *pair)
    (cause,) = dead_letters.causes(dead_letters.listed(hub.db, states=("dead",)))
    assert (cause.connection, cause.object, cause.letters) == ("beta", "customer", 2)
    assert cause.example.startswith("beta/customer/b")


def test_one_is_replayed_then_all_of_its_cause(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    _, beta = pair
    refused(hub, *pair)
    hub.sync()
    assert beta.writes == []  # the same again would be refused again
    one = dead_letters.meant(hub.db, "beta/customer/b1")
    assert dead_letters.replay(hub.db, [one]).sent == 1
    hub.settle()
    assert (beta.rows["b1"]["city"], beta.rows["b2"]["city"]) == ("Bonn", "")
    left = dead_letters.listed(hub.db, states=("dead",))
    assert dead_letters.replay(hub.db, dead_letters.like(left, left[0])).sent == 1
    hub.settle()
    assert beta.rows["b2"]["city"] == "Rome"
    assert dead_letters.listed(hub.db) == []


def test_a_refused_value_is_put_right_and_sent(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    alpha, beta = pair
    refused(hub, *pair)
    debt = dead_letters.meant(hub.db, "beta/customer/b1")
    dead_letters.edit(hub.db, hub.wiring(), debt, values={"address.locality": "Köln"}, by="test")
    hub.settle()
    assert (alpha.rows["a1"]["city"], beta.rows["b1"]["city"]) == ("Köln", "Köln")


def test_it_resolves_itself_when_golden_changes(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    alpha, beta = pair
    refused(hub, *pair)
    hub.clock.wait(60)
    alpha.edit("a1", city="Mainz")
    hub.settle()
    assert beta.rows["b1"]["city"] == "Mainz"
    assert [one.external_id for one in dead_letters.listed(hub.db)] == ["b2"]


def test_a_create_that_was_refused_is_made_when_replayed(hub: Hub, system: System) -> None:
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", **ANN)
    hub.connect("alpha", map=MAP)
    hub.connect("beta", 'create = "all"', map=MAP)
    beta.arm("refuse")
    hub.sync(confirm=True)
    (debt,) = dead_letters.listed(hub.db, states=("dead",))
    assert (debt.kind, debt.external_id) == ("create", None)
    assert "given up: 422" in reasons(hub, "alpha:a1", "beta")[0]
    dead_letters.replay(hub.db, [dead_letters.meant(hub.db, dead_letters.name_of(debt))])
    hub.settle()
    assert [row["first"] for row in beta.rows.values()] == ["Ann"]


def test_a_write_held_in_doubt_is_closed_by_a_person(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = pair
    beta.arm("lose_request", "refuse")
    alpha.edit("a1", city="Bonn")
    hub.sync()
    hub.clock.wait(600)
    hub.sync()
    (debt,) = dead_letters.listed(hub.db, states=("dead",))
    assert debt.doubt
    dead_letters.close(hub.db, debt)
    hub.clock.wait(600)
    hub.settle()
    assert alpha.rows["a1"]["city"] == beta.rows["b1"]["city"] == "Bonn"
    assert dead_letters.listed(hub.db) == []


def test_what_is_not_in_doubt_is_not_closed_and_what_is_not_owed_is_not_found(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    refused(hub, *pair)
    with pytest.raises(WrongUse):
        dead_letters.close(hub.db, dead_letters.meant(hub.db, "beta/customer/b1"))
    with pytest.raises(NotFound):
        dead_letters.meant(hub.db, "beta/customer/b9")
    with pytest.raises(WrongUse):
        dead_letters.meant(hub.db, "b1")


# --- why ----------------------------------------------------------------------------------------------


def test_why_says_nothing_of_what_is_as_it_should_be(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    assert reasons(hub, "alpha:a1", "beta") == []


def test_why_names_the_policy_that_makes_no_record(hub: Hub, system: System) -> None:
    alpha, _ = system("alpha"), system("beta")
    alpha.put(id="a1", **ANN)
    hub.connect("alpha", map=MAP)
    hub.connect("beta", map=MAP)
    hub.settle()
    assert any('create = "never"' in one for one in reasons(hub, "alpha:a1", "beta"))
    hub.connect("beta", 'create = "matching"\nwhere = \'tag = "b2b"\'', map=MAP)
    hub.sync(confirm=True)
    assert any("does not match" in one for one in reasons(hub, "alpha:a1", "beta"))


def test_why_names_the_field_and_the_rule_that_keeps_it(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, _ = pair
    hub.connect("beta", 'update = true\ndirection.job_title = "in"', map=MAP)
    alpha.edit("a1", note="cook")
    hub.settle()
    (found,) = why_not.why_not(hub.db, hub.wiring(), "alpha:a1", connection="beta")
    assert (found.record, found.path, found.golden) == ("b1", "job_title", "cook")
    assert '"in"' in found.reason


def test_why_says_that_a_record_was_deleted_there(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    _, beta = pair
    beta.erase("b1")
    hub.settle()
    assert any("was deleted in beta" in one for one in reasons(hub, "alpha:a1", "beta"))


def test_why_says_that_a_first_plan_waits(hub: Hub, system: System) -> None:
    alpha, _ = system("alpha"), system("beta")
    alpha.put(id="a1", **ANN)
    hub.connect("alpha", map=MAP)
    hub.connect("beta", 'create = "all"', map=MAP)
    hub.sync()
    assert any("first plan" in one for one in reasons(hub, "alpha:a1", "beta"))
