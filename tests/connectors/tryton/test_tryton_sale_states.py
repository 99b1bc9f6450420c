"""What becomes of a sale, both ways on a real Tryton: parcels in parts, refunds, cancellation, edits."""

from __future__ import annotations

import time
from typing import Any

import pytest

from connectors.tryton import sale

LAMPS = {"line": "7", "sku": "LAMP", "quantity": "2"}


def parcel(reference: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"reference": reference, "status": "shipped", "lines": list(lines), **more}


def test_a_parcel_of_the_store_becomes_a_shipment_of_just_its_pieces(desk: Any) -> None:
    id = desk.made()
    first = parcel("shop:1", LAMPS, tracking=["1Z", "2Z"], shipped="2026-11-22T10:00:00Z")
    receipt = desk.update(id, fulfilments=[first])
    assert receipt.record, receipt.cause
    (there,) = receipt.record.raw["fulfilments"]
    assert (there["reference"], there["tracking"], there["status"], there["shipped"]) == (
        "shop:1",
        ["1Z", "2Z"],
        "shipped",
        "2026-11-22",
    )
    assert there["lines"] == [LAMPS]
    assert (receipt.record.raw["fulfilment"], receipt.record.raw["status"]) == ("partial", "processing")
    again = desk.update(id, fulfilments=[first])
    assert again.record == receipt.record
    rest = parcel("shop:2", {"sku": "DESK", "quantity": "1"}, {"sku": "LAMP", "quantity": "1"})
    whole = desk.update(id, fulfilments=[first, {**rest, "status": "delivered"}]).record.raw
    assert [one["reference"] for one in whole["fulfilments"]] == ["shop:1", "shop:2"]
    assert (whole["fulfilment"], [one["fulfilled"] for one in whole["lines"]]) == ("shipped", ["3", "1"])
    states = desk.rows(
        "stock.shipment.out", [["moves.origin.sale", "=", int(id), "sale.line"]], "state", "reference"
    )
    assert [(one["state"], one["reference"]) for one in states] == [
        ("done", "1Z, 2Z [shop:1]"),
        ("done", "[shop:2]"),
    ]


def test_a_parcel_without_lines_takes_all_that_is_left(desk: Any) -> None:
    id = desk.made()
    desk.update(id, fulfilments=[parcel("shop:1", LAMPS)])
    raw = desk.update(id, fulfilments=[{"reference": "shop:9", "status": "shipped"}]).record.raw
    assert {(one["sku"], one["quantity"]) for one in raw["fulfilments"][1]["lines"]} == {
        ("LAMP", "1"),
        ("DESK", "1"),
    }


def test_an_order_comes_with_what_was_shipped_already(desk: Any) -> None:
    raw = desk.raw(
        desk.made(fulfilments=[parcel("shop:1", LAMPS)], refunds=[{"reference": "shop:4", "amount": "6.00"}])
    )
    assert [one["reference"] for one in raw["fulfilments"] + raw["refunds"]] == ["shop:1", "shop:4"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"lines": [{"sku": "LAMP", "quantity": "4"}]}, "holds all of its pieces"),
        ({"lines": [{"sku": "SOFA", "quantity": "1"}]}, 'no line for "SOFA"'),
        ({"status": "lost"}, 'no status "lost"'),
        ({"reference": ""}, "needs a reference"),
    ],
)
def test_a_parcel_that_cannot_be_is_refused(desk: Any, wrong: dict[str, Any], told: str) -> None:
    id = desk.made()
    receipt = desk.update(id, fulfilments=[{**parcel("shop:1", LAMPS), **wrong}])
    assert receipt.outcome == "refused" and told in (receipt.cause or ""), receipt
    assert desk.raw(id)["fulfilments"] == []


