"""A fake Zoho account per test, and connections to it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from connectors.zoho.connector import ZohoConnector
from hub.mapping.engine import CompiledMap, Context, compile_map
from hub.mapping.load import load_map
from hub.sdk import ConnectionView
from hub.sdk.registry import build

MAPS = Path(__file__).parents[3] / "mappings" / "zoho"


def beside(file: str) -> ModuleType:
    """A file of this folder as a module, once per session."""
    name = f"zoho_test_{file.removesuffix('.py')}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(file))
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture
def zoho() -> Iterator[Any]:
    """The account; a request that the vendor's specification does not allow fails the test."""
    with beside("server.py").ZohoServer() as server:
        yield server
    assert not server.problems, server.problems[:5]
    assert not server.org.unknown, f"fields that Zoho does not have: {set(server.org.unknown)}"


@pytest.fixture
def connect(zoho: Any) -> Callable[..., ZohoConnector]:
    """A connector of this account; arguments are settings."""
    server = beside("server.py")

    def make(**settings: Any) -> ZohoConnector:
        secrets = {"client_secret": server.CLIENT_SECRET, "refresh_token": server.REFRESH}
        for name in ("webhook_secret", "webhook_secret_old"):
            if name in settings:
                secrets[name] = settings.pop(name)
        given = {"url": zoho.url, "accounts_url": zoho.url, "client_id": server.CLIENT, **settings}
        tokens = given.pop("tokens", None)
        more = {"tokens": tokens} if tokens else {}
        connector = build("zoho", ConnectionView("crm", given, secrets.get, **more))
        assert isinstance(connector, ZohoConnector)
        return connector

    return make


@pytest.fixture(scope="session")
def mapped() -> Callable[..., CompiledMap]:
    """A shipped map, compiled."""

    def make(object: str, **context: Any) -> CompiledMap:
        file = MAPS / f"{object}.toml"
        spec = load_map(file.read_text(encoding="utf-8"), file=str(file))
        return compile_map(
            spec, context=Context(**{"country": None, "timezone": None, "currency": None, **context})
        )

    return make
