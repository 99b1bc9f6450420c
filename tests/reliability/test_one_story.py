"""One story through real servers: somebody buys as a guest in a store, mentions the company on Bluesky, and is joined
by a steward; profile, order and interaction are one customer in the API, and the ERP has the sale, of the right party.

Store: django-oscar. ERP: Tryton. Network: a fake of it, so that the story is told everywhere, and a real one where
HUB_TEST_SERVERS names a folder with its start script. The hub is used as an outsider does: by its commands and its API.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from reliability.reliability_world import World
from reliability.striking_proxy import StrikingProxy

from hub.demo import erp_desk, erp_sales
from hub.demo.erp import Erp
from hub.errors import ConnectionBroken

pytestmark = pytest.mark.slow

CONNECTORS = Path(__file__).resolve().parents[1] / "connectors"
US, EMAIL = "widgetco.test", "b.miller@post.example.org"
CONNECTIONS = """
[connection.shop]
connector = "oscar"
url = "{shop}"
user = "{keeper}"
password = "env:SHOP_PASSWORD"
[connection.shop.customer]
[connection.shop.order]
[connection.social]
connector = "bluesky"
url = "{network}"
identifier = "{us}"
password = "env:SOCIAL_PASSWORD"
[connection.social.interaction]
[connection.erp]
connector = "tryton"
url = "{erp}"
key = "env:ERP_KEY"
unknown_product = "create"
[connection.erp.customer]
update = true
create = "referenced"
[connection.erp.order]
update = true
create = "all"
"""


class Town(NamedTuple):
    """A store, a network and an ERP, with a hub at work between them, and one person who uses all three."""

    world: World
    shop: Any
    buyer: Any
    us: Any
    bob: Any
    api: str
    token: str

    def sync(self) -> None:
        """Everything is read, and everything that is owed has arrived."""
        said = self.world.hub("sync", "--confirm", code=None)
        for state, row in self.world.rows("SELECT state, cause FROM creation WHERE state = 'dead'"):
            raise AssertionError(f"{said}\n{state}: {row}")
        self.world.until(lambda: self.world.open_work() == {}, what=f"all has arrived\n{said}")

    def ask(self, path: str) -> Any:
        """What the API answers: a merged id leads on, as it does for every reader."""
        request = urllib.request.Request(f"{self.api}/api/v1/{path}")
        request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def customer(self, connection: str, external_id: str) -> dict[str, Any]:
        (found,) = self.ask(f"customers?connection={connection}&external_id={external_id}")["customers"]
        return dict(found)

    def orders(self, customer: str) -> list[str]:
        return [one["external_id"] for one in self.ask(f"customers/{customer}/orders")["orders"]]

    def said(self, customer: str) -> list[str]:
        found = self.ask(f"customers/{customer}/interactions")["interactions"]
        return [one["fields"].get("body") for one in found]

    def sale(self, order: str) -> erp_sales.Sold:
        """The one sale of an order of the store."""
        (found,) = self.ask(f"orders?connection=shop&external_id={order}")["orders"]
        return erp_sales.sales(self.world.erp)[found["fields"]["number"]]


def beside(system: str, file: str) -> ModuleType:
    """A file of a connector's own tests as a module."""
    name = f"{system}_story_{file}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, CONNECTORS / system / f"{file}.py")
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def _network(which: str, stack: ExitStack) -> str:
    """The address of a network of alice, bob and widgetco."""
    if which == "fake":
        return str(stack.enter_context(beside("bluesky", "fake").FakeNetwork()).url)
    server = beside("bluesky", "server")
    try:
        running = server.RealNetwork()
    except server.Absent as reason:
        pytest.skip(f"no AT Protocol network: {reason}")
    stack.callback(running.stop)
    return str(running.url)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    try:
        running = beside("oscar", "server").Shop(tmp_path_factory.mktemp("shop"))
    except ConnectionBroken as reason:
        pytest.skip(f"no django-oscar shop: {reason}")
    with running:
        yield running


