"""A real Tryton for the conformance suite, reached by its own REST API, never through the connector."""

from __future__ import annotations

import re
import urllib.error
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.demo.erp import Erp
from hub.errors import ConnectionBroken
from hub.testkit.adapter import Adapter, NotAvailable, Refused, Setup, Wrong

PARTY = "party.party"
SALE = "sale.sale"
_READS = ("search_read", "search_count", "search", "read", "fields_get", "get_access", "default_get", "rpc/")
# A sale is made by several calls. Here the last one counts, after which it is what was asked for; what becomes of one
# that stops before it: test_tryton_sale_kills.py.
_ON_THE_WAY = ("party.address/create", "sale.sale/create", "/quote")


def ask(erp: Erp, method: str, path: str, body: Any = None) -> Any:
    """One call of the ERP's own API. Raises Refused for 400, LookupError for 404."""
    try:
        return erp.call(method, path, body)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            raise LookupError(path) from None
        raise Refused(error.read().decode(errors="replace")) from None


def values(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Our flat payload in the ERP's own form, written here a second time on purpose."""
    result: dict[str, Any] = {"name": payload["name"]}
    contacts = [{"type": kind, "value": payload[kind]} for kind in ("email", "phone") if payload.get(kind)]
    result["contact_mechanisms"] = [["create", contacts]]
    if "address.city" in payload:
        city = {"city": payload["address.city"], "street_unstructured": payload.get("address.line1")}
        result["addresses"] = [["create", [city]]]
    return result


def decimal(number: Any) -> dict[str, str]:
    return {"__class__": "Decimal", "decimal": str(number)}


class TrytonAdapter(Adapter):
    objects = ("customer", "order")
    url_setting = "url"

    def start(self, folder: str) -> None:
        try:
            self.erp = Erp.start(Path(folder) / "erp")
        except ConnectionBroken as error:
            raise NotAvailable(str(error)) from None
        self._customer = ask(self.erp, "POST", PARTY, values(self.payload("customer", 0)))["id"]
        found = ask(self.erp, "GET", f"{PARTY}/{self._customer}?f=addresses.id")
        self._address = found["addresses"][0]["id"]
        (product,) = [
            one for one in ask(self.erp, "GET", "product.product?f=code") if one["code"] == "UNKNOWN"
        ]
        self._product = product["id"]

    def stop(self) -> None:
        self.erp.stop()

    def setup(self) -> Setup:
        return Setup({"url": self.erp.url, "key": "env:ERP_KEY"}, {"key": self.erp.key})

    def wrong(self) -> Sequence[Wrong]:
        right = self.setup()
        return (
            Wrong("a wrong key", right._replace(secrets={"key": "0123456789abcdef"})),
            Wrong("another database", right._replace(settings={**right.settings, "url": f"{self.erp.url}x"})),
        )

    def payload(self, object: str, number: int, *, text: str | None = None) -> Mapping[str, Any]:
        if object == "order":
            line = {"id": "1", "kind": "product", "sku": "UNKNOWN", "name": "Thing", "quantity": "2"}
            return {
                "party": str(self._customer),
                "currency": "EUR",
                "reference": f"T-{number}",
                "comment": f"Order {number}" if text is None else text,
                "lines": [{**line, "unit_price": f"{number}.50", "total": f"{number * 2 + 1}.00"}],
                "totals.grand_total": f"{number * 2 + 1}.00",
            }
        return {
            "name": f"Party {number}" if text is None else text,
            "email": f"party{number}@example.org",
            "address.line1": f"{number} Main Street",
            "address.city": "Köln",
        }

    def text_of(self, object: str, raw: Mapping[str, Any]) -> str | None:
        name = raw.get("comment" if object == "order" else "name")
        return None if name is None else str(name)

    def expected(self, object: str, text: str) -> str:
        """Names are one line there: the connector writes a blank for a break, the ERP itself refuses one."""
        if object == "order":
            return text.replace("\0", "")
        return re.sub(r"[\t\n\v\f\r\x85\u2028\u2029]+", " ", text.replace("\0", ""))

    def seed(self, object: str, payload: Mapping[str, Any]) -> str:
        return self.seed_together(object, [payload])[0]

    def seed_together(self, object: str, payloads: Sequence[Mapping[str, Any]]) -> list[str]:
        model, form = (SALE, self._sale) if object == "order" else (PARTY, values)
        made = ask(self.erp, "POST", f"{model}/create", {"vlist": [form(one) for one in payloads]})
        return [str(one) for one in made]

    def _sale(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Our flat payload in the ERP's own form: a draft that somebody there has begun."""
        (line,) = payload["lines"]
        sold = {"type": "line", "product": self._product, "unit": 1, "quantity": float(line["quantity"])}
        return {
            "company": 1,
            "party": int(payload["party"]),
            "invoice_address": self._address,
            "shipment_address": self._address,
            "currency": self._currency(payload["currency"]),
            "reference": payload["reference"],
            "comment": payload["comment"],
            "lines": [["create", [{**sold, "unit_price": decimal(line["unit_price"])}]]],
        }

    def _currency(self, code: str) -> int:
        rows = ask(self.erp, "GET", "currency.currency?f=code")
        return int(next(one["id"] for one in rows if one["code"] == code))

    def read(self, object: str, external_id: str) -> Mapping[str, Any] | None:
        if object == "order":
            return self._read_sale(external_id)
        fields = "name code active contact_mechanisms.type contact_mechanisms.value addresses.city addresses.street"
        query = "&".join(f"f={one}" for one in fields.split())
        try:
            row = ask(self.erp, "GET", f"{PARTY}/{external_id}?{query}")
        except LookupError:
            return None
        contacts = {one["type"]: one["value"] for one in row["contact_mechanisms"]}
        first = row["addresses"][0] if row["addresses"] else {}
        return {
            "name": row["name"],
            "code": row["code"],
            "active": bool(row["active"]),
            "email": contacts.get("email"),
            "phone": contacts.get("phone"),
            "address": {"city": first.get("city"), "line1": first.get("street")},
        }

    def _read_sale(self, external_id: str) -> Mapping[str, Any] | None:
        fields = "reference comment currency.code party total_amount lines.quantity lines.product.code"
        query = "&".join(f"f={one}" for one in fields.split())
        try:
            row = ask(self.erp, "GET", f"{SALE}/{external_id}?{query}")
        except LookupError:
            return None
        return {
            "reference": row["reference"],
            "comment": row["comment"],
            "currency": row["currency"]["code"],
            "party": str(row["party"]),
            "total": row["total_amount"]["decimal"],
            "lines": [(one["product"]["code"], int(one["quantity"])) for one in row["lines"]],
        }

    def comparable(self, object: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        if object == "order":
            if "totals" not in raw:
                return raw
            return {
                "reference": raw["order"] if raw["hub"] else raw["reference"],
                "total": raw["totals"]["total"],
                "lines": [(one["sku"], int(one["quantity"])) for one in raw["lines"]],
                **{name: raw[name] for name in ("comment", "currency", "party")},
            }
        plain = {name: raw[name] for name in ("name", "code", "active", "email", "phone")}
        return {**plain, "address": {name: raw["address"][name] for name in ("city", "line1")}}

    def change(self, object: str, external_id: str, *, text: str) -> None:
        model, name = (SALE, "comment") if object == "order" else (PARTY, "name")
        ask(self.erp, "PUT", f"{model}/{external_id}", {name: text})

    def remove(self, object: str, external_id: str) -> None:
        ask(self.erp, "DELETE", f"{SALE if object == 'order' else PARTY}/{external_id}")

    def refused(self, object: str, number: int) -> Mapping[str, Any]:
        if object == "order":
            (line,) = self.payload(object, number)["lines"]
            return {**self.payload(object, number), "lines": [{**line, "sku": "NEVER-HEARD-OF"}]}
        return {**self.payload(object, number), "phone": "12"}

    def is_write(self, method: str, path: str, body: bytes) -> bool:
        called = path.split("?", maxsplit=1)[0]
        return method not in {"GET", "HEAD"} and not called.endswith((*_READS, *_ON_THE_WAY))

    def count(self, object: str, text: str) -> int:
        model, name = (SALE, "comment") if object == "order" else (PARTY, "name")
        return int(ask(self.erp, "POST", f"{model}/search_count", {"domain": [[name, "=", text]]}))
