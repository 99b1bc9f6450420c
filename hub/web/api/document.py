"""Golden records and orders as the API shows them: our ids, and the stored document as it stands.

The document is JSON text with the paths of canonical-model.md; it is put into the answer as text, never taken apart,
unless only some fields are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from hub.canonical.ids import show
from hub.canonical.moment import from_epoch
from hub.canonical.paths import nearest, parse
from hub.canonical.vocabulary import OBJECTS
from hub.errors import HubError, WrongUse
from hub.store.queries.feed import Change
from hub.store.queries.readers import Listed, OrderRow

_ALSO = '{"also"'


def customer(row: Listed, fields: Sequence[str] | None = None) -> str:
    """{"id", "version", "created_at", "updated_at", "also": {field: [[slot, value], …]}, "fields": {path: value}}."""
    doc = row.doc if fields is None else _some(row.doc, fields)
    rest = doc[1:] if doc.startswith(_ALSO) else '"also":{},' + doc[1:]
    return (
        f'{{"id":"{show("cus", row.id)}","version":{row.version},'
        f'"created_at":"{_moment(row.created_at)}","updated_at":"{_moment(row.updated_at)}",{rest}'
    )


def order(row: OrderRow) -> str:
    """{"id", "connection", "external_id", "customer_id", "version", "updated_at", "totals_difference", "fields"}."""
    head = orjson.dumps(
        {
            "id": show("ord", row.id),
            "connection": row.connection,
            "external_id": row.external_id,
            "customer_id": None if row.customer_id is None else show("cus", row.customer_id),
            "version": row.version,
            "updated_at": _moment(row.updated_at),
            "totals_difference": row.totals_difference,
        }
    ).decode()
    return f'{head[:-1]},"fields":{row.doc}}}'


def page(name: str, items: Iterable[str], next: str | None) -> str:
    """{name: [item, …], "next": cursor or null}; items are JSON texts."""
    cursor = "null" if next is None else f'"{next}"'
    return f'{{"{name}":[{",".join(items)}],"next":{cursor}}}'


def change(one: Change) -> dict[str, Any]:
    """{"seq", "kind", "customer_id", "other_id", "at"}."""
    return {
        "seq": one.seq,
        "kind": one.kind,
        "customer_id": show("cus", one.customer_id),
        "other_id": None if one.other_id is None else show("cus", one.other_id),
        "at": from_epoch(one.at),
    }


def chosen(text: str | None) -> list[str] | None:
    """The fields asked for, of `?fields=email,address[billing],given_name`. Raises WrongUse with the nearest one."""
    if not text:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in OBJECTS["customer"]:
            _check(name)
    return names


def _check(name: str) -> None:
    try:
        parse(name)
    except HubError as error:
        if "needs a part" in error.message:
            return
        near = nearest(name, OBJECTS["customer"])
        raise WrongUse(error.message, fix=f"Did you mean {near!r}?" if near else error.fix) from None


def _some(doc: str, names: Sequence[str]) -> str:
    """The document with the named paths, and what is below them."""
    whole = orjson.loads(doc)
    stems = tuple(f"{name}{mark}" for name in names for mark in ".[")
    wanted = frozenset(names)
    fields = {
        path: value for path, value in whole["fields"].items() if path in wanted or path.startswith(stems)
    }
    also = {name: found for name, found in (whole.get("also") or {}).items() if name in wanted}
    return orjson.dumps({"also": also, "fields": fields}).decode()


def _moment(seconds: float) -> str:
    return from_epoch(float(int(seconds)))
