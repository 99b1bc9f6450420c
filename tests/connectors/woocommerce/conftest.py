"""A fake store per test, connections to it, and the vendor's description that every request of ours is held against."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from woo_key import KEY, SECRET
from woo_spec import complaints, vendors
from woo_store import Store

from connectors.woocommerce.connector import WooCommerceConnector
from hub.mapping.engine import CompiledMap, compile_map
from hub.mapping.load import load_map
from hub.mapping.spec import Context
from hub.resources import map_text
from hub.sdk import ConnectionView, Limits
from hub.sdk.registry import assemble, load

HOOKS = "woo-hook-5f2e1d0c"


@pytest.fixture
def store() -> Iterator[Store]:
    with Store() as running:
        running.zone = 8
        yield running
        ours = [one for one in running.requests if one.headers.get("user-agent") == "crm-hub"]
    if vendors() is not None:
        assert complaints(ours) == []


@pytest.fixture
def connect(store: Store) -> Callable[..., WooCommerceConnector]:
    """A connector of this store; `size`: of its pages; further arguments are settings."""

    def make(*, size: int | None = None, url: str | None = None, **settings: Any) -> WooCommerceConnector:
        return connection(url or store.url, size=size, **settings)

    return make


def connection(url: str, *, size: int | None = None, **settings: Any) -> WooCommerceConnector:
    secrets = {"key": KEY, "secret": SECRET, "webhook_secret": HOOKS}
    secrets |= {
        name: settings.pop(name) for name in ("key", "secret", "webhook_secret_old") if name in settings
    }
    kind, manifest = load("woocommerce")
    if size:
        small = {name: replace(one, page_size=size) for name, one in manifest.objects.items()}
        manifest = replace(manifest, objects=MappingProxyType(small))
    view = ConnectionView("shop", {"url": url, **settings}, secrets.get)
    made = assemble(kind, manifest, view, limits=Limits(patience=0.5), sleep=lambda seconds: None)
    assert isinstance(made, WooCommerceConnector)
    return made


@pytest.fixture
def woo(connect: Callable[..., WooCommerceConnector]) -> WooCommerceConnector:
    return connect()


@pytest.fixture(scope="session")
def maps() -> dict[str, CompiledMap]:
    """The shipped maps."""
    found: dict[str, CompiledMap] = {}
    for object in ("customer", "order"):
        content = map_text("woocommerce", object)
        assert content
        found[object] = compile_map(load_map(content, file=f"{object}.toml"), context=Context())
    return found
