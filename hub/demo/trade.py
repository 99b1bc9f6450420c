"""`hub demo --store`: a real online store joins, and its orders travel into the ERP and back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from importlib import resources as package
from random import Random
from typing import Any

import orjson

from hub.canonical.country import COUNTRIES
from hub.demo import erp_sales, store_desk
from hub.demo.erp_sales import Sold
from hub.demo.play import BY, Play, written
from hub.demo.population import Party
from hub.demo.store import Store
from hub.demo.store_desk import Placed
from hub.flows import account, configure, exports
from hub.flows.connection_file import read_file

ACCOUNTS, ORDERS, GUESTS = 30, 50, 12


def open_store(play: Play) -> str:
    """Real, from nothing: goods on its shelves, and people who buy, most of them known to the other systems."""
    play.store = Store(play.home, progress=play.stage.moving)
    password = play.home / "store.password"
    password.touch(mode=0o600)
    password.write_text(play.store.password, encoding="ascii")
    countries = sorted({one.place.country for one in play.world.parties.values()})
    store_desk.furnish(play.store, [(code, COUNTRIES[code].english) for code in countries])
    buyers = _buyers(play)
    ids = store_desk.open_accounts(play.store, buyers[:ACCOUNTS])
    for key, id in ids.items():
        play.world.truth[("store", id)] = key
    till, rng = store_desk.Till(play.store, Random(play.seed)), Random(play.seed)
    for number in range(ORDERS):
        guest = number % (ORDERS // GUESTS) == 0
        till.order(rng.choice(buyers[ACCOUNTS:] if guest else buyers[:ACCOUNTS]), guest=guest)
        play.stage.moving(f"{number + 1} orders placed")
    placed = store_desk.orders(play.store)
    total = store_desk.euros(sum(one.cents for one in placed.values()))
    play.tell(f"Vendure at {play.store.url}: {len(ids)} accounts, {len(placed)} paid orders of {total} EUR")
    play.expect(len(placed) == ORDERS, f"the store has {len(placed)} orders, not {ORDERS}")
    return f"Vendure with {len(placed)} orders"


def connect_store(play: Play) -> str:
    """What `hub apply store.toml` and `hub connection check store` do."""
    text = (package.files("hub.demo") / "home" / "store.toml").read_text(encoding="utf-8")
    for name, value in (
        ("STORE_URL", play.store.url),
        ("STORE_USER", play.store.user),
        ("ERP_URL", play.erp.url),
    ):
        text = text.replace(f"@{name}@", value)
    file = play.home / "store.toml"
    file.write_text(text, encoding="utf-8")
    configure.apply(play.db, read_file(file, home=play.home), by=BY, now=time.time())
    for found in account.check(play.db, play.settings, "store"):
        play.expect(found.ok, f"store: {found.step}: {found.detail}")
    play.tell(
        "store.toml applied: the store's customers both ways, its orders into the ERP, parcels and refunds back"
    )
    return "the store, and sales in the ERP"


def orders_travel(play: Play) -> str:
    """What `hub sync` does: the plan, a person's word, and 50 sales of the right parties."""
    report = play.sync()
    for plan in report.plans:
        play.tell(f"plan for {plan.connection}: {plan.creates} creates, {plan.updates} updates")
    play.sync(confirm=True)
    again = written(play.sync())
    play.expect(not again, f"a second sync wrote again: {dict(again)}")
    found = erp_sales.sales(play.erp)
    states = Counter(one.state for one in found.values())
    play.tell(
        f"{len(found)} sales in the ERP, {', '.join(f'{count} {state}' for state, count in states.items())}"
    )
    play.expect(len(found) == ORDERS, f"the ERP has {len(found)} sales, not {ORDERS}")
    return f"{len(found)} sales in the ERP"


def after_sales(play: Play) -> str:
    """The warehouse ships a part of one order in the ERP; the store gives money back for another."""
    placed = store_desk.orders(play.store)
    sold = erp_sales.sales(play.erp)
    parted, broken = _two(placed)
    sku = max(parted.lines, key=lambda one: parted.lines[one])
    erp_sales.ship(play.erp, sold[parted.code], sku=sku, pieces=1)
    store_desk.refund(play.store, broken.id, 250, reason="a cup was broken")
    play.tell(f"in the ERP: 1 of {parted.lines[sku]} {sku} of order {parted.code} sent")
    play.tell(f"in the store: 2.50 EUR of order {broken.code} given back")
    play.sync()
    again = written(play.sync())
    play.expect(not again, f"a second sync wrote again: {dict(again)}")
    there = store_desk.orders(play.store)[parted.id]
    back = erp_sales.returned(play.erp).get(sold[broken.code].id, Decimal(0))
    play.tell(f"the store shows the parcel: {there.state}, {there.parcels.get(sku, 0)} {sku} shipped")
    play.tell(f"the ERP shows the refund: a return of {back} EUR")
    play.expect(there.parcels == {sku: 1}, "the partial shipment did not arrive in the store")
    play.expect(back == Decimal("2.50"), "the refund did not arrive in the ERP")
    return "a partial shipment and a refund arrived on the other side"


