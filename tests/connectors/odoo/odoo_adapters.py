"""The fake Odoo as the conformance suite drives it: straight at its tables, never through the connector."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from odoo_fake_engine import Fault
from odoo_fake_server import DATABASE, KEY, LOGIN, WRITES, FakeOdoo

from hub.testkit.adapter import Adapter, NotApplicable, Refused, Setup, Wrong

SECRET = "webh00k-s3cret"


class FakeAdapter(Adapter):
    """`version` and `settings` are what the variants differ in."""

    version = 17
    settings: Mapping[str, Any] = {"protocol": "jsonrpc", "login": LOGIN}
    url_setting = "url"

    def start(self, folder: str) -> None:
        self.odoo = FakeOdoo(self.version).start()

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
        return {
            "name": f"Partner {number}" if text is None else text,
            "email": f"partner{number}@example.org",
            "street": f"{number} Main Street",
            "billing.city": "Köln",
        }

    def text_of(self, object: str, raw: Mapping[str, Any]) -> str | None:
        return raw.get("name")

    def seed(self, object: str, payload: Mapping[str, Any]) -> str:
        return self.seed_together(object, [payload])[0]

    def seed_together(self, object: str, payloads: Sequence[Mapping[str, Any]]) -> list[str]:
        """All in one transaction: they share its microsecond."""
        self.odoo.engine.tick()
        ids = []
        for payload in payloads:
            values = {name: value for name, value in payload.items() if "." not in name}
            values["child_ids"] = [[0, 0, {"type": "invoice", "city": payload["billing.city"]}]]
            try:
                ids.append(str(self.odoo.engine.create("res.partner", values)))
            except Fault as fault:
                raise Refused(fault.message) from None
        return ids

    def read(self, object: str, external_id: str) -> Mapping[str, Any] | None:
        rows = self.odoo.engine.rows["res.partner"]
        row = rows.get(int(external_id))
        if row is None:
            return None
        child = next((one for one in rows.values() if one["parent_id"] == row["id"]), {"city": False})
        plain = {name: row[name] or None for name in ("name", "email", "street", "phone")}
        return {**plain, "active": row["active"], "billing": {"city": child["city"] or None}}

    def comparable(self, object: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        plain = {name: raw[name] for name in ("name", "email", "street", "phone", "active")}
        return {**plain, "billing": {"city": raw["billing"]["city"]}}

    def change(self, object: str, external_id: str, *, text: str) -> None:
        self.odoo.engine.tick()
        self.odoo.engine.write("res.partner", [int(external_id)], {"name": text})

    def remove(self, object: str, external_id: str) -> None:
        self.odoo.engine.tick()
        self.odoo.engine.unlink("res.partner", [int(external_id)])

    def refused(self, object: str, number: int) -> Mapping[str, Any]:
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
        return sum(one["name"] == text for one in self.odoo.engine.rows["res.partner"].values())
