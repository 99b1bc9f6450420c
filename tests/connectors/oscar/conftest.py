"""Real shops for these tests, connections to them, and people who buy there."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import pytest

from connectors.oscar.connector import OscarConnector
from hub.mapping.engine import CompiledMap, compile_map
from hub.mapping.load import load_map
from hub.mapping.spec import Context
from hub.resources import map_text
from hub.sdk import ConnectionView
from hub.sdk.manifest import read_manifest
from hub.sdk.registry import assemble

MANIFEST = read_manifest(Path(__file__).parents[3] / "connectors" / "oscar")
SECRET = "Correct-Horse-9"


def _server() -> ModuleType:
    spec = importlib.util.spec_from_file_location("oscar_shop", Path(__file__).with_name("server.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SERVER = _server()


class Buyer:
    """A customer of the shop, or a guest, at its own API."""

    def __init__(self, shop: Any, email: str, *, guest: bool = False) -> None:
        self.shop, self.email, self.guest = shop, email, guest
        if not guest:
            account = {"email": email, "password1": SECRET, "password2": SECRET}
            shop.client().call("POST", "register/", account)
        self.api = shop.client() if guest else shop.client(email, SECRET)

    def address(self, **other: str) -> dict[str, str]:
        return {
            "title": "Ms",
            "first_name": "Ann",
            "last_name": "Müller",
            "line1": "Weg 1",
            "line2": "Hof 2",
            "line3": "",
            "line4": "Berlin",
            "state": "BE",
            "postcode": "10115",
            "country": f"{self.shop.url}/countries/DE/",
            **other,
        }

    def buy(
        self,
        goods: dict[str, int],
        *,
        voucher: str | None = None,
        shipping: str = "free-shipping",
        notes: str = "",
    ) -> str:
        """Place an order of these products, by UPC; its id."""
        products = {one["upc"]: one["url"] for one in self.api.call("GET", "products/")["results"]}
        for upc, quantity in goods.items():
            self.api.call("POST", "basket/add-product/", {"url": products[upc], "quantity": quantity})
        if voucher:
            self.api.call("POST", "basket/add-voucher/", {"vouchercode": voucher})
        asked = {
            "basket": self.api.call("GET", "basket/")["url"],
            "shipping_method_code": shipping,
            "shipping_address": {**self.address(notes=notes), "phone_number": "+49 30 901820"},
            "billing_address": self.address(first_name="Bob"),
        }
        if self.guest:
            asked["guest_email"] = self.email
        placed = self.api.call("POST", "checkout/", asked)
        return str(placed["url"]).rstrip("/").rpartition("/")[2]


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The plain shop: its API shows of an account what every oscarapi does."""
    with SERVER.Shop(tmp_path_factory.mktemp("shop")) as running:
        yield running


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Starts a shop of its own with these settings."""
    running: list[Any] = []

    def make(**options: Any) -> Any:
        running.append(SERVER.Shop(tmp_path / f"shop{len(running)}", options=options))
        return running[-1]

    yield make
    for one in running:
        one.stop()


Connect = Callable[..., OscarConnector]


@pytest.fixture
def connect() -> Connect:
    """A connector of a shop; `page`: rows per page; other keywords are settings."""

    def make(shop: Any, *, page: int | None = None, **settings: str) -> OscarConnector:
        password = settings.pop("password", SERVER.PASSWORD)
        given = {"url": shop.url, "user": SERVER.USER, **settings}
        view = ConnectionView("shop", given, {"password": password}.get)
        manifest = MANIFEST
        if page:
            objects = {name: replace(one, page_size=page) for name, one in MANIFEST.objects.items()}
            manifest = replace(MANIFEST, objects=MappingProxyType(objects))
        made = assemble(OscarConnector, manifest, view)
        assert isinstance(made, OscarConnector)
        return made

    return make


@pytest.fixture
def oscar(connect: Connect, shop: Any) -> OscarConnector:
    return connect(shop)


@pytest.fixture
def shipped() -> Callable[..., CompiledMap]:
    """The shipped map of an object, with an overlay if one is given."""

    def make(object: str, overlay: str | None = None) -> CompiledMap:
        text = map_text("oscar", object)
        assert text
        spec = load_map(text, file=f"{object}.toml", overlay=overlay, overlay_file="overlay.toml")
        return compile_map(spec, context=Context())

    return make


@pytest.fixture
def buyer(shop: Any) -> Callable[..., Buyer]:
    """A buyer in the plain shop."""

    def make(email: str, **how: Any) -> Buyer:
        return Buyer(how.pop("shop", shop), email, **how)

    return make