def test_goods_that_are_being_packed_there_are_left_alone(desk: Any) -> None:
    id = desk.made()
    (shipment,) = desk.rows(
        "stock.shipment.out", [["moves.origin.sale", "=", int(id), "sale.line"]], "number"
    )
    desk.press("stock.shipment.out", shipment["id"], "assign_force", "pick")
    receipt = desk.update(id, fulfilments=[parcel("shop:1", LAMPS)])
    assert receipt.outcome == "refused" and f"being packed there: {shipment['number']}" in (
        receipt.cause or ""
    )
    desk.press("stock.shipment.out", shipment["id"], "pack", "do")
    assert desk.raw(id)["fulfilment"] == "shipped"


def test_a_parcel_of_the_erp_is_read_and_never_made_again(desk: Any) -> None:
    id = desk.made()
    (shipment,) = desk.rows(
        "stock.shipment.out",
        [["moves.origin.sale", "=", int(id), "sale.line"]],
        "outgoing_moves.product.code",
    )
    (lamps,) = [one["id"] for one in shipment["outgoing_moves."] if one["product."]["code"] == "LAMP"]
    (desks,) = [one["id"] for one in shipment["outgoing_moves."] if one["product."]["code"] == "DESK"]
    desk.press("stock.shipment.out", shipment["id"], "draft")
    kept = {
        "reference": "DHL 77",
        "outgoing_moves": [["write", [lamps], {"quantity": 1.0}], ["delete", [desks]]],
    }
    desk.erp.call("PUT", f"stock.shipment.out/{shipment['id']}", kept)
    assert desk.raw(id)["fulfilments"] == []
    desk.press("stock.shipment.out", shipment["id"], "wait", "assign_force", "pick", "pack", "do")
    (there,) = desk.raw(id)["fulfilments"]
    assert (there["id"], there["reference"], there["tracking"]) == (str(shipment["id"]), None, ["DHL 77"])
    assert there["lines"] == [{"line": "7", "sku": "LAMP", "quantity": "1"}]
    own = parcel(f"erp:{shipment['id']}", {"line": "7", "sku": "LAMP", "quantity": "1"})
    gone = parcel("erp:999999", {"line": "8", "sku": "DESK", "quantity": "1"})
    assert desk.update(id, fulfilments=[own, gone]).outcome == "done"
    assert len(desk.raw(id)["fulfilments"]) == 1


def test_a_parcel_called_back_is_cancelled_in_the_other(desk: Any) -> None:
    id = desk.made()
    desk.update(id, fulfilments=[parcel("shop:1", LAMPS)])
    raw = desk.update(id, fulfilments=[{**parcel("shop:1", LAMPS), "status": "cancelled"}]).record.raw
    assert [(one["reference"], one["status"]) for one in raw["fulfilments"]] == [("shop:1", "cancelled")]
    assert desk.update(id, fulfilments=[{**parcel("shop:2"), "status": "cancelled"}]).outcome == "done"


def test_a_refund_becomes_one_return_with_its_credit_note(desk: Any) -> None:
    id = desk.made()
    refund = {
        "reference": "shop:9",
        "amount": "19.99",
        "currency": "EUR",
        "reason": "broken",
        "status": "settled",
    }
    receipt = desk.update(id, refunds=[refund])
    assert receipt.record, receipt.cause
    (there,) = receipt.record.raw["refunds"]
    assert {name: there[name] for name in ("reference", "amount", "reason", "status")} == {
        "reference": "shop:9",
        "amount": "19.99",
        "reason": "broken",
        "status": "settled",
    }
    assert desk.update(id, refunds=[refund]).record == receipt.record
    own = {"reference": f"erp:{there['id']}", "amount": "1.00"}
    assert len(desk.update(id, refunds=[refund, own]).record.raw["refunds"]) == 1
    (back,) = desk.rows(
        "sale.sale",
        [["origin", "=", f"sale.sale,{id}"]],
        *("state", "total_amount", "tax_amount", "invoices.total_amount", "reference"),
    )
    assert (back["state"], back["reference"]) == ("processing", "T-1")
    assert (back["total_amount"]["decimal"], back["tax_amount"]["decimal"]) == ("-19.99", "-3.33")
    assert [one["total_amount"]["decimal"] for one in back["invoices."]] == ["-19.99"]
    pulled = {record.external_id for page in desk.tryton.pull("order", None) for record in page.records}
    assert id in pulled and str(back["id"]) not in pulled


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"amount": "0"}, "cannot have the amount 0"),
        ({"currency": "USD"}, "in USD, the sale in EUR"),
        ({"reference": None}, "needs a reference"),
    ],
)
def test_a_refund_that_cannot_be_is_refused(desk: Any, wrong: dict[str, Any], told: str) -> None:
    id = desk.made()
    receipt = desk.update(id, refunds=[{"reference": "shop:1", "amount": "5.00", **wrong}])
    assert receipt.outcome == "refused" and told in (receipt.cause or "")