def compare_orders(play: Play) -> str:
    """All orders in the store, the hub and the ERP, each by its own API: totals, lines, party and state."""
    placed, sold = store_desk.orders(play.store), erp_sales.sales(play.erp)
    hub = {one["external_id"]: one for one in _orders(play)}
    links, refunds = play.links(), erp_sales.returned(play.erp)
    party_of = {id: customer for (name, id), customer in links.items() if name == "erp"}
    equal: Counter[str] = Counter()
    for id, one in placed.items():
        told, sale = hub.get(id), sold.get(one.code)
        if told is None or sale is None:
            play.expect(False, f"order {one.code} is missing: hub {told is not None}, ERP {sale is not None}")
            continue
        for what, values in _three(play, one, told, sale, refunds=refunds).items():
            same = len({str(value) for value in values}) == 1
            equal[what] += same
            play.expect(
                same, f"order {one.code}: {what} differs: store {values[0]}, hub {values[1]}, ERP {values[2]}"
            )
        same = party_of.get(sale.party) == told["customer_id"]
        equal["party"] += same
        play.expect(
            same, f"order {one.code}: the ERP's party {sale.party} is not customer {told['customer_id']}"
        )
    for what, count in equal.items():
        play.tell(
            f"{what}: {count} of {len(placed)} orders equal in store, hub and ERP",
            **{f"orders_{what}": count},
        )
    return f"{len(placed)} orders compared in {len(equal)} respects"


def _buyers(play: Play) -> list[Party]:
    """People with a mailbox of their own."""
    mailboxes = Counter(one.email for one in play.world.parties.values())
    return [
        one for one in play.world.parties.values() if one.family and one.email and mailboxes[one.email] == 1
    ][: ACCOUNTS + GUESTS]


def _two(placed: Mapping[str, Placed]) -> tuple[Placed, Placed]:
    """An order of which a part can be sent, and another one."""
    ordered = sorted(placed.values(), key=lambda one: int(one.id))
    parted = next(one for one in ordered if max(one.lines.values()) > 1)
    return parted, next(one for one in ordered if one.id != parted.id)


def _orders(play: Play) -> list[dict[str, Any]]:
    return [one for one in exports.orders(play.db) if one["connection"] == "store"]


def _three(
    play: Play, one: Placed, told: Mapping[str, Any], sale: Sold, *, refunds: Mapping[str, Decimal]
) -> dict[str, tuple[Any, Any, Any]]:
    """What the store, the hub and the ERP say of an order, made comparable."""
    lines = {
        line["sku"]: Decimal(str(line["quantity"]))
        for line in told["lines"]
        if line.get("kind", "product") == "product"
    }
    parcels: Counter[str] = Counter()
    for parcel in told.get("fulfilments") or ():
        if parcel["status"] in ("shipped", "delivered"):
            for piece in parcel.get("lines") or ():
                parcels[piece["sku"]] += int(Decimal(str(piece["quantity"])))
    back = sum((Decimal(each["amount"]["amount"]) for each in told.get("refunds") or ()), Decimal(0))
    goods = {sku: count for sku, count in sale.lines.items() if sku in store_desk.GOODS}
    grand = told["totals"]["grand_total"]
    return {
        "total": (
            f"{store_desk.euros(one.cents)} {one.currency}",
            f"{grand['amount']} {grand['currency']}",
            f"{sale.total.quantize(Decimal('0.01'))} {sale.currency}",
        ),
        "lines": (_flat(one.lines), _flat(lines), _flat(goods)),
        "parcels": (_flat(one.parcels), _flat(parcels), _flat(erp_sales.shipped(play.erp, sale))),
        "refunds": (
            store_desk.euros(one.refunded) if one.refunded else 0,
            back if back else 0,
            refunds.get(sale.id) or 0,
        ),
        "state": (
            _sound(one.state != "Cancelled"),
            _sound(told["status"] == "open"),
            _sound(sale.state in _ALIVE),
        ),
    }


_ALIVE = ("confirmed", "processing", "done")


def _sound(alive: bool) -> str:
    return "open" if alive else "not open"


def _flat(counts: Mapping[str, Any]) -> str:
    return orjson.dumps({sku: int(count) for sku, count in sorted(counts.items())}).decode()
