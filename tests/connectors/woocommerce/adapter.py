"""The fake store for the conformance suite, reached by its own methods, never over HTTP."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hub.testkit.adapter import Adapter, NotApplicable, Refused, Setup, Wrong

sys.path.insert(0, str(Path(__file__).parent))

from woo_delivery import HOOKS, delivery
from woo_key import KEY, SECRET
from woo_rules import No, sanitized
from woo_store import Store

_KEPT = 60
TAKEN = "taken@example.org"


class WooAdapter(Adapter):
    objects = ("customer", "order")
    url_setting = "url"

    def start(self, folder: str) -> None:
        self.store = Store().start()
        self.store.zone = 8
        self.store.clock_ahead = 240.0
        self.store.put({"email": TAKEN, "first_name": "Taken"})

    def stop(self) -> None:
        self.store.stop()

    def setup(self) -> Setup:
        settings = {"url": self.store.url, "sweep": 5000}
        named = {name: f"env:{name.upper()}" for name in ("key", "secret", "webhook_secret")}
        return Setup({**settings, **named}, {"key": KEY, "secret": SECRET, "webhook_secret": HOOKS})

    def wrong(self) -> Sequence[Wrong]:
        right = self.setup()
        bare = {name: value for name, value in right.settings.items() if name != "secret"}
        return (
            Wrong("a wrong key", right._replace(secrets={**right.secrets, "key": "ck_not_the_key_11"})),
            Wrong("a wrong secret", right._replace(secrets={**right.secrets, "secret": "cs_not_the_secret"})),
            Wrong("no secret", Setup(bare, {"key": KEY})),
            Wrong("Basic over http", right._replace(settings={**right.settings, "access": "basic"})),
            Wrong("plain routes", right._replace(settings={**right.settings, "url": f"{self.store.url}/x"})),
            Wrong("nobody there", right._replace(settings={**right.settings, "url": "http://127.0.0.1:9"})),
        )

    def payload(self, object: str, number: int, *, text: str | None = None) -> Mapping[str, Any]:
        if object == "order":
            return {"customer_note": f"Ring twice {number}" if text is None else text}
        return {
            "first_name": f"First {number}" if text is None else text,
            "last_name": f"Last {number}",
            "email": f"person{number}@example.org",
            "billing.address_1": f"{number} Rue de Rivoli",
            "billing.city": "Paris",
            "billing.country": "FR",
        }

    def text_of(self, object: str, raw: Mapping[str, Any]) -> str | None:
        name = raw.get("customer_note" if object == "order" else "first_name")
        return None if name is None else str(name)

    def seed(self, object: str, payload: Mapping[str, Any]) -> str:
        if "\0" in str(payload.get("first_name")):
            raise Refused("no form sends a NUL")
        if object == "order":
            line = {"name": "Book", "sku": "BOO-1", "price": "19.90", "quantity": 2}
            lines = {"line_items": [{**line, "price": payload.get("price", line["price"])}]}
            given = {name: value for name, value in payload.items() if name != "price"}
            made = self.store.orders.place({**given, **lines, "set_paid": True})
            self._forget(self.store.orders.rows)
            return str(made)
        billing = {name[8:]: value for name, value in payload.items() if name.startswith("billing.")}
        plain = {name: value for name, value in payload.items() if "." not in name}
        try:
            made = self.store.put({**plain, "billing": billing})
        except No as no:
            raise Refused(str(no)) from None
        self._forget(self.store.customers)
        return str(made)

    def _forget(self, rows: dict[int, Any]) -> None:
        """Delete what older checks have left: the suite walks the list in pages of 3, again and again."""
        if len(rows) > _KEPT * 2:
            for id in sorted(rows)[1:-_KEPT]:
                del rows[id]

    def seed_together(self, object: str, payloads: Sequence[Mapping[str, Any]]) -> list[str]:
        made = [self.seed(object, payload) for payload in payloads]
        rows = self.store.orders.rows if object == "order" else self.store.customers
        moment = self.store.now()
        for one in made:
            rows[int(one)] |= {"created": moment, "modified": moment}
        return made

    def read(self, object: str, external_id: str) -> Mapping[str, Any] | None:
        id = int(external_id)
        if object == "order":
            row = self.store.orders.rows.get(id)
            return None if row is None or row["status"] == "trash" else self.store.order_shown(id)
        return self.store.shown(id) if id in self.store.customers else None

    def comparable(self, object: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without the names of states, which the connector adds."""
        parts = {name: {**raw[name], "region": None} for name in ("billing", "shipping")}
        raw = {**raw, **parts}
        if object == "order":
            return {
                name: raw[name]
                for name in ("status", "number", "currency", "customer_note", "total", "billing")
            }
        names = ("first_name", "last_name", "email", "billing", "shipping", "role", "username")
        return {name: raw[name] for name in names}

    def change(self, object: str, external_id: str, *, text: str) -> None:
        if object == "order":
            self.store.orders.change(int(external_id), {"customer_note": text})
        else:
            self.store.put({"first_name": text}, id=int(external_id))

    def remove(self, object: str, external_id: str) -> None:
        if object == "order":
            self.store.orders.change(int(external_id), {"status": "trash"})
        else:
            self.store.erase(int(external_id))

    def refused(self, object: str, number: int) -> Mapping[str, Any]:
        if object == "order":
            return {"status": "a word that the store does not know"}
        return {**self.payload(object, number), "email": TAKEN}

    def expected(self, object: str, text: str) -> str:
        return text if object == "order" else sanitized(text)

    def webhook(self, object: str, external_id: str, *, age: float = 0.0) -> tuple[Mapping[str, str], bytes]:
        if age:
            raise NotApplicable(
                "WooCommerce signs no time: an old message is a hint like any, the record is fetched"
            )
        shown = self.read(object, external_id)
        return delivery(f"{object}.updated", json.dumps(shown).encode())

    def count(self, object: str, text: str) -> int:
        return sum(row["first_name"] == text for row in self.store.customers.values())

    def seed_at(self, object: str, payload: Mapping[str, Any], moment: float) -> str:
        made = self.seed(object, payload)
        rows = self.store.orders.rows if object == "order" else self.store.customers
        rows[int(made)] |= {"created": int(moment), "modified": int(moment)}
        return made

    @contextmanager
    def skew(self, seconds: float) -> Iterator[None]:
        before, self.store.clock_ahead = self.store.clock_ahead, seconds
        try:
            yield
        finally:
            self.store.clock_ahead = before

    def blank(self, object: str, number: int) -> Mapping[str, Any]:
        return {} if object == "order" else {"email": f"blank{number}@example.org"}

    def priced(self, object: str, number: int, amount: str) -> Mapping[str, Any]:
        if object != "order":
            raise NotApplicable("customers have no amounts")
        return {"customer_note": f"Priced {number}", "price": amount}

    def amount_of(self, object: str, raw: Mapping[str, Any]) -> Any:
        return raw["lines"][0]["unit_price"]

    def signed(self, body: bytes) -> tuple[Mapping[str, str], bytes]:
        return delivery("customer.updated", body)

    def webhook_ping(self) -> tuple[Mapping[str, str], bytes]:
        return {"Content-Type": "application/x-www-form-urlencoded"}, b"webhook_id=5"
