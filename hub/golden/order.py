"""The golden order: what its origin says, with what became of it in every system that works on it (sync.md, "Orders").

Content is the origin's. Parcels, payments and refunds are united by reference; for each the word of the system that
did it wins. Cancelling counts wherever a person did it. Recomputable at any time from the contributions alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from hub.canonical.contribution import Contribution

LISTS = ("fulfilments", "payments", "refunds")
UNITED = frozenset({*LISTS, "status", "cancelled_at", "cancel_reason", "fulfilment_status", "payment_status"})
_CANCELLING = ("cancelled_at", "cancel_reason")
_FULFILMENT = ("pending", "partial", "shipped", "delivered")
_PAYMENT = ("pending", "authorized", "partially_paid", "paid")
_MOVED = frozenset({"shipped", "delivered"})


class Voice(NamedTuple):
    """What one system says of the order. said: path → contribution; only live ones count."""

    connection: str
    said: Mapping[str, Contribution]

    def value(self, path: str) -> Any:
        found = self.said.get(path)
        return found.value if found is not None and found.live else None


def referred(values: Mapping[str, Any], connection: str) -> dict[str, Any]:
    """The values with a reference on each parcel, payment and refund, sorted by it.

    It is `<connection>:<external id>`, unless the record carries the reference of the system that did it.
    """
    found = dict(values)
    for name in LISTS:
        if found.get(name):
            found[name] = sorted(
                (_with_reference(item, connection) for item in found[name]),
                key=lambda item: str(item.get("reference", "")),
            )
    return found


def unite(origin: Voice, others: Sequence[Voice]) -> dict[str, Any]:
    """The golden order (path → value; None: emptied by its origin). The order of `others` does not matter."""
    fields = {path: one.value for path, one in origin.said.items()}
    for name in LISTS:
        items = _united(name, [origin, *others])
        if items or name in fields:
            fields[name] = items or None
    _cancelled(fields, origin, others)
    _state(
        fields,
        "fulfilment_status",
        _furthest(_FULFILMENT, [*_said(origin, others, "fulfilment_status"), _shipped(fields)]),
    )
    _state(fields, "payment_status", _paid(fields, _said(origin, others, "payment_status")))
    return fields


def _with_reference(item: Mapping[str, Any], connection: str) -> dict[str, Any]:
    if item.get("reference") or not item.get("external_id"):
        return dict(item)
    return {**item, "reference": f"{connection}:{item['external_id']}"}


def _united(name: str, voices: Sequence[Voice]) -> list[dict[str, Any]]:
    """Every item once. One that the system which did it no longer shows is gone, whatever its copies say."""
    listed: dict[str, dict[str, Mapping[str, Any]]] = {}
    for voice in voices:
        for item in voice.value(name) or ():
            listed.setdefault(str(item.get("reference", "")), {}).setdefault(voice.connection, item)
    told = {voice.connection for voice in voices if voice.value(name) is not None}
    found = []
    for reference, by_voice in sorted(listed.items()):
        doer = reference.partition(":")[0]
        if doer in told and doer not in by_voice:
            continue
        item = by_voice.get(doer) or next(by_voice[v.connection] for v in voices if v.connection in by_voice)
        found.append(dict(item))
    return found


def _cancelled(fields: dict[str, Any], origin: Voice, others: Iterable[Voice]) -> None:
    """An order cancelled elsewhere by a person is cancelled."""
    if origin.value("status") == "cancelled":
        return
    edits = [
        (one.source_at or one.seen_at, voice.connection, voice)
        for voice in others
        if (one := voice.said.get("status")) and one.live and one.kind == "edit" and one.value == "cancelled"
    ]
    if edits:
        voice = min(edits, key=lambda edit: edit[:2])[2]
        fields["status"] = "cancelled"
        fields |= {path: value for path in _CANCELLING if (value := voice.value(path)) is not None}


def _said(origin: Voice, others: Iterable[Voice], path: str) -> list[str]:
    return [value for voice in (origin, *others) if (value := voice.value(path)) is not None]


def _furthest(ladder: Sequence[str], words: Iterable[str]) -> str | None:
    """The word furthest up the ladder; one that is not on it (cancelled, returned, voided) stands above it."""
    best: str | None = None
    for word in words:
        if word not in ladder:
            if word not in ("", "unknown"):
                return word
        elif best is None or ladder.index(word) > ladder.index(best):
            best = word
    return best


def _shipped(fields: Mapping[str, Any]) -> str:
    """What the parcels add up to; "" if they do not say what is in them."""
    gone = [one for one in fields.get("fulfilments") or () if one.get("status") in _MOVED]
    if not gone:
        return ""
    wanted = sum(
        (_count(line) for line in fields.get("lines") or () if line.get("kind", "product") == "product"),
        Decimal(0),
    )
    sent = sum((_count(line) for one in gone for line in one.get("lines") or ()), Decimal(0))
    if not sent:
        return ""
    if sent < wanted:
        return "partial"
    return "delivered" if all(one["status"] == "delivered" for one in gone) else "shipped"


def _paid(fields: Mapping[str, Any], said: list[str]) -> str | None:
    """What was given back counts first, then the furthest that any system says."""
    back = _sum(
        one.get("amount") for one in fields.get("refunds") or () if one.get("status") in (None, "settled")
    )
    whole = _sum([fields.get("totals.grand_total")])
    if back and whole:
        return "refunded" if back >= whole else "partially_refunded"
    return _furthest(_PAYMENT, said)


def _sum(amounts: Iterable[Any]) -> Decimal:
    return sum((Decimal(one["amount"]) for one in amounts if one), Decimal(0))


def _count(line: Mapping[str, Any]) -> Decimal:
    return Decimal(str(line.get("quantity") or 0))


def _state(fields: dict[str, Any], path: str, value: str | None) -> None:
    if value:
        fields[path] = value
