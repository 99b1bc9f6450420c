"""From a change's payload to what the ERP's create and write take: its own fields and operations on its children.

A value that vanishes deactivates its child instead of deleting it: orders may refer to it, and it can be brought back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.tryton.party import (
    LINES,
    MARKER,
    MECHANISMS,
    PHONES,
    STREET_PARTS,
    TAX_KINDS,
    active,
    address,
    mechanisms,
    tax_identifiers,
)
from connectors.tryton.rest import encode
from hub.sdk import RecordRejected

# Single-line fields refuse these ("contains some invalid chars").
_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")

_FORMAT = re.compile(r"[^+\d]")

_ADDRESS_TEXT = {"postal_code": "postal_code", "city": "city", "recipient": "attn", "company": "party_name"}
_ADDRESS = frozenset({*_ADDRESS_TEXT, *LINES, "country", "subdivision", "subdivision_code"})
_EU = frozenset("AT BE BG CY CZ DE DK EE EL ES FI FR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK XI".split())  # noqa: SIM905
_FIXED_TYPES = {"uscc": "cn_vat", "gst": "in_vat", "ein": "us_ein"}


class References:
    """Finds the ERP's ids for our codes. Each raises RecordRejected for one the ERP does not have."""

    def country(self, code: str) -> int:
        raise NotImplementedError

    def language(self, code: str) -> int:
        raise NotImplementedError

    def subdivision(self, country: str | None, word: str) -> int:
        raise NotImplementedError


Operations = list[list[Any]]


def values(
    payload: Mapping[str, Any],
    row: Mapping[str, Any] | None,
    *,
    references: References,
    extra: Mapping[str, str],
    marker: str | None = None,
) -> dict[str, Any]:
    """What to create (`row` None) or write. `extra`: the connection's further fields with their types.

    Raises RecordRejected for a name that cannot be written and for a value the ERP has no word for.
    """
    given = flat(payload)
    result: dict[str, Any] = {}
    for name in ("name", "code"):
        if name in given:
            result[name] = one_line(given[name], name)
    if "lang" in given:
        result["lang"] = references.language(given["lang"]) if given["lang"] else None
    for name, kind in extra.items():
        if name in given:
            result[name] = encode(given[name], kind)
    children = {
        "contact_mechanisms": _mechanisms(given, row),
        "addresses": _address(given, row, references),
        "identifiers": _identifiers(given, row),
    }
    if marker:
        children["identifiers"].append(["create", [{"type": None, "code": MARKER + marker}]])
    result |= {name: operations for name, operations in children.items() if operations}
    _refuse_rest(given, extra)
    return result


def flat(payload: Mapping[str, Any], *, under: str = "") -> dict[str, Any]:
    """Nested tables as dotted names."""
    result: dict[str, Any] = {}
    for name, value in payload.items():
        if isinstance(value, Mapping):
            result |= flat(value, under=f"{under}{name}.")
        else:
            result[under + name] = value
    return result


