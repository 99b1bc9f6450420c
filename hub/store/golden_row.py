"""A golden record as two JSON documents: its fields, and for each the reason. What most reasons share is written
once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson


def encode_doc(fields: Mapping[str, Any], also: Mapping[str, Any]) -> str:
    """JSON text {"fields": …, "also": …}; `also` only if there is any."""
    document: dict[str, Any] = {"fields": fields}
    if also:
        document["also"] = also
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


def decode_doc(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(fields, also)."""
    document = orjson.loads(text)
    return document["fields"], document.get("also") or {}


def encode_why(why: Mapping[str, Sequence[Any]], fields: Mapping[str, Any]) -> str:
    """JSON text {"c": the commonest reason, "x": {path: another reason}, "p": paths of that reason without a value}."""
    if not why:
        return "{}"
    common = next(iter(why.values()))
    odd, absent = {}, []
    for path, reason in why.items():
        if reason is not common and reason != common:
            odd[path] = tuple(reason)
        elif path not in fields:
            absent.append(path)
    document: dict[str, Any] = {"c": tuple(common)}
    if odd:
        document["x"] = odd
    if absent:
        document["p"] = sorted(absent)
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


def decode_why(text: str, fields: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Path → reason, as a list in the order of its fields."""
    document = orjson.loads(text)
    if not document:
        return {}
    reasons: dict[str, list[Any]] = dict.fromkeys([*fields, *document.get("p", ())], document["c"])
    reasons.update(document.get("x", {}))
    return reasons
