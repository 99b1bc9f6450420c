"""A hub for the flow tests: a home in a temporary folder, systems in memory, and a clock that obeys.

After every test with a `hub`, everything derived must be what it would be computed to now (`hub rebuild --check`), and
a rebuild must change nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flows.calling_system import ANN, SECRET, SECRETS, CallingConnector, Company, Doorstep
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemoryConnector, MemorySystem, manifest_of

from hub.flows import pushing
from hub.sdk import registry
from hub.store.session import Database


class Clock:
    """The time of the hub and of its systems. It moves on by a little whenever it is asked."""

    def __init__(self, start: float = 1_780_000_000.0) -> None:
        self.at = start

    def __call__(self) -> float:
        self.at += 0.001
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(time, "time", found)
    monkeypatch.setattr(time, "sleep", found.wait)
    monkeypatch.setattr(pushing, "POLL_SECONDS", 20.0)
    return found


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Callable[..., MemorySystem]:
    """Makes a system in memory, known to the registry by its name."""
    systems: dict[str, MemorySystem] = {}
    load = registry.load

    def found(name: str) -> Any:
        return (MemoryConnector, manifest_of(systems[name])) if name in systems else load(name)

    monkeypatch.setattr(registry, "load", found)
    monkeypatch.setattr(MemoryConnector, "systems", systems)

    def make(name: str, **manners: Any) -> MemorySystem:
        systems[name] = MemorySystem(name, **manners)
        return systems[name]

    return make


@pytest.fixture
def hub(db: Database, tmp_path: Path, clock: Clock) -> Iterator[Hub]:
    made = Hub(db, tmp_path / "home", clock)
    yield made
    made.assert_healthy()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, system: Callable[..., MemorySystem]) -> None:
    """The system named shop sends webhooks."""
    load = registry.load

    def found(name: str) -> Any:
        kind, manifest = load(name)
        return (CallingConnector, replace(manifest, webhooks=True)) if name == "shop" else (kind, manifest)

    monkeypatch.setattr(registry, "load", found)


@pytest.fixture
def calling(hub: Hub, system: Callable[..., MemorySystem], calls: None) -> Callable[..., Company]:
    def made(rules: str = "update = true", **manners: Any) -> Company:
        shop, crm = system("shop", **manners), system("crm")
        shop.put(id="s1", **ANN)
        crm.put(id="c1", **ANN)
        (hub.home / "hook").write_text(SECRET)
        (hub.home / "hook-old").write_text("an older one")
        hub.connect("shop", rules, map=MAP, more=SECRETS)
        hub.connect("crm", "update = true", map=MAP)
        hub.settle()
        return Company(hub, shop, crm, Doorstep(hub))

    return made


@pytest.fixture
def company(calling: Callable[..., Company]) -> Company:
    return calling()
