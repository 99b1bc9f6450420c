"""A birth date that nobody can read is no value, but still says that two records are one person's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.flows.remap import remap
from hub.store.documents import load

System = Callable[..., MemorySystem]
BORN = MAP.replace(
    'job_title = "note"', 'birth_date = { from = "note", via = ["date(%Y%m%d)"], wrong = "blank" }'
)
EVA = {"first": "Thusnelda", "last": "Quandtmeyer", "city": "Bonn"}
UNREAD = "19183012"


@pytest.fixture
def two(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    """Two systems whose records are tied by nothing but the name and a date that is none."""
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", note=UNREAD, **EVA)
    beta.put(id="b1", note=UNREAD, **EVA)
    hub.connect("alpha", "update = true", map=BORN)
    hub.connect("beta", "update = true", map=BORN)
    hub.settle()
    return alpha, beta


def one(hub: Hub) -> bool:
    return hub.customer("alpha", "a1") == hub.customer("beta", "b1")


def kept(hub: Hub, name: str, id: str) -> Any:
    return load(hub.one("SELECT former FROM binding WHERE record_id = :id", id=hub.record(name, id)))


def test_the_same_unreadable_date_unites(hub: Hub, two: tuple[MemorySystem, MemorySystem]) -> None:
    assert one(hub) and "birth_date" not in hub.golden("alpha", "a1")
    assert two[0].rows["a1"]["note"] == two[1].rows["b1"]["note"] == UNREAD


def test_without_it_they_would_be_two(hub: Hub, system: System) -> None:
    for name, note in (("alpha", UNREAD), ("beta", "soon")):
        system(name).put(id=f"{name[0]}1", note=note, **EVA)
        hub.connect(name, "update = true", map=BORN)
    hub.settle()
    assert not one(hub) and kept(hub, "beta", "b1") is None


def test_what_we_write_over_it_parts_nobody(
    hub: Hub, two: tuple[MemorySystem, MemorySystem], system: System
) -> None:
    gamma = system("gamma")
    gamma.put(id="c1", mail="tq@x.org", note="19500203", **EVA)
    hub.connect("gamma", "update = true", map=BORN)
    two[0].edit("a1", mail="tq@x.org")
    hub.settle()
    hub.settle()
    assert two[0].rows["a1"]["note"] == two[1].rows["b1"]["note"] == "19500203"
    assert one(hub) and hub.customer("gamma", "c1") == hub.customer("alpha", "a1")
    assert kept(hub, "beta", "b1") == {"birth_date": [UNREAD]}


def test_what_people_write_over_it_counts_instead(hub: Hub, two: tuple[MemorySystem, MemorySystem]) -> None:
    two[0].edit("a1", note="19500203")
    hub.settle()
    assert hub.golden("alpha", "a1")["birth_date"] == "1950-02-03"
    assert "birth_date" not in kept(hub, "alpha", "a1")


def test_a_map_that_can_read_it_makes_it_a_value(hub: Hub, two: tuple[MemorySystem, MemorySystem]) -> None:
    for name in ("alpha", "beta"):
        hub.connect(name, "update = true", map=BORN.replace("%Y%m%d", "%Y%d%m"))
        remap(hub.db, hub.wiring(), hub.stream(name), apply=True)
    hub.settle()
    assert one(hub) and hub.golden("alpha", "a1")["birth_date"] == "1918-12-30"


def test_a_map_that_can_read_it_no_more_keeps_them_one(hub: Hub, system: System) -> None:
    for name in ("alpha", "beta"):
        system(name).put(id=f"{name[0]}1", note=UNREAD, **EVA)
        hub.connect(name, "update = true", map=BORN.replace("%Y%m%d", "%Y%d%m"))
    hub.settle()
    for name in ("alpha", "beta"):
        hub.connect(name, "update = true", map=BORN)
        remap(hub.db, hub.wiring(), hub.stream(name), apply=True)
    hub.settle()
    assert one(hub) and "birth_date" not in hub.golden("alpha", "a1")
