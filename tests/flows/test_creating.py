"""Which goldens get a record in which system, and what waits for a person (sync.md, "Which records go where")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.flows import steward
from hub.sdk.connector import Change, Receipt
from hub.sync import scope

System = Callable[..., MemorySystem]
TAGGED = MAP.replace('job_title = "note"', 'tags = { from = "note", via = ["split(;)"] }')
ANN = {"first": "Ann", "last": "Lee", "mail": "ann@x.org"}
BO = {"first": "Bo", "last": "Ek", "mail": "bo@x.org"}


def source(hub: Hub, system: System, rules: str, *, map: str = MAP) -> tuple[MemorySystem, MemorySystem]:
    """Alpha has Ann and Bo; beta is empty, under these rules."""
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", **ANN)
    alpha.put(id="a2", **BO)
    hub.connect("alpha", "update = true", map=map)
    hub.connect("beta", f"update = true\n{rules}", map=MAP)
    return alpha, beta


# --- policies -------------------------------------------------------------------------------------


def test_create_never_makes_nothing(hub: Hub, system: System) -> None:
    _, beta = source(hub, system, 'create = "never"')
    hub.settle()
    assert (beta.rows, hub.count("creation")) == ({}, 0)


def test_create_all_makes_each_golden_once(hub: Hub, system: System) -> None:
    alpha, beta = source(hub, system, 'create = "all"')
    hub.settle()
    assert sorted(row["mail"] for row in beta.rows.values()) == ["ann@x.org", "bo@x.org"]
    hub.settle()
    assert len(beta.rows) == beta.calls["created"] == 2
    made = next(id for id, row in beta.rows.items() if row["first"] == "Ann")
    assert hub.customer("beta", made) == hub.customer("alpha", "a1")
    hub.clock.wait(60)
    beta.edit(made, city="Bonn")  # a person there may go on with what we made
    hub.settle()
    assert alpha.rows["a1"]["city"] == "Bonn"


def test_create_matching_makes_those_that_match_when_they_match(hub: Hub, system: System) -> None:
    alpha, beta = source(hub, system, 'create = "matching"\nwhere = \'tag = "b2b"\'', map=TAGGED)
    alpha.edit("a1", note="b2b")
    hub.settle()
    assert [row["first"] for row in beta.rows.values()] == ["Ann"]
    alpha.edit("a2", note="vip;b2b")
    hub.settle()
    assert sorted(row["first"] for row in beta.rows.values()) == ["Ann", "Bo"]


def test_a_record_that_no_longer_matches_is_frozen(hub: Hub, system: System) -> None:
    alpha, beta = source(hub, system, 'create = "matching"\nwhere = \'tag = "b2b"\'', map=TAGGED)
    alpha.edit("a1", note="b2b")
    hub.settle()
    alpha.edit("a1", note="", city="Bonn")
    hub.connect("alpha", 'update = true\nblank.tags = "clear"', map=TAGGED)
    alpha.edit("a1", note="private")
    hub.settle()
    (made,) = beta.rows.values()
    assert made["city"] == ""


def test_a_golden_whose_record_was_deleted_there_is_not_made_again(hub: Hub, system: System) -> None:
    alpha, beta = source(hub, system, 'create = "all"')
    hub.settle()
    made = next(id for id, row in beta.rows.items() if row["first"] == "Ann")
    beta.erase(made)
    hub.settle()
    alpha.edit("a1", city="Bonn")
    hub.settle()
    assert [row["first"] for row in beta.rows.values()] == ["Bo"]
    assert hub.count("source_record", f"external_id = '{made}' AND gone_at IS NOT NULL") == 1


def test_a_default_the_system_fills_in_is_nobodys_word(hub: Hub, system: System) -> None:
    alpha, beta = source(hub, system, 'create = "all"')
    beta.render = lambda name, value: value
    put = beta.put
    beta.put = lambda **fields: put(**{"firm": "to be filled in", **fields})  # type: ignore[method-assign]
    hub.settle()
    assert {row["firm"] for row in beta.rows.values()} == {"to be filled in"}
    hub.settle()
    assert "company" not in hub.golden("alpha", "a1")
    assert {row["firm"] for row in alpha.rows.values()} == {""}


# --- the first run, and the cap of later ones -------------------------------------------------------


def test_the_first_run_is_held_with_its_plan_until_a_person_confirms(hub: Hub, system: System) -> None:
    alpha, beta = source(hub, system, 'create = "all"')
    alpha.edit("a1", city="Bonn")
    beta.put(id="b1", **ANN, firm="Lee Ltd")
    report = hub.sync()
    assert report.exit_code == 1
    assert (alpha.writes, beta.writes) == ([], [])
    plans = {one.connection: one for one in report.plans}
    assert (plans["alpha"].creates, plans["alpha"].updates, dict(plans["alpha"].fields)) == (
        0,
        1,
        {"company": 1},
    )
    assert (plans["beta"].creates, plans["beta"].updates) == (1, 1)
    assert plans["beta"].fields["address.locality"] == 1
    assert "person's word" in (plans["beta"].why or "")
    assert any(one.external_id is None and one.new == "bo@x.org" for one in plans["beta"].examples)
    alpha.edit("a2", firm="Ek AB")
    report = hub.sync()
    assert report.exit_code == 1  # and goes on being held, with the plan of now
    plans = {one.connection: one for one in report.plans}
    assert ("company", "Ek AB") in [(one.path, one.new) for one in plans["beta"].examples]
    assert hub.settle().plans == []
    assert beta.rows["b1"]["city"] == "Bonn"
    assert alpha.rows["a1"]["firm"] == "Lee Ltd"
    alpha.edit("a2", city="Ulm")
    assert hub.sync().exit_code == 0  # no word needed any more
    assert "Ulm" in [row["city"] for row in beta.rows.values()]


def test_an_empty_plan_needs_no_word(hub: Hub, system: System) -> None:
    alpha, beta = source(hub, system, 'create = "never"')
    beta.put(id="b1", **ANN)
    report = hub.sync()
    assert (report.exit_code, report.plans) == (0, [])
    alpha.edit("a1", city="Bonn")
    assert hub.sync().exit_code == 0
    assert beta.rows["b1"]["city"] == "Bonn"


def test_a_later_run_stops_at_the_cap_until_confirmed(
    hub: Hub, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scope, "CAP_RECORDS", 3)
    alpha, beta = source(hub, system, 'create = "all"')
    hub.settle()
    for number in range(5):
        alpha.put(id=f"n{number}", first="Ann", last=f"Number{number}", mail=f"n{number}@x.org")
    report = hub.sync()
    (plan,) = report.plans
    assert (report.exit_code, plan.connection, plan.creates) == (1, "beta", 5)
    assert "more than one run may (3)" in (plan.why or "")
    assert len(beta.rows) == 2
    assert hub.sync().exit_code == 1  # held, also if asked again
    hub.settle()
    assert len(beta.rows) == 7


# --- two people of one golden -------------------------------------------------------------------------


def test_two_people_of_one_merged_golden_never_get_a_second_create(hub: Hub, system: System) -> None:
    """Both creates were planned before the merge; one batch claims both."""
    _, beta = source(hub, system, 'create = "all"')
    hub.sync()
    assert hub.count("creation", "state = 'held'") == 2
    steward.merge(
        hub.db, hub.wiring(), a=hub.customer("alpha", "a1"), b=hub.customer("alpha", "a2"), by="ann"
    )
    hub.sync(confirm=True)
    hub.clock.wait(600)
    hub.settle()
    assert beta.calls["created"] == len(beta.rows) == 1
    assert hub.count("creation", "step = 'dropped'") == 1


def test_a_create_in_doubt_keeps_the_other_half_of_a_merge_from_being_made(hub: Hub, system: System) -> None:
    alpha, beta = source(hub, system, 'create = "all"')
    hub.settle()
    alpha.put(id="a3", first="Cy", last="Fox", mail="cy@x.org")
    beta.arm("late")
    hub.sync()
    alpha.put(id="a4", first="Cy", last="Fox", mail="fox@x.org")
    hub.connect("beta", 'update = true\ncreate = "never"', map=MAP)
    hub.sync("alpha")
    steward.merge(
        hub.db, hub.wiring(), a=hub.customer("alpha", "a3"), b=hub.customer("alpha", "a4"), by="ann"
    )
    hub.connect("beta", 'update = true\ncreate = "all"', map=MAP)
    hub.sync()
    beta.land()
    hub.clock.wait(90_000)
    hub.sync()
    hub.clock.wait(90_000)
    hub.settle()
    assert [row["first"] for row in beta.rows.values()].count("Cy") == 1


def test_a_merge_of_two_with_records_there_makes_nothing_and_deletes_nothing(
    hub: Hub, system: System
) -> None:
    _, beta = source(hub, system, 'create = "all"')
    hub.settle()
    steward.merge(
        hub.db, hub.wiring(), a=hub.customer("alpha", "a1"), b=hub.customer("alpha", "a2"), by="ann"
    )
    hub.settle()
    assert len(beta.rows) == 2
    assert hub.customer("beta", "b1") == hub.customer("beta", "b2") == hub.customer("alpha", "a1")


def test_identifying_fields_are_not_copied_between_two_records_of_one_golden(
    hub: Hub, system: System
) -> None:
    alpha, beta = system("alpha"), system("beta")
    alpha.capabilities = replace(alpha.capabilities, identifying=("email",))
    alpha.put(id="a1", **ANN, phone="+49 30 901820")
    alpha.put(id="a2", first="Ann", last="Lee", mail="lee@y.org", phone="+49 30 901820")
    beta.put(id="b1", **ANN, phone="+49 30 901820", firm="Lee Ltd")
    hub.connect("alpha", "update = true", map=MAP)
    hub.connect("beta", "update = true", map=MAP)
    hub.settle()
    assert hub.customer("alpha", "a1") == hub.customer("alpha", "a2") == hub.customer("beta", "b1")
    assert (alpha.rows["a1"]["mail"], alpha.rows["a2"]["mail"]) == ("ann@x.org", "lee@y.org")
    assert alpha.rows["a1"]["firm"] == alpha.rows["a2"]["firm"] == "Lee Ltd"
    hub.clock.wait(60)
    beta.edit("b1", mail="new@x.org")
    hub.settle()
    assert (alpha.rows["a1"]["mail"], alpha.rows["a2"]["mail"]) == ("new@x.org", "lee@y.org")


def test_a_create_answered_with_a_record_that_is_bound_already_ties_nothing_anew(
    hub: Hub, system: System
) -> None:
    """A system that makes no second row for an e-mail it knows, and answers with the first."""
    alpha, beta = source(hub, system, 'create = "all"')
    hub.settle()
    alpha.put(id="a3", first="Cy", last="Fox", mail="cy@x.org")
    alpha.put(id="a4", first="Di", last="Ray", mail="di@x.org")
    write = beta.write

    def answer(change: Change) -> Receipt:
        known = change.payload["first"] == "Cy"
        return Receipt(change.key, "done", "b1", beta.record("b1")) if known else write(change)

    beta.write = answer  # type: ignore[method-assign]
    hub.sync()
    assert hub.customer("beta", "b1") != hub.customer("alpha", "a3")
    assert hub.count("creation", "state <> 'done'") == 0
    assert "Di" in [row["first"] for row in beta.rows.values()]
    hub.settle()
    assert beta.calls["created"] == 3
