"""A sale as the hub sees it: which fields are read, and how it, its lines, shipments, invoices and returns become one
raw record.

What the hub knows of a line or parcel and the ERP has no field for stands where the ERP lets one write: the mark of the
order in `description`, the store's line in the line's `note`, the reference of a parcel behind its tracking code.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.tryton import party
from connectors.tryton.rest import Row
from hub.sdk import RecordRejected, RemoteRecord

MODEL = "sale.sale"
MARKER = party.MARKER
RETURN = f"{MARKER}refund:"
"""How the description of a return begins that we made; its reference follows."""

_STAMPS = ("create_date", "write_date")
_PLACE = (
    *("street", "postal_code", "city", "country.code", "attn", "party_name"),
    *("subdivision.code", "subdivision.name"),
)
_LINE = (
    *("type", "quantity", "unit.symbol", "unit_price", "amount", "description", "note", "product.code"),
    *("taxes.rate", "moves_ignored", "moves.state", "moves.quantity", "invoice_lines", *_STAMPS),
)
_SHIPMENT = (
    *("number", "reference", "state", "effective_date", "warehouse_storage", "warehouse_output", *_STAMPS),
    *("outgoing_moves.quantity", "outgoing_moves.state", "outgoing_moves.origin"),
)
_INVOICE = (
    *("state", "total_amount", *_STAMPS),
    *("payment_lines.credit", "payment_lines.debit", "payment_lines.date"),
)
FIELDS: tuple[str, ...] = (
    *(
        "number",
        "reference",
        "description",
        "state",
        "currency.code",
        "currency.digits",
        "party",
        "sale_date",
    ),
    *("comment", "invoice_state", "shipment_state", "untaxed_amount", "tax_amount", "total_amount", *_STAMPS),
    *("origin", "invoices_ignored"),
    *(f"lines.{name}" for name in _LINE),
    *(f"shipments.{name}" for name in _SHIPMENT),
    *(f"invoices.{name}" for name in _INVOICE),
    *(f"{side}_address.{name}" for side in ("invoice", "shipment") for name in _PLACE),
)
RETURN_FIELDS: tuple[str, ...] = (
    *("origin", "state", "reference", "description", "comment", "total_amount", *_STAMPS),
    *("lines.quantity", "lines.type", "lines.note", "lines.product.code"),
)
CREDIT_FIELDS: tuple[str, ...] = (
    "origin",
    *(
        f"invoice.{name}"
        for name in ("number", "state", "total_amount", "reference", "description", *_STAMPS)
    ),
)

_SENT = frozenset({"shipped", "done"})
_CREDITED = frozenset({"posted", "paid"})
_SIGNED = re.compile(r"(.*?)\s*\[([^\[\]\s:]+:[^\[\]]+)\]\s*")
_STATUS = {"quotation": "draft", "confirmed": "processing"}
_FULFILMENT = {"waiting": "pending", "partially shipped": "partial", "sent": "shipped"}
_PAYMENT = {"paid": "paid", "partially paid": "partially_paid"}
_SUMS = {"product": "items", "shipping": "shipping", "tip": "tip", "rounding": "rounding", "fee": "fees"}


def record(row: Row, kinds: Mapping[int, str]) -> RemoteRecord:
    """The remote record of a row read with FIELDS, its `returns` and `credits` beside it. `kinds`: what products stand
    for. Raises RecordRejected for a row of another shape."""
    try:
        shown = raw(row, kinds)
    except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise RecordRejected("the server did not show this sale as agreed", cause=repr(error)) from None
    return RemoteRecord(str(row["id"]), shown, version(shown))


def version(shown: Mapping[str, Any]) -> str:
    told = json.dumps(shown, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()


def raw(row: Row, kinds: Mapping[int, str]) -> dict[str, Any]:
    """JSON types only; amounts as decimal texts in the sale's currency, without tax but for the totals."""
    lines = [_line(one, kinds) for one in sold(row)]
    kept = [one for one in lines if one["kind"] not in ("discount", "rounding")]
    marker, text = mark(row["description"])
    return {
        "id": row["id"],
        "number": row["number"],
        # What people call the order: of one we made its number in the store, of the ERP's own the ERP's.
        "order": row["reference"] if marker else row["number"],
        "reference": None if marker else row["reference"],
        "hub": marker,
        "description": text,
        "party": str(row["party"]),
        "state": row["state"],
        "status": status(row),
        "payment": "voided" if status(row) == "cancelled" else _PAYMENT.get(row["invoice_state"], "pending"),
        "fulfilment": _fulfilment(row),
        "currency": row["currency"]["code"],
        "date": row["sale_date"],
        "comment": row["comment"],
        "billing": party.address(row["invoice_address"] or {}),
        "shipping": party.address(row["shipment_address"] or {}),
        "lines": [{**one, "position": position} for position, one in enumerate(kept, 1)],
        "discounts": [_discount(one) for one in lines if one["kind"] == "discount"],
        "totals": _totals(row, lines),
        "fulfilments": [found for one in row["shipments"] if (found := _parcel(one, row))],
        "payments": [_payment(one) for invoice in row["invoices"] for one in invoice["payment_lines"]],
        "refunds": [*_returns(row), *_credits(row)],
        "created": row["create_date"],
        "changed": max(_moments(row)),
    }


