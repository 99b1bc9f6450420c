"""Orders: what happens to them elsewhere is told to the store, each thing once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from woo_store import Store

from connectors.woocommerce.connector import WooCommerceConnector
from connectors.woocommerce.order import marked, reference_in
from hub.mapping.engine import CompiledMap
from hub.sdk import Change, Receipt
from hub.testkit.loopback import Fault, Request

Connect = Callable[..., WooCommerceConnector]


@pytest.fixture
def made(store: Store) -> str:
    lines = [
        {"name": "Book", "sku": "BOO-1", "price": "20.00", "quantity": 2},
        {"name": "Pen", "sku": "PEN-1", "price": "5.00", "quantity": 1},
    ]
    return str(store.orders.place({"line_items": lines, "set_paid": True}))


def lines_of(store: Store, made: str) -> list[str]:
    return [str(one["id"]) for one in store.orders.rows[int(made)]["line_items"]]


def push(woo: WooCommerceConnector, made: str, **payload: Any) -> Receipt:
    (receipt,) = woo.push("order", [Change("k", made, payload)])
    return receipt


def parcel(reference: str = "erp:17", **given: Any) -> dict[str, Any]:
    return {"reference": reference, "status": "shipped", "tracking": ["1Z999"], "method": "DHL", **given}


def notes(store: Store, made: str) -> list[str]:
    return [one["note"] for one in store.orders.rows[int(made)]["notes"]]


def writes(store: Store) -> list[Request]:
    return [one for one in store.requests if one.method not in ("GET", "OPTIONS")]


def test_a_status_is_written_and_read_back(store: Store, woo: WooCommerceConnector, made: str) -> None:
    receipt = push(woo, made, status="cancelled", cancel_reason="no stock")
    assert receipt.outcome == "done" and receipt.record is not None
    assert receipt.record.raw["status"] == "cancelled" and notes(store, made) == ["no stock"]
    assert json.loads(writes(store)[0].body) == {"status": "cancelled"}


def test_an_order_that_is_as_asked_is_not_written(store: Store, woo: WooCommerceConnector, made: str) -> None:
    assert push(woo, made, status="processing", refunds=[], fulfilments=[]).outcome == "done"
    assert writes(store) == []


def test_a_parcel_of_everything_completes_the_order_and_is_found_again(
    store: Store, woo: WooCommerceConnector, made: str, maps: dict[str, CompiledMap]
) -> None:
    receipt = push(woo, made, fulfilments=[parcel(shipped_at="2026-11-24T09:00:00Z")])
    assert receipt.outcome == "done" and store.orders.rows[int(made)]["status"] == "completed"
    assert notes(store, made) == ["DHL 1Z999 [erp:17]"]
    assert receipt.record is not None
    (pulled,) = maps["order"].pull(receipt.record.raw)
    (shown,) = pulled.values["fulfilments"]
    assert (shown["reference"], shown["tracking"], shown["status"]) == ("erp:17", ["1Z999"], "shipped")
    assert shown["shipped_at"] == "2026-11-24T09:00:00Z"
    before = len(writes(store))
    assert push(woo, made, fulfilments=[parcel(shipped_at="2026-11-24T09:00:00Z")]).outcome == "done"
    assert len(writes(store)) == before, "the same again writes nothing"


def test_a_part_leaves_the_order_open_until_the_rest_is_sent(
    store: Store, woo: WooCommerceConnector, made: str
) -> None:
    book, pen = lines_of(store, made)
    first = parcel(lines=[{"line": book, "quantity": "2"}])
    assert push(woo, made, fulfilments=[first]).outcome == "done"
    assert store.orders.rows[int(made)]["status"] == "processing"
    second = parcel("erp:18", tracking=["1Z998"], lines=[{"sku": "PEN-1", "quantity": 1}])
    receipt = push(woo, made, fulfilments=[first, second])
    assert store.orders.rows[int(made)]["status"] == "completed" and len(notes(store, made)) == 2
    assert receipt.record is not None
    assert [one["lines"][0]["line"] for one in receipt.record.raw["fulfilments"]] == [book, pen]


def test_completing_and_notes_can_be_left_to_the_store(store: Store, connect: Connect, made: str) -> None:
    woo = connect(complete_when_shipped=False, tracking_note="none")
    assert push(woo, made, fulfilments=[parcel()], fulfilment="shipped").outcome == "done"
    assert store.orders.rows[int(made)]["status"] == "processing" and notes(store, made) == []


def test_a_note_for_the_customer(store: Store, connect: Connect, made: str) -> None:
    push(connect(tracking_note="customer"), made, fulfilments=[parcel()])
    assert store.orders.rows[int(made)]["notes"][0]["customer_note"] is True


def test_shipped_without_parcels_completes(store: Store, woo: WooCommerceConnector, made: str) -> None:
    assert push(woo, made, fulfilment="partial").outcome == "done" and writes(store) == []
    push(woo, made, fulfilment="delivered")
    assert store.orders.rows[int(made)]["status"] == "completed"


def refund(reference: str = "erp:5", amount: str = "5.00", **given: Any) -> dict[str, Any]:
    return {
        "reference": reference,
        "amount": amount,
        "currency": "EUR",
        "reason": "broken",
        "status": "settled",
        **given,
    }


def test_a_refund_is_made_once_and_moves_no_money(store: Store, woo: WooCommerceConnector, made: str) -> None:
    _, pen = lines_of(store, made)
    for _ in range(2):
        receipt = push(woo, made, refunds=[refund(lines=[{"line": pen, "quantity": 1}])])
        assert receipt.outcome == "done"
    assert [one["reason"] for one in store.orders.rows[int(made)]["refunds"]] == ["broken [erp:5]"]
    body = json.loads(writes(store)[0].body)
    assert (body["amount"], body["api_refund"], body["api_restock"]) == ("5.00", False, False)
    assert body["line_items"] == [{"id": int(pen), "quantity": 1, "refund_total": 0}]
    assert receipt.record is not None
    (shown,) = receipt.record.raw["refunds"]
    assert shown["reference"] == "erp:5" and shown["lines"] == [{"line": pen, "quantity": "1"}]
    assert receipt.record.raw["payment"] == "partially_refunded"


def test_the_stores_own_refund_comes_back_and_is_not_made_again(
    store: Store, woo: WooCommerceConnector, made: str
) -> None:
    own = store.orders.refund(int(made), {"amount": "3.00", "reason": "sorry"})
    assert own is not None
    told = [refund(f"shop:{own['id']}", "3.00"), refund("erp:9", "1.00", status="pending")]
    assert push(woo, made, refunds=told).outcome == "done"
    assert len(store.orders.rows[int(made)]["refunds"]) == 1 and writes(store) == []


def test_a_refund_whose_answer_was_lost_is_found(store: Store, woo: WooCommerceConnector, made: str) -> None:
    store.arm(Fault("lost", when=lambda request: request.method == "POST"))
    assert push(woo, made, refunds=[refund()]).outcome == "unknown"
    store.calm()
    assert push(woo, made, refunds=[refund()]).outcome == "done"
    assert len(store.orders.rows[int(made)]["refunds"]) == 1


def test_a_refund_the_store_refuses_is_refused_whatever_its_status(
    store: Store, woo: WooCommerceConnector, made: str
) -> None:
    """It says no with 500; another 500 stays a doubt."""
    body = b'{"code": "woocommerce_rest_cannot_create_order_refund", "message": "Invalid refund amount."}'
    posted = {"when": lambda request: request.method == "POST"}
    store.arm(Fault("status", status=500, **posted))
    assert push(woo, made, refunds=[refund()]).outcome == "unknown"
    store.arm(Fault("json", body=body, **posted))
    assert push(woo, made, refunds=[refund()]).outcome == "unknown", "an error with status 200 is no verdict"
    store.calm()
    store.orders.rows[int(made)]["refunds"].append(
        {"id": 999, "at": 0, "amount": "40.00", "reason": "", "by_gateway": False, "lines": []}
    )
    receipt = push(woo, made, refunds=[refund(amount="6.00")])
    assert receipt.outcome == "refused" and "5.00 of the order are left" in str(receipt.cause)


def test_the_stores_no_to_a_refund_is_told_in_its_words(
    store: Store, woo: WooCommerceConnector, made: str
) -> None:
    real = store.orders.refund
    store.orders.refund = lambda id, body: None  # type: ignore[method-assign]
    receipt = push(woo, made, refunds=[refund()])
    store.orders.refund = real  # type: ignore[method-assign]
    assert receipt.outcome == "refused" and "Invalid refund amount" in str(receipt.cause)


def test_what_fails_after_something_landed_is_in_doubt_and_then_made_good(
    store: Store, woo: WooCommerceConnector, made: str
) -> None:
    store.arm(Fault("status", status=429, retry_after="60", when=lambda one: one.path.endswith("/refunds")))
    receipt = push(woo, made, status="cancelled", refunds=[refund()])
    assert receipt.outcome == "unknown" and store.orders.rows[int(made)]["status"] == "cancelled"
    store.calm()
    assert push(woo, made, status="cancelled", refunds=[refund()]).outcome == "done"
    assert len(store.orders.rows[int(made)]["refunds"]) == 1


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"total": "1.00"}, "total"),
        ({"lines": []}, "lines"),
        ({"refunds": [{"amount": "1.00"}]}, "reference"),
        ({"refunds": [refund(currency="USD")]}, "EUR"),
        ({"refunds": [refund(amount="0")]}, "amount"),
        ({"refunds": [refund(amount="1000.00")]}, "left"),
        ({"fulfilments": [{"status": "shipped"}]}, "reference"),
        ({"fulfilments": [parcel(status="lost")]}, "lost"),
        ({"fulfilments": [parcel(lines=[{"sku": "NOPE", "quantity": 1}])]}, "NOPE"),
        ({"fulfilments": [parcel(lines=[{"sku": "PEN-1", "quantity": "0.5"}])]}, "whole pieces"),
        ({"fulfilments": [parcel(weight=3)]}, "weight"),
        ({"fulfilments": "all"}, "list"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(
    store: Store, woo: WooCommerceConnector, made: str, payload: dict[str, Any], said: str
) -> None:
    (receipt,) = woo.push("order", [Change("k", made, payload)])
    assert receipt.outcome == "refused" and said in str(receipt.cause)
    row = store.orders.rows[int(made)]
    assert (row["status"], row["refunds"], row["notes"]) == ("processing", [], [])


def test_a_status_that_the_store_does_not_have_is_refused_in_its_words(
    store: Store, woo: WooCommerceConnector, made: str
) -> None:
    receipt = push(woo, made, status="beamed-up")
    assert receipt.outcome == "refused" and "rest_invalid_param" in str(receipt.cause)
    store.requests.clear()  # asked on purpose against the description


def test_orders_are_not_made_and_trashed_ones_not_changed(
    store: Store, woo: WooCommerceConnector, made: str
) -> None:
    store.orders.change(int(made), {"status": "trash"})
    assert push(woo, made, status="completed").outcome == "refused"
    (receipt,) = woo.push("order", [Change("k", None, {"status": "processing"})])
    assert receipt.outcome == "refused"
    assert writes(store) == []


def test_meta_data_of_an_overlay_are_written_as_they_stand(
    store: Store, woo: WooCommerceConnector, made: str
) -> None:
    assert push(woo, made, **{"meta.erp_number": "SO-1"}).outcome == "done"
    before = len(writes(store))
    assert push(woo, made, **{"meta.erp_number": "SO-1"}).outcome == "done"
    assert len(writes(store)) == before


def test_what_the_shipped_map_writes_is_what_the_connector_takes(
    store: Store, woo: WooCommerceConnector, made: str, maps: dict[str, CompiledMap]
) -> None:
    book, _ = lines_of(store, made)
    golden = {
        "status": "completed",
        "fulfilments": [
            {
                "reference": "erp:17",
                "status": "shipped",
                "tracking": ["1Z999", "1Z998"],
                "shipped_at": "2026-11-24T09:00:00Z",
                "lines": [{"line": book, "sku": "BOO-1", "quantity": "2"}],
            }
        ],
        "refunds": [
            {"reference": "erp:5", "amount": {"amount": "5.00", "currency": "EUR"}, "reason": "broken"}
        ],
    }
    payload = maps["order"].push(golden, create=False)
    (receipt,) = woo.push("order", [Change("k", made, payload)])
    assert receipt.outcome == "done" and receipt.record is not None, receipt.cause
    (pulled,) = maps["order"].pull(receipt.record.raw)
    assert pulled.values["status"] == "completed"
    assert pulled.values["fulfilments"][0]["tracking"] == ["1Z998", "1Z999"]
    assert pulled.values["refunds"][0]["reference"] == "erp:5"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a [erp:5]", "erp:5"),
        ("[erp:5]", "erp:5"),
        ("a [b] c", None),
        ("a [note]", None),
        (None, None),
        ("]", None),
    ],
)
def test_our_reference_at_the_end_of_a_text(text: str | None, wanted: str | None) -> None:
    assert reference_in(text) == wanted
    assert reference_in(marked("damaged [box]", "erp:7")) == "erp:7"
