"""A map that changes while people edit and deliveries go: nothing is an edit that nobody made, and no edit is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.flows import work
from hub.flows.remap import remap

System = Callable[..., MemorySystem]
ANN = {"first": "Ann", "last": "Lee", "mail": "ann@x.org", "city": "Bonn", "note": "sales", "firm": "Acme"}
LOUD = MAP.replace('"address.locality" = "city"', '"address.locality" = { from = "city", via = ["upper"] }')
ELSEWHERE = MAP.replace('company = "firm"\njob_title = "note"', 'job_title = "firm"').replace(
    'ignore = ["id"]', 'ignore = ["id", "note"]'
)


@pytest.fixture
def pair(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    """Two systems with one customer, who is the same, in agreement."""
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", **ANN)
    beta.put(id="b1", **ANN)
    hub.connect("alpha", "update = true", map=MAP)
    hub.connect("beta", "update = true", map=MAP)
    hub.settle()
    return alpha, beta


def push(hub: Hub, name: str) -> None:
    """What is owed goes out, before anything is pulled."""
    work.run_push(hub.db, hub.settings, hub.wiring(), of=[hub.stream(name)])


def said(hub: Hub, name: str, id: str) -> dict[str, Any]:
    return {path: (one.value, one.kind) for path, one in hub.binding(name, id).contribution.items()}


def test_an_edit_made_while_the_map_changed_is_an_edit(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = pair
    hub.connect("beta", "update = true", map=LOUD)
    beta.edit("b1", city="Ulm")
    hub.settle("beta")
    assert said(hub, "beta", "b1")["address.locality"] == ("ULM", "edit")
    hub.settle()
    assert alpha.rows["a1"]["city"] == "ULM"


def test_a_delivery_before_the_first_pull_by_a_new_map_takes_no_field_for_an_edit(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    """The line of job_title reads another field now; the pre-read shows what nobody wrote there as a job title."""
    alpha, beta = pair
    hub.connect("beta", "update = true", map=ELSEWHERE)
    alpha.edit("a1", city="Ulm")
    hub.settle("alpha")
    push(hub, "beta")
    assert beta.rows["b1"]["city"] == "Ulm"
    assert said(hub, "beta", "b1")["job_title"] == ("Acme", "first_sight")
    assert [row for row in hub.entries() if row["kind"] == "overruled"] == []
    hub.settle()
    assert said(hub, "beta", "b1")["job_title"] == ("Acme", "first_sight")


def test_remap_does_not_put_an_old_body_over_an_edit_taken_since(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    """With ETags two equal versions say nothing of a stored body: a pre-read has moved what is known."""
    alpha, beta = pair
    beta.capabilities = replace(beta.capabilities, version="etag")
    hub.settle()
    beta.edit("b1", city="Ulm")
    alpha.edit("a1", note="boss")
    hub.settle("alpha")
    push(hub, "beta")  # its pre-read takes the edit
    assert said(hub, "beta", "b1")["address.locality"] == ("Ulm", "edit")
    hub.connect("beta", "update = true", map=LOUD)
    remap(hub.db, hub.wiring(), hub.stream("beta"), apply=True)
    assert said(hub, "beta", "b1")["address.locality"] == ("Ulm", "edit")
    hub.settle()
    assert said(hub, "beta", "b1")["address.locality"] == ("ULM", "edit")
    assert alpha.rows["a1"]["city"] == "ULM"


def test_what_changed_since_a_receipt_and_a_new_map_is_told(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    """Nothing tells an edit from a line that reads something else: it is no edit, and an entry says so."""
    alpha, beta = pair
    alpha.edit("a1", city="Ulm")
    hub.settle("alpha")
    push(hub, "beta")
    hub.connect("beta", "update = true", map=LOUD)
    beta.edit("b1", city="Trier")
    hub.settle()
    told = [row for row in hub.entries() if row["rule"] == "the map was changed"]
    assert [(row["path"], row["theirs"]) for row in told] == [("address.locality", "TRIER")]
    assert (alpha.rows["a1"]["city"], beta.rows["b1"]["city"]) == (
        "Ulm",
        "Trier",
    )  # `upper` is never written back
