"""A binding as a row. Compact: kind and times most contributions share are written once, `sent` only where it
differs from
what was contributed (stack.md §8: 455 instead of 1,010 bytes)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from hub.canonical.contribution import Contribution
from hub.store.documents import dump, load

COLUMNS = (
    "record_id", "seen", "sent", "contribution", "version", "created_for", "settled_at", "intent", "doubt",
    "call_ends_at", "suspects", "echoes", "before", "lease_until", "fence", "reread", "gone", "refused",
)  # fmt: skip

_KIND = {"f": "first_sight", "e": "edit"}


def encode_contributions(contribution: Mapping[str, Contribution], seen: Mapping[str, Any]) -> str:
    """JSON text: {"c": [kind, source_at, seen_at, live], "v": {path: value}, "x": {path: [...]}, "r": {path: raw}}."""
    if not contribution:
        return "{}"
    values: dict[str, Any] = {}
    odd: dict[str, Any] = {}
    raws: dict[str, Any] = {}
    common: tuple[Any, ...] | None = None
    for path, (value, raw, kind, source_at, seen_at, live) in contribution.items():
        values[path] = value
        if seen.get(path) != raw:
            raws[path] = raw
        meta = (kind, source_at, seen_at, live)
        if common is None:
            common = meta
        elif meta != common:
            odd[path] = [kind[0], source_at, seen_at, live]
    assert common is not None
    document: dict[str, Any] = {"c": [common[0][0], *common[1:]], "v": values}
    if odd:
        document["x"] = odd
    if raws:
        document["r"] = raws
    return orjson.dumps(document).decode()


def decode_contributions(text: str, seen: Mapping[str, Any]) -> dict[str, Contribution]:
    """The inverse of `encode_contributions`."""
    document = orjson.loads(text)
    if not document:
        return {}
    odd = document.get("x") or {}
    raws = document.get("r") or {}
    common = document["c"]
    out = {}
    for path, value in document["v"].items():
        letter, source_at, seen_at, live = odd.get(path, common)
        raw = raws[path] if path in raws else seen.get(path)
        out[path] = Contribution(value, raw, _KIND[letter], source_at, seen_at, live)  # type: ignore[arg-type]
    return out


def encode_sent(
    sent: Mapping[str, Any], contribution: Mapping[str, Contribution], seen: Mapping[str, Any]
) -> str | None:
    """None where every field stands there as contributed, and nothing where the system showed a blank."""
    return None if sent == _as_contributed(contribution, seen) else dump(sent)


def decode_sent(
    text: str | None, contribution: Mapping[str, Contribution], seen: Mapping[str, Any]
) -> dict[str, Any]:
    """The inverse of `encode_sent`."""
    if text is None:
        return _as_contributed(contribution, seen)
    return dict(load(text))


def _as_contributed(contribution: Mapping[str, Contribution], seen: Mapping[str, Any]) -> dict[str, Any]:
    sent = {path: item[0] for path, item in contribution.items()}
    for path in seen:
        if path not in sent:
            sent[path] = None
    return sent


def optional(value: Any) -> str | None:
    """JSON text, or null for an empty document: most bindings have none."""
    return dump(value) if value else None


def known(row: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Contribution], dict[str, Any]]:
    """(seen, contribution, sent) of a row in the order of COLUMNS."""
    seen = load(row[1])
    contribution = decode_contributions(row[3], seen)
    return seen, contribution, decode_sent(row[2], contribution, seen)
