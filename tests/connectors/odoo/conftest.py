"""The fake Odoo in its versions, and connections to it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from odoo_fake_server import DATABASE, KEY, LOGIN, FakeOdoo

from connectors.odoo.connector import OdooConnector
from hub.sdk import ConnectionView
from hub.sdk.registry import build

Connect = Callable[..., OdooConnector]


@pytest.fixture(params=[15, 17, 19], ids=["15", "17", "19"])
def odoo(request: pytest.FixtureRequest) -> Iterator[FakeOdoo]:
    with FakeOdoo(request.param) as server:
        yield server


@pytest.fixture
def connect(odoo: FakeOdoo) -> Connect:
    """A connection to the server; settings may be given, a secret by `key` or `webhook_secret`."""

    def connected(**settings: Any) -> OdooConnector:
        secrets = {"key": settings.pop("key", KEY), "webhook_secret": settings.pop("webhook_secret", None)}
        given = {"url": odoo.url, "database": DATABASE, "login": LOGIN, **settings}
        made = build("odoo", ConnectionView("erp", given, secrets.get))
        assert isinstance(made, OdooConnector)
        return made

    return connected
