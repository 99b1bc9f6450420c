"""Refunds made elsewhere become returns: sales of a negative amount with the sale as their origin, from which the ERP
makes the credit note. Goods are not taken back by them: whether some come back, a refund does not say.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from connectors.tryton import sale
from connectors.tryton.rest import Row, encode_decimal
from connectors.tryton.sale_books import Books
from connectors.tryton.sale_prices import ZERO, Order, Priced, Sold, price_lines, rounder
from connectors.tryton.sale_wish import Refund
from hub.sdk import RecordRejected

Write = Callable[[Callable[[], object]], None]
_FIELDS = ("state", "total_amount")


def bring(books: Books, row: Row, refund: Refund, *, write: Write) -> bool:
    """Make the return of one refund, or finish one that was begun; whether anything was written."""
    mark = sale.RETURN + refund.reference
    standing = next(
        (one for one in row["returns"] if one["description"] == mark and one["state"] != "cancelled"), None
    )
    if standing and standing["state"] not in ("draft", "quotation"):
        return False
    if standing is None:
        values = _values(books, row, refund, mark)
        made: list[int] = []
        write(lambda: made.extend(books.rest.create(sale.MODEL, [values])))
        standing = {"id": made[0], "state": "draft"}
    _checked(books, standing["id"], refund, write=write)
    if standing["state"] == "draft":
        write(lambda: books.rest.press(sale.MODEL, standing["id"], "quote"))
    write(lambda: books.rest.press(sale.MODEL, standing["id"], "confirm"))
    (now,) = books.rest.search_read(sale.MODEL, [["id", "=", standing["id"]]], _FIELDS).rows
    if now["state"] == "confirmed":
        write(lambda: books.rest.press(sale.MODEL, standing["id"], "process"))
    return True


def _checked(books: Books, id: int, refund: Refund, *, write: Write) -> None:
    """The ERP's own sum is what counts; a return of another amount is taken back."""
    (now,) = books.rest.search_read(sale.MODEL, [["id", "=", id]], _FIELDS).rows
    if -Decimal(now["total_amount"]) == refund.amount:
        return
    if now["state"] == "quotation":
        write(lambda: books.rest.press(sale.MODEL, id, "draft"))
    write(lambda: books.rest.remove(sale.MODEL, id))
    raise RecordRejected(
        f"the ERP makes {-Decimal(now['total_amount'])} of a refund of {refund.amount}",
        fix="make the credit note there by hand",
    )


def _values(books: Books, row: Row, refund: Refund, mark: str) -> dict[str, Any]:
    lines = [_line(books, one, refund) for one in _priced(books, row, refund)]
    return {
        "company": books.company,
        "party": row["party"],
        "invoice_address": (row["invoice_address"] or {}).get("id"),
        "shipment_address": (row["shipment_address"] or {}).get("id"),
        "currency": row["currency"]["id"],
        "origin": f"{sale.MODEL},{row['id']}",
        "reference": row["reference"],
        "description": mark,
        "comment": refund.reason,
        "warehouse": books.warehouse(),
        "lines": [["create", lines]],
    }


def _priced(books: Books, row: Row, refund: Refund) -> list[Priced]:
    """The amount as lines, one for each rate of tax in the sale, in the proportion of what was sold at it."""
    digits = int(row["currency"]["digits"])
    cut = rounder(digits)
    by_rate: dict[Decimal, Decimal] = {}
    for line in sale.sold(row):
        rate = sum((Decimal(tax["rate"] or 0) for tax in line["taxes"]), ZERO).normalize()
        by_rate[rate] = by_rate.get(rate, ZERO) + Decimal(line["amount"]) * (1 + rate)
    by_rate = {rate: amount for rate, amount in sorted(by_rate.items()) if amount > 0} or {ZERO: Decimal(1)}
    whole, left = sum(by_rate.values()), refund.amount
    sold = []
    for number, (rate, amount) in enumerate(by_rate.items(), 1):
        share = left if number == len(by_rate) else cut(refund.amount * amount / whole)
        left -= share
        if share:
            sold.append(
                Sold("refund", None, None, "Refund", Decimal(1), None, None, share, share, None, rate)
            )
    return price_lines(Order(sold, True, digits, refund.amount), list(by_rate), by_line=books.by_line())


def _line(books: Books, one: Priced, refund: Refund) -> dict[str, Any]:
    product = books.own("refund") if one.kind == "refund" else books.own("fee")
    made: dict[str, Any] = {
        "type": "line",
        "product": product.id if product else None,
        "unit": product.unit if product else None,
        "quantity": -1.0,
        "unit_price": encode_decimal(one.price),
        "description": refund.reason or one.name,
        "note": sale.note(one.kind, None, None),
    }
    taxes = books.taxes(one.rate)
    return {**made, "taxes": [["add", taxes]]} if taxes else made
