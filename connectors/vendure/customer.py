"""A customer as the hub sees it: the fields that are read, and how it and its addresses become one flat raw record.

The default addresses stand under `billing` and `shipping` (both, if one address is both); all others under `also`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.vendure.graphql import Row, in_order
from hub.sdk import RecordRejected, RemoteRecord

PLAIN: Mapping[str, str] = {
    "title": "title",
    "first_name": "firstName",
    "last_name": "lastName",
    "email": "emailAddress",
    "phone": "phoneNumber",
}
"""Our raw name → theirs."""
ADDRESS: Mapping[str, str] = {
    "full_name": "fullName",
    "company": "company",
    "line1": "streetLine1",
    "line2": "streetLine2",
    "city": "city",
    "province": "province",
    "postal_code": "postalCode",
    "country": "countryCode",
    "phone": "phoneNumber",
}
"""Our raw name → theirs, as their inputs call it (read, the country is an object)."""
DEFAULTS: Mapping[str, str] = {"billing": "defaultBillingAddress", "shipping": "defaultShippingAddress"}

BLANK: Mapping[str, None] = dict.fromkeys(("id", *ADDRESS))

_ADDRESS_FIELDS = " ".join(
    [
        *("id", "updatedAt", *DEFAULTS.values(), "country{code}"),
        *(theirs for ours, theirs in ADDRESS.items() if ours != "country"),
    ]
)


def fields(extra: Sequence[str]) -> str:
    """What is asked of each customer; `extra`: names of custom fields."""
    custom = f" customFields{{{' '.join(extra)}}}" if extra else ""
    return (
        f"id createdAt updatedAt user{{id verified}} {' '.join(PLAIN.values())} "
        f"addresses{{{_ADDRESS_FIELDS}}}{custom}"
    )


def record(row: Row, *, extra: Sequence[str] = ()) -> RemoteRecord:
    """The remote record of a row. Raises RecordRejected for a row of another shape."""
    try:
        shown = raw(row, extra=extra)
    except (KeyError, TypeError, AttributeError) as error:
        raise RecordRejected("the store did not show this customer as agreed", cause=repr(error)) from None
    return RemoteRecord(str(row["id"]), shown, digest(shown))


def raw(row: Row, *, extra: Sequence[str] = ()) -> dict[str, Any]:
    """JSON types only; a default address that is not there is one of blanks."""
    addresses = by_age(row)
    defaults = {kind: default(row, kind) for kind in DEFAULTS}
    taken = {one["id"] for one in defaults.values() if one}
    return {
        "id": str(row["id"]),
        **{ours: row[theirs] for ours, theirs in PLAIN.items()},
        **{kind: address(one) if one else dict(BLANK) for kind, one in defaults.items()},
        "also": [address(one) for one in addresses if one["id"] not in taken],
        "guest": row["user"] is None,
        "verified": bool(row["user"] and row["user"]["verified"]),
        **({"custom": {name: row["customFields"].get(name) for name in extra}} if extra else {}),
        "created": row["createdAt"],
        "updated": max(str(one["updatedAt"]) for one in (row, *addresses)),
    }


def by_age(row: Row) -> list[Row]:
    """The addresses, oldest first."""
    return in_order(row["addresses"])


def default(row: Row, kind: str) -> Row | None:
    """The default address of this kind."""
    return next((one for one in by_age(row) if one[DEFAULTS[kind]]), None)


def address(row: Row) -> dict[str, Any]:
    """An address by our names."""
    plain = {ours: row[theirs] for ours, theirs in ADDRESS.items() if ours != "country"}
    return {"id": str(row["id"]), **plain, "country": row["country"]["code"]}


def digest(raw: Mapping[str, Any]) -> str:
    """Differs whenever what is shown differs, stamps and ids included."""
    text = json.dumps(raw, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
