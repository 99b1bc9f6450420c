"""Orders of a real store: totals of real baskets, what moves no stamp, and what the hub writes back."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from connectors.vendure.connector import VendureConnector
from hub.canonical.order import totals_difference
from hub.errors import Unsupported
from hub.mapping.engine import compile_map
from hub.mapping.load import load_map
from hub.mapping.spec import Context
from hub.resources import map_text
from hub.sdk import Change, Receipt

pytestmark = pytest.mark.slow

Connect = Callable[..., VendureConnector]


def guest() -> str:
    return f"{secrets.token_hex(6)}@example.org"


def raw(vendure: VendureConnector, id: str) -> dict[str, Any]:
    (record,) = vendure.fetch("order", [id])
    assert not record.deleted
    return dict(record.raw)


def canonical(raw: dict[str, Any]) -> dict[str, Any]:
    text = map_text("vendure", "order")
    assert text
    (pulled,) = compile_map(load_map(text, file="order.toml"), context=Context()).pull(raw)
    return pulled.values


def push(vendure: VendureConnector, id: str, **payload: Any) -> Receipt:
    (receipt,) = vendure.push("order", [Change("o", id, payload)])
    return receipt


def last(vendure: VendureConnector) -> Any:
    return [page.cursor for page in vendure.pull("order", None)][-1]


def pulled(vendure: VendureConnector, cursor: Any) -> set[str]:
    return {record.external_id for page in vendure.pull("order", cursor) for record in page.records}


def age(store: Any, id: str) -> None:
    """Long ago, as far as the order's own stamps say."""
    store.sql(
        f"""update "order" set "updatedAt" = "updatedAt" - interval '1 day',
        "orderPlacedAt" = "orderPlacedAt" - interval '1 day' where id = {id}"""
    )


@pytest.mark.parametrize("included", [False, True], ids=["net", "gross"])
@pytest.mark.parametrize(
    ("items", "coupons"),
    [
        ((("WID-1", 2), ("BOO-1", 3)), ()),
        ((("WID-1", 1), ("BOO-1", 7)), ("TEN", "BOOKS", "SHIP")),
        ((("BOO-1", 3),), ("FIX", "BOOKS")),
        ((("WID-1", 9),), ("TEN", "FIX")),
    ],
)
def test_the_totals_of_real_orders_agree(
    connect: Connect, counter: Any, items: Any, coupons: Any, included: bool
) -> None:
    counter.prices_with_tax(included)
    try:
        id = counter.order(guest(), items=items, coupons=coupons)
        values = canonical(raw(connect(), id))
    finally:
        counter.prices_with_tax(False)
    assert totals_difference(values) == 0
    assert values["taxes_included"] is included
    theirs = counter.admin("query($id:ID!){order(id:$id){totalWithTax payments{amount}}}", id=id)["order"]
    assert Decimal(values["totals.grand_total"]["amount"]) * 100 == theirs["totalWithTax"]
    assert values["totals.paid"] == values["totals.grand_total"]
    assert Decimal(values["totals.tax"]["amount"]) > 0 and Decimal(values["totals.shipping"]["amount"]) == 5
    if coupons:
        given = sum(Decimal(one["value"]["amount"]) for one in values["discounts"])
        taken = sum(
            Decimal(values[f"totals.{name}"]["amount"]) for name in ("item_discounts", "order_discounts")
        )
        assert {one["code"] for one in values["discounts"]} == set(coupons)
        assert abs(given - taken) <= Decimal("0.05"), (
            "single discounts are rounded one by one, totals are not"
        )


def test_a_guests_order_has_a_customer_record_of_its_own(vendure: VendureConnector, counter: Any) -> None:
    address = guest()
    id = counter.order(address)
    found = raw(vendure, id)
    (customer,) = vendure.fetch("customer", [found["customer"]])
    assert customer.raw["email"] == address == found["email"]
    assert customer.raw["guest"] is True and found["guest"] is True
    assert customer.raw["billing"]["line1"] == "2 Rue B" and customer.raw["shipping"]["line1"] == "1 Rue A"
    values = canonical(found)
    assert values["customer_record"] == customer.external_id
    assert (values["billing_address.line1"], values["shipping_address.line1"]) == ("2 Rue B", "1 Rue A")
    assert raw(vendure, counter.order(address))["customer"] == customer.external_id


def test_a_cart_is_no_order(vendure: VendureConnector, counter: Any) -> None:
    id = counter.cart()
    assert id not in pulled(vendure, None)
    (record,) = vendure.fetch("order", [id])
    assert record.deleted


