"""A customer as the hub sees it, and what of a change the store takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.woocommerce.record import (
    ADDRESS,
    MARK,
    Naming,
    address,
    as_it_stands,
    digest,
    flat,
    plain,
    text,
)
from connectors.woocommerce.rest import Row
from hub.sdk import Change, RecordRejected, RemoteRecord

PATH = "customers"
PLAIN = ("email", "first_name", "last_name")
PARTS = {"billing": (*ADDRESS, "email", "region"), "shipping": (*ADDRESS, "region")}

Coding = Callable[[Any, str], str]
"""Country and the name of a state → the store's code for it."""


def record(row: Row, *, naming: Naming = as_it_stands) -> RemoteRecord:
    """Raises RecordRejected for a row of another shape."""
    try:
        shown = raw(row, naming=naming)
    except (KeyError, TypeError, AttributeError) as error:
        raise RecordRejected("the store did not show this customer as agreed", cause=repr(error)) from None
    return RemoteRecord(shown["id"], shown, digest(shown))


def raw(row: Row, *, naming: Naming = as_it_stands) -> Row:
    """JSON types only. A customer that nobody has changed yet has no moment of change; `updated` is then that of its
    making."""
    shown = plain(row)
    shown |= {"id": str(row["id"]), "email": row["email"]}
    shown["billing"] = address(row.get("billing"), also=("email",), naming=naming)
    shown["shipping"] = address(row.get("shipping"), naming=naming)
    shown["updated"] = shown.get("date_modified") or shown.get("date_created")
    return shown


def body(change: Change, *, coding: Coding) -> dict[str, Any]:
    """What is sent for a change: only what it names; of a create no blanks. Raises RecordRejected, RetryLater."""
    making = change.external_id is None
    sent: dict[str, Any] = {}
    entries: list[dict[str, Any]] = []
    for name, value in flat(change.payload).items():
        head, _, rest = name.partition(".")
        blank = value is None or value == ""
        if head == "meta" and rest:
            entries += [{"key": rest, "value": value}] if not (making and blank) else []
        elif name in PLAIN:
            sent |= {name: text(value, name)} if not (making and blank) else {}
        elif rest in PARTS.get(head, ()):
            if not (making and blank):
                sent.setdefault(head, {})[rest] = text(value, name)
        else:
            raise RecordRejected(
                f"{name} of a customer cannot be written", fix="take its line out of the map's push"
            )
    if (making or "email" in sent) and not sent.get("email"):
        raise RecordRejected(
            "a customer there cannot be without e-mail", fix="complete it, or do not create it there"
        )
    for part in PARTS:
        if "region" in sent.get(part, {}):
            country = sent[part].get("country") or ((change.before or {}).get(part) or {}).get("country")
            sent[part]["state"] = coding(country, sent[part].pop("region"))
    if making and change.marker:
        entries.append({"key": MARK, "value": change.marker})
    return {**sent, **({"meta_data": entries} if entries else {})}


def email_key(value: Any) -> str:
    """An e-mail as the store compares it."""
    return str(value or "").strip().lower()


def marked_otherwise(raw: Mapping[str, Any], marker: str | None) -> bool:
    """Whether the customer was made for another record of the hub."""
    mark = (raw.get("meta") or {}).get(MARK)
    return bool(mark and marker and mark != marker)
