"""An edit in one system reaches the others; what happens where two edits meet (sync.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

System = Callable[..., MemorySystem]
ANN = {"first": "Ann", "last": "Lee", "mail": "ann@x.org", "city": "Bonn", "phone": "+49 30 901820"}


def pair(
    hub: Hub,
    system: System,
    rules: str = "update = true",
    *,
    beta_rules: str = "update = true",
    **manners: Any,
) -> tuple[MemorySystem, MemorySystem]:
    """Two systems with one customer each, who is the same, in agreement. `rules`: of alpha."""
    alpha, beta = system("alpha", **manners), system("beta", **manners)
    alpha.put(id="a1", **ANN)
    beta.put(id="b1", **ANN)
    hub.connect("alpha", "update = true", map=MAP)
    hub.connect("beta", beta_rules, map=MAP)
    if rules != "update = true":
        hub.connect("alpha", rules, map=MAP)
    hub.settle()
    assert hub.customer("alpha", "a1") == hub.customer("beta", "b1")
    return alpha, beta


def test_an_edit_in_one_system_reaches_the_others(hub: Hub, system: System) -> None:
    alpha, beta = pair(hub, system)
    assert alpha.writes == beta.writes == []
    alpha.edit("a1", city="Köln")
    hub.settle()
    assert beta.writes == [("b1", {"city": "Köln"})]
    assert beta.rows["b1"]["city"] == "Köln"
    hub.settle()
    assert (alpha.writes, len(beta.writes)) == ([], 1)  # what we wrote is nobody's edit


def test_two_edits_of_one_field_the_latest_wins_and_the_loser_leaves_an_entry(
    hub: Hub, system: System
) -> None:
    alpha, beta = pair(hub, system)
    alpha.edit("a1", city="Köln")
    hub.clock.wait(60)
    beta.edit("b1", city="Mainz")
    hub.settle()
    assert alpha.rows["a1"]["city"] == beta.rows["b1"]["city"] == "Mainz"
    assert hub.golden("alpha", "a1")["address.locality"] == "Mainz"
    (entry,) = [one for one in hub.entries() if one["path"] == "address.locality"]
    told = {entry["theirs"], entry["ours"]}
    assert told == {"Köln", "Mainz"}, entry


def test_an_older_edit_that_comes_later_is_overruled_with_an_entry(hub: Hub, system: System) -> None:
    alpha, beta = pair(hub, system)
    beta.edit("b1", city="Mainz")
    hub.clock.wait(60)
    alpha.edit("a1", city="Köln")
    hub.settle("alpha")
    hub.settle()
    assert alpha.rows["a1"]["city"] == beta.rows["b1"]["city"] == "Köln"
    entry = hub.entries()[-1]
    assert (entry["path"], entry["theirs"], entry["ours"]) == ("address.locality", "Mainz", "Köln")


def test_edits_of_different_fields_in_two_systems_both_stay(hub: Hub, system: System) -> None:
    alpha, beta = pair(hub, system)
    alpha.edit("a1", city="Köln")
    beta.edit("b1", firm="Lee Ltd")
    hub.settle()
    for row in (alpha.rows["a1"], beta.rows["b1"]):
        assert (row["city"], row["firm"]) == ("Köln", "Lee Ltd")
    assert hub.entries() == []


def test_a_value_put_back_by_hand_after_our_write_is_seen(hub: Hub, system: System) -> None:
    alpha, beta = pair(hub, system)
    alpha.edit("a1", city="Köln")
    hub.settle()
    assert beta.rows["b1"]["city"] == "Köln"
    hub.clock.wait(60)
    beta.edit("b1", city="Bonn")  # exactly what stood there before
    hub.settle()
    assert alpha.rows["a1"]["city"] == beta.rows["b1"]["city"] == "Bonn"


def test_a_value_put_back_to_the_letter_is_seen_where_the_system_tells_no_time(
    hub: Hub, system: System
) -> None:
    """The body read last is the body read now: only the digest that a receipt clears makes it be looked at."""
    alpha, beta = pair(hub, system, tells_time=False)
    alpha.edit("a1", city="Köln")
    hub.settle()
    hub.clock.wait(60)
    beta.edit("b1", city="Bonn")
    hub.settle()
    assert alpha.rows["a1"]["city"] == beta.rows["b1"]["city"] == "Bonn"


@pytest.mark.parametrize("shows_answers", [True, False])
def test_a_system_that_reformats_what_it_is_given_makes_no_edit_of_it(
    hub: Hub, system: System, shows_answers: bool
) -> None:
    def shout(name: str, value: Any) -> Any:
        return value.upper() if name == "city" else value

    alpha, beta = pair(hub, system, render=shout, shows_answers=shows_answers)
    alpha.edit("a1", city="Köln")
    hub.settle()
    assert beta.rows["b1"]["city"] == "KÖLN"
    for _ in range(2):
        hub.settle()
    assert alpha.rows["a1"]["city"] == "Köln"
    assert len(beta.writes) == 1
    alpha.edit("a1", city="Ulm")
    hub.settle()
    assert (alpha.rows["a1"]["city"], beta.rows["b1"]["city"]) == ("Ulm", "ULM")


def test_an_edit_made_just_before_our_write_is_taken_from_the_pre_read(hub: Hub, system: System) -> None:
    alpha, beta = pair(hub, system)
    alpha.edit("a1", city="Köln")
    hub.sync("alpha", wait=True)
    hub.clock.wait(10)
    alpha.edit("a1", city="Ulm")
    hub.clock.wait(10)
    beta.edit("b1", firm="Lee Ltd", city="Mainz")
    hub.settle("alpha")  # beta is not pulled: only the pre-read of the delivery shows Mainz
    assert beta.rows["b1"]["city"] == "Mainz"
    assert hub.golden("beta", "b1")["company"] == "Lee Ltd"
    hub.settle()
    assert alpha.rows["a1"]["city"] == "Mainz"
    assert alpha.rows["a1"]["firm"] == "Lee Ltd"


# --- blank rules ----------------------------------------------------------------------------------


def test_blank_ignore_leaves_the_blank_until_golden_changes(hub: Hub, system: System) -> None:
    alpha, beta = pair(hub, system)
    beta.edit("b1", city="")
    hub.settle()
    assert (alpha.rows["a1"]["city"], beta.rows["b1"]["city"]) == ("Bonn", "")
    alpha.edit("a1", city="Köln")
    hub.settle()
    assert beta.rows["b1"]["city"] == "Köln"


def test_blank_clear_empties_the_field_everywhere(hub: Hub, system: System) -> None:
    alpha, beta = pair(hub, system, beta_rules='update = true\nblank."address.locality" = "clear"')
    hub.clock.wait(60)
    beta.edit("b1", city="")
    hub.settle()
    assert alpha.rows["a1"]["city"] == beta.rows["b1"]["city"] == ""
    assert "address.locality" not in hub.golden("alpha", "a1")


def test_blank_refill_fills_it_again(hub: Hub, system: System) -> None:
    alpha, beta = pair(hub, system, beta_rules='update = true\nblank."address.locality" = "refill"')
    beta.edit("b1", city="")
    hub.settle()
    assert alpha.rows["a1"]["city"] == beta.rows["b1"]["city"] == "Bonn"


def test_a_blank_at_first_sight_is_filled(hub: Hub, system: System) -> None:
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", **ANN, firm="Lee Ltd")
    beta.put(id="b1", **ANN)
    hub.connect("alpha", "update = true", map=MAP)
    hub.connect("beta", "update = true", map=MAP)
    hub.settle()
    assert beta.writes == [("b1", {"firm": "Lee Ltd"})]


# --- direction and owner --------------------------------------------------------------------------


def test_direction_in_is_read_and_never_written(hub: Hub, system: System) -> None:
    alpha, beta = pair(hub, system, beta_rules='update = true\ndirection."address.locality" = "in"')
    alpha.edit("a1", city="Köln", firm="Lee Ltd")
    hub.settle()
    assert beta.writes == [("b1", {"firm": "Lee Ltd"})]
    hub.clock.wait(60)
    beta.edit("b1", city="Mainz")
    hub.settle()
    assert alpha.rows["a1"]["city"] == "Mainz"


def test_direction_out_is_written_again_and_never_believed(hub: Hub, system: System) -> None:
    alpha, beta = pair(hub, system, beta_rules='update = true\ndirection."address.locality" = "out"')
    hub.clock.wait(60)
    beta.edit("b1", city="Mainz")
    hub.settle()
    assert alpha.rows["a1"]["city"] == beta.rows["b1"]["city"] == "Bonn"
    (entry,) = hub.entries()
    assert (entry["kind"], entry["theirs"], entry["ours"]) == ("out", "Mainz", "Bonn")


def test_the_owner_of_a_field_beats_a_later_edit_elsewhere(hub: Hub, system: System) -> None:
    alpha, beta = pair(hub, system, 'update = true\nowner.company = "beta"')
    beta.edit("b1", firm="Lee & Sons")
    hub.settle()
    hub.clock.wait(60)
    alpha.edit("a1", firm="Lee GmbH")
    hub.settle()
    assert alpha.rows["a1"]["firm"] == beta.rows["b1"]["firm"] == "Lee & Sons"
    assert hub.entries()[-1]["theirs"] == "Lee GmbH"


@pytest.mark.parametrize("shows_answers", [True, False])
def test_a_burst_of_edits_is_one_write(hub: Hub, system: System, shows_answers: bool) -> None:
    alpha, beta = pair(hub, system)
    beta.shows_answers = shows_answers
    for city in ("Ulm", "Köln", "Mainz"):
        alpha.edit("a1", city=city)
        hub.clock.wait(5)
    hub.settle()
    assert beta.writes == [("b1", {"city": "Mainz"})]