def test_a_refund_is_parted_by_rate_of_tax(desk: Any) -> None:
    lines = desk.order()["lines"]
    taxes = [{"owner": "7", "rate": "0.2"}, {"owner": "8", "rate": "0.07"}]
    id = desk.made(lines=[lines[0], {**lines[1], "tax": "12.56"}], tax_lines=taxes)
    desk.update(id, refunds=[{"reference": "shop:1", "amount": "100.01"}])
    (back,) = desk.rows("sale.sale", [["origin", "=", f"sale.sale,{id}"]], "total_amount", "lines.taxes.rate")
    assert back["total_amount"]["decimal"] == "-100.01"
    assert len({str(tax["rate"]) for line in back["lines."] for tax in line["taxes."]}) == 2


def test_returns_and_credit_notes_of_the_erp_are_refunds(desk: Any) -> None:
    id = desk.made()
    sold = desk.rows("sale.sale", [["id", "=", int(id)]], "invoice_address", "shipment_address", "currency")[
        0
    ]
    (lamp, *_) = desk.rows("sale.line", [["sale", "=", int(id)]], "product", "unit", "unit_price", "taxes")
    line = {"type": "line", "product": lamp["product"], "unit": lamp["unit"], "quantity": -1.0}
    line |= {"unit_price": lamp["unit_price"], "taxes": [["add", lamp["taxes"]]]}
    row = {"party": int(desk.party), "origin": f"sale.sale,{id}", "comment": "came back", "company": 1}
    row |= {name: sold[name] for name in ("invoice_address", "shipment_address", "currency")}
    back = desk.erp.call("POST", "sale.sale", {**row, "lines": [["create", [line]]]})["id"]
    assert desk.raw(id)["refunds"] == []
    desk.press("sale.sale", back, "quote", "confirm")
    (there,) = desk.raw(id)["refunds"]
    assert (there["id"], there["reference"], there["amount"], there["reason"]) == (
        str(back),
        None,
        "18.00",
        "came back",
    )
    assert there["lines"] == [{"sku": "LAMP", "quantity": "1"}]
    (found,) = desk.rows(
        "sale.sale",
        [["id", "=", int(id)]],
        *(
            f"invoices.{name}"
            for name in ("account", "journal", "lines.account", "lines.product", "lines.unit")
        ),
    )
    (invoice,) = found["invoices."]
    original = invoice["lines."][0]
    note = {"type": "line", "quantity": -1.0, "unit_price": {"__class__": "Decimal", "decimal": "7.00"}}
    note |= {name: original[name] for name in ("account", "product", "unit")}
    note |= {"origin": f"account.invoice.line,{original['id']}"}
    today = time.gmtime()
    day = {"__class__": "date", "year": today.tm_year, "month": today.tm_mon, "day": today.tm_mday}
    header = {"type": "out", "party": int(desk.party), "company": 1, "currency": sold["currency"]}
    header |= {"invoice_address": sold["invoice_address"], "description": "too late", "invoice_date": day}
    header |= {name: invoice[name] for name in ("account", "journal")}
    rest = desk.tryton._books.rest
    credit = rest.create_one("account.invoice", {**header, "lines": [["create", [note]]]}, fields=["state"])[
        "id"
    ]
    assert len(desk.raw(id)["refunds"]) == 1
    rest.press("account.invoice", credit, "post")
    found = {one["id"]: one for one in desk.raw(id)["refunds"]}
    assert (found[f"invoice:{credit}"]["amount"], found[f"invoice:{credit}"]["reason"]) == (
        "7.00",
        "too late",
    )