def test_placing_an_order_is_found_although_it_moves_no_own_stamp(
    connect: Connect, counter: Any, store: Any
) -> None:
    """A cart filled yesterday and paid now keeps yesterday's stamp; only the moment of placing tells."""
    vendure = connect(sweep=0)
    cursor = last(vendure)
    id = counter.order(guest())
    store.sql(f"""update "order" set "updatedAt" = "updatedAt" - interval '1 day' where id = {id}""")
    assert id in pulled(vendure, cursor)


def test_a_change_of_state_moves_no_stamp_and_the_sweep_finds_it(
    connect: Connect, counter: Any, store: Any
) -> None:
    vendure = connect(sweep=0)
    id = counter.order(guest(), pay="later")
    age(store, id)
    cursor = last(vendure)
    before = store.sql(f'select "updatedAt" from "order" where id = {id}')
    payment = raw(vendure, id)["payments"][0]["id"]
    store.admin("mutation($id:ID!){settlePayment(id:$id){...on ErrorResult{errorCode message}}}", id=payment)
    after = store.sql(f'select "updatedAt" from "order" where id = {id}')
    assert before == after, "the store has begun to stamp orders: the sweep may go"
    assert id not in pulled(vendure, cursor)
    assert id in pulled(connect(sweep=100_000), cursor)
    assert raw(vendure, id)["payment"] == "paid"


def test_the_stores_webhook_of_an_order_is_understood(
    vendure: VendureConnector, counter: Any, store: Any
) -> None:
    begun = len(store.hooks.taken)
    id = counter.order(guest())
    told = [
        hint for headers, body in _until_paid(store, begun) for hint in vendure.verify_webhook(headers, body)
    ]
    assert ("order", id) in {(one.object, one.external_id) for one in told}


def _until_paid(store: Any, begun: int) -> list[Any]:
    import time

    end = time.monotonic() + 20
    while time.monotonic() < end and not any(
        b"PaymentSettled" in body for _, body in store.hooks.taken[begun:]
    ):
        time.sleep(0.05)
    return list(store.hooks.taken[begun:])


def test_a_partial_shipment_then_the_rest(vendure: VendureConnector, counter: Any) -> None:
    id = counter.order(guest())
    first = {
        "reference": "CU-1",
        "tracking": "1Z999",
        "method": "DHL",
        "lines": [{"sku": "WID-1", "quantity": 1}],
    }
    receipt = push(vendure, id, fulfilments=[first])
    assert receipt.outcome == "done" and receipt.record, receipt.cause
    found = dict(receipt.record.raw)
    assert found == raw(vendure, id)
    assert (found["state"], found["fulfilment"]) == ("PartiallyShipped", "partial")
    (parcel,) = found["fulfilments"]
    assert (parcel["tracking"], parcel["method"], parcel["status"]) == ("1Z999", "DHL [CU-1]", "Shipped")
    assert parcel["shipped"]
    assert [one["fulfilled"] for one in found["lines"] if one["kind"] == "product"] == [1, 0]
    again = push(vendure, id, fulfilments=[first])
    assert again.record and again.record.raw == found, "the same change again makes nothing new"
    rest = push(vendure, id, fulfilments=[first, {"reference": "CU-2"}])
    assert rest.record and rest.record.raw["fulfilment"] == "shipped", rest.cause
    both = [{**first, "status": "delivered"}, {"reference": "CU-2", "status": "delivered"}]
    done = push(vendure, id, fulfilments=both)
    assert done.record and (done.record.raw["state"], done.record.raw["fulfilment"]) == (
        "Delivered",
        "delivered",
    )
    values = canonical(dict(done.record.raw))
    assert values["status"] == "completed"
    assert values["fulfilments"][0]["tracking"] == ["1Z999"]


def test_more_than_was_ordered_is_refused(vendure: VendureConnector, counter: Any) -> None:
    id = counter.order(guest())
    receipt = push(vendure, id, fulfilments=[{"tracking": "T", "lines": [{"sku": "WID-1", "quantity": 3}]}])
    assert receipt.outcome == "refused" and "already part of a Fulfillment" in (receipt.cause or "")
    assert raw(vendure, id)["fulfilments"] == []