def sold(row: Row) -> list[Row]:
    """The lines that sell something, in the sale's order."""
    return [one for one in row["lines"] if one["type"] == "line"]


def mark(description: str | None) -> tuple[str | None, str | None]:
    """Our mark in a sale's description, and the description if it is none of ours."""
    if description and description.startswith(MARKER) and not description.startswith(RETURN):
        return description.removeprefix(MARKER), None
    return None, description


def note(kind: str, line: str | None, sku: str | None) -> str:
    """What a line's note says of the store's line."""
    told = {"kind": kind, "line": line, "sku": sku}
    said = {name: value for name, value in told.items() if value is not None}
    return MARKER + json.dumps(said, ensure_ascii=False)


def noted(line: Row) -> Mapping[str, str]:
    """The inverse: kind, line, sku, as far as the note is ours."""
    text = line["note"] or ""
    try:
        found = json.loads(text.removeprefix(MARKER)) if text.startswith(MARKER) else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def signed(text: str | None, reference: str | None) -> str | None:
    """A text of theirs with our reference behind it."""
    return f"{text or ''} [{reference}]".strip() if reference else text or None


def unsigned(text: str | None) -> tuple[str | None, str | None]:
    """The inverse: (text, reference)."""
    found = _SIGNED.fullmatch(text or "")
    return (found[1] or None, found[2]) if found else (text or None, None)


def status(row: Row) -> str:
    """draft, processing, done or cancelled. One that was processed and then called off stays `done` there."""
    ignored = row["invoices_ignored"] or any(one["moves_ignored"] for one in row["lines"])
    idle = row["invoice_state"] == row["shipment_state"] == "none"
    if row["state"] in ("processing", "done") and idle and ignored:
        return "cancelled"
    return _STATUS.get(row["state"]) or str(row["state"])


def _fulfilment(row: Row) -> str | None:
    if status(row) == "cancelled":
        return "cancelled"
    word = str(row["shipment_state"])
    if word == "exception":
        return "partial" if any(_count(one) for one in row["lines"]) else "pending"
    if word == "none":
        return None if row["state"] in ("processing", "done") else "pending"
    return _FULFILMENT[word]


def _line(one: Row, kinds: Mapping[int, str]) -> Row:
    said = noted(one)
    product = one["product"] or {}
    kind = said.get("kind") or kinds.get(product.get("id", 0)) or ("product" if product else "custom")
    name = (one["description"] or "").strip()
    return {
        "id": str(one["id"]),
        "store_line": said.get("line"),
        "kind": kind,
        "product": str(product["id"]) if product else None,
        "sku": said.get("sku") or product.get("code"),
        "name": name or product.get("code"),
        "quantity": plain(one["quantity"]),
        "unit": (one["unit"] or {}).get("symbol"),
        "unit_price": one["unit_price"],
        "amount": one["amount"],
        "rate": plain(sum((Decimal(tax["rate"] or 0) for tax in one["taxes"]), Decimal(0))),
        "fulfilled": plain(_count(one)),
    }


def _count(line: Row) -> float:
    return sum(move["quantity"] or 0 for move in line["moves"] if move["state"] == "done")


