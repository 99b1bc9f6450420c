"""Customers: search and list, one customer with the source of everything; orders."""

from __future__ import annotations

from typing import Any

import orjson
from flask import request

from hub.canonical import ids
from hub.errors import NotFound, WrongUse
from hub.flows import explain, find
from hub.flows.order_whereabouts import whereabouts
from hub.store.queries import customers as owners
from hub.store.queries import glance, readers
from hub.web import portrait
from hub.web.place import store, wiring
from hub.web.views.part import PAGE, blueprint, page

_LONGEST_QUERY = 200


@blueprint.get("/customers")
def customers() -> str:
    """Customers, newest first, or those a search finds."""
    asked = request.args.get("q", "").strip()[:_LONGEST_QUERY]
    more, problem = None, None
    found: list[Any] = []
    if asked:
        try:
            found = find.find(store(), asked, limit=PAGE)
        except (NotFound, WrongUse) as error:
            problem = error.message
    else:
        found, more = _newest(_id("cus", "before"))
    return page("customers.html", "customers", found=found, asked=asked, more=more, problem=problem)


@blueprint.get("/customers/<who>")
def customer(who: str) -> str:
    """One customer: its values with their sources, its history, the records behind it and why they are one."""
    with store().read() as conn:
        meant = find.meant(conn, who)
    told = explain.explained(store(), wiring(), meant.customer_id)
    with store().read() as conn:
        shown = explain.shown(conn, meant)
        listed = portrait.orders(conn, meant.customer_id)
        values = portrait.values(conn, told)
        events = portrait.history(conn, told, listed)
    return page(
        "customer.html",
        "customers",
        shown=shown,
        values=values,
        records=told.records,
        ties=portrait.ties(told, auto=wiring().model.auto),
        orders=listed,
        events=events,
    )


@blueprint.get("/orders")
def orders() -> str:
    """Orders, newest first."""
    with store().read() as conn:
        found = glance.orders(conn, limit=PAGE + 1, before=_id("ord", "before"))
        wanted = {one.customer_id for one in found if one.customer_id is not None}
        names = {id: orjson.loads(row.doc)["fields"] for id, row in owners.load_many(conn, wanted).items()}
    more = ids.show("ord", found[PAGE - 1].id) if len(found) > PAGE else None
    return page("orders.html", "orders", found=found[:PAGE], more=more, names=names)


@blueprint.get("/orders/<which>")
def order(which: str) -> str:
    """One order: its lines, totals and states, and whose it is."""
    with store().read() as conn:
        row = readers.order(conn, ids.read("ord", which))
        if row is None:
            raise NotFound(f"There is no order {which}.")
        owner = None if row.customer_id is None else readers.customer(conn, row.customer_id)
        places = whereabouts(conn, row.id)
    fields = orjson.loads(owner.doc)["fields"] if owner is not None else None
    return page("order.html", "orders", row=row, doc=orjson.loads(row.doc), owner=fields, places=places)


def _newest(before: int | None) -> tuple[list[find.Found], str | None]:
    with store().read() as conn:
        found = find.newest(conn, limit=PAGE + 1, before=before)
    more = ids.show("cus", found[PAGE - 1].customer_id) if len(found) > PAGE else None
    return found[:PAGE], more


def _id(prefix: str, name: str) -> int | None:
    text = request.args.get(name, "")
    return ids.read(prefix, text) if text else None
