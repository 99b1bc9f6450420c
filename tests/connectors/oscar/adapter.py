"""A real django-oscar shop for the conformance suite, reached by its own API and database, never through the connector.

It shows and takes names (OSCARAPI_ADMIN_USER_FIELDS); the plain shop is in the other tests.
"""

from __future__ import annotations

import importlib.util
import json
import urllib.error
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from hub.errors import ConnectionBroken
from hub.testkit.adapter import Adapter, NotAvailable, Refused, Setup, Wrong

FIELDS = ["url", "username", "email", "date_joined", "first_name", "last_name"]


def shop_module() -> ModuleType:
    """The start-up beside this file; both are loaded by path, for tests have no package."""
    spec = importlib.util.spec_from_file_location("oscar_shop", Path(__file__).with_name("server.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class OscarAdapter(Adapter):
    url_setting = "url"

    def start(self, folder: str) -> None:
        self.server = shop_module()
        try:
            self.shop = self.server.Shop(
                Path(folder) / "shop", options={"OSCARAPI_ADMIN_USER_FIELDS": FIELDS}
            )
        except ConnectionBroken as error:
            raise NotAvailable(str(error)) from None
        self.admin = self.shop.admin

    def stop(self) -> None:
        self.shop.stop()

    def setup(self) -> Setup:
        settings = {"url": self.shop.url, "user": self.server.USER, "password": "env:SHOP_PASSWORD"}
        return Setup(settings, {"password": self.server.PASSWORD})

    def wrong(self) -> Sequence[Wrong]:
        right = self.setup()
        return (
            Wrong("a wrong password", right._replace(secrets={"password": "0123456789abcdef"})),
            Wrong("another address", right._replace(settings={**right.settings, "url": f"{self.shop.url}x"})),
            Wrong("staff without rights", right._replace(settings={**right.settings, "user": "clerk"})),
            Wrong(
                "no password",
                right._replace(settings={"url": self.shop.url, "user": self.server.USER}, secrets={}),
            ),
        )

    def payload(self, object: str, number: int, *, text: str | None = None) -> Mapping[str, Any]:
        name = f"Ann {number}" if text is None else text
        return {"first_name": name, "last_name": "Müller", "email": f"ann{number}@example.org"}

    def text_of(self, object: str, raw: Mapping[str, Any]) -> str | None:
        name = raw.get("first_name")
        return None if name is None else str(name)

    def expected(self, object: str, text: str) -> str:
        """The API takes white space at both ends away."""
        return text.strip()

    def seed(self, object: str, payload: Mapping[str, Any]) -> str:
        made = self._ask("POST", "admin/users/", {"username": payload["email"], **payload})
        return str(made["url"]).rstrip("/").rpartition("/")[2]

    def read(self, object: str, external_id: str) -> Mapping[str, Any] | None:
        columns = "username, email, first_name, last_name"
        rows = self.shop.sql(f"SELECT {columns} FROM auth_user WHERE id = ?", int(external_id))
        return {"id": external_id, **dict(zip(columns.split(", "), rows[0], strict=True))} if rows else None

    def comparable(self, object: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: raw[name] for name in ("id", "username", "email", "first_name", "last_name")}

    def change(self, object: str, external_id: str, *, text: str) -> None:
        self._ask("PATCH", f"admin/users/{external_id}/", {"first_name": text})

    def remove(self, object: str, external_id: str) -> None:
        self._ask("DELETE", f"admin/users/{external_id}/")

    def refused(self, object: str, number: int) -> Mapping[str, Any]:
        return {**self.payload(object, number), "email": "no address at all"}

    def is_write(self, method: str, path: str, body: bytes) -> bool:
        return method not in {"GET", "HEAD", "OPTIONS"} and not path.rstrip("/").endswith("/login")

    def count(self, object: str, text: str) -> int:
        return int(self.shop.sql("SELECT count(*) FROM auth_user WHERE first_name = ?", text)[0][0])

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return self.admin.call(method, path, body)
        except urllib.error.HTTPError as error:
            raise Refused(json.dumps(error.read().decode(errors="replace"))) from None