def one_line(value: Any, name: str) -> str | None:
    """Text fit for a single-line field; None for a blank."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise RecordRejected(f"{name} takes text, not {value!r}")
    line = _BREAKS.sub(" ", value.replace("\0", ""))
    return line if line.strip() else None


def _refuse_rest(given: Mapping[str, Any], extra: Mapping[str, str]) -> None:
    known = {"name", "code", "lang", *MECHANISMS, *extra}
    known |= {f"address.{name}" for name in _ADDRESS} | {f"identifier.{kind}" for kind in TAX_KINDS}
    for name in given:
        if name not in known:
            raise RecordRejected(
                f"{name} of a party cannot be written", fix="take its line out of the map's push"
            )


def _mechanisms(given: Mapping[str, Any], row: Mapping[str, Any] | None) -> Operations:
    operations: Operations = []
    for kind in MECHANISMS:
        if kind not in given:
            continue
        value = one_line(given[kind], kind)
        main = next(iter(mechanisms(row, kind)), None) if row else None
        if main:
            operations.append(_bring(main, "value", value))
        elif value is not None:
            asleep = _asleep(row, kind, value) if row else None
            wake = ["write", [asleep], {"active": True}]
            operations.append(wake if asleep else ["create", [{"type": kind, "value": value}]])
    return operations


def _bring(main: Mapping[str, Any], field: str, value: str | None) -> list[Any]:
    return ["write", [main["id"]], {"active": False} if value is None else {field: value}]


def _asleep(row: Mapping[str, Any], kind: str, value: str) -> int | None:
    """A deactivated mechanism that holds this very value, to be woken rather than doubled."""
    for one in row["contact_mechanisms"]:
        if not one["active"] and one["type"] == kind and _core(kind, one["value"]) == _core(kind, value):
            return int(one["id"])
    return None


def _core(kind: str, value: str) -> str:
    """What of a value does not change when the server formats it."""
    return _FORMAT.sub("", value) if kind in PHONES else value.casefold()


def _identifiers(given: Mapping[str, Any], row: Mapping[str, Any] | None) -> Operations:
    operations: Operations = []
    for kind in TAX_KINDS:
        name = f"identifier.{kind}"
        if name not in given:
            continue
        code = one_line(given[name], name)
        main = next(iter(tax_identifiers(row, kind)), None) if row else None
        if main:
            operations.append(_bring(main, "code", code))
        elif code is not None:
            country = given.get("address.country") or (_main_address(row)["country"] if row else None)
            operations.append(["create", [{"type": _tax_type(kind, code, country), "code": code}]])
    return operations


def _tax_type(kind: str, code: str, country: str | None) -> str:
    """Their type for a new tax id: by the number's own country letters, else by the address."""
    if kind in _FIXED_TYPES:
        return _FIXED_TYPES[kind]
    letters = code[:2].upper()
    if letters in _EU:
        return "eu_vat"
    where = letters if letters.isalpha() else country
    if not where:
        raise RecordRejected(
            f'the tax number "{code}" has no country',
            fix="give it its country letters, or the customer an address",
        )
    return f"{where.lower()}_vat"


def _main_address(row: Mapping[str, Any]) -> dict[str, Any]:
    return next((address(one) for one in active(row["addresses"])), address({}))


def _address(given: Mapping[str, Any], row: Mapping[str, Any] | None, references: References) -> Operations:
    asked = {
        name.removeprefix("address."): value for name, value in given.items() if name.startswith("address.")
    }
    asked = {name: value for name, value in asked.items() if name in _ADDRESS}
    if not asked:
        return []
    main = next(iter(active(row["addresses"])), None) if row else None
    before = address(main or {})
    after = {**before, **{name: value if value != "" else None for name, value in asked.items()}}
    if not any(after.values()):
        return [["write", [main["id"]], {"active": False}]] if main else []
    written: dict[str, Any] = {
        theirs: one_line(asked[ours], f"address.{ours}")
        for ours, theirs in _ADDRESS_TEXT.items()
        if ours in asked
    }
    if asked.keys() & set(LINES):
        lines = [str(after[name]).replace("\0", "") for name in LINES if after[name]]
        written["street_unstructured"] = "\n".join(lines) or None
        written |= {part: None for part in STREET_PARTS if main and main[part]}
    written |= _places(asked, before, after, references)
    return [["write", [main["id"]], written]] if main else [["create", [written]]]


def _places(
    asked: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any], references: References
) -> dict[str, Any]:
    """Country and subdivision, which the ERP holds as references; a subdivision of another country cannot stay."""
    written: dict[str, Any] = {}
    if "country" in asked:
        written["country"] = references.country(after["country"]) if after["country"] else None
        if after["country"] != before["country"] and before["subdivision_code"]:
            written["subdivision"] = None
    if asked.keys() & {"subdivision", "subdivision_code"}:
        word = asked.get("subdivision_code") or asked.get("subdivision")
        written["subdivision"] = references.subdivision(after["country"], word) if word else None
    return written
