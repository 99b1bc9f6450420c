"""A sale order as the hub sees it: amounts without tax, as Odoo keeps them, and what became of it.

Odoo has no word of its own for payment and fulfilment of an order: they are told by its invoices and its pickings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from connectors.odoo import partner
from connectors.odoo.lookups import Lookups
from connectors.odoo.partner import digest, link, named, plain
from connectors.odoo.rpc import Row
from hub.sdk import RemoteRecord

MODEL = "sale.order"
LINE = "sale.order.line"
MARK = "ord_"
FIELDS: tuple[str, ...] = (
    *(
        "id",
        "name",
        "state",
        "locked",
        "partner_id",
        "partner_invoice_id",
        "partner_shipping_id",
        "date_order",
    ),
    *(
        "client_order_ref",
        "origin",
        "currency_id",
        "company_id",
        "amount_untaxed",
        "amount_tax",
        "amount_total",
    ),
    *("invoice_status", "create_date", "write_date"),
)
LINE_FIELDS: tuple[str, ...] = (
    *("id", "order_id", "sequence", "name", "display_type", "product_id", "product_uom_qty", "price_unit"),
    *("discount", "tax_id", "tax_ids", "price_subtotal", "price_tax", "price_total", "qty_delivered"),
    *("is_delivery", "is_downpayment", "is_reward_line", "write_date"),
)

_ZERO = Decimal(0)
_CENT = Decimal("0.000001")
_PARCELS = {"done": "shipped", "cancel": "cancelled"}
_PAID = frozenset({"paid", "in_payment"})


class Parts(NamedTuple):
    """What stands in other tables, by the order's id; None where the app is missing or may not be read."""

    lines: Mapping[int, Sequence[Row]]
    pickings: Mapping[int, Sequence[Row]] | None
    moves: Mapping[int, Sequence[Row]]
    invoices: Mapping[int, Sequence[Row]] | None
    partners: Mapping[int, Row]
    skus: Mapping[int, str | None]
    taxes: Mapping[int, Row]


def record(row: Row, parts: Parts, *, lookups: Lookups, mark: str) -> RemoteRecord:
    """`mark`: the field in which our own mark stands."""
    content = raw(row, parts, lookups=lookups, mark=mark)
    return RemoteRecord(str(row["id"]), content, digest(content))


def raw(row: Row, parts: Parts, *, lookups: Lookups, mark: str) -> dict[str, Any]:
    id = row["id"]
    lines = [_line(one, parts) for one in parts.lines.get(id, ()) if not one.get("display_type")]
    pickings = None if parts.pickings is None else parts.pickings.get(id, ())
    invoices = None if parts.invoices is None else parts.invoices.get(id, ())
    owner = parts.partners.get(link(row["partner_id"]) or 0, {})
    holder = link(owner.get("parent_id")) if owner and partner.is_address(owner) else link(row["partner_id"])
    marked = plain(row.get(mark))
    money = _money(invoices, number(row["amount_total"]))
    parcels = [_parcel(one, parts) for one in pickings or ()]
    stamps = [row, *parts.lines.get(id, ()), *(pickings or ()), *(invoices or ())]
    return {
        "id": id,
        "number": plain(row["name"]),
        "state": row["state"],
        "locked": bool(row.get("locked")) or row["state"] == "done",
        "customer": str(holder) if holder else None,
        "email": partner.first_mail(owner.get("email"))[0],
        "placed": instant(row.get("date_order")),
        "created": instant(row.get("create_date")),
        "changed": instant(
            max((str(one["write_date"]) for one in stamps if one.get("write_date")), default=None)
        ),
        "reference": plain(row.get("client_order_ref")),
        "source": plain(row.get("origin")),
        "hub_ref": marked if isinstance(marked, str) and marked.startswith(MARK) else None,
        "currency": named(row["currency_id"]),
        "invoice_status": plain(row.get("invoice_status")),
        "billing": _address(parts.partners.get(link(row.get("partner_invoice_id")) or 0), lookups),
        "shipping": _address(parts.partners.get(link(row.get("partner_shipping_id")) or 0), lookups),
        "lines": [{**one, "kind": "custom" if one["kind"] == "discount" else one["kind"]} for one in lines],
        "totals": _totals(row, lines, money),
        "payment": money.status if row["state"] != "cancel" or money.paid else "voided",
        "payments": money.payments,
        "refunds": money.refunds,
        "fulfilment": _fulfilment(row, lines, parcels if pickings is not None else None),
        "fulfilments": parcels,
    }


def number(value: Any) -> Decimal:
    """A float of theirs as the decimal it stands for."""
    return Decimal(str(value or 0)).quantize(_CENT).normalize() if value else _ZERO


def text(value: Decimal) -> str:
    return f"{value:f}"


def instant(value: Any) -> str | None:
    """Odoo's times are UTC and do not say so."""
    return f"{str(value).replace(' ', 'T')}Z" if value else None


def _address(row: Row | None, lookups: Lookups) -> dict[str, Any]:
    found = row or {}
    return {
        "name": plain(found.get("name")),
        "company": named(found.get("parent_id")) or plain(found.get("company_name")),
        **partner.address(found, lookups),
    }


