"""The fake Zoho account for the conformance suite, reached from behind, never through its API."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from hub.testkit.adapter import Adapter, Refused, Setup, Wrong


def server_module() -> ModuleType:
    """`server.py` beside this file, once per session, whoever asks."""
    name = "zoho_test_server"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("server.py"))
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


_PEOPLE = ("Last_Name", "First_Name", "Email", "Phone", "Mailing_City", "Title")


class ZohoAdapter(Adapter):
    url_setting = "url"
    objects = ("customer", "order")

    def start(self, folder: str) -> None:
        self._server = server_module()
        self.zoho = self._server.ZohoServer().start()
        self._product = self.zoho.org.put("Products", {"Product_Name": "Widget", "Product_Code": "W-1"})
        self._buyer = self.zoho.org.put("Contacts", {"Last_Name": "Buyer"})

    def stop(self) -> None:
        self.zoho.stop()
        assert not self.zoho.problems, f"not allowed by the vendor's specification: {self.zoho.problems[:5]}"
        assert not self.zoho.org.unknown, f"fields that Zoho does not have: {set(self.zoho.org.unknown)}"

    def setup(self) -> Setup:
        return Setup(
            {
                "url": self.zoho.url,
                "accounts_url": self.zoho.url,
                "client_id": self._server.CLIENT,
                "client_secret": "env:ZOHO_SECRET",
                "refresh_token": "env:ZOHO_REFRESH",
                "marker_field": "Hub_ID",
            },
            {"client_secret": self._server.CLIENT_SECRET, "refresh_token": self._server.REFRESH},
        )

    def wrong(self) -> Sequence[Wrong]:
        right, gone = self.setup(), "http://127.0.0.1:9"
        return (
            Wrong(
                "a wrong client secret",
                right._replace(secrets={**right.secrets, "client_secret": "not-it-0000"}),
            ),
            Wrong(
                "a dead refresh token",
                right._replace(secrets={**right.secrets, "refresh_token": "1000.dead"}),
            ),
            Wrong("another path", right._replace(settings={**right.settings, "url": f"{self.zoho.url}/x"})),
            Wrong(
                "another organisation's data centre",
                right._replace(settings={**right.settings, "accounts_url": gone}),
            ),
        )

    def payload(self, object: str, number: int, *, text: str | None = None) -> Mapping[str, Any]:
        if object == "order":
            return {
                "Subject": f"Order {number}" if text is None else text,
                "Purchase_Order": f"PO-{number}",
                "customer": f"Contacts/{self._buyer}",
                "currency": "EUR",
                "lines": [{"sku": "W-1", "kind": "product", "quantity": "2", "unit_price": "9.95"}],
                "totals.grand_total": "23.68",
            }
        return {
            "kind": "person",
            "First_Name": f"First {number}",
            "Last_Name": f"Last {number}" if text is None else text,
            "Email": f"person{number}@example.org",
            "Mailing_City": "Paris",
        }

    def text_of(self, object: str, raw: Mapping[str, Any]) -> str | None:
        name = raw.get("Subject" if object == "order" else "Last_Name")
        return None if name is None else str(name)

    def seed(self, object: str, payload: Mapping[str, Any]) -> str:
        return self._put(object, payload, None)

    def seed_together(self, object: str, payloads: Sequence[Mapping[str, Any]]) -> list[str]:
        at = self.zoho.org.clock()
        return [self._put(object, payload, at) for payload in payloads]

    def _put(self, object: str, payload: Mapping[str, Any], at: float | None) -> str:
        given = {name: value for name, value in payload.items() if name[0].isupper()}
        try:
            if object == "order":
                line = {"Product_Name": {"id": self._product}, "Quantity": 2, "List_Price": 9.95}
                more = {"Currency": "EUR", "Contact_Name": {"id": self._buyer}, "Ordered_Items": [line]}
                return str(self.zoho.org.put("Sales_Orders", {**given, **more}, at=at))
            return f"Contacts/{self.zoho.org.put('Contacts', given, at=at)}"
        except self._server._org.No as error:
            raise Refused(str(error)) from None

    def read(self, object: str, external_id: str) -> Mapping[str, Any] | None:
        module, id = _place(object, external_id)
        row = self.zoho.org.rows[module].get(id)
        return None if row is None else dict(row)

    def comparable(self, object: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        names = ("Subject", "Purchase_Order", "Status") if object == "order" else _PEOPLE
        return {name: raw[name] for name in names}

    def change(self, object: str, external_id: str, *, text: str) -> None:
        module, id = _place(object, external_id)
        self.zoho.org.put(module, {"Subject" if object == "order" else "Last_Name": text}, id=id)

    def remove(self, object: str, external_id: str) -> None:
        self.zoho.org.erase(*_place(object, external_id))

    def refused(self, object: str, number: int) -> Mapping[str, Any]:
        wrong = {"Due_Date": "soon"} if object == "order" else {"Email": "no mail address"}
        return {**self.payload(object, number), **wrong}

    def is_write(self, method: str, path: str, body: bytes) -> bool:
        return method != "GET" and not path.endswith(("/coql", "/read"))

    def count(self, object: str, text: str) -> int:
        module, name = ("Sales_Orders", "Subject") if object == "order" else ("Contacts", "Last_Name")
        return sum(row[name] == text for row in self.zoho.org.rows[module].values())

    def seed_at(self, object: str, payload: Mapping[str, Any], moment: float) -> str:
        return self._put(object, payload, moment)

    def blank(self, object: str, number: int) -> Mapping[str, Any]:
        return {"Subject": f"Blank {number}"} if object == "order" else {"Last_Name": f"Blank {number}"}


def _place(object: str, external_id: str) -> tuple[str, str]:
    if object == "order":
        return "Sales_Orders", external_id
    module, _, id = external_id.partition("/")
    return module, id
