"""What a change asks of an order, read from its payload before anything is written.

Every part names the state to be reached, not an act, and carries a reference of ours: so the same change, sent again
after an answer was lost, finds what it made and makes it only once. The shape: README.md, "Orders: what is written".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from hub.sdk import RecordRejected, Unsupported

PARCEL_STATES = {
    "pending": "Pending",
    "shipped": "Shipped",
    "delivered": "Delivered",
    "cancelled": "Cancelled",
}

Quantities = Mapping[str, int]
"""The store's line id → how many."""


class Parcel(NamedTuple):
    """A fulfilment that shall exist. `lines` None: all that is in no parcel yet."""

    reference: str | None
    tracking: str | None
    method: str | None
    state: str
    lines: Quantities | None


class Refund(NamedTuple):
    """Money that was given back. `payment` None: the order's only settled one. `settled`: it has been paid out."""

    reference: str
    amount: Decimal
    reason: str | None
    payment: str | None
    settled: bool
    lines: Quantities


class Wish(NamedTuple):
    """Everything one change asks. `quantities`: what shall be left of lines; `capture`: payments to settle."""

    cancelled: bool
    cancel_reason: str | None
    quantities: Quantities
    capture: Sequence[str]
    parcels: Sequence[Parcel]
    refunds: Sequence[Refund]


_KEYS = frozenset({"status", "cancel_reason", "quantities", "payments", "fulfilments", "refunds"})
_PARCEL = frozenset({"reference", "tracking", "method", "status", "lines"})
_REFUND = frozenset({"reference", "amount", "currency", "reason", "payment", "status", "lines"})
_PAYMENT = frozenset({"id", "status"})


def wish(payload: Mapping[str, Any], order: Mapping[str, Any], *, name: str = "") -> Wish:
    """Read the payload against the order's raw record. Raises Unsupported, RecordRejected.

    `name`: of the connection, by which the references of the store's own parcels and refunds begin: those stand.
    """
    for key in payload:
        if key not in _KEYS:
            raise Unsupported(f"{key} of an order cannot be written to the store")
    status = str(payload["status"]).lower() if payload.get("status") else None
    if status not in (None, "cancelled"):
        raise Unsupported(
            f'the state of an order there cannot be set to "{status}"',
            fix="it follows from payments and fulfilments; only `cancelled` can be asked for",
        )
    by_line = _quantities(payload.get("quantities"), order, "quantities")
    return Wish(
        cancelled=status == "cancelled",
        cancel_reason=_text(payload.get("cancel_reason"), "cancel_reason"),
        quantities=by_line or {},
        capture=[_capture(one) for one in _objects(payload, "payments", _PAYMENT)],
        parcels=[_parcel(one, order) for one in _foreign(payload, "fulfilments", _PARCEL, name=name)],
        refunds=[_refund(one, order) for one in _foreign(payload, "refunds", _REFUND, name=name)],
    )


def marked(text: str | None, reference: str | None) -> str | None:
    """A text of theirs with our reference behind it, by which it is found again."""
    if reference is None:
        return text
    return f"{text} [{reference}]" if text else f"[{reference}]"


def bears(text: str | None, reference: str) -> bool:
    return (text or "").endswith(f"[{reference}]")


def _parcel(given: Mapping[str, Any], order: Mapping[str, Any]) -> Parcel:
    state = PARCEL_STATES.get(str(given.get("status", "shipped")))
    if state is None:
        raise RecordRejected(
            f"a fulfilment has no status {given['status']!r}", fix=f"use {', '.join(PARCEL_STATES)}"
        )
    reference, tracking = (_text(given.get(name), name) for name in ("reference", "tracking"))
    if reference is None and tracking is None:
        raise RecordRejected("a fulfilment needs a reference or a tracking code, or it could be made twice")
    lines = _quantities(given.get("lines"), order, "lines of a fulfilment")
    return Parcel(reference, tracking, _text(given.get("method"), "method"), state, lines)