def test_cancelling_as_long_as_nothing_has_left(desk: Any) -> None:
    id = desk.made()
    receipt = desk.update(
        id, status="cancelled", cancel_reason="no stock", lines=[{"id": "7", "quantity": 0}]
    )
    assert receipt.record, receipt.cause
    raw = receipt.record.raw
    assert (raw["status"], raw["fulfilment"], raw["payment"]) == ("cancelled", "cancelled", "voided")
    assert raw["comment"] == "no stock"
    assert desk.update(id, status="cancelled", cancel_reason="no stock").record == receipt.record
    (left,) = desk.rows("sale.sale", [["id", "=", int(id)]], "shipments.state", "invoices.state", "state")
    assert {one["state"] for one in left["shipments."] + left["invoices."]} == {"cancelled"}
    late = desk.update(id, status="processing")
    assert late.outcome == "refused" and "cannot come back" in (late.cause or "")
    shipped = desk.made(2)
    desk.update(shipped, fulfilments=[parcel("shop:1", LAMPS)])
    refused = desk.update(shipped, status="cancelled")
    assert refused.outcome == "refused" and "is packed or gone" in (refused.cause or "")
    assert desk.raw(shipped)["status"] == "processing"


def test_a_sale_cancelled_there_reads_as_cancelled(desk: Any) -> None:
    id = desk.made()
    (there,) = desk.rows(
        "sale.sale", [["id", "=", int(id)]], "shipments.state", "invoices.state", "lines.moves"
    )
    for model, name in (("stock.shipment.out", "shipments."), ("account.invoice", "invoices.")):
        for one in there[name]:
            desk.press(model, one["id"], "cancel")
    assert desk.raw(id)["status"] == "processing"  # nobody has said yet that nothing comes instead
    lines = [["write", [one["id"]], {"moves_ignored": [["add", one["moves"]]]}] for one in there["lines."]]
    invoices = [["add", [one["id"] for one in there["invoices."]]]]
    desk.erp.call("PUT", f"sale.sale/{id}", {"lines": lines, "invoices_ignored": invoices})
    desk.press("sale.sale", id, "process")
    assert (desk.raw(id)["state"], desk.raw(id)["status"]) == ("done", "cancelled")


def test_what_is_processed_is_edited_no_more(desk: Any) -> None:
    id = desk.made()
    before = desk.raw(id)
    lines = [
        {**desk.order()["lines"][0], "quantity": "2", "subtotal": "36.00", "total": "36.00", "tax": "6.00"}
    ]
    whole = {
        name: value
        for name, value in desk.order().items()
        if name in ("taxes_included", "tax_lines", "currency")
    }
    cases: list[tuple[dict[str, Any], str]] = [
        ({"lines": lines, **whole, "totals.grand_total": "36.00"}, "Lamp: 3 × 15 there, 2 × 15 wanted"),
        ({"lines": lines, **whole, "totals.grand_total": "36.00"}, "Desk: 1 × 160 there, nothing wanted"),
        ({"shipping.city": "Köln"}, "the shipping address"),
        ({"party": "1"}, "the customer"),
        ({"currency": "USD"}, "the currency (EUR)"),
    ]
    for payload, told in cases:
        receipt = desk.update(id, **payload)
        assert receipt.outcome == "refused" and told in (receipt.cause or ""), receipt
    assert desk.raw(id) == before
    same = desk.update(id, lines=desk.order()["lines"], **whole, **{"totals.grand_total": "246.00"})
    assert same.record and dict(same.record.raw) == before
    raw = desk.update(id, reference="T-1b", comment="late").record.raw
    assert (raw["order"], raw["comment"]) == ("T-1b", "late")


