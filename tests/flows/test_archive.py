"""delete = "archive": a customer whose last live record was deleted is archived, and is back when it is seen again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

System = Callable[..., MemorySystem]
ANN = {"first": "Ann", "last": "Lee", "mail": "ann@x.org"}


@pytest.fixture
def pair(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", **ANN)
    beta.put(id="b1", **ANN)
    for name in ("alpha", "beta"):
        hub.connect(name, 'update = true\ndelete = "archive"', map=MAP)
    hub.settle()
    return alpha, beta


def test_only_with_its_last_live_record(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    alpha, beta = pair
    alpha.erase("a1")
    hub.settle()
    assert "status" not in hub.golden("beta", "b1")
    beta.erase("b1")
    hub.settle()
    assert hub.golden("beta", "b1")["status"] == "archived"
    assert hub.golden("beta", "b1")["email"] == "ann@x.org"


def test_seen_again_it_is_no_more(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    alpha, beta = pair
    alpha.erase("a1")
    beta.erase("b1")
    hub.settle()
    hub.clock.wait(60)
    beta.put(id="b1", **ANN)
    hub.settle()
    assert "status" not in hub.golden("beta", "b1")


def test_what_is_archived_is_made_nowhere(
    hub: Hub, system: System, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    for one, id in zip(pair, ("a1", "b1"), strict=True):
        one.erase(id)
    hub.settle()
    gamma = system("gamma")
    hub.connect("gamma", 'create = "all"', map=MAP)
    hub.settle()
    assert gamma.rows == {}
