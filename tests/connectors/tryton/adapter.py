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
_READS = ("search_read", "search_count", "search", "read", "fields_get", "get_access", "rpc/")


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


class TrytonAdapter(Adapter):
    url_setting = "url"

    def start(self, folder: str) -> None:
        try:
            self.erp = Erp.start(Path(folder) / "erp")
        except ConnectionBroken as error:
            raise NotAvailable(str(error)) from None

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
        return {
            "name": f"Party {number}" if text is None else text,
            "email": f"party{number}@example.org",
            "address.line1": f"{number} Main Street",
            "address.city": "Köln",
        }

    def text_of(self, object: str, raw: Mapping[str, Any]) -> str | None:
        name = raw.get("name")
        return None if name is None else str(name)

    def expected(self, object: str, text: str) -> str:
        """Names are one line there: the connector writes a blank for a break, the ERP itself refuses one."""
        return re.sub(r"[\t\n\v\f\r\x85\u2028\u2029]+", " ", text.replace("\0", ""))

    def seed(self, object: str, payload: Mapping[str, Any]) -> str:
        return self.seed_together(object, [payload])[0]

    def seed_together(self, object: str, payloads: Sequence[Mapping[str, Any]]) -> list[str]:
        made = ask(self.erp, "POST", f"{PARTY}/create", {"vlist": [values(one) for one in payloads]})
        return [str(one) for one in made]

    def read(self, object: str, external_id: str) -> Mapping[str, Any] | None:
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

    def comparable(self, object: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        plain = {name: raw[name] for name in ("name", "code", "active", "email", "phone")}
        return {**plain, "address": {name: raw["address"][name] for name in ("city", "line1")}}

    def change(self, object: str, external_id: str, *, text: str) -> None:
        ask(self.erp, "PUT", f"{PARTY}/{external_id}", {"name": text})

    def remove(self, object: str, external_id: str) -> None:
        ask(self.erp, "DELETE", f"{PARTY}/{external_id}")

    def refused(self, object: str, number: int) -> Mapping[str, Any]:
        return {**self.payload(object, number), "phone": "12"}

    def is_write(self, method: str, path: str, body: bytes) -> bool:
        return method not in {"GET", "HEAD"} and not path.split("?", maxsplit=1)[0].endswith(_READS)

    def count(self, object: str, text: str) -> int:
        return int(ask(self.erp, "POST", f"{PARTY}/search_count", {"domain": [["name", "=", text]]}))
