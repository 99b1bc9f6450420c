"""Customers of a real store: what the server does, and that we tell the truth about it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from connectors.vendure.connector import VendureConnector
from hub.errors import ConnectionBroken, NeedsReauth
from hub.mapping.engine import compile_map
from hub.mapping.load import load_map
from hub.mapping.spec import Context
from hub.resources import map_text
from hub.sdk import Change, Receipt

pytestmark = pytest.mark.slow

Connect = Callable[..., VendureConnector]


def email() -> str:
    return f"{secrets.token_hex(6)}@example.org"


def create(vendure: VendureConnector, **payload: Any) -> Receipt:
    given = {"first_name": "Zoë", "last_name": "Müller", "email": email(), **payload}
    (receipt,) = vendure.push("customer", [Change("c", None, given, marker="cus_x")])
    return receipt


def made(vendure: VendureConnector, **payload: Any) -> str:
    receipt = create(vendure, **payload)
    assert receipt.outcome == "done" and receipt.external_id, receipt.cause
    return receipt.external_id


def update(vendure: VendureConnector, id: str, **payload: Any) -> Receipt:
    (receipt,) = vendure.push("customer", [Change("u", id, payload)])
    return receipt


def raw(vendure: VendureConnector, id: str) -> dict[str, Any]:
    (record,) = vendure.fetch("customer", [id])
    assert not record.deleted
    return dict(record.raw)


def last(vendure: VendureConnector, object: str = "customer") -> Any:
    return [page.cursor for page in vendure.pull(object, None)][-1]


def pulled(vendure: VendureConnector, cursor: Any, object: str = "customer") -> set[str]:
    return {record.external_id for page in vendure.pull(object, cursor) for record in page.records}


def add_address(store: Any, id: str, line1: str, **more: Any) -> str:
    answer = store.admin(
        "mutation($id:ID!,$i:CreateAddressInput!){createCustomerAddress(customerId:$id,input:$i){id}}",
        id=id,
        i={"streetLine1": line1, "countryCode": "FR", **more},
    )
    return str(answer["createCustomerAddress"]["id"])


def age(store: Any, id: str) -> None:
    """Long ago, as far as the customer's own stamp says."""
    store.sql(f"""update customer set "updatedAt" = "updatedAt" - interval '1 day' where id = {id}""")


def test_create_with_addresses_reads_back_as_asked(vendure: VendureConnector) -> None:
    billing = {"full_name": "Zoë Müller", "line1": "1 Rue A", "city": "Paris", "country": "FR"}
    shipping = {**billing, "line1": "2 Rue B", "phone": "+33142278186"}
    receipt = create(vendure, title="Dr", phone="+33142278187", billing=billing, shipping=shipping)
    assert receipt.record and receipt.external_id, receipt.cause
    found = raw(vendure, receipt.external_id)
    assert found == receipt.record.raw
    assert (found["title"], found["phone"]) == ("Dr", "+33142278187")
    assert {name: found["billing"][name] for name in billing} == billing
    assert {name: found["shipping"][name] for name in shipping} == shipping
    assert found["also"] == []


def test_an_address_change_moves_no_stamp_of_its_customer_and_the_sweep_finds_it(
    connect: Connect, store: Any
) -> None:
    vendure = connect(sweep=0)
    id = made(vendure)
    age(store, id)
    before = raw(vendure, id)
    cursor = last(vendure)
    add_address(store, id, "9 Rue Neuve", defaultBillingAddress=True)
    (row,) = store.admin(
        "query($o:CustomerListOptions){customers(options:$o){items{updatedAt}}}",
        o={"filter": {"id": {"eq": id}}},
    )["customers"]["items"]
    assert row["updatedAt"] == before["updated"], "the store has begun to stamp customers: the sweep may go"
    assert id not in pulled(vendure, cursor)
    assert id in pulled(connect(sweep=100_000), cursor)
    after = raw(vendure, id)
    assert after["billing"]["line1"] == "9 Rue Neuve" and after["updated"] > before["updated"]


def test_an_update_of_an_address_keeps_the_others(vendure: VendureConnector, store: Any) -> None:
    id = made(vendure)
    other = add_address(store, id, "other")
    both = add_address(store, id, "both", defaultBillingAddress=True, defaultShippingAddress=True)
    receipt = update(vendure, id, **{"billing.line1": "bill", "billing.city": "Lyon"})
    assert receipt.outcome == "done", receipt.cause
    found = raw(vendure, id)
    assert (found["billing"]["line1"], found["billing"]["country"]) == ("bill", "FR")
    assert (found["shipping"]["id"], found["shipping"]["line1"]) == (both, "both")
    assert [one["id"] for one in found["also"]] == [other]
    assert receipt.record and receipt.record.raw == found


def test_the_same_write_again_changes_nothing(vendure: VendureConnector) -> None:
    id = made(vendure)
    payload = {"billing.line1": "1", "billing.country": "FR", "shipping.line1": "2", "shipping.country": "FR"}
    first, second = (update(vendure, id, **payload) for _ in range(2))
    assert (first.outcome, second.outcome) == ("done", "done")
    assert first.record and second.record and first.record.raw == second.record.raw


def test_a_cleared_address_is_no_default_and_stays(vendure: VendureConnector) -> None:
    id = made(vendure, **{"billing.line1": "1 Rue A", "billing.country": "FR"})
    blank = dict.fromkeys(
        (f"billing.{one}" for one in ("line1", "country", "city", "full_name", "company")), ""
    )
    assert update(vendure, id, **blank).outcome == "done"
    found = raw(vendure, id)
    assert found["billing"]["id"] is None and [one["line1"] for one in found["also"]] == ["1 Rue A"]


