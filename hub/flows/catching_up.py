"""A connection that is new, or may now do more than before, is told what was known already.

What a golden owes is counted when the golden changes. A connection added later, or whose rules of writing changed, is
owed what did not change too; and references it reads may name records that came before anything referred to them.
"""

from __future__ import annotations

import time

from sqlalchemy import Connection, text

from hub.flows import owing
from hub.flows.absorb import absorb, read_again
from hub.flows.matching import match
from hub.flows.orders import ORDERS
from hub.flows.wiring import Wiring
from hub.store.queries import matching, outgoing_rows
from hub.store.session import Database

PAGE = 500

# keys of a connection's objects whose change alters what goes there, or which records are told apart
TELLING = ("update", "create", "where", "on_exit", "direction", "map", "overlay")


def behind(db: Database, connection_id: int) -> bool:
    """Whether a connection has still to be told what was known before it was added or changed."""
    sql = text("SELECT 1 FROM connection WHERE id = :id AND behind IS NOT NULL")
    with db.read() as conn:
        return conn.scalar(sql, {"id": connection_id}) is not None


def catch_up(db: Database, wiring: Wiring, connection_id: int) -> None:
    """Queue what a connection that is `behind` is owed of all goldens, a page at a time. Harmless when repeated.

    First what its map had no words for, should it have them now.
    """
    with db.write() as conn:
        outgoing_rows.translate_again(conn, connection_id, now=time.time())
    after = 0
    while True:
        with db.write() as conn:
            ids = _page(conn, after=after)
            if not ids:
                _orders(conn, wiring)
                conn.execute(
                    text("UPDATE connection SET behind = NULL WHERE id = :id"), {"id": connection_id}
                )
                return
            _refer(conn, wiring, ids)
            _owe(conn, wiring, ids)
        after = ids[-1]


def _orders(conn: Connection, wiring: Wiring) -> None:
    """What orders owe, if some system is written orders at all."""
    if not (wiring.creators("order") or wiring.writers("order")):
        return
    after = 0
    sql = text("SELECT id FROM order_document WHERE id = origin_id AND id > :after ORDER BY id LIMIT :n")
    while ids := [row[0] for row in conn.execute(sql, {"after": after, "n": PAGE})]:
        ORDERS.absorb(conn, wiring, [], now=time.time(), lane=owing.BULK, refresh=ids)
        after = ids[-1]


def _page(conn: Connection, *, after: int) -> list[int]:
    sql = text("SELECT record_id FROM identity WHERE record_id > :after ORDER BY record_id LIMIT :n")
    return [row[0] for row in conn.execute(sql, {"after": after, "n": PAGE})]


def _refer(conn: Connection, wiring: Wiring, ids: list[int]) -> None:
    """Records that came before anything referred to them learn by what they can be referred to."""
    if not wiring.refers:
        return
    every = read_again(conn, wiring, ids)
    subjects = {id: one for id, one in every.items() if one.features != one.before}
    if subjects:
        matched = match(conn, wiring, subjects)
        refresh = set(matched.customer_of.values()) | set(matched.was.values())
        absorb(conn, wiring, [], now=time.time(), lane=owing.BULK, touched=list(subjects), refresh=refresh)


def _owe(conn: Connection, wiring: Wiring, ids: list[int]) -> None:
    """What the goldens of these records owe; the goldens themselves stay as they are."""
    customers = {one.customer_id for one in matching.standings(conn, ids).values()}
    owing.owe_anew(conn, wiring, customers, lane=owing.BULK, now=time.time())
