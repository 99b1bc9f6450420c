"""An order as the hub sees it: the fields that are read, and how they become one raw record.

Payment and fulfilment have no state of their own there: `payment` and `fulfilment` are told by the payments, refunds
and parcels, for the one `state` of an order does not (partly delivered may mean that all is shipped).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.vendure import amounts
from connectors.vendure.amounts import Money
from connectors.vendure.customer import ADDRESS, digest
from connectors.vendure.graphql import Row, in_order
from hub.sdk import RecordRejected, RemoteRecord

SHIPPED = frozenset({"Shipped", "Delivered"})

_BOTH = "{name} {name}WithTax"
_HISTORY = (
    *("ORDER_STATE_TRANSITION", "ORDER_CANCELLATION", "ORDER_MODIFIED", "ORDER_PAYMENT_TRANSITION"),
    *("ORDER_FULFILLMENT_TRANSITION", "ORDER_REFUND_TRANSITION"),
)
_HISTORY_LENGTH = 100
# Behind the text of a parcel or refund that the hub made: the reference of the system that did it.
_REFERENCE = re.compile(r"(.*?)\s*\[([^\[\]\s:]+:[^\[\]]+)\]", re.DOTALL)
_LISTS = ("lines", "shippingLines", "surcharges", "promotions", "payments", "fulfillments")

_ADDRESS = (
    "{fullName company streetLine1 streetLine2 city province postalCode country countryCode phoneNumber}"
)


def fields(extra: Sequence[str]) -> str:
    """What is asked of each order; `extra`: names of custom fields."""

    def both(*names: str) -> str:
        return " ".join(_BOTH.format(name=name) for name in names)

    discount = f"discounts{{adjustmentSource type description {both('amount')}}}"
    taxes = "taxLines{description taxRate}"
    history = ",".join(f'"{name}"' for name in _HISTORY)
    custom = f"customFields{{{' '.join(extra)}}}" if extra else ""
    return f"""id code type state createdAt updatedAt orderPlacedAt currencyCode couponCodes
 customer{{id emailAddress phoneNumber user{{id}}}} promotions{{id couponCode}} {both("total")}
 billingAddress{_ADDRESS} shippingAddress{_ADDRESS}
 lines{{id quantity orderPlacedQuantity productVariant{{id sku name}} {discount} {taxes}
  {both("unitPrice", "linePrice", "discountedLinePrice", "proratedLinePrice")}}}
 shippingLines{{id shippingMethod{{code name}} {discount} {both("price", "discountedPrice")}}}
 surcharges{{id sku description {taxes} {both("price")}}}
 payments{{id createdAt method amount state transactionId errorMessage
  refunds{{id createdAt total state reason transactionId lines{{orderLineId quantity}}}}}}
 fulfillments{{id state method trackingCode lines{{orderLineId quantity}}}}
 history(options:{{take:{_HISTORY_LENGTH},sort:{{createdAt:DESC}},filter:{{type:{{in:[{history}]}}}}}})
  {{items{{createdAt type data}}}} {custom}"""


def record(row: Row, money: Money, *, extra: Sequence[str] = ()) -> RemoteRecord:
    """The remote record of a row. Raises RecordRejected for a row of another shape."""
    try:
        shown = raw(row, money, extra=extra)
    except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise RecordRejected("the store did not show this order as agreed", cause=repr(error)) from None
    return RemoteRecord(str(row["id"]), shown, digest(shown))


def raw(row: Row, money: Money, *, extra: Sequence[str] = ()) -> dict[str, Any]:
    """JSON types only; amounts as decimal texts in the order's currency."""
    row = {**row, **{name: in_order(row[name]) for name in _LISTS}}
    customer = row["customer"] or {}
    parcels, payments = row["fulfillments"], row["payments"]
    refunds = [(payment, refund) for payment in payments for refund in in_order(payment["refunds"])]
    settled = [refund for _, refund in refunds if refund["state"] == "Settled"]
    paid = sum(one["amount"] for one in payments if one["state"] == "Settled")
    returned = sum(one["total"] for one in settled)
    skus = {str(line["id"]): line["productVariant"]["sku"] for line in row["lines"]}
    return {
        "id": str(row["id"]),
        "code": row["code"],
        "type": row["type"],
        "state": row["state"],
        "payment": payment_status(row, paid=paid, returned=returned),
        "fulfilment": fulfilment_status(row),
        "customer": str(customer["id"]) if customer else None,
        "guest": bool(customer) and customer["user"] is None,
        "email": customer.get("emailAddress"),
        "phone": customer.get("phoneNumber"),
        "currency": row["currencyCode"],
        "prices_include_tax": money.gross,
        "billing": _address(row["billingAddress"]),
        "shipping": _address(row["shippingAddress"]),
        "lines": amounts.lines(
            row, money, fulfilled=_quantities(parcels, SHIPPED), refunded=_quantities(settled, {"Settled"})
        ),
        "tax_lines": amounts.tax_lines(row, money),
        "discounts": amounts.discounts(row, money),
        "coupons": list(row["couponCodes"]),
        "payments": [_payment(one, money) for one in payments],
        "refunds": [
            _refund(payment, one, money, skus) for payment, one in refunds if one["state"] == "Settled"
        ],
        "refunds_open": [
            _refund(payment, one, money, skus) for payment, one in refunds if one["state"] != "Settled"
        ],
        "fulfilments": list(_parcels(row, skus)),
        "totals": amounts.totals(row, money, paid=paid, refunded=returned),
        "placed": row["orderPlacedAt"],
        "created": row["createdAt"],
        "updated": _updated(row),
        **_cancellation(row),
        **({"custom": {name: row["customFields"].get(name) for name in extra}} if extra else {}),
    }