def test_a_draft_of_the_erp_takes_edits(desk: Any) -> None:
    desk.made()
    (address,) = desk.rows("party.address", [["party", "=", int(desk.party)]], "street")
    places = {"invoice_address": address["id"], "shipment_address": address["id"]}
    line = {"type": "line", "quantity": 1.0, "unit_price": {"__class__": "Decimal", "decimal": "5.00"}}
    row = {"party": int(desk.party), "company": 1, "currency": 1, "lines": [["create", [line]]], **places}
    id = str(desk.erp.call("POST", "sale.sale", row)["id"])
    desk.press("sale.sale", id, "quote")
    payload = {
        name: desk.order()[name] for name in ("lines", "tax_lines", "taxes_included", "totals.grand_total")
    }
    raw = desk.update(id, **payload, currency="EUR", **{"shipping.line1": "Hof 2"}).record.raw
    assert (raw["state"], raw["totals"]["total"], raw["shipping"]["line1"]) == (
        "quotation",
        "246.00",
        "Hof 2",
    )
    assert desk.update(id, status="cancelled").record.raw["state"] == "cancelled"


def test_a_pull_sees_what_the_sales_own_stamp_does_not(desk: Any) -> None:
    id, other = desk.made(1), desk.made(2)
    desk.update(id, fulfilments=[parcel("shop:1", LAMPS)])
    time.sleep(0.01)

    def seen(since: str) -> dict[str, Any]:
        pages = desk.tryton.pull("order", {"since": since})
        return {record.external_id: record.raw for page in pages for record in page.records}

    for act in (
        lambda: desk.update(id, fulfilments=[parcel("shop:2", {"sku": "LAMP", "quantity": "1"})]),
        lambda: desk.update(id, refunds=[{"reference": "shop:3", "amount": "1.00"}]),
    ):
        since = max(desk.raw(id)["changed"], desk.raw(other)["changed"])
        after = (
            f"{since[:-1]}1Z"  # a digit more: later by less than a microsecond, cut off again by the server
        )
        time.sleep(0.01)
        stamp = desk.rows("sale.sale", [["id", "=", int(id)]], "write_date")[0]["write_date"]
        assert act().outcome == "done"
        found = seen(_later(since))
        assert set(found) == {id}, (after, stamp)


def _later(stamp: str) -> str:
    head, _, micro = stamp[:-1].rpartition(".")
    return f"{head}.{int(micro) + 1:06}Z"


def test_a_deleted_sale_is_gone(desk: Any) -> None:
    id = desk.made()
    draft = str(
        desk.erp.call("POST", "sale.sale", {"party": int(desk.party), "company": 1, "currency": 1})["id"]
    )
    desk.erp.call("DELETE", f"sale.sale/{draft}")
    assert desk.tryton.deletes("order", None, [id, draft, "x"]).external_ids == [draft, "x"]
    gone = desk.update(draft, comment="x")
    assert (gone.outcome, gone.cause) == ("refused", f"sale {draft} is not there")


def test_our_words_in_their_fields_can_be_read_back() -> None:
    assert sale.unsigned(sale.signed("1Z, 2Z", "shop:7")) == ("1Z, 2Z", "shop:7")
    assert sale.unsigned(sale.signed(None, "shop:7")) == (None, "shop:7")
    assert sale.unsigned("1Z [left at the door]") == ("1Z [left at the door]", None)
    assert sale.noted({"note": sale.note("product", "7", 'a"b')}) == {
        "kind": "product",
        "line": "7",
        "sku": 'a"b',
    }
    assert (
        sale.noted({"note": "crmhub:broken"})
        == sale.noted({"note": "crmhub:[1]"})
        == sale.noted({"note": None})
        == {}
    )
    assert sale.mark("crmhub:ord_1") == ("ord_1", None)
    assert sale.mark("crmhub:refund:shop:1") == (None, "crmhub:refund:shop:1")
