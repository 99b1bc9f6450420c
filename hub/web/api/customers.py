"""Customers: one by our id, those an outside id, an e-mail, a phone or words mean; where values come from; writes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response, request
from sqlalchemy import Connection
from werkzeug.exceptions import UnsupportedMediaType

from hub.canonical import ids
from hub.errors import Stale, WrongUse
from hub.flows import lookup, writing
from hub.store.queries import readers
from hub.store.queries.readers import ALL, Listed
from hub.web.api import document, schemas
from hub.web.api.gate import asking
from hub.web.api.part import json, part, view
from hub.web.api.wired import wired

blueprint = part("customers", "Golden records: read, looked up, explained, changed.")

_ONE = "/customers/<string:id>"
_REVALIDATE = "private, no-cache"
_FIELDS = {
    "name": "fields",
    "in": "query",
    "schema": {"type": "string"},
    "description": "Only these, as in `email,address[billing],given_name`.",
}
_JSON_TYPES = ("application/json", "application/merge-patch+json")


@view(
    blueprint,
    _ONE,
    needs="read",
    gives=schemas.Customer,
    headers={"ETag": {"schema": {"type": "string"}}},
    parameters=[_FIELDS],
    problems=(304, 308, 404, 410),
)
def one(id: str) -> Response:
    """A customer by our id.

    `?fields=email,address[billing]` shows only these. With If-None-Match an unchanged one is 304. A merged id is 308.
    """
    number = ids.read("cus", id)
    fields = _only_fields() if request.query_string else None
    with _store().read() as conn:
        row = readers.customer(conn, number)
        if row is None or row.merged_into is not None:
            row = lookup.living(conn, number)
    tag = f'"{row.version}"'
    headers = {"ETag": tag, "Cache-Control": _REVALIDATE}
    known = request.headers.get("If-None-Match")
    if known is not None and _names(known, tag):
        return Response(status=304, headers=headers)
    return json(document.customer(row, fields), headers=headers)


@view(
    blueprint,
    "/customers",
    needs="read",
    takes=schemas.CustomerQuery,
    gives=schemas.CustomerPage,
    problems=(404,),
)
def several(asked: dict[str, Any]) -> Response:
    """Customers by (connection, external_id), by email, by phone, by words (q), or all; newest id first."""
    ways = [name for name in ("external_id", "email", "phone", "q") if name in asked]
    if len(ways) > 1 or ("connection" in asked) != ("external_id" in asked):
        raise WrongUse(
            "Look in one way at a time.",
            fix="Give connection and external_id, or email, or phone, or q, or none.",
        )
    fields = document.chosen(asked.get("fields_"))
    before = ids.read("cus", asked["cursor"]) if "cursor" in asked else ALL
    with _store().read() as conn:
        found = _found(conn, asked, before=before, way=ways[0] if ways else None)
    next = None if found.next is None else ids.show("cus", found.next)
    return json(document.page("customers", [document.customer(row, fields) for row in found.customers], next))


@view(blueprint, f"{_ONE}/provenance", needs="read", gives=schemas.Provenance, problems=(308, 404, 410))
def provenance(id: str) -> Response:
    """Where each value comes from: its record, when it was seen, the rule that chose it, who pinned it."""
    with _store().read() as conn:
        found = lookup.provenance(conn, ids.read("cus", id))
    return json(orjson.dumps(found).decode())


@view(blueprint, f"{_ONE}/records", needs="read", gives=schemas.Links, problems=(308, 404, 410))
def records(id: str) -> Response:
    """The records of connected systems that are this customer."""
    with _store().read() as conn:
        found = lookup.links(conn, ids.read("cus", id))
    return json(orjson.dumps({"records": found}).decode())


@view(
    blueprint,
    f"{_ONE}/orders",
    needs="read",
    takes=schemas.Paging,
    gives=schemas.OrderPage,
    problems=(308, 404, 410),
)
def orders(asked: dict[str, Any], id: str) -> Response:
    """The orders of a customer, from all connections, newest first."""
    before = ids.read("ord", asked["cursor"]) if "cursor" in asked else ALL
    limit = asked["limit"]
    with _store().read() as conn:
        row = lookup.living(conn, ids.read("cus", id))
        found = readers.orders_of(conn, row.id, before=before, limit=limit + 1)
    next = ids.show("ord", found[limit - 1].id) if len(found) > limit else None
    return json(document.page("orders", map(document.order, found[:limit]), next))


@view(
    blueprint,
    _ONE,
    method="PATCH",
    needs="write",
    gives=schemas.Patched,
    requestBody={
        "required": True,
        "content": {kind: {"schema": schemas.CustomerPatch} for kind in _JSON_TYPES},
    },
    problems=(308, 404, 410, 412, 413, 415, 422),
)
def change(id: str) -> Response:
    """Change fields of a customer.

    A merge patch of `fields`: what is given is an edit at the time of the request, null clears, the rest stays. The
    hub's rules decide as for any system's edit; `overruled` names what did not win. With If-Match it is written only to
    the version you know.
    """
    number = ids.read("cus", id)
    values = writing.canonical(_given())
    version = _known_version()
    db, token = _store(), asking()
    at, wiring = wired(db)
    done = writing.write(
        db,
        wiring,
        number,
        at=at,
        values=values,
        by=f"api:{token.name}",
        now=time.time(),
        version=version,
    )
    with db.read() as conn:
        row = lookup.living(conn, number)
    return _patched(row, done.overruled, whole="read" in token.scopes)


def _patched(row: Listed, overruled: Mapping[str, str], *, whole: bool) -> Response:
    told = orjson.dumps(overruled).decode()
    text = (
        document.customer(row)[:-1]
        if whole
        else f'{{"id":"{ids.show("cus", row.id)}","version":{row.version}'
    )
    return json(f'{text},"overruled":{told}}}', headers={"ETag": f'"{row.version}"'})


def _found(conn: Connection, asked: dict[str, Any], *, before: int, way: str | None) -> lookup.Page:
    limit = asked["limit"]
    if way == "external_id":
        rows = lookup.by_record(conn, asked["connection"], asked["external_id"])
        return lookup.Page(rows, None)
    if way == "email":
        return lookup.by_email(conn, asked["email"], before=before, limit=limit)
    if way == "phone":
        return lookup.by_phone(conn, asked["phone"], before=before, limit=limit)
    if way == "q":
        return lookup.search(conn, asked["q"], before=before, limit=limit)
    return lookup.newest(conn, before=before, limit=limit)


def _given() -> dict[str, Any]:
    """The fields of the body of a write."""
    if request.mimetype not in _JSON_TYPES:
        raise UnsupportedMediaType(f"The body is not JSON: send Content-Type: {_JSON_TYPES[0]}.")
    try:
        body = orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        raise WrongUse("The body is not JSON.", cause=str(error)) from None
    fields = body.get("fields") if isinstance(body, dict) else None
    if not isinstance(fields, dict) or len(body) != 1:
        raise WrongUse(
            "The body holds `fields` and nothing else.", fix='Write {"fields": {"email": "ann@x.org"}}.'
        )
    return fields


def _known_version() -> int | None:
    """The version of If-Match; None without one."""
    text = request.headers.get("If-Match", "").strip()
    if text in ("", "*"):
        return None
    bare = text.removeprefix("W/").strip('"')
    if not bare.isascii() or not bare.isdigit() or len(bare) > 9:
        raise Stale("If-Match is no version of a customer.", fix="Send the ETag of your last GET.")
    return int(bare)


def _only_fields() -> list[str] | None:
    if unknown := set(request.args) - {"fields"}:
        raise WrongUse(f"There is no argument {min(unknown)!r} here.", fix="Known: fields.")
    return document.chosen(request.args.get("fields"))


def _names(header: str, tag: str) -> bool:
    """Whether If-None-Match names this version (weakly compared, as RFC 9110 has it)."""
    return header.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in header.split(","))


def _store() -> Any:
    from hub.web.app import store

    return store()