@pytest.fixture(scope="module", params=["fake", "real"])
def town(
    request: pytest.FixtureRequest, shop: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp(f"town-{request.param}")
    with ExitStack() as stack:
        network = _network(request.param, stack)
        someone = beside("bluesky", "people").Someone
        us, bob = (someone(network, f"{name}.test", f"{name}-pass") for name in ("widgetco", "bob"))
        erp = stack.enter_context(Erp.start(folder / "erp", progress=print))
        world = World(folder, erp, stack.enter_context(StrikingProxy(erp.url)))
        stack.callback(world.end)
        server = beside("oscar", "server")
        world.env |= {"SHOP_PASSWORD": server.PASSWORD, "SOCIAL_PASSWORD": "widgetco-pass"}
        world.hub("init", str(world.home))
        file = world.home / "connections.toml"
        file.write_text(
            CONNECTIONS.format(shop=shop.url, keeper=server.USER, network=network, us=US, erp=erp.url)
        )
        world.hub("apply", str(file))
        for name in ("shop", "social", "erp"):
            world.hub("connection", "check", name)
        token = json.loads(world.hub("token", "add", "reader", "--scope", "read", "--json"))["token"]
        buyer = beside("oscar", "conftest").Buyer(shop, f"{request.param}.{EMAIL}", guest=True)
        yield Town(world, shop, buyer, us, bob, world.start(), token)


def test_guest_author_and_party_are_one_customer(town: Town) -> None:
    world = town.world
    order = town.buyer.buy(
        {"WID-1": 2, "BOOK-1": 1}, voucher="WELCOME", shipping="fixed-price-shipping", notes="Ring twice."
    )
    mention = town.bob.post("@ when will my widgets come?", to=town.us.did)
    town.us.wait_heard(mention["uri"], seconds=60)
    town.sync()

    # Two people, as far as anybody knows: nothing says that they are one.
    guest = town.customer("shop", f"order:{order}")
    author = town.customer("social", f"author:{town.bob.did}")
    assert guest["id"] != author["id"]
    assert guest["fields"]["email"] == town.buyer.email
    assert (town.orders(guest["id"]), town.said(guest["id"])) == ([order], [])
    assert (town.orders(author["id"]), town.said(author["id"])) == ([], ["@ when will my widgets come?"])
    sale = town.sale(order)
    party = erp_desk.parties(world.erp)[sale.party]
    assert (party["email"], party["display_name"]) == (town.buyer.email, "Bob Müller")

    # A steward says so.
    preview = json.loads(world.hub("customer", "merge", guest["id"], author["id"], "--preview", "--json"))
    assert preview["preview"]
    assert town.customer("shop", f"order:{order}")["id"] != author["id"]
    world.hub("customer", "merge", guest["id"], author["id"], "--reason", "the same voice on the phone")
    world.until(lambda: world.open_work() == {}, what="all know of it")
    kept, other = guest["id"], author["id"]
    whole = town.ask(f"customers/{kept}")
    assert town.ask(f"customers/{other}") == whole, "the other id leads to it"
    assert town.customer("social", f"author:{town.bob.did}") == whole == town.customer("erp", sale.party)
    assert whole["fields"]["email"] == town.buyer.email
    assert whole["fields"]["social[bluesky]"] == "bob.test"
    assert whole["fields"]["social[bluesky].platform_user_id"] == town.bob.did
    for id in (kept, other):
        assert (town.orders(id), town.said(id)) == ([order], ["@ when will my widgets come?"])
    _the_sale_is_the_order(town, order, party=sale.party)

    # What they do next is theirs, without a word of the steward.
    again = town.bob.post("@ they came, thank you", to=town.us.did)
    second = town.buyer.buy({"PIN-1": 7})
    town.us.wait_heard(again["uri"], seconds=60)
    town.sync()
    assert sorted(town.orders(kept)) == sorted([order, second])
    assert town.said(kept)[0] == "@ they came, thank you"
    _the_sale_is_the_order(town, second, party=sale.party)
    assert len(erp_sales.sales(world.erp)) == 2
    world.hub("rebuild", "--check")


def test_taken_apart_again_each_has_what_was_theirs(town: Town) -> None:
    world = town.world
    before = {one.id: one for one in erp_sales.sales(world.erp).values()}
    who = town.customer("social", f"author:{town.bob.did}")
    orders, told = town.orders(who["id"]), town.said(who["id"])
    assert orders and told
    world.hub("customer", "unmerge", who["id"], f"social:author:{town.bob.did}")
    town.sync()
    author = town.customer("social", f"author:{town.bob.did}")
    guest = town.customer("shop", f"order:{orders[0]}")
    assert author["id"] != guest["id"]
    assert (town.orders(author["id"]), town.said(author["id"])) == ([], told)
    assert (sorted(town.orders(guest["id"])), town.said(guest["id"])) == (sorted(orders), [])
    assert {one.id: one for one in erp_sales.sales(world.erp).values()} == before, "nothing moved in the ERP"
    world.hub("rebuild", "--check")


def _the_sale_is_the_order(town: Town, order: str, *, party: str) -> None:
    """Total, party, state, goods and addresses as the store has them."""
    there = town.shop.admin.call("GET", f"admin/orders/{order}/")
    sale = town.sale(order)
    assert (sale.party, sale.state, sale.reference) == (party, "processing", there["number"])
    assert (sale.total, sale.currency) == (Decimal(there["total_incl_tax"]), "EUR")
    (told,) = town.ask(f"orders?connection=shop&external_id={order}")["orders"]
    assert Decimal(told["fields"]["totals.grand_total"]["amount"]) == sale.total
    bought = {line["sku"]: Decimal(line["quantity"]) for line in told["fields"]["lines"]}
    assert {code: count for code, count in sale.lines.items() if code in bought} == bought
    assert told["customer_id"] == town.customer("erp", party)["id"]
