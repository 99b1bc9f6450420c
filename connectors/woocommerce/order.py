"""An order as the hub sees it.

Neither payment nor fulfilment has a state of its own there. Payment is told by the moment of payment and by refunds;
fulfilment by the one `status`, of which "completed" means that everything is sent.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from connectors.woocommerce import amounts
from connectors.woocommerce.amounts import ZERO, amount, rows, text
from connectors.woocommerce.record import MARK, ORIGIN, Naming, address, as_it_stands, digest, plain
from connectors.woocommerce.rest import Row
from hub.sdk import RecordRejected, RemoteRecord

PATH = "orders"
PARCELS = "_crm_hub_fulfilments"
TRASH = "trash"

# In other words below; the last two open the order's pages to whoever has them.
_TOLD = frozenset(
    {
        *("line_items", "shipping_lines", "fee_lines", "tax_lines", "coupon_lines", "refunds", "customer_id"),
        *("payment_url", "order_key"),
    }
)
_UNPAID_ENDS = frozenset({"cancelled", "failed"})


def record(row: Row, refunds: Sequence[Row] | None = None, *, naming: Naming = as_it_stands) -> RemoteRecord:
    """`refunds`: as their own list shows them; without it, the summary in the order. Raises RecordRejected."""
    try:
        shown = raw(row, refunds, naming=naming)
    except (KeyError, TypeError, AttributeError, ArithmeticError) as error:
        raise RecordRejected("the store did not show this order as agreed", cause=repr(error)) from None
    return RemoteRecord(shown["id"], shown, digest(shown))


def has_refunds(row: Row) -> bool:
    return bool(rows(row, "refunds"))


def raw(row: Row, refunds: Sequence[Row] | None, *, naming: Naming) -> Row:
    """JSON types only."""
    shown = plain(row, without=_TOLD)
    told = rows(row, "refunds") if refunds is None else refunds
    given_back = [_refund(one) for one in sorted(told, key=lambda one: int(one["id"]))]
    refunded = sum((Decimal(one["amount"]) for one in given_back), ZERO)
    lines = amounts.lines(row, refunds or ())
    shown |= {
        "id": str(row["id"]),
        "status": row["status"],
        "number": str(row.get("number") or row["id"]),
        "customer": str(row["customer_id"]) if row.get("customer_id") else None,
        "billing": address(row.get("billing"), also=("email",), naming=naming),
        "shipping": address(row.get("shipping"), naming=naming),
        "lines": lines,
        "tax_lines": amounts.tax_lines(row),
        "discounts": amounts.discounts(row),
        "totals": amounts.totals(row, lines, refunded=refunded),
        "payments": _payments(row),
        "refunds": given_back,
        "fulfilments": parcels(shown.get("meta")),
        "payment": payment_status(row, refunded),
        "fulfilment": fulfilment_status(row),
        "mark": (shown.get("meta") or {}).get(MARK),
        "origin": (shown.get("meta") or {}).get(ORIGIN),
    }
    return shown


def payment_status(row: Row, refunded: Decimal) -> str:
    """A word of canonical-model.md."""
    grand = amount(row, "total")
    if row["status"] == "refunded" or (refunded and refunded >= grand):
        return "refunded"
    if refunded:
        return "partially_refunded"
    if row.get("date_paid") or row.get("date_paid_gmt"):
        return "paid"
    if row["status"] in _UNPAID_ENDS:
        return "voided"
    # What costs nothing is never paid, and goes on without.
    return "paid" if not grand and row["status"] in ("processing", "completed") else "pending"


def fulfilment_status(row: Row) -> str | None:
    """A word of canonical-model.md; None where the status says nothing of it."""
    if row["status"] == "completed":
        return "shipped"
    if row["status"] == "cancelled":
        return "cancelled"
    return None if row["status"] == "refunded" else "pending"


def parcels(meta: Any) -> list[Row]:
    """What the hub has told the store of parcels, kept in the order's meta data."""
    said = (meta or {}).get(PARCELS)
    try:
        found = json.loads(said) if isinstance(said, str) and said else []
    except ValueError:
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def reference_in(words: Any) -> str | None:
    """Our reference at the end of a text of theirs: "damaged [erp:5]" → erp:5."""
    shown = str(words or "").rstrip()
    start = shown.rfind("[")
    inner = shown[start + 1 : -1] if shown.endswith("]") and start >= 0 else ""
    return inner if ":" in inner and " " not in inner else None


def marked(words: str | None, reference: str) -> str:
    """A text with our reference behind it, by which it is found again."""
    return f"{words} [{reference}]" if words else f"[{reference}]"


def _refund(row: Row) -> Row:
    """From the list of refunds (`amount`) or the summary in the order (`total`, below zero)."""
    value = amount(row, "amount") if "amount" in row else amount(row, "total")
    created = row.get("date_created_gmt")
    return {
        "id": str(row["id"]),
        "reference": reference_in(row.get("reason")),
        "amount": text(abs(value)),
        "reason": row.get("reason") or None,
        "status": "settled",
        "by_gateway": row.get("refunded_payment"),
        "lines": amounts.refunded_lines(row),
        "at": f"{created}Z" if created else None,
    }


def _payments(row: Row) -> list[Row]:
    """The store keeps no list of payments: one, if the order is paid."""
    if not (row.get("date_paid") or row.get("date_paid_gmt")) or not amount(row, "total"):
        return []
    return [
        {
            "id": f"{row['id']}:payment",
            "kind": "payment",
            "status": "settled",
            "gateway": row.get("payment_method") or None,
            "method": row.get("payment_method_title") or None,
            "transaction": row.get("transaction_id") or None,
            "amount": text(amount(row, "total")),
        }
    ]