def _line(row: Row, parts: Parts) -> dict[str, Any]:
    """A position. Odoo tells what is left after the discount; what it was before follows from the percentage."""
    net, tax, quantity = (number(row[name]) for name in ("price_subtotal", "price_tax", "product_uom_qty"))
    share = number(row.get("discount"))
    rest = 1 - share / 100
    inside = any(parts.taxes.get(id, {}).get("price_include") for id in taxes_of(row))
    unit = number(row["price_unit"])
    if rest > 0 and (inside or quantity == 0):
        subtotal = net if not share else _cents(net / rest)
        unit = (subtotal / quantity).quantize(_CENT).normalize() if quantity else unit
    else:
        subtotal = net if not share else _cents(unit * quantity)
    kind = "product"
    if row.get("is_delivery"):
        kind = "shipping"
    elif net < 0 or row.get("is_reward_line"):
        kind = "discount" if net < 0 else "product"
    product = link(row.get("product_id"))
    return {
        "id": str(row["id"]),
        "position": int(row.get("sequence") or 0),
        "kind": kind,
        "product": str(product) if product else None,
        "sku": parts.skus.get(product or 0),
        "name": plain(row.get("name")),
        "quantity": text(quantity),
        "delivered": text(number(row.get("qty_delivered"))),
        "unit_price": text(unit),
        "subtotal": text(subtotal),
        "discount": text(subtotal - net),
        "total": text(net),
        "tax": text(tax),
    }


def taxes_of(row: Row) -> list[int]:
    """The taxes of a line: the field has another name from 19 on."""
    return list(row.get("tax_ids") or row.get("tax_id") or ())


def _cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


class _Money(NamedTuple):
    status: str | None
    paid: Decimal
    refunded: Decimal
    payments: list[dict[str, Any]]
    refunds: list[dict[str, Any]]


def _money(invoices: Sequence[Row] | None, total: Decimal) -> _Money:
    """What posted invoices say was paid, and posted credit notes gave back. An invoice turned back by its credit note
    (`reversed`) was not paid."""
    if invoices is None:
        return _Money(None, _ZERO, _ZERO, [], [])
    posted = [one for one in invoices if one.get("state") == "posted"]
    payments, refunds = [], []
    for one in posted:
        whole, left = number(one["amount_total"]), number(one["amount_residual"])
        name, state = plain(one.get("name")), one.get("payment_state")
        if one["move_type"] == "out_refund":
            status = "settled" if state in _PAID else "pending"
            amount = text(whole)
            refunds.append({"id": str(one["id"]), "name": name, "amount": amount, "status": status})
        elif one["move_type"] == "out_invoice" and state != "reversed" and whole > left:
            payments.append({"id": str(one["id"]), "name": name, "amount": text(whole - left)})
    paid = sum((Decimal(one["amount"]) for one in payments), _ZERO)
    refunded = sum((Decimal(one["amount"]) for one in refunds if one["status"] == "settled"), _ZERO)
    return _Money(_payment(paid, refunded, total), paid, refunded, payments, refunds)


def _payment(paid: Decimal, refunded: Decimal, total: Decimal) -> str:
    if refunded and refunded >= paid:
        return "refunded"
    if refunded:
        return "partially_refunded"
    if paid <= 0:
        return "pending"
    return "paid" if paid >= total else "partially_paid"


def _totals(row: Row, lines: Sequence[Mapping[str, Any]], money: _Money) -> dict[str, str]:
    """Where Odoo rounds taxes over the whole order, its lines may miss the sum by cents: that is `rounding`."""

    def over(name: str, kind: str) -> Decimal:
        return sum((Decimal(one[name]) for one in lines if one["kind"] == kind), _ZERO)

    whole = number(row["amount_total"])
    untaxed = sum((Decimal(one["total"]) for one in lines), _ZERO)
    return {
        "items": text(over("subtotal", "product")),
        "item_discounts": text(over("discount", "product")),
        "order_discounts": text(-over("total", "discount")),
        "shipping": text(over("total", "shipping")),
        "tax": text(number(row["amount_tax"])),
        "rounding": text(whole - number(row["amount_tax"]) - untaxed),
        "grand": text(whole),
        "paid": text(money.paid),
        "refunded": text(money.refunded),
        "outstanding": text(whole - money.paid),
    }


def _parcel(row: Row, parts: Parts) -> dict[str, Any]:
    done = row["state"] == "done"
    pieces = []
    for move in parts.moves.get(row["id"], ()):
        moved = move.get("quantity") if "quantity" in move else move.get("quantity_done")
        count = number(moved if done else move["product_uom_qty"])
        sku = parts.skus.get(link(move.get("product_id")) or 0)
        if count and move.get("state") != "cancel":
            line = link(move.get("sale_line_id"))
            pieces.append({"line": str(line) if line else None, "sku": sku, "quantity": text(count)})
    return {
        "id": str(row["id"]),
        "name": plain(row.get("name")),
        "status": _PARCELS.get(row["state"], "pending"),
        "tracking": [code] if (code := plain(row.get("carrier_tracking_ref"))) else [],
        "shipped": instant(row.get("date_done")) if done else None,
        "lines": pieces,
    }


def _fulfilment(
    row: Row, lines: Sequence[Mapping[str, Any]], parcels: Sequence[Mapping[str, Any]] | None
) -> str | None:
    """By the parcels; without any (services, no stock app) by the delivered quantities."""
    live = [one["status"] for one in parcels or () if one["status"] != "cancelled"]
    if row["state"] == "cancel" and "shipped" not in live:
        return "cancelled"
    if live:
        if all(one == "shipped" for one in live):
            return "shipped"
        return "partial" if "shipped" in live else "pending"
    goods = [one for one in lines if one["kind"] == "product" and Decimal(one["quantity"]) > 0]
    sent = [Decimal(one["delivered"]) for one in goods]
    if goods and all(Decimal(one["delivered"]) >= Decimal(one["quantity"]) for one in goods):
        return "shipped"
    return "partial" if any(sent) else "pending"
