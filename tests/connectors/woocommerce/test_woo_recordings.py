"""Answers of real stores, as recorded: each record passes through the shipped maps, or stands here with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from woo_spec import vendors

from connectors.woocommerce import customer, order, webhook
from hub.canonical.order import totals_difference
from hub.mapping.engine import CompiledMap
from hub.sdk import NotSigned

FOLDER = vendors()
pytestmark = pytest.mark.skipif(
    FOLDER is None, reason="the vendors' recordings are not here (HUB_TEST_VENDORS)"
)

NO_RECORDS = {
    **dict.fromkeys(("bad_key", "unauthenticated", "customer_get_404"), "a refusal: no record in it"),
    **dict.fromkeys(("customer_delete_without_force", "customers_list_per_page_too_big"), "a refusal"),
    **dict.fromkeys(("customer_create_duplicate_email", "customer_create_invalid"), "a refusal"),
    **dict.fromkeys(("invalid_json", "orders_bad_param"), "a refusal"),
    **dict.fromkeys(("orders_list_after_trash", "unknown_param_ignored"), "an empty list"),
    "order_refund_create": "a refund: read with its order",
    "webhook_create": "a webhook: no object of ours",
    "webhook_deliveries": "read as webhooks, below",
    **dict.fromkeys(
        ("product_create", "create-product", "delete-product", "get-product"), "a product: not read"
    ),
    **dict.fromkeys(("list-products", "update-product", "batch-update-products"), "products: not read"),
    **dict.fromkeys(
        ("create-webhook", "delete-webhook", "list-webhooks", "update-webhook"), "no object of ours"
    ),
    **dict.fromkeys(("create-order-note", "delete-order-note"), "a note of an order: only written"),
    **dict.fromkeys(("get-order-note", "list-order-notes"), "notes of an order: only written"),
    **dict.fromkeys(("get-customers-totals-report", "get-orders-totals-report"), "a report: not read"),
    "get-products-totals-report": "a report: not read",
}
TRASHED = {"orders_trash_list": "in the trash: the hub is told that it is gone, and maps nothing"}


def files() -> list[Path]:
    return sorted(FOLDER.glob("recorded*/*.json")) if FOLDER else []


def records(found: Any) -> Iterator[dict[str, Any]]:
    """Customers and orders anywhere in a recording, without the marks of what the recorder cut out."""
    if isinstance(found, list):
        for one in found:
            yield from records(one)
    elif isinstance(found, dict):
        if "billing" in found and "date_created" in found:
            yield uncut(found)
            return
        for name, value in found.items():
            if name != "request":
                yield from records(value)


def uncut(found: Any) -> Any:
    if isinstance(found, list):
        return [uncut(one) for one in found if not (isinstance(one, dict) and "__trimmed__" in one)]
    return {name: uncut(value) for name, value in found.items()} if isinstance(found, dict) else found


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
def test_every_record_becomes_a_canonical_one(file: Path, maps: dict[str, CompiledMap]) -> None:
    found = list(records(json.loads(file.read_text(encoding="utf-8"))))
    assert bool(found) != (file.stem in NO_RECORDS), f"{file.stem}: {len(found)} records"
    for row in found:
        object = "order" if "line_items" in row else "customer"
        record = order.record(row) if object == "order" else customer.record(row)
        json.dumps(record.raw)
        (pulled,) = maps[object].pull(record.raw)
        assert maps[object].unmapped(record.raw) == set()
        if file.stem in TRASHED:
            assert pulled.values["status"] == "unknown" and record.raw["status"] == "trash"
            continue
        assert pulled.notes == ()
        if object == "order":
            assert totals_difference(pulled.values) == 0
            assert pulled.values["totals.grand_total"]["currency"] == row["currency"]
            wanted = str(row["customer_id"]) if row["customer_id"] else None
            assert pulled.values.get("customer_record", pulled.customer_record) == wanted
        else:
            assert pulled.values["email"] == row["email"].lower()
        moment = datetime.fromisoformat(row["date_modified_gmt"]).replace(tzinfo=UTC)
        assert pulled.source_at == moment.timestamp()


def deliveries() -> list[dict[str, Any]]:
    assert FOLDER is not None
    found: list[dict[str, Any]] = json.loads(
        (FOLDER / "recorded" / "webhook_deliveries.json").read_text("utf-8")
    )
    return found


def test_recorded_deliveries_are_verified_and_pings_say_nothing() -> None:
    told: list[tuple[str, str, bool]] = []
    pings = 0
    for one in deliveries():
        body = one["body_raw"].encode()
        hints = webhook.hints(one["headers"], body, secrets=["s3cret", None])
        told += [(hint.object, hint.external_id, hint.deleted) for hint in hints]
        if not one["signature_matches"]:
            pings += 1
            assert hints == ()
            continue
        with pytest.raises(NotSigned):
            webhook.hints(one["headers"], body + b" ", secrets=["s3cret"])
    assert (pings, len(told)) == (4, 11)
    assert told.count(("order", "11", True)) == 1 and ("customer", "5", False) in told


def test_two_deliveries_of_a_second_share_an_id_there_but_not_here() -> None:
    theirs: list[str] = []
    ours: list[str | None] = []
    for one in deliveries():
        for hint in webhook.hints(one["headers"], one["body_raw"].encode(), secrets=["s3cret"]):
            theirs.append(one["headers"]["X-WC-Webhook-Delivery-ID"])
            ours.append(hint.delivery_id)
    assert len(set(theirs)) == 10 and len(set(ours)) == 11


def test_an_order_of_a_real_store_field_by_field(maps: dict[str, CompiledMap]) -> None:
    assert FOLDER is not None
    body = json.loads((FOLDER / "recorded" / "order_create.json").read_text("utf-8"))["body"]
    record = order.record(body)
    (pulled,) = maps["order"].pull(record.raw)
    values = pulled.values
    assert record.external_id == "11" and "order_key" not in record.raw and "payment_url" not in record.raw
    assert (values["status"], values["payment_status"], values["fulfilment_status"]) == (
        "open",
        "paid",
        "pending",
    )
    assert (values["number"], values["placed_at"]) == ("11", "2026-11-22T07:12:13Z")
    assert (values["email"], values["phone"]) == ("user0@example.com", "+8613800000000")
    (line,) = values["lines"]
    assert (line["sku"], line["quantity"], line["unit_price"]["amount"]) == ("W-1", "2", "19.90")
    assert values["payments"][0]["gateway"] == "bacs" and values["totals.paid"]["amount"] == "39.80"
