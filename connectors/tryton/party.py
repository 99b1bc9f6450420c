"""A party as the hub sees it: which fields are read, and how it and its addresses, contact mechanisms and identifiers
become one flat raw record.

The first active child by the ERP's own order is the main one (as in the ERP); the others stand under `also`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.sdk import RecordRejected, RemoteRecord

MODEL = "party.party"
CHILDREN = ("addresses", "contact_mechanisms", "identifiers")
MECHANISMS = ("email", "phone", "mobile", "fax", "website")
PHONES = frozenset({"phone", "mobile", "fax"})
LINES = ("line1", "line2", "line3")
# The parts of a structured street; writing a street as text empties those that are filled, or the text would not show.
STREET_PARTS = (
    *("street_name", "building_name", "building_number", "unit_number", "floor_number", "room_number"),
    *("post_box", "private_bag", "post_office"),
)
MARKER = "crmhub:"

_STAMPS = ("create_date", "write_date")
FIELDS: tuple[str, ...] = (
    *("name", "code", "active", "lang.code", "replaced_by", "categories.rec_name", *_STAMPS),
    *(f"{child}.{stamp}" for child in CHILDREN for stamp in _STAMPS),
    *(f"contact_mechanisms.{name}" for name in ("type", "value", "active")),
    *(f"identifiers.{name}" for name in ("type", "code", "active")),
    *(f"addresses.{name}" for name in ("street", "postal_code", "city", "country.code", "active")),
    *(f"addresses.{name}" for name in ("attn", "party_name", "subdivision.code", "subdivision.name")),
    *(f"addresses.{name}" for name in STREET_PARTS),
)

_TAX_KINDS = {"us_ein": "ein", "cn_vat": "uscc", "in_vat": "gst"}
TAX_KINDS = ("vat", "uscc", "gst", "ein")


def record(row: Mapping[str, Any], *, extra: Sequence[str] = ()) -> RemoteRecord:
    """The remote record of a row read with FIELDS and `extra`. Raises RecordRejected for a row of another shape.

    One deactivated (Tryton then lets nobody change it) or merged into another counts as deleted.
    """
    try:
        gone = not row["active"] or bool(row["replaced_by"])
        return RemoteRecord(str(row["id"]), raw(row, extra=extra), version(row), deleted=gone)
    except (KeyError, TypeError, AttributeError) as error:
        raise RecordRejected("the server did not show this party as agreed", cause=repr(error)) from None


def raw(row: Mapping[str, Any], *, extra: Sequence[str] = ()) -> dict[str, Any]:
    """JSON types only; a child that is not there leaves its keys None."""
    mechanisms = {kind: _values(row["contact_mechanisms"], kind) for kind in MECHANISMS}
    addresses = [address(one) for one in active(row["addresses"])]
    taxes = {kind: [one["code"] for one in tax_identifiers(row, kind)] for kind in TAX_KINDS}
    others = [one for one in active(row["identifiers"]) if not tax_kind(one["type"]) and not marks(one)]
    further: dict[str, Any] = {kind: values[1:] for kind, values in mechanisms.items() if values[1:]}
    further |= {kind: values[1:] for kind, values in taxes.items() if values[1:]}
    if addresses[1:]:
        further["address"] = addresses[1:]
    if others:
        further["identifier"] = [f"{one['type'] or 'other'}:{one['code']}" for one in others]
    rest = [one for one in active(row["contact_mechanisms"]) if one["type"] not in MECHANISMS]
    if rest:
        further["contact"] = [f"{one['type']}:{one['value']}" for one in rest]
    return {
        "id": row["id"],
        "code": row["code"],
        "name": row["name"],
        "active": bool(row["active"]),  # SQLite servers say 1 and 0
        "lang": (row["lang"] or {}).get("code"),
        "replaced_by": row["replaced_by"],
        "categories": [one["rec_name"] for one in row["categories"]],
        **{kind: values[0] if values else None for kind, values in mechanisms.items()},
        "address": addresses[0] if addresses else address({}),
        "identifier": {kind: codes[0] if codes else None for kind, codes in taxes.items()},
        "also": further,
        "changed": changed(row),
        **{name: row.get(name) for name in extra},
    }


def version(row: Mapping[str, Any]) -> str:
    """Differs whenever the party or one of its children was written, added or removed."""
    stamps = [(row["id"], changed_of(row))]
    for child in CHILDREN:
        stamps += sorted((one["id"], changed_of(one)) for one in row[child])
    return hashlib.blake2b(repr(stamps).encode(), digest_size=12).hexdigest()


def changed(row: Mapping[str, Any]) -> str:
    """The latest write to the party or a child: a change of a child does not touch the party's own stamp."""
    return max([changed_of(row), *(changed_of(one) for child in CHILDREN for one in row[child])])


def changed_of(row: Mapping[str, Any]) -> str:
    return row["write_date"] or row["create_date"] or ""


def active(children: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in children if one["active"]]


def address(row: Mapping[str, Any]) -> dict[str, Any]:
    """An address child, its street split into lines; the last line keeps what is left."""
    lines = [line for line in (row.get("street") or "").splitlines() if line.strip()]
    split: list[str | None] = [*lines[:2], "\n".join(lines[2:]) or None]
    if len(lines) < 2:
        split = [*lines, *([None] * (3 - len(lines)))]
    subdivision = row.get("subdivision") or {}
    return {
        "recipient": row.get("attn"),
        "company": row.get("party_name"),
        **dict(zip(LINES, split, strict=True)),
        "postal_code": row.get("postal_code"),
        "city": row.get("city"),
        "subdivision": subdivision.get("name"),
        "subdivision_code": subdivision.get("code"),
        "country": (row.get("country") or {}).get("code"),
    }


def marks(identifier: Mapping[str, Any]) -> bool:
    """Whether this identifier is the mark we left on a party we created."""
    return not identifier["type"] and str(identifier["code"]).startswith(MARKER)


def tax_kind(identifier_type: str | None) -> str | None:
    """Our kind of tax id for a type of theirs (`de_vat`, `eu_vat`, `cn_vat`, `us_ein`), None if it is none."""
    kind = _TAX_KINDS.get(identifier_type or "")
    return kind or ("vat" if (identifier_type or "").endswith("_vat") else None)


def tax_identifiers(row: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return [one for one in active(row["identifiers"]) if tax_kind(one["type"]) == kind]


def mechanisms(row: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return [one for one in active(row["contact_mechanisms"]) if one["type"] == kind]


def _values(children: Iterable[Mapping[str, Any]], kind: str) -> list[str]:
    return [one["value"] for one in active(children) if one["type"] == kind]