def test_a_refund_is_made_once_and_settled(vendure: VendureConnector, counter: Any) -> None:
    id = counter.order(guest())
    refund = {
        "reference": "CN-7",
        "amount": {"amount": "12.34", "currency": "EUR"},
        "reason": "Damaged",
        "lines": [{"sku": "BOO-1", "quantity": 1}],
    }
    for _ in range(2):
        receipt = push(vendure, id, refunds=[refund])
        assert receipt.outcome == "done" and receipt.record, receipt.cause
    found = raw(vendure, id)
    (given,) = found["refunds"]
    assert (given["amount"], given["reason"], given["transaction"]) == ("12.34", "Damaged [CN-7]", "CN-7")
    assert (found["payment"], found["totals"]["refunded"]) == ("partially_refunded", "12.34")
    assert [one["refunded"] for one in found["lines"] if one["kind"] == "product"] == [0, 1]
    assert totals_difference(canonical(found)) == 0
    more = push(vendure, id, refunds=[{"reference": "CN-8", "amount": "9999.00"}])
    assert more.outcome == "refused" and "refundable amount" in (more.cause or "")
    odd = push(vendure, id, refunds=[{"reference": "CN-9", "amount": "0.001"}])
    assert odd.outcome == "refused" and "2 decimals" in (odd.cause or "")


def test_pieces_and_whole_orders_are_cancelled(vendure: VendureConnector, counter: Any) -> None:
    id = counter.order(guest(), coupons=("TEN",))
    for _ in range(2):
        receipt = push(vendure, id, quantities=[{"sku": "BOO-1", "quantity": 1}], cancel_reason="no stock")
        assert receipt.outcome == "done" and receipt.record, receipt.cause
    found = raw(vendure, id)
    assert [(one["quantity"], one.get("ordered")) for one in found["lines"][:2]] == [(2, 2), (1, 3)]
    assert totals_difference(canonical(found)) == 0
    assert Decimal(found["totals"]["outstanding"]) < 0, "paid for more than is left of it"
    for _ in range(2):
        receipt = push(vendure, id, status="cancelled", cancel_reason="changed their mind")
        assert receipt.outcome == "done" and receipt.record, receipt.cause
    values = canonical(raw(vendure, id))
    assert (values["status"], values["fulfilment_status"]) == ("cancelled", "cancelled")
    assert values["cancel_reason"] == "changed their mind" and values["cancelled_at"]
    assert totals_difference(values) == 0


def test_an_authorised_payment_is_settled(vendure: VendureConnector, counter: Any) -> None:
    id = counter.order(guest(), pay="later")
    found = raw(vendure, id)
    assert found["payment"] == "authorized"
    payment = found["payments"][0]["id"]
    for _ in range(2):
        receipt = push(vendure, id, payments=[{"id": payment, "status": "settled"}])
        assert receipt.record and receipt.record.raw["payment"] == "paid", receipt.cause
    wrong = push(vendure, id, payments=[{"id": "999999", "status": "settled"}])
    assert wrong.outcome == "refused"


def test_a_refusal_after_something_landed_leaves_the_change_in_doubt(
    vendure: VendureConnector, counter: Any
) -> None:
    id = counter.order(guest())
    parcels = [
        {"reference": "A", "lines": [{"sku": "WID-1", "quantity": 2}]},
        {"reference": "B", "lines": [{"sku": "WID-1", "quantity": 2}]},
    ]
    receipt = push(vendure, id, fulfilments=parcels)
    assert receipt.outcome == "unknown" and "already part" in (receipt.cause or "")
    assert len(raw(vendure, id)["fulfilments"]) == 1


def test_what_the_store_cannot_hold_is_refused(vendure: VendureConnector, counter: Any) -> None:
    id = counter.order(guest())
    assert push(vendure, id, fulfilments=[{"reference": "A", "tracking": "one"}]).outcome == "done"
    for payload, said in (
        ({"fulfilments": [{"reference": "A", "tracking": "two"}]}, "cannot change it"),
        ({"quantities": [{"sku": "WID-1", "quantity": 5}]}, "not add"),
        ({"note": "hello"}, "cannot be written"),
    ):
        receipt = push(vendure, id, **payload)
        assert receipt.outcome == "refused" and said in (receipt.cause or ""), receipt
    (create,) = vendure.push("order", [Change("c", None, {})])
    assert create.outcome == "refused"
    (gone,) = vendure.push("order", [Change("o", "999999", {"status": "cancelled"})])
    assert gone.outcome == "refused"
    for call in (
        lambda: vendure.find("order", Change("f", None, {})),
        lambda: vendure.deletes("order", None, []),
    ):
        with pytest.raises(Unsupported):
            call()
