"""Orders: one by our id or by its connection's."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response

from hub.canonical import ids
from hub.errors import NotFound
from hub.flows import lookup
from hub.flows.order_whereabouts import whereabouts
from hub.store.queries import readers
from hub.web.api import document, schemas
from hub.web.api.part import json, part, view

blueprint = part("orders", "Orders of all connections, each with the customer it belongs to now.")


@view(blueprint, "/orders/<string:id>", needs="read", gives=schemas.Order, problems=(404,))
def one(id: str) -> Response:
    """An order by our id."""
    from hub.web.app import store

    with store().read() as conn:
        row = readers.order(conn, ids.read("ord", id))
    if row is None:
        raise NotFound(f"There is no order {id}.")
    return json(document.order(row))


@view(blueprint, "/orders/<string:id>/records", needs="read", gives=schemas.OrderPlaces, problems=(404,))
def records(id: str) -> Response:
    """The systems in which an order stands or is to stand, and what it waits for there."""
    from hub.web.app import store

    number = ids.read("ord", id)
    with store().read() as conn:
        if readers.order(conn, number) is None:
            raise NotFound(f"There is no order {id}.")
        found = whereabouts(conn, number)
    return json(orjson.dumps({"records": found}).decode())


@view(
    blueprint,
    "/orders",
    needs="read",
    takes=schemas.OrderQuery,
    gives=schemas.OrderPage,
    problems=(404,),
)
def several(asked: dict[str, Any]) -> Response:
    """The order that a connection knows by this external id: a list of one or none."""
    from hub.web.app import store

    with store().read() as conn:
        connection = lookup.connection_id(conn, asked["connection"])
        rows = readers.orders_named(conn, connection, asked["external_id"])
    return json(document.page("orders", map(document.order, rows), None))
