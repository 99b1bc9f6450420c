"""An edit changes a value, not who somebody is: records that were one customer stay one through it."""

from __future__ import annotations

from collections.abc import Callable

from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.flows.steward import unmerge

System = Callable[..., MemorySystem]
BO = {"first": "Bo", "last": "Ek", "mail": "bo@x.org", "city": "Bonn"}


def two(hub: Hub, system: System, rules: str = "update = true") -> tuple[MemorySystem, MemorySystem]:
    """Two systems whose records are tied by nothing but one e-mail."""
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", **BO)
    beta.put(id="b1", **BO)
    hub.connect("alpha", "update = true", map=MAP)
    hub.connect("beta", rules, map=MAP)
    hub.settle()
    assert hub.customer("alpha", "a1") == hub.customer("beta", "b1")
    return alpha, beta


def test_a_new_email_reaches_the_other_system_and_makes_nobody_new(hub: Hub, system: System) -> None:
    alpha, beta = two(hub, system, 'update = true\ncreate = "all"')
    before = hub.customer("alpha", "a1")
    alpha.edit("a1", mail="bo.ek@y.org")
    hub.settle()
    assert hub.customer("alpha", "a1") == hub.customer("beta", "b1") == before
    assert {id: row["mail"] for id, row in beta.rows.items()} == {"b1": "bo.ek@y.org"}


def test_a_new_family_name_reaches_the_other_system(hub: Hub, system: System) -> None:
    alpha, beta = two(hub, system)
    alpha.edit("a1", last="Lindqvist")
    hub.settle()
    assert hub.customer("alpha", "a1") == hub.customer("beta", "b1")
    assert beta.rows["b1"]["last"] == "Lindqvist"


def test_both_at_once_and_then_the_other_side_again(hub: Hub, system: System) -> None:
    alpha, beta = two(hub, system)
    alpha.edit("a1", last="Lindqvist", mail="lindqvist@y.org")
    hub.settle()
    beta.edit("b1", mail="third@z.org")
    hub.settle()
    assert hub.customer("alpha", "a1") == hub.customer("beta", "b1")
    assert alpha.rows["a1"]["mail"] == "third@z.org" and beta.rows["b1"]["last"] == "Lindqvist"


def test_a_person_still_parts_what_an_edit_does_not(hub: Hub, system: System) -> None:
    alpha, beta = two(hub, system)
    alpha.edit("a1", last="Lindqvist", mail="lindqvist@y.org")
    hub.settle()
    out = [hub.record("alpha", "a1")]
    unmerge(hub.db, hub.wiring(), hub.customer("alpha", "a1"), records_out=out, by="ann")
    hub.settle()
    assert hub.customer("alpha", "a1") != hub.customer("beta", "b1")
    assert beta.rows["b1"]["mail"] == "bo@x.org"
