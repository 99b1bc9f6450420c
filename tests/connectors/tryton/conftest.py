"""A real Tryton for these tests, started by the demo's own start-up, and a connection to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.tryton.connector import TrytonConnector
from hub.demo.erp import Erp
from hub.sdk import Change, ConnectionView, Receipt
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


class Desk:
    """Orders as the hub sends them, and the ERP as its own people use it. `goods`: codes of articles it has."""

    def __init__(self, erp: Erp, make: Callable[..., TrytonConnector]) -> None:
        self.erp = erp
        self.make = make
        self.tryton = make(unknown_product="create", shipping_product="SHIPPING", discount_product="DISCOUNT")
        self.name = f"{time.time_ns():x}"
        row = {"name": f"Buyer {self.name}"}
        self.party = str(erp.call("POST", "party.party", row)["id"])

    def order(self, number: int = 1, **more: Any) -> dict[str, Any]:
        """Three lamps and a desk for 246.00, tax included."""
        lamp = {"id": "7", "kind": "product", "sku": "LAMP", "name": "Lamp", "quantity": "3"}
        desk = {"id": "8", "kind": "product", "sku": "DESK", "name": "Desk", "quantity": "1"}
        return {
            "party": self.party,
            "currency": "EUR",
            "reference": f"T-{number}",
            "status": "processing",
            "taxes_included": True,
            "billing.line1": "Weg 1",
            "billing.city": "Bonn",
            "billing.country": "DE",
            "lines": [
                {**lamp, "unit_price": "18.00", "subtotal": "54.00", "total": "54.00", "tax": "9.00"},
                {**desk, "unit_price": "192.00", "subtotal": "192.00", "total": "192.00", "tax": "32.00"},
            ],
            "tax_lines": [{"owner": "7", "rate": "0.2"}, {"owner": "8", "rate": "0.2"}],
            "totals.grand_total": "246.00",
            **more,
        }

    def marker(self, number: int = 1) -> str:
        return f"ord_{self.name}_{number}"

    def create(self, number: int = 1, *, tryton: TrytonConnector | None = None, **more: Any) -> Receipt:
        change = Change("c", None, self.order(number, **more), marker=self.marker(number))
        (receipt,) = (tryton or self.tryton).push("order", [change])
        return receipt

    def made(self, number: int = 1, **more: Any) -> str:
        receipt = self.create(number, **more)
        assert receipt.outcome == "done" and receipt.external_id, receipt.cause
        return receipt.external_id

    def update(self, id: str, **payload: Any) -> Receipt:
        (receipt,) = self.tryton.push("order", [Change("u", id, payload)])
        return receipt

    def raw(self, id: str) -> dict[str, Any]:
        (record,) = self.tryton.fetch("order", [id])
        return dict(record.raw)

    def press(self, model: str, id: Any, *buttons: str) -> None:
        for button in buttons:
            self.erp.call("POST", f"{model}/{id}/{button}", {})

    def sales(self, number: int = 1) -> list[dict[str, Any]]:
        domain = [["description", "=", f"crmhub:{self.marker(number)}"]]
        found: list[dict[str, Any]] = self.erp.call(
            "POST", "sale.sale/search_read", {"domain": domain, "fields_names": ["state"]}
        )
        return found

    def rows(self, model: str, domain: list[Any], *fields: str) -> list[dict[str, Any]]:
        asked = {"domain": domain, "fields_names": list(fields)}
        found: list[dict[str, Any]] = self.erp.call("POST", f"{model}/search_read", asked)
        return found


@pytest.fixture
def desk(erp: Erp, connect: Callable[..., TrytonConnector]) -> Desk:
    return Desk(erp, connect)
