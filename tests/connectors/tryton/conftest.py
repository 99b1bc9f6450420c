"""A real Tryton for these tests, started by the demo's own start-up, and a connection to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.tryton.connector import TrytonConnector
from hub.demo.erp import Erp
from hub.sdk import ConnectionView
from hub.sdk.registry import build


@pytest.fixture(scope="session")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erp]:
    with Erp.start(tmp_path_factory.mktemp("erp"), progress=print) as running:
        yield running


@pytest.fixture
def connect(erp: Erp) -> Callable[..., TrytonConnector]:
    """A connector of this ERP; keyword arguments are further settings."""

    def make(**settings: Any) -> TrytonConnector:
        key = settings.pop("key", erp.key)
        view = ConnectionView("erp", {"url": erp.url, "key": "env:ERP_KEY", **settings}, {"key": key}.get)
        connector = build("tryton", view)
        assert isinstance(connector, TrytonConnector)
        return connector

    return make


@pytest.fixture
def tryton(connect: Callable[..., TrytonConnector]) -> TrytonConnector:
    return connect()
