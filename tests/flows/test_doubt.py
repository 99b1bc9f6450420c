"""Writes and creates whose outcome is not known: repeated unchanged, looked for, never doubled (sync.md R1–R5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, Lost, MemorySystem

from hub.flows import delivery

System = Callable[..., MemorySystem]
ANN = {"first": "Ann", "last": "Lee", "mail": "ann@x.org", "city": "Bonn", "phone": "+49 30 901820"}
BO = {"first": "Bo", "last": "Ek", "mail": "bo@x.org"}
LADDER = 24 * 3600.0


def pair(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    alpha, beta = system("alpha"), system("beta")
    beta.capabilities = replace(beta.capabilities, lands_late_seconds=600.0)
    alpha.put(id="a1", **ANN)
    beta.put(id="b1", **ANN)
    for name in ("alpha", "beta"):
        hub.connect(name, "update = true", map=MAP)
    hub.settle()
    return alpha, beta


def creating(hub: Hub, system: System, **manners: object) -> tuple[MemorySystem, MemorySystem]:
    """Alpha's customers are made in beta; both are confirmed and empty of each other."""
    alpha, beta = system("alpha"), system("beta")
    if manners:
        beta.capabilities = replace(beta.capabilities, **manners)
    hub.connect("alpha", "update = true", map=MAP)
    hub.connect("beta", 'update = true\ncreate = "all"', map=MAP)
    hub.settle()
    return alpha, beta


@pytest.mark.parametrize("fault", ["lose_answer", "lose_request", "late"])
def test_a_write_without_answer_is_repeated_unchanged_and_settles(
    hub: Hub, system: System, fault: str
) -> None:
    alpha, beta = pair(hub, system)
    alpha.edit("a1", city="Köln")
    beta.arm(fault)
    report = hub.sync(confirm=True)
    assert report.exit_code == 1
    assert [one.state for one in report.outcomes if one.kind == "push"] == ["later"]  # told, not awaited
    alpha.edit("a1", city="Ulm")  # something newer is there already
    hub.sync(confirm=True)
    assert beta.rows["b1"]["city"] in ("Köln", "Bonn")
    beta.land()
    hub.clock.wait(LADDER)
    hub.settle()
    assert [wrote["city"] for _, wrote in beta.writes][-2:] == ["Köln", "Ulm"]
    assert alpha.rows["a1"]["city"] == beta.rows["b1"]["city"] == "Ulm"


def test_a_write_that_lands_late_over_a_newer_one_is_an_echo_and_golden_is_written_again(
    hub: Hub, system: System
) -> None:
    alpha, beta = pair(hub, system)
    alpha.edit("a1", city="Köln")
    beta.arm("late")
    hub.sync(confirm=True)
    hub.clock.wait(301)
    hub.settle()  # the same again
    alpha.edit("a1", city="Ulm")
    hub.settle()
    beta.land()
    assert beta.rows["b1"]["city"] == "Köln"
    hub.settle()
    assert alpha.rows["a1"]["city"] == beta.rows["b1"]["city"] == "Ulm"
    assert [one["kind"] for one in hub.entries()] == ["echo"]


def test_an_edit_made_while_a_write_is_in_doubt_is_not_lost(hub: Hub, system: System) -> None:
    alpha, beta = pair(hub, system)
    alpha.edit("a1", city="Köln")
    beta.arm("lose_answer")
    hub.sync(confirm=True)
    hub.clock.wait(30)
    beta.edit("b1", firm="Lee Ltd")  # read while the write is open: no evidence yet (R2)
    hub.sync(confirm=True)
    assert hub.binding("beta", "b1").reread
    hub.clock.wait(LADDER)
    hub.settle()
    hub.settle()
    assert alpha.rows["a1"]["firm"] == beta.rows["b1"]["firm"] == "Lee Ltd"
    assert alpha.rows["a1"]["city"] == beta.rows["b1"]["city"] == "Köln"
    assert hub.count("reread") == 0


def test_a_record_in_doubt_is_not_read_again_and_again(hub: Hub, system: System) -> None:
    alpha, beta = pair(hub, system)
    alpha.edit("a1", city="Köln")
    beta.arm("lose_answer")
    hub.sync(confirm=True)
    beta.edit("b1", firm="Lee Ltd")
    before = beta.calls["fetch"]
    hub.sync(confirm=True)
    hub.sync(confirm=True)
    assert beta.calls["fetch"] - before <= 2


def test_a_refused_write_is_a_dead_letter_with_its_cause_and_the_next_change_tries_again(
    hub: Hub, system: System
) -> None:
    alpha, beta = pair(hub, system)
    alpha.edit("a1", city="Atlantis")
    beta.arm("refuse")
    report = hub.sync(confirm=True)
    assert report.exit_code == 1
    assert hub.one("SELECT cause FROM delivery WHERE state = 'dead'") == "422: the city is not known here"
    alpha.edit("a1", city="Köln")
    hub.settle()
    assert beta.rows["b1"]["city"] == "Köln"