def payment_status(row: Row, *, paid: int, returned: int) -> str:
    """A word of canonical-model.md, by what was settled, given back and authorised."""
    grand = int(row["totalWithTax"])
    authorised = sum(one["amount"] for one in row["payments"] or () if one["state"] == "Authorized")
    if paid and returned:
        return "refunded" if returned >= paid else "partially_refunded"
    if paid:
        return "paid" if paid >= grand else "partially_paid"
    if authorised:
        return "authorized"
    if row["state"] == "Cancelled":
        return "voided"
    return "paid" if not grand and row["orderPlacedAt"] else "pending"


def fulfilment_status(row: Row) -> str:
    """A word of canonical-model.md, by what is in parcels on their way or delivered."""
    if row["state"] == "Cancelled":
        return "cancelled"
    wanted = {str(line["id"]): line["quantity"] for line in row["lines"] if line["quantity"]}
    shipped = _quantities(row["fulfillments"] or (), SHIPPED)
    delivered = _quantities(row["fulfillments"] or (), {"Delivered"})
    if wanted and all(delivered[id] >= quantity for id, quantity in wanted.items()):
        return "delivered"
    if wanted and all(shipped[id] >= quantity for id, quantity in wanted.items()):
        return "shipped"
    return "partial" if any(shipped.values()) else "pending"


def _quantities(rows: Sequence[Row], states: frozenset[str] | set[str]) -> Counter[str]:
    """How many of each line are in those of these states."""
    found: Counter[str] = Counter()
    for row in rows:
        if row["state"] in states:
            for line in row["lines"]:
                found[str(line["orderLineId"])] += line["quantity"]
    return found


def _address(row: Row | None) -> Row:
    """One that was never given is one of blanks; the store may show it as nothing at all."""
    return {ours: (row or {}).get(theirs) for ours, theirs in ADDRESS.items()}


def _payment(row: Row, money: Money) -> Row:
    return {
        "id": str(row["id"]),
        "kind": "authorization" if row["state"] == "Authorized" else "payment",
        "status": row["state"],
        "method": row["method"],
        "amount": money.text(row["amount"]),
        "transaction": row["transactionId"],
        "error": row["errorMessage"],
        "at": row["createdAt"],
    }


def signed(text: str | None) -> tuple[str | None, str | None]:
    """A text of the store's as (what people wrote, our reference behind it)."""
    found = _REFERENCE.fullmatch(text or "")
    return (found[1] or None, found[2]) if found else (text, None)


def _refund(payment: Row, row: Row, money: Money, skus: Mapping[str, str]) -> Row:
    said, reference = signed(row["reason"])
    return {
        "id": str(row["id"]),
        "payment": str(payment["id"]),
        "status": row["state"],
        "amount": money.text(row["total"]),
        "reason": row["reason"],
        "said": said,
        "reference": reference,
        "transaction": row["transactionId"],
        "lines": _lines(row, skus),
        "at": row["createdAt"],
    }


def _lines(row: Row, skus: Mapping[str, str]) -> list[Row]:
    """What is in a parcel or refund; a line that is none of the order's products has no code."""
    found = []
    for one in in_order(row["lines"], "orderLineId"):
        id = str(one["orderLineId"])
        sku = {"sku": skus[id]} if id in skus else {}
        found.append({"line": id, **sku, "quantity": one["quantity"]})
    return found


def _parcels(row: Row, skus: Mapping[str, str]) -> Iterator[Row]:
    moments: dict[tuple[str, str], str] = {}
    for entry in _entries(row, "ORDER_FULFILLMENT_TRANSITION"):
        moments[str(entry["data"].get("fulfillmentId")), str(entry["data"].get("to"))] = entry["createdAt"]
    for one in row["fulfillments"]:
        yield {
            "id": str(one["id"]),
            "status": one["state"],
            "method": one["method"],
            "reference": signed(one["method"])[1],
            "tracking": one["trackingCode"] or None,
            "shipped": moments.get((str(one["id"]), "Shipped")),
            "delivered": moments.get((str(one["id"]), "Delivered")),
            "lines": _lines(one, skus),
        }


def _cancellation(row: Row) -> Row:
    """When and why, of an order cancelled as a whole."""
    if row["state"] != "Cancelled":
        return {"cancelled": None, "cancel_reason": None}
    moments = [
        one["createdAt"]
        for one in _entries(row, "ORDER_STATE_TRANSITION")
        if one["data"].get("to") == "Cancelled"
    ]
    reasons = [one["data"].get("reason") for one in _entries(row, "ORDER_CANCELLATION")]
    return {
        "cancelled": moments[-1] if moments else None,
        "cancel_reason": next((one for one in reversed(reasons) if one), None),
    }


def _entries(row: Row, type: str) -> list[Row]:
    """Its history of this kind, oldest first."""
    return [one for one in reversed(row["history"]["items"]) if one["type"] == type]


def _updated(row: Row) -> str:
    """The latest moment that the order or its history tells: a change of state does not move its own stamp."""
    moments = [row["updatedAt"], row["orderPlacedAt"], *(one["createdAt"] for one in row["history"]["items"])]
    for payment in row["payments"] or ():
        moments += [payment["createdAt"], *(refund["createdAt"] for refund in payment["refunds"])]
    return max(str(one) for one in moments if one)
