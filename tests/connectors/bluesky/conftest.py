"""A fake network for these tests, people on it, and a hub connected to the account of widgetco."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from connectors.bluesky.connector import BlueskyConnector
from hub.sdk import ConnectionView
from hub.sdk.registry import build
from hub.sdk.tokens import MemoryTokens
from hub.store.session import Database


def beside(file: str, name: str) -> ModuleType:
    """A file of this folder as a module, once per session."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(file))
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture
def network() -> Iterator[Any]:
    with beside("fake.py", "bluesky_test_fake").FakeNetwork() as running:
        yield running


@pytest.fixture
def person(network: Any) -> Callable[[str], Any]:
    """Somebody on the fake network, by name or by handle."""
    people = beside("people.py", "bluesky_test_people")

    def found(name: str) -> Any:
        handle = name if "." in name else f"{name}.test"
        return people.Someone(network.url, handle, f"{handle.partition('.')[0]}-pass")

    return found


@pytest.fixture
def bob(person: Callable[[str], Any]) -> Any:
    return person("bob")


@pytest.fixture
def us(person: Callable[[str], Any]) -> Any:
    return person("widgetco")


@pytest.fixture
def connect(network: Any) -> Callable[..., BlueskyConnector]:
    """A connector of the account; tokens: where its session is kept; other arguments are settings."""

    def make(*, tokens: Any = None, **settings: Any) -> BlueskyConnector:
        secrets = {"password": settings.pop("password", "widgetco-pass")}
        given = {"url": network.url, "identifier": "widgetco.test", **settings}
        view = ConnectionView("social", given, secrets.get, tokens=tokens or MemoryTokens())
        made = build("bluesky", view)
        assert isinstance(made, BlueskyConnector)
        return made

    return make


@pytest.fixture
def desk(network: Any, db: Database, tmp_path: Path) -> Any:
    """A hub that is connected to it."""
    return beside("desk.py", "bluesky_test_desk").Desk(db, tmp_path / "home", network.url)
