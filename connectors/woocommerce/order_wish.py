"""What a change asks of an order, read from its payload before anything is written.

Each part names the state to be reached, not an act, and parcels and refunds carry a reference; so the same change, sent
again after an answer was lost, makes nothing twice. The shape: README.md, "Orders: what is written".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from connectors.woocommerce.record import flat, text
from connectors.woocommerce.rest import Row
from hub.sdk import RecordRejected, Unsupported

STATES = ("pending", "shipped", "delivered", "cancelled")


class Refund(NamedTuple):
    """Money that was given back elsewhere. `lines`: line id → how many came back."""

    reference: str
    amount: Decimal
    reason: str | None
    lines: Mapping[str, int]


class Wish(NamedTuple):
    """Everything one change asks. `shipped`: all of it, says the word. `parcels`: as meta data keep them. `meta`: key →
    value."""

    status: str | None
    cancel_reason: str | None
    note: str | None
    shipped: bool
    parcels: Sequence[Row]
    refunds: Sequence[Refund]
    meta: Mapping[str, Any]


_KEYS = ("status", "cancel_reason", "customer_note", "fulfilment", "fulfilments", "refunds")
_PARCEL = frozenset({"reference", "status", "tracking", "method", "shipped_at", "delivered_at", "lines"})
_REFUND = frozenset({"reference", "amount", "currency", "reason", "status", "lines"})


def wish(payload: Mapping[str, Any], order: Mapping[str, Any]) -> Wish:
    """Read the payload against the order's raw record. Raises Unsupported, RecordRejected."""
    given = flat(payload)
    for name in given:
        if name not in _KEYS and not name.startswith("meta."):
            raise Unsupported(
                f"{name} of an order cannot be written to the store",
                fix="take its line out of the map's push; the store keeps what was ordered",
            )
    refunds = [_refund(one, order) for one in _objects(given, "refunds", _REFUND)]
    return Wish(
        status=_text(given.get("status"), "status"),
        cancel_reason=_text(given.get("cancel_reason"), "cancel_reason"),
        note=text(given["customer_note"], "customer_note") if "customer_note" in given else None,
        shipped=given.get("fulfilment") in ("shipped", "delivered"),
        parcels=[_parcel(one, order) for one in _objects(given, "fulfilments", _PARCEL)],
        refunds=[one for one in refunds if one is not None],
        meta={name[5:]: value for name, value in given.items() if name.startswith("meta.")},
    )


def covered(order: Mapping[str, Any], parcels: Sequence[Row]) -> bool:
    """Whether everything that was ordered and not given back is in parcels on their way."""
    left = {
        line["id"]: Decimal(line["quantity"]) - Decimal(line["refunded"])
        for line in order["lines"]
        if line["kind"] == "product"
    }
    sent = [one for one in parcels if one.get("status") in ("shipped", "delivered")]
    if any(not one.get("lines") for one in sent):
        return True
    for parcel in sent:
        for one in parcel["lines"]:
            if one["line"] in left:
                left[one["line"]] -= Decimal(str(one["quantity"]))
    return bool(sent) and all(count <= 0 for count in left.values())


def _parcel(given: Mapping[str, Any], order: Mapping[str, Any]) -> Row:
    state = str(given.get("status") or "shipped")
    if state not in STATES:
        raise RecordRejected(f"a fulfilment has no status {state!r}", fix=f"use {', '.join(STATES)}")
    tracking = given.get("tracking")
    numbers = [tracking] if isinstance(tracking, str) else list(tracking or ())
    kept: Row = {
        "reference": _reference(given, "a fulfilment"),
        "status": state,
        "tracking": [text(one, "tracking") for one in numbers if one],
    }
    for name in ("method", "shipped_at", "delivered_at"):
        if said := _text(given.get(name), name):
            kept[name] = said
    lines = _quantities(given.get("lines"), order, "lines of a fulfilment")
    if lines:
        kept["lines"] = [{"line": id, "quantity": str(count)} for id, count in sorted(lines.items())]
    return kept


def _refund(given: Mapping[str, Any], order: Mapping[str, Any]) -> Refund | None:
    """None for one that is not paid out yet: the store knows no such."""
    if str(given.get("status") or "settled") != "settled":
        return None
    said: Any = given.get("amount")
    currency: Any = given.get("currency")
    if isinstance(said, Mapping):
        said, currency = said.get("amount"), said.get("currency")
    if currency not in (None, order["currency"]):
        raise RecordRejected(f"the refund is not in {order['currency']}, the order's currency")
    try:
        amount = Decimal(str(said))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount <= 0:
        raise RecordRejected(f"a refund cannot have the amount {said!r}")
    lines = _quantities(given.get("lines"), order, "lines of a refund")
    return Refund(_reference(given, "a refund"), amount, _text(given.get("reason"), "reason"), lines)


def _reference(given: Mapping[str, Any], what: str) -> str:
    reference = _text(given.get("reference"), "reference")
    if reference is None:
        raise RecordRejected(f"{what} needs a reference, or it could be made twice")
    return reference


def _objects(payload: Mapping[str, Any], name: str, keys: frozenset[str]) -> list[Mapping[str, Any]]:
    found = payload.get(name) or []
    if not isinstance(found, list | tuple) or not all(isinstance(one, Mapping) for one in found):
        raise RecordRejected(f"{name} is not a list of objects")
    for one in found:
        strangers = set(one) - keys
        if strangers:
            raise Unsupported(f"{', '.join(sorted(strangers))} in {name} of an order cannot be written")
    return list(found)


def _quantities(given: Any, order: Mapping[str, Any], what: str) -> dict[str, int]:
    """`[{"line": id} or {"sku": …}, "quantity": n}]` by line id. Raises RecordRejected for a line not of this order."""
    if given is None:
        return {}
    if not isinstance(given, list | tuple) or not all(isinstance(one, Mapping) for one in given):
        raise RecordRejected(f"{what} is not a list of objects with line (or sku) and quantity")
    products = [line for line in order["lines"] if line["kind"] == "product"]
    found: dict[str, int] = {}
    for one in given:
        fitting = [line["id"] for line in products if one.get("line") and line["id"] == str(one["line"])]
        if not fitting and one.get("sku"):
            fitting = [line["id"] for line in products if line["sku"] == one["sku"]]
        if len(fitting) != 1:
            named = f"line {one.get('line')!r} or sku {one.get('sku')!r}"
            raise RecordRejected(f"{what}: {len(fitting) or 'no'} lines of the order have {named}")
        found[fitting[0]] = found.get(fitting[0], 0) + _whole(one.get("quantity"), what)
    return found


def _whole(value: Any, what: str) -> int:
    try:
        number = Decimal(str(value))
        if number == number.to_integral_value() and number >= 0:
            return int(number)
    except (InvalidOperation, ValueError, OverflowError):
        pass
    raise RecordRejected(f"{what}: the store counts whole pieces, not {value!r}")


def _text(value: Any, name: str) -> str | None:
    return text(value, name) or None