def _refund(given: Mapping[str, Any], order: Mapping[str, Any]) -> Refund:
    reference = _text(given.get("reference"), "reference")
    if reference is None:
        raise RecordRejected("a refund needs a reference, or it could be made twice")
    said: Any = given.get("amount")
    currency = given.get("currency")
    if isinstance(said, Mapping):
        said, currency = said.get("amount"), said.get("currency")
    if currency not in (None, order["currency"]):
        raise RecordRejected(f"the refund is not in {order['currency']}, the order's currency")
    try:
        amount = Decimal(str(said))
    except InvalidOperation:
        raise RecordRejected(f"a refund cannot have the amount {said!r}") from None
    if not amount.is_finite() or amount <= 0:
        raise RecordRejected(f"a refund cannot have the amount {said!r}")
    status = str(given.get("status", "settled"))
    if status not in ("settled", "pending"):
        raise RecordRejected(f'a refund has no status "{status}"', fix="use settled or pending")
    payment = _text(given.get("payment"), "payment")
    lines = _quantities(given.get("lines"), order, "lines of a refund")
    return Refund(
        reference, amount, _text(given.get("reason"), "reason"), payment, status == "settled", lines or {}
    )


def _capture(given: Mapping[str, Any]) -> str:
    if given.get("status") != "settled" or not given.get("id"):
        raise Unsupported(
            "of a payment only `settled` can be asked for, by its id there",
            fix="payments are made in the store, by its payment methods",
        )
    return str(given["id"])


def _objects(payload: Mapping[str, Any], name: str, keys: frozenset[str]) -> list[Mapping[str, Any]]:
    found = payload.get(name) or []
    if not isinstance(found, list | tuple) or not all(isinstance(one, Mapping) for one in found):
        raise RecordRejected(f"{name} is not a list of objects")
    for one in found:
        strangers = set(one) - keys
        if strangers:
            raise Unsupported(f"{', '.join(sorted(strangers))} in {name} of an order cannot be written")
    return list(found)


def _foreign(
    payload: Mapping[str, Any], what: str, keys: frozenset[str], *, name: str
) -> list[Mapping[str, Any]]:
    """Those that other systems did."""
    return [
        one
        for one in _objects(payload, what, keys)
        if not name or not str(one.get("reference") or "").startswith(f"{name}:")
    ]


def _quantities(given: Any, order: Mapping[str, Any], what: str) -> dict[str, int] | None:
    """`[{"line": id} or {"sku": …}, "quantity": n}]` by line id. Raises RecordRejected for a line not of this order."""
    if given is None:
        return None
    if not isinstance(given, list | tuple) or not all(isinstance(one, Mapping) for one in given):
        raise RecordRejected(f"{what} is not a list of objects with line (or sku) and quantity")
    products = [line for line in order["lines"] if line["kind"] == "product"]
    found: dict[str, int] = {}
    for one in given:
        name = "line" if one.get("line") else "sku"
        key = "id" if name == "line" else "sku"
        fitting = [line["id"] for line in products if str(line[key]) == str(one.get(name))]
        if len(fitting) != 1:
            said = f"{len(fitting)} lines" if fitting else "no line"
            raise RecordRejected(f"{what}: the order has {said} with {name} {one.get(name)!r}")
        quantity = _whole(one.get("quantity"))
        if quantity is None:
            raise RecordRejected(f"{what}: the store counts whole pieces, not {one.get('quantity')!r}")
        found[fitting[0]] = found.get(fitting[0], 0) + quantity
    return found


def _whole(value: Any) -> int | None:
    try:
        number = Decimal(str(value))
        return int(number) if number == number.to_integral_value() and number >= 0 else None
    except (InvalidOperation, ValueError, OverflowError):
        return None


def _text(value: Any, name: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or "\0" in value:
        raise RecordRejected(f"{name} takes text, not {value!r}")
    return value