def plain(number: Any) -> str:
    """A number of theirs as text without needless zeros."""
    text = f"{Decimal(str(number or 0)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _discount(line: Row) -> Row:
    return {
        "owner": line["store_line"] or "order",
        "kind": line["name"],
        "value": plain(-Decimal(line["amount"])),
    }


def _totals(row: Row, lines: Sequence[Row]) -> Row:
    """Each sum made of its own lines, so that the invariant of canonical-model.md can fail if one is not understood."""
    sums = {name: Decimal(0) for name in (*_SUMS.values(), "discounts")}
    for one in lines:
        amount = Decimal(one["amount"])
        if one["kind"] == "discount":
            sums["discounts"] -= amount
        else:
            sums[_SUMS.get(one["kind"], "items")] += amount
    shown = {name: str(amount) for name, amount in sums.items()}
    return {**shown, "tax": row["tax_amount"], "total": row["total_amount"]}


def _parcel(one: Row, row: Row) -> Row | None:
    """A shipment that has left, or had and was called back; what is still planned is no fact yet."""
    sent = one["state"] in _SENT
    if not sent and not (one["state"] == "cancelled" and one["effective_date"]):
        return None
    tracking, reference = unsigned(one["reference"])
    return {
        "id": str(one["id"]),
        "number": one["number"],
        "reference": reference,
        "status": "shipped" if sent else "cancelled",
        "tracking": tracking.split(", ") if tracking else [],
        "shipped": one["effective_date"],
        "lines": pieces(one["outgoing_moves"], row),
    }


def pieces(moves: Iterable[Row], row: Row) -> list[Row]:
    """What these moves take of which lines."""
    lines = {f"sale.line,{one['id']}": one for one in row["lines"]}
    found: dict[str, Decimal] = {}
    for move in moves:
        if move["origin"] in lines and move["quantity"]:
            amount = Decimal(str(move["quantity"]))
            found[move["origin"]] = found.get(move["origin"], Decimal(0)) + amount
    return [_piece(lines[origin], quantity) for origin, quantity in found.items()]


def _piece(line: Row, quantity: Any) -> Row:
    said = noted(line)
    told = {
        "line": said.get("line"),
        "sku": said.get("sku") or (line["product"] or {}).get("code"),
        "quantity": plain(quantity),
    }
    return {name: value for name, value in told.items() if value is not None}


def _payment(line: Row) -> Row:
    amount = Decimal(line["credit"] or 0) - Decimal(line["debit"] or 0)
    return {"id": str(line["id"]), "status": "settled", "amount": str(amount), "date": line["date"]}


def _returns(row: Row) -> Iterator[Row]:
    """Returns of this sale that are confirmed: then the customer's account is credited."""
    for one in row["returns"]:
        if one["state"] not in ("confirmed", "processing", "done"):
            continue
        description = one["description"] or ""
        ours = description.removeprefix(RETURN) if description.startswith(RETURN) else None
        yield {
            "id": str(one["id"]),
            "reference": ours,
            "status": "settled",
            "amount": str(-Decimal(one["total_amount"])),
            "reason": (one["comment"] if ours else one["comment"] or one["description"]) or None,
            "lines": [
                _piece(line, -line["quantity"])
                for line in one["lines"]
                if line["type"] == "line" and line["quantity"] < 0 and line["product"] and not noted(line)
            ],
        }


def _credits(row: Row) -> Iterator[Row]:
    """Credit notes made of the invoices of this sale by hand."""
    invoices = {one["invoice"]["id"]: one["invoice"] for one in row["credits"] if one["invoice"]}
    for id, one in invoices.items():
        if one["state"] in _CREDITED:
            yield {
                "id": f"invoice:{id}",
                "reference": None,
                "status": "settled",
                "amount": str(-Decimal(one["total_amount"])),
                "reason": one["description"] or one["reference"] or None,
                "lines": [],
            }


def _moments(row: Row) -> Iterator[str]:
    """A change of a line, shipment, invoice or return does not move the sale's own stamp."""
    yield party.changed_of(row)
    for name in ("lines", "shipments", "invoices", "returns"):
        for one in row[name]:
            yield party.changed_of(one)
    for one in row["credits"]:
        if one["invoice"]:
            yield party.changed_of(one["invoice"])