def test_a_taken_email_is_refused_in_the_stores_words(vendure: VendureConnector) -> None:
    one, two = email(), made(vendure)
    made(vendure, email=one)
    for receipt in (create(vendure, email=one.upper()), update(vendure, two, email=one)):
        assert receipt.outcome == "refused" and "email address is not available" in (receipt.cause or "")


def test_find_meets_whatever_case_the_email_has(vendure: VendureConnector) -> None:
    address = email()
    id = made(vendure, email=f" {address.upper()} ")
    found = vendure.find("customer", Change("f", None, {"email": address.title()}))
    assert [one.external_id for one in found] == [id]
    assert vendure.find("customer", Change("f", None, {"first_name": "x"})) == []


def test_a_create_without_its_three_fields_is_refused_before_it_is_sent(vendure: VendureConnector) -> None:
    (receipt,) = vendure.push("customer", [Change("c", None, {"last_name": "Only", "email": email()})])
    assert receipt.outcome == "refused" and "needs first_name" in (receipt.cause or "")


def test_an_unknown_country_is_refused_and_leaves_the_customer_in_doubt(vendure: VendureConnector) -> None:
    id = made(vendure)
    alone = update(vendure, id, **{"billing.line1": "1", "billing.country": "XX"})
    assert alone.outcome == "refused" and "XX" in (alone.cause or "")
    half = update(vendure, id, **{"phone": "+33142278186", "billing.line1": "1", "billing.country": "XX"})
    assert half.outcome == "unknown" and raw(vendure, id)["phone"] == "+33142278186"


def test_a_deleted_customer_is_gone_and_its_email_free(vendure: VendureConnector, store: Any) -> None:
    address = email()
    id, other = made(vendure, email=address), made(vendure)
    store.admin("mutation($id:ID!){deleteCustomer(id:$id){result}}", id=id)
    (record,) = vendure.fetch("customer", [id])
    assert record.deleted
    assert vendure.deletes("customer", None, [id, other]).external_ids == [id]
    assert update(vendure, id, first_name="x").outcome == "refused"
    assert made(vendure, email=address) != id


def test_a_field_that_cannot_be_written_is_named(vendure: VendureConnector) -> None:
    receipt = update(vendure, made(vendure), guest=True)
    assert receipt.outcome == "refused" and "guest" in (receipt.cause or "")


def test_a_customer_makes_the_round_trip_through_the_shipped_map(vendure: VendureConnector) -> None:
    text = map_text("vendure", "customer")
    assert text
    map = compile_map(load_map(text, file="customer.toml"), context=Context())
    wanted = {path: f"some {path}" for path in map.push_paths}
    phones = [path for path in wanted if path.startswith("phone")]
    wanted |= dict.fromkeys(phones, "+33142278186") | {"email": email()}
    wanted |= {path: "FR" for path in wanted if path.endswith(".country")}
    wanted |= {path: "75001" for path in wanted if path.endswith(".postal_code")}
    (receipt,) = vendure.push("customer", [Change("c", None, map.push(wanted, create=True))])
    assert receipt.record, receipt.cause
    (read,) = map.pull(receipt.record.raw)
    assert {path: read.values.get(path) for path in wanted} == wanted
    blank = dict.fromkeys(set(wanted) - {"email"})
    (cleared,) = vendure.push("customer", [Change("u", receipt.external_id, map.push(blank, create=False))])
    assert cleared.record, cleared.cause
    (read,) = map.pull(cleared.record.raw)
    assert set(read.values) & set(wanted) == {"email"}


def test_the_stores_own_webhooks_are_understood(vendure: VendureConnector, store: Any) -> None:
    begun = len(store.hooks.taken)
    id = made(vendure)
    add_address(store, id, "1 Rue A")
    for topic in ("customer.created", "customer.address.created"):
        headers, body = store.hooks.wait(topic, after=begun)
        assert [(one.object, one.external_id) for one in vendure.verify_webhook(headers, body)] == [
            ("customer", id)
        ]


def test_what_the_keys_role_allows_decides(connect: Connect, store: Any) -> None:
    id = made(connect())
    reader = connect(keyed=True, key=store.key_with(["ReadCustomer", "ReadOrder"]))
    assert all(one.ok for one in reader.check())
    assert last(reader)
    with pytest.raises(NeedsReauth):
        update(reader, id, first_name="x")
    with pytest.raises(NeedsReauth):
        last(connect(keyed=True, key="nonsense"))


def test_a_key_reads_and_writes_like_a_session(connect: Connect) -> None:
    keyed = connect(keyed=True)
    id = made(keyed, **{"billing.line1": "1 Rue A", "billing.country": "FR"})
    assert raw(keyed, id) == raw(connect(), id)


def test_a_session_that_ended_is_begun_again(connect: Connect, store: Any) -> None:
    vendure = connect()
    id = made(vendure)
    store.log_out(vendure._api._session.headers()["Authorization"])
    assert update(vendure, id, first_name="after").outcome == "done"
    with pytest.raises(NeedsReauth, match="name and password"):
        last(connect(password="wrong"))


def test_a_custom_field_that_is_not_there_is_told(connect: Connect) -> None:
    *_, finding = connect(customer_fields=["vip"]).check()
    assert not finding.ok and finding.fix and "custom field" in finding.fix
    with pytest.raises(ConnectionBroken):
        last(connect(customer_fields=["vip"]))


def test_discover_names_what_the_maps_read(vendure: VendureConnector) -> None:
    shapes = {shape.object: {one.name for one in shape.fields} for shape in vendure.discover()}
    assert {"first_name", "billing.line1", "also"} <= shapes["customer"]
    assert {"totals", "lines", "payment"} <= shapes["order"]
