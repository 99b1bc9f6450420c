"""A real Vendure store for the conformance suite, reached by its own admin API, never through the connector."""

from __future__ import annotations

import importlib.util
import json
import secrets
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

from hub.sdk.signing import sign
from hub.testkit.adapter import Adapter, NotAvailable, Refused, Setup, Wrong


def server_module() -> ModuleType:
    """`server.py` beside this file, once per session, whoever asks."""
    name = "vendure_test_server"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("server.py"))
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


# No check needs more of its own records than this at once.
_KEPT = 40
TAKEN = "taken@example.org"
_CREATE = """mutation($input:CreateCustomerInput!){createCustomer(input:$input){
 ...on Customer{id} ...on ErrorResult{errorCode message}}}"""
_ADDRESS = (
    """mutation($id:ID!,$input:CreateAddressInput!){createCustomerAddress(customerId:$id,input:$input){id}}"""
)
_UPDATE = """mutation($input:UpdateCustomerInput!){updateCustomer(input:$input){
 ...on ErrorResult{errorCode message}}}"""
_READ = """query($id:ID!){customer(id:$id){id title firstName lastName emailAddress phoneNumber
 addresses{streetLine1 city country{code} defaultBillingAddress}}}"""


class VendureAdapter(Adapter):
    url_setting = "url"

    def start(self, folder: str) -> None:
        server = server_module()
        try:
            self.store = server.acquire()
        except server.Absent as reason:
            raise NotAvailable(str(reason)) from None
        self._release, self._no = server.release, server.StoreSaysNo
        self._salt = secrets.token_hex(3)
        self._seeded: list[str] = []
        with suppress(Refused):  # an earlier module of this session has made it
            self.seed("customer", {**self.payload("customer", 0), "email": TAKEN})
        self._seeded.clear()

    def stop(self) -> None:
        self._release()

    def setup(self) -> Setup:
        """With a session, for a key costs the store half a second a call (test_vendure_server.py uses keys)."""
        settings = {"url": self.store.url, "user": self.store.USER, "sweep": 4}
        return Setup(
            {**settings, "password": "env:SHOP_PASSWORD", "webhook_secret": "env:SHOP_HOOKS"},
            {"password": self.store.password, "webhook_secret": self.store.secret},
        )

    def wrong(self) -> Sequence[Wrong]:
        right = self.setup()
        keyed = {name: value for name, value in right.settings.items() if name not in ("user", "password")}
        hooks = {"webhook_secret": self.store.secret}
        return (
            Wrong("a wrong password", right._replace(secrets={**hooks, "password": "not-the-password"})),
            Wrong(
                "a wrong key",
                Setup(
                    {**keyed, "key": "env:SHOP_KEY"}, {**hooks, "key": "0123456789abcdef:0123456789abcdef"}
                ),
            ),
            Wrong("no credentials", Setup(keyed, hooks)),
            Wrong("another path", right._replace(settings={**right.settings, "url": f"{self.store.url}x"})),
        )

    def payload(self, object: str, number: int, *, text: str | None = None) -> Mapping[str, Any]:
        return {
            "first_name": f"First {number}" if text is None else text,
            "last_name": f"Last {number}",
            "email": f"person{number}-{self._salt}@example.org",
            "billing.line1": f"{number} Rue de Rivoli",
            "billing.city": "Paris",
            "billing.country": "FR",
        }

    def text_of(self, object: str, raw: Mapping[str, Any]) -> str | None:
        name = raw.get("first_name")
        return None if name is None else str(name)

    def seed(self, object: str, payload: Mapping[str, Any]) -> str:
        input = {
            "firstName": payload["first_name"],
            "lastName": payload["last_name"],
            "emailAddress": payload["email"],
        }
        try:
            made = self.store.admin(_CREATE, input=input)["createCustomer"]["id"]
        except self._no as error:
            raise Refused(str(error)) from None
        address = {
            "streetLine1": payload["billing.line1"],
            "city": payload["billing.city"],
            "countryCode": payload["billing.country"],
            "defaultBillingAddress": True,
        }
        self.store.admin(_ADDRESS, id=made, input=address)
        self._seeded.append(str(made))
        self._forget()
        return str(made)

    def _forget(self) -> None:
        """Delete what older checks have left: the suite walks the list in pages of 3, again and again."""
        old = self._seeded[:-_KEPT]
        if len(old) > _KEPT // 2:
            self.store.sql(f'update customer set "deletedAt" = localtimestamp where id in ({", ".join(old)})')
            del self._seeded[: len(old)]

    def seed_together(self, object: str, payloads: Sequence[Mapping[str, Any]]) -> list[str]:
        made = [self.seed(object, payload) for payload in payloads]
        stamps = '"createdAt" = localtimestamp, "updatedAt" = localtimestamp'
        self.store.sql(f"update customer set {stamps} where id in ({', '.join(made)})")
        return made

    def read(self, object: str, external_id: str) -> Mapping[str, Any] | None:
        row = self.store.admin(_READ, id=external_id)["customer"]
        if row is None:
            return None
        billing = next((one for one in row["addresses"] if one["defaultBillingAddress"]), None)
        return {
            "title": row["title"],
            "first_name": row["firstName"],
            "last_name": row["lastName"],
            "email": row["emailAddress"],
            "phone": row["phoneNumber"],
            "billing": {
                "line1": billing and billing["streetLine1"],
                "city": billing and billing["city"],
                "country": billing and billing["country"]["code"],
            },
        }

    def comparable(self, object: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        plain = {name: raw[name] for name in ("title", "first_name", "last_name", "email", "phone")}
        return {**plain, "billing": {name: raw["billing"][name] for name in ("line1", "city", "country")}}

    def change(self, object: str, external_id: str, *, text: str) -> None:
        self.store.admin(_UPDATE, input={"id": external_id, "firstName": text})

    def remove(self, object: str, external_id: str) -> None:
        self.store.admin("mutation($id:ID!){deleteCustomer(id:$id){result}}", id=external_id)

    def refused(self, object: str, number: int) -> Mapping[str, Any]:
        return {**self.payload(object, number), "email": TAKEN}

    def is_write(self, method: str, path: str, body: bytes) -> bool:
        return b"mutation" in body and b"login(" not in body

    def webhook(self, object: str, external_id: str, *, age: float = 0.0) -> tuple[Mapping[str, str], bytes]:
        moment = datetime.now(UTC) - timedelta(seconds=age)
        told = {
            "id": secrets.token_hex(8),
            "topic": "customer.updated",
            "occurredAt": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "data": {"id": int(external_id)},
        }
        body = json.dumps(told).encode()
        return {"x-vendure-topic": told["topic"], "x-signature-sha256": sign(body, self.store.secret)}, body

    def count(self, object: str, text: str) -> int:
        query = "query($o:CustomerListOptions){customers(options:$o){totalItems}}"
        found = self.store.admin(query, o={"filter": {"firstName": {"eq": text}}, "take": 1})
        return int(found["customers"]["totalItems"])
