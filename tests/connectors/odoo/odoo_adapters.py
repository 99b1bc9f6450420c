"""The fake Odoo as the conformance suite drives it: straight at its tables, never through the connector."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from odoo_fake_engine import Fault
from odoo_fake_server import DATABASE, KEY, LOGIN, WRITES, FakeOdoo

from hub.testkit.adapter import Adapter, NotApplicable, Refused, Setup, Wrong

SECRET = "webh00k-s3cret"
# No check needs more of its own records than this at once.
_KEPT = 40
_MODELS = {"customer": "res.partner", "order": "sale.order"}


class FakeAdapter(Adapter):
    """`version` and `settings` are what the variants differ in."""

    version = 17
    settings: Mapping[str, Any] = {"protocol": "jsonrpc", "login": LOGIN}
    objects = ("customer", "order")
    url_setting = "url"

    def start(self, folder: str) -> None:
        self.odoo = FakeOdoo(self.version).start()
        self.buyer = self.odoo.engine.create("res.partner", {"name": "Buyer", "email": "buyer@example.org"})

    def stop(self) -> None:
        self.odoo.stop()

    def setup(self) -> Setup:
        settings = {"url": self.odoo.url, "database": DATABASE, "key": "env:ODOO_KEY", **self.settings}
        return Setup(settings, {"key": KEY, "webhook_secret": SECRET})

    def wrong(self) -> Sequence[Wrong]:
        right = self.setup()
        return (
            Wrong("a wrong key", right._replace(secrets={"key": "not-the-key-of-anybody"})),
            Wrong("another database", right._replace(settings={**right.settings, "database": "nosuch"})),
            Wrong("a company of others", right._replace(settings={**right.settings, "companies": [9]})),
        )

    def payload(self, object: str, number: int, *, text: str | None = None) -> Mapping[str, Any]:
        if object == "order":
            line = {
                "kind": "product",
                "sku": "CHAIR",
                "name": "Chair",
                "quantity": "2",
                "total": "20.00",
                "tax": "0",
            }
            return {
                "reference": f"WEB-{number}" if text is None else text,
                "customer": str(self.buyer),
                "currency": "EUR",
                "state": "sale",
                "placed": "2026-11-01T10:00:00+00:00",
                "totals.grand": "20.00",
                "lines": [line],
            }
        return {
            "name": f"Partner {number}" if text is None else text,
            "email": f"partner{number}@example.org",
            "street": f"{number} Main Street",
            "billing.city": "Köln",
        }

    def text_of(self, object: str, raw: Mapping[str, Any]) -> str | None:
        return raw.get("reference" if object == "order" else "name")

    def seed(self, object: str, payload: Mapping[str, Any]) -> str:
        return self.seed_together(object, [payload])[0]

    def seed_together(self, object: str, payloads: Sequence[Mapping[str, Any]]) -> list[str]:
        """All in one transaction: they share its microsecond."""
        self.odoo.engine.tick()
        self.odoo.engine.forget(_MODELS[object], _KEPT)
        try:
            return [str(self._seed(object, one)) for one in payloads]
        except Fault as fault:
            raise Refused(fault.message) from None

    def _seed(self, object: str, payload: Mapping[str, Any]) -> int:
        if object == "order":
            line = {"product_id": 1, "product_uom_qty": 2.0, "price_unit": 10.0}
            values: dict[str, Any] = {"partner_id": self.buyer, "client_order_ref": payload["reference"]}
            return int(self.odoo.engine.create("sale.order", {**values, "order_line": [[0, 0, line]]}))
        values = {name: value for name, value in payload.items() if "." not in name}
        values["child_ids"] = [[0, 0, {"type": "invoice", "city": payload["billing.city"]}]]
        return int(self.odoo.engine.create("res.partner", values))

    def read(self, object: str, external_id: str) -> Mapping[str, Any] | None:
        row = self.odoo.engine.rows[_MODELS[object]].get(int(external_id))
        if row is None:
            return None
        if object == "order":
            total = f"{row['amount_total']:.2f}"
            return {"reference": row["client_order_ref"] or None, "state": row["state"], "grand": total}
        rows = self.odoo.engine.rows["res.partner"]
        child = next((one for one in rows.values() if one["parent_id"] == row["id"]), {"city": False})
        plain = {name: row[name] or None for name in ("name", "email", "street", "phone")}
        return {**plain, "active": row["active"], "billing": {"city": child["city"] or None}}

    def comparable(self, object: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        if object == "order":
            grand = raw["grand"] if "grand" in raw else f"{float(raw['totals']['grand']):.2f}"
            return {"reference": raw["reference"], "state": raw["state"], "grand": grand}
        plain = {name: raw[name] for name in ("name", "email", "street", "phone", "active")}
        return {**plain, "billing": {"city": raw["billing"]["city"]}}

    def change(self, object: str, external_id: str, *, text: str) -> None:
        self.odoo.engine.tick()
        field = "client_order_ref" if object == "order" else "name"
        self.odoo.engine.write(_MODELS[object], [int(external_id)], {field: text})

    def remove(self, object: str, external_id: str) -> None:
        self.odoo.engine.tick()
        self.odoo.engine.unlink(_MODELS[object], [int(external_id)])

    def refused(self, object: str, number: int) -> Mapping[str, Any]:
        if object == "order":
            return {**self.payload(object, number), "totals.grand": "21.00"}
        return {**self.payload(object, number), "name": ""}

    def is_write(self, method: str, path: str, body: bytes) -> bool:
        if path.startswith("/json/2/"):
            return path.rsplit("/", 1)[1] in WRITES
        try:
            args = json.loads(body)["params"]["args"]
        except (ValueError, KeyError):
            return False
        return len(args) > 4 and args[4] in WRITES

    def webhook(self, object: str, external_id: str, *, age: float = 0.0) -> tuple[Mapping[str, str], bytes]:
        raise NotApplicable("Odoo signs nothing and tells no time: its own tests are in test_odoo_webhook.py")

    def count(self, object: str, text: str) -> int:
        field = "client_order_ref" if object == "order" else "name"
        return sum(one[field] == text for one in self.odoo.engine.rows[_MODELS[object]].values())