def test_a_worker_killed_while_its_write_is_out_is_taken_over_after_its_lease(
    hub: Hub, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    alpha, beta = pair(hub, system)
    alpha.edit("a1", city="Köln")

    settle = delivery._settle

    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    monkeypatch.setattr("hub.flows.delivery._settle", killed)
    with pytest.raises(SystemExit):
        hub.sync(confirm=True)
    monkeypatch.setattr("hub.flows.delivery._settle", settle)
    assert beta.rows["b1"]["city"] == "Köln"
    assert hub.binding("beta", "b1").intent == {"address.locality": "Köln"}
    hub.sync(confirm=True)
    assert hub.binding("beta", "b1").intent is None
    assert [wrote for _, wrote in beta.writes] == [{"city": "Köln"}] * 2  # the same again, harmless


def test_a_defect_of_a_connector_leaves_the_write_in_doubt(hub: Hub, system: System) -> None:
    alpha, beta = pair(hub, system)
    alpha.edit("a1", city="Köln")
    beta.arm("crash")
    assert hub.sync(confirm=True).exit_code == 1
    assert Lost.__name__ in hub.one("SELECT cause FROM delivery WHERE state = 'waiting'")
    hub.clock.wait(LADDER)
    hub.settle()
    assert beta.rows["b1"]["city"] == "Köln"


# --- creates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lose_answer", "lose_request", "retry", "crash"])
@pytest.mark.parametrize("marker", [True, False])
def test_a_create_without_answer_is_looked_for_and_never_doubled(
    hub: Hub, system: System, fault: str, marker: bool
) -> None:
    alpha, beta = creating(hub, system, marker=marker, unique=("email",))
    alpha.put(id="a1", **ANN)
    beta.arm(fault)
    hub.sync(confirm=True)
    hub.sync(confirm=True)
    hub.clock.wait(LADDER)
    hub.settle()
    assert len(beta.rows) == 1
    assert hub.customer("alpha", "a1") == hub.customer("beta", next(iter(beta.rows)))
    assert hub.binding("beta", next(iter(beta.rows))).created_for == hub.customer("alpha", "a1")
    assert hub.one("SELECT step FROM creation") == "bound"


def test_a_create_that_lands_late_is_not_made_again(hub: Hub, system: System) -> None:
    alpha, beta = creating(hub, system, unique=("email",), lands_late_seconds=600.0)
    alpha.put(id="a1", **ANN)
    beta.arm("late")
    hub.sync(confirm=True)
    hub.clock.wait(60)
    hub.sync(confirm=True)
    beta.land()
    hub.clock.wait(LADDER)
    hub.settle()
    assert len(beta.rows) == 1
    assert beta.calls["created"] == 1


def test_a_new_record_is_parked_while_our_create_there_has_no_answer(hub: Hub, system: System) -> None:
    """R5: what the pull shows may be what we made."""
    alpha, beta = creating(hub, system, unique=("email",), read_after_write_seconds=600.0)
    alpha.put(id="a1", **ANN)
    beta.arm("lose_answer")
    hub.sync(confirm=True)
    report = hub.sync("beta", confirm=True)
    assert next(one for one in report.outcomes if one.kind == "pull").counts["parked"] == 1
    hub.clock.wait(LADDER)
    hub.settle()
    assert len(beta.rows) == 1
    assert hub.count("source_record") == 2
    assert hub.binding("beta", next(iter(beta.rows))).contribution == {}


def test_a_create_whose_marker_is_its_idempotency_key_is_sent_again_where_nothing_can_be_searched(
    hub: Hub, system: System
) -> None:
    alpha, beta = creating(hub, system, find=False, marker=True)
    alpha.put(id="a1", **ANN)
    beta.arm("lose_answer")
    hub.sync(confirm=True)
    hub.clock.wait(LADDER)
    hub.settle()
    assert len(beta.rows) == 1
    assert hub.one("SELECT step FROM creation") == "bound"


def test_a_refused_create_is_told_and_tried_again_when_golden_changes(hub: Hub, system: System) -> None:
    alpha, beta = creating(hub, system)
    alpha.put(id="a1", **ANN)
    beta.arm("refuse")
    assert hub.sync(confirm=True).exit_code == 1
    assert hub.one("SELECT cause FROM creation WHERE state = 'dead'").startswith("422")
    alpha.edit("a1", city="Köln")
    hub.settle()
    assert [row["city"] for row in beta.rows.values()] == ["Köln"]


def test_a_field_a_person_filled_in_after_a_lost_create_is_not_overwritten(hub: Hub, system: System) -> None:
    alpha, beta = creating(hub, system, unique=("email",), read_after_write_seconds=600.0)
    alpha.put(id="a1", **ANN)
    beta.arm("lose_answer")
    hub.sync(confirm=True)
    (made,) = beta.rows
    hub.clock.wait(60)
    beta.edit(made, city="Mainz")
    hub.clock.wait(LADDER)
    hub.settle()
    hub.settle()
    assert beta.rows[made]["city"] == alpha.rows["a1"]["city"] == "Mainz"
    assert any(one["theirs"] == "Mainz" for one in hub.entries())
