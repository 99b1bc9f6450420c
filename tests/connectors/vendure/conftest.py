"""A real Vendure store for these tests (skipped where it cannot be started), and connections to it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from connectors.vendure.connector import VendureConnector
from hub.sdk import ConnectionView
from hub.sdk.registry import build


def beside(file: str, name: str) -> ModuleType:
    """A file of this folder as a module, once per session."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(file))
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def store() -> Iterator[Any]:
    server = beside("server.py", "vendure_test_server")
    try:
        running = server.acquire()
    except server.Absent as reason:
        pytest.skip(f"no Vendure store: {reason}")
    yield running
    server.release()


@pytest.fixture(scope="session")
def counter(store: Any) -> Any:
    """The shop's counter: `order(...)` places an order as a customer does."""
    return beside("counter.py", "vendure_test_counter").Counter(store)


@pytest.fixture
def connect(store: Any) -> Callable[..., VendureConnector]:
    """A connector of this store, in a session or (`keyed`) with an API key; further arguments are settings."""

    def make(*, keyed: bool = False, **settings: Any) -> VendureConnector:
        secrets = {"webhook_secret": store.secret}
        if keyed:
            secrets["key"] = settings.pop("key", store.key)
        else:
            settings["user"] = store.USER
            secrets["password"] = settings.pop("password", store.password)
        view = ConnectionView("shop", {"url": store.url, **settings}, secrets.get)
        connector = build("vendure", view)
        assert isinstance(connector, VendureConnector)
        return connector

    return make


@pytest.fixture
def vendure(connect: Callable[..., VendureConnector]) -> VendureConnector:
    return connect()
