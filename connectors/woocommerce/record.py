"""What records of every kind have in common there: meta data, moments, blanks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.woocommerce.rest import Row
from hub.sdk import RecordRejected

MARK = "_crm_hub_id"
ORIGIN = "_crm_hub_origin"

ADDRESS = (
    *("first_name", "last_name", "company", "address_1", "address_2"),
    *("city", "state", "postcode", "country", "phone"),
)

Naming = Callable[[Any, Any], str]
"""Country and state as the store has them → the state's name."""

_LEFT_OUT = frozenset({"_links", "meta_data", "avatar_url"})


def as_it_stands(country: Any, state: Any) -> str:
    return str(state or "")


def plain(row: Row, *, without: frozenset[str] = frozenset()) -> Row:
    """A row with each moment once (UTC, with its Z) and its meta data by key; the rest as the store says it.

    A moment without its `_gmt` twin keeps its digits: they are a time of the connection's zone.
    """
    shown: Row = {}
    for name, value in row.items():
        if name in _LEFT_OUT or name in without:
            continue
        base = name.removesuffix("_gmt")
        if base != name:
            shown[base] = (
                f"{value}Z" if isinstance(value, str) and value and not value.endswith("Z") else value
            )
        elif f"{name}_gmt" not in row:
            shown[name] = value
    if "meta_data" in row:
        shown["meta"] = meta(row["meta_data"])
    return shown


def meta(entries: Any) -> Row:
    """Key → value; of several with one key the one that counts there, the first."""
    found: Row = {}
    for one in entries if isinstance(entries, list) else ():
        if isinstance(one, dict) and one.get("key"):
            found.setdefault(str(one["key"]), one.get("value"))
    return found


def address(given: Any, *, also: Sequence[str] = (), naming: Naming = as_it_stands) -> Row:
    """A billing or shipping address, with the name of its state; PHP writes an empty object as an empty list."""
    known = given if isinstance(given, dict) else {}
    shown = {**dict.fromkeys((*ADDRESS, *also), ""), **known}
    return {**shown, "region": naming(shown["country"], shown["state"])}


def digest(raw: Mapping[str, Any]) -> str:
    """Differs whenever what is shown differs."""
    text = json.dumps(raw, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def text(value: Any, name: str) -> str:
    """A text that their database takes; an empty one for a blank. Raises RecordRejected."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RecordRejected(f"{name} takes text, not {value!r}")
    if "\0" in value:
        raise RecordRejected(f"{name} holds a NUL character, which the store's database may cut at")
    return value


def flat(payload: Mapping[str, Any], *, under: str = "") -> Row:
    """Nested tables as dotted names."""
    result: Row = {}
    for name, value in payload.items():
        if isinstance(value, Mapping):
            result |= flat(value, under=f"{under}{name}.")
        else:
            result[under + name] = value
    return result
