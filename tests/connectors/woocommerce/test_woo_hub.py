"""Two stores of one company and a hub between them: loads, edits, guests, deletes, a lost key."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from woo_delivery import HOOKS, delivery
from woo_key import KEY, SECRET
from woo_store import Store

from hub.flows import webhook
from hub.flows.configure import apply
from hub.flows.connection_file import read_text
from hub.flows.exports import orders
from hub.flows.receiving import Door
from hub.flows.sync import SyncReport, sync
from hub.flows.wiring import load_wiring
from hub.settings import Settings
from hub.store.session import Database

CONNECTION = """
[connection.{name}]
connector = "woocommerce"
url = "{url}"
key = "env:WOO_KEY"
secret = "env:WOO_SECRET"
webhook_secret = "env:WOO_HOOKS"
country = "DE"
[connection.{name}.customer]
update = true
create = "all"
[connection.{name}.order]
pull = true
"""
ANN = {"email": "ann@example.org", "first_name": "Ann", "last_name": "Lee"}
HOME = {"first_name": "Ann", "last_name": "Lee", "address_1": "1 Main", "city": "Paris", "country": "FR"}
Run = Callable[..., SyncReport]


@pytest.fixture
def other() -> Iterator[Store]:
    with Store() as running:
        yield running


@pytest.fixture
def run(store: Store, other: Store, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("WOO_KEY", KEY)
    monkeypatch.setenv("WOO_SECRET", SECRET)
    monkeypatch.setenv("WOO_HOOKS", HOOKS)
    document = "".join(
        CONNECTION.format(name=name, url=one.url) for name, one in (("shop", store), ("pro", other))
    )
    found = read_text(document, file=str(tmp_path / "c.toml"), base_dir=tmp_path, home=tmp_path)
    apply(db, found, by="test", now=time.time())
    settings = Settings(home=tmp_path, database_url=db.url)
    return lambda **options: sync(db, settings, connections=(), **options)


def people(store: Store) -> dict[str, dict[str, Any]]:
    return {row["email"].lower(): row for row in store.customers.values()}


def test_customers_travel_both_ways_and_nobody_twice(
    store: Store, other: Store, db: Database, run: Run
) -> None:
    ann = store.put({**ANN, "billing": {**HOME, "phone": "+33123456789"}})
    store.put({"email": "bob@example.org", "first_name": "Bob", "last_name": "Ray"})
    twin = other.put({**ANN, "email": "ANN@Example.org"})
    other.put({"email": "zoe@example.org", "first_name": "Zoe", "last_name": "Kim"})
    assert run().exit_code == 1, "the first run waits for a person's word"
    assert len(store.customers) == len(other.customers) == 2
    assert run(confirm=True).exit_code == 0
    assert (
        people(store).keys()
        == people(other).keys()
        == {"ann@example.org", "bob@example.org", "zoe@example.org"}
    )
    assert other.customers[twin]["billing"]["city"] == "Paris"
    assert other.customers[twin]["billing"]["phone"] == "+33123456789"
    assert run().exit_code == 0
    assert len(store.customers) == len(other.customers) == 3, "what the hub wrote is no news"
    store.put({"first_name": "Anna"}, id=ann)
    other.put(
        {"billing": {"address_1": "2 Side", "country": "DE"}}, id=people(other)["zoe@example.org"]["id"]
    )
    assert run().exit_code == 0
    assert other.customers[twin]["first_name"] == "Anna"
    assert people(store)["zoe@example.org"]["billing"]["address_1"] == "2 Side"
    writes = [one for one in (*store.requests, *other.requests) if one.method != "GET"]
    before = len(writes)
    assert run().exit_code == 0
    writes = [one for one in (*store.requests, *other.requests) if one.method != "GET"]
    assert len(writes) == before, "all agree, so nothing is written"


def test_a_guest_becomes_a_customer_and_an_order_finds_its_own(store: Store, db: Database, run: Run) -> None:
    ann = store.put(ANN)
    line = {"name": "Book", "sku": "B1", "price": "20.00", "quantity": 2}
    store.orders.place({"line_items": [line], "set_paid": True, "customer_id": ann})
    guest = {"email": "gus@example.org", "first_name": "Gus", "last_name": "Est", "phone": "+4930123456"}
    store.orders.place({"line_items": [line], "set_paid": True, "billing": guest})
    store.orders.place(
        {"line_items": [line], "billing": {**guest, "email": "ann@example.org"}, "status": "failed"}
    )
    run(confirm=True)
    found = {one["external_id"]: one for one in orders(db)}
    known, gus, failed = (found[one] for one in sorted(found))
    assert (
        known["customer_record"] == str(ann) and known["customer_id"] and known["totals_difference"] is None
    )
    assert gus["customer_record"] is None and gus["customer_id"] not in (None, known["customer_id"])
    assert failed["status"] == "draft" and gus["totals"]["grand_total"] == {
        "amount": "40.00",
        "currency": "EUR",
    }


def test_a_field_of_a_plugin_travels_by_an_overlay(
    store: Store, other: Store, db: Database, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    (tmp_path / "overlays").mkdir()
    for name, key in (("shop", "vat_number"), ("pro", "_billing_vat")):
        line = f'"custom.company.vat" = "meta.{key}"\n'
        (tmp_path / "overlays" / f"{name}.customer.toml").write_text(f"[pull]\n{line}", encoding="utf-8")
    run = request.getfixturevalue("run")  # applied once the overlays are there
    ann = store.put({**ANN, "meta_data": [{"key": "vat_number", "value": "DE1"}]})
    run()
    run(confirm=True)
    twin = people(other)["ann@example.org"]
    assert {one["key"]: one["value"] for one in twin["meta_data"]}["_billing_vat"] == "DE1"
    other.put({"meta_data": [{"key": "_billing_vat", "value": "DE2"}]}, id=twin["id"])
    assert run().exit_code == 0
    assert [one["value"] for one in store.customers[ann]["meta_data"] if one["key"] == "vat_number"] == [
        "DE2"
    ]


def test_a_deleted_customer_is_not_brought_back(store: Store, other: Store, db: Database, run: Run) -> None:
    gone = store.put(ANN)
    store.put({"email": "bob@example.org", "first_name": "Bob", "last_name": "Ray"})
    run()
    run(confirm=True)
    store.erase(gone)
    run(full=True)
    run(full=True)
    assert people(store).keys() == {"bob@example.org"}
    assert "ann@example.org" in people(other)


def test_a_key_that_is_withdrawn_loses_nothing(
    store: Store, other: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = store.put(ANN)
    run()
    run(confirm=True)
    monkeypatch.setenv("WOO_SECRET", "cs_withdrawn_000000")
    store.put({"first_name": "Anna"}, id=ann)
    report = run()
    assert report.exit_code == 1
    assert people(other)["ann@example.org"]["first_name"] == "Ann"
    monkeypatch.setenv("WOO_SECRET", SECRET)
    monkeypatch.setenv("WOO_HOOKS", HOOKS)
    run()
    assert people(other)["ann@example.org"]["first_name"] == "Anna"


class Silent:
    """A queue that nobody listens to: the test does the work itself."""

    def dispatch(self, *call: Any) -> None:
        return

    def close(self) -> None:
        return


def test_a_webhook_brings_a_change_that_no_list_tells(
    store: Store, other: Store, db: Database, run: Run, tmp_path: Path
) -> None:
    """Also: its ping is taken and forgotten, a repetition is known, and a deletion is told."""
    ann = store.put(ANN)
    run()
    run(confirm=True)
    settings = Settings(home=tmp_path, database_url=db.url)
    door = Door(settings, lambda: db, queue=Silent())  # type: ignore[arg-type]
    with db.read() as conn:
        shop = int(conn.execute(text("SELECT id FROM connection WHERE name = 'shop'")).scalar_one())

    def work() -> Counter[str]:
        counts: Counter[str] = Counter()
        while (done := webhook.work(db, settings, shop, wiring=load_wiring(db), bucket=None)) is not None:
            counts += done.counts
        return counts

    assert not door.receive(
        "shop", {"Content-Type": "application/x-www-form-urlencoded"}, body=b"webhook_id=1"
    )
    store.put({"first_name": "Anna"}, id=ann)
    headers, body = delivery("customer.updated", json.dumps(store.shown(ann)).encode())
    assert door.receive("shop", headers, body=body)
    assert not door.receive("shop", headers, body=body)
    assert work()["changed"] == 1
    run()
    assert people(other)["ann@example.org"]["first_name"] == "Anna"
    guest = {"email": "gus@example.org", "first_name": "Gus", "last_name": "Est"}
    made = store.orders.place({"line_items": [{"price": "5.00"}], "set_paid": True, "billing": guest})
    headers, body = delivery("order.created", json.dumps(store.order_shown(made)).encode())
    assert door.receive("shop", headers, body=body) and work()["created"] >= 1
    assert [one["external_id"] for one in orders(db)] == [str(made)]
    store.orders.change(made, {"status": "trash"})
    headers, body = delivery("order.deleted", json.dumps({"id": made}).encode())
    assert door.receive("shop", headers, body=body)
    assert work()["webhooks"] == 1


ERP = """
[connection.erp]
connector = "files"
path = "erp/"
[[connection.erp.file]]
object = "order"
match = "orders*.jsonl"
id = "no"
map = "erp.toml"
"""
ERP_MAP = """
object = "order"
[pull]
number = "no"
currency = "currency"
"external_ref[hub]" = "ours"
[pull."fulfilments[]"]
from = "parcels"
external_id = "id"
status = "state"
tracking = "tracking"
[pull."refunds[]"]
from = "credits"
external_id = "id"
amount = "amount"
reason = "why"
status = { const = "settled" }
"""


def test_what_the_erp_does_with_an_order_comes_to_the_store_once(
    store: Store, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WOO_KEY", KEY)
    monkeypatch.setenv("WOO_SECRET", SECRET)
    monkeypatch.setenv("WOO_HOOKS", HOOKS)
    ann = store.put(ANN)
    made = store.orders.place(
        {"line_items": [{"sku": "B1", "price": "20.00", "quantity": 2}], "set_paid": True, "customer_id": ann}
    )
    (tmp_path / "erp").mkdir()
    (tmp_path / "erp.toml").write_text(ERP_MAP, encoding="utf-8")
    shop = CONNECTION.format(name="shop", url=store.url).replace("pull = true", "update = true")
    found = read_text(shop + ERP, file=str(tmp_path / "c.toml"), base_dir=tmp_path, home=tmp_path)
    apply(db, found, by="test", now=time.time())
    settings = Settings(home=tmp_path, database_url=db.url)
    sync(db, settings, connections=(), confirm=True)
    (ours,) = [one["id"] for one in orders(db)]
    done = {
        "no": "SO-1",
        "ours": ours,
        "currency": "EUR",
        "parcels": [{"id": "17", "state": "shipped", "tracking": ["1Z999"]}],
        "credits": [{"id": "5", "amount": "5.00", "why": "broken"}],
    }
    (tmp_path / "erp" / "orders.jsonl").write_text(json.dumps(done) + "\n", encoding="utf-8")
    for _ in range(3):
        report = sync(db, settings, connections=(), confirm=True)
        assert report.exit_code == 0, report
    row = store.orders.rows[made]
    assert row["status"] == "completed"
    assert [one["note"] for one in row["notes"]] == ["1Z999 [erp:17]"]
    assert [(one["amount"], one["reason"]) for one in row["refunds"]] == [("5.00", "broken [erp:5]")]
    (golden,) = [one for one in orders(db) if one["id"] == ours]
    assert (golden["fulfilment_status"], golden["payment_status"]) == ("shipped", "partially_refunded")
    assert [one["reference"] for one in golden["fulfilments"]] == ["erp:17"]
    assert [one["reference"] for one in golden["refunds"]] == ["erp:5"]
