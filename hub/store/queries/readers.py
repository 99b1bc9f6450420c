"""What downstream readers ask for: one golden record, pages of them, and orders; each by an index unless it says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.store import bulk

ALL = (1 << 63) - 1  # before every id


class Listed(NamedTuple):
    """A golden record as stored. merged_into set: a redirect. Times: epoch seconds UTC."""

    id: int
    version: int
    merged_into: int | None
    doc: str
    created_at: float
    updated_at: float


class OrderRow(NamedTuple):
    """An order as stored, with its connection's name and the customer it belongs to now."""

    id: int
    connection: str
    external_id: str
    customer_id: int | None
    totals_difference: str | None
    version: int
    doc: str
    updated_at: float


_COLUMNS = "id, version, merged_into, doc, created_at, updated_at"
_ONE = text(f"SELECT {_COLUMNS} FROM customer WHERE id = :id")
_ORDERS = (
    "SELECT o.id, c.name, o.external_id, i.customer_id, o.totals_difference, o.version, o.doc, o.updated_at "
    "FROM order_document o JOIN connection c ON c.id = o.connection_id "
    "LEFT JOIN identity i ON i.record_id = o.customer_record_id"
)


def customer(conn: Connection, id: int) -> Listed | None:
    """The row of one id, living or a redirect."""
    found = conn.execute(_ONE, {"id": id}).first()
    return None if found is None else Listed(*found)


def customers_before(conn: Connection, before: int, *, limit: int) -> list[Listed]:
    """Living customers, newest id first."""
    query = f"SELECT {_COLUMNS} FROM customer WHERE merged_into IS NULL AND id < :before ORDER BY id DESC LIMIT :limit"
    return [Listed(*row) for row in conn.execute(text(query), {"before": before, "limit": limit})]


def customers_after(conn: Connection, after: int, *, limit: int) -> list[Listed]:
    """Living customers, oldest id first: a batch of everything."""
    query = (
        f"SELECT {_COLUMNS} FROM customer WHERE merged_into IS NULL AND id > :after ORDER BY id LIMIT :limit"
    )
    return [Listed(*row) for row in conn.execute(text(query), {"after": after, "limit": limit})]


def customers_saying(conn: Connection, words: Sequence[str], *, before: int, limit: int) -> list[Listed]:
    """Living customers whose document holds every word (ASCII case aside), newest id first. Reads them all."""
    like = "LIKE" if conn.dialect.name == "sqlite" else "ILIKE"
    marks = {f"w{n}": f"%{_escaped(word)}%" for n, word in enumerate(words)}
    tests = "".join(f" AND doc {like} :{mark} ESCAPE '!'" for mark in marks)
    query = (
        f"SELECT {_COLUMNS} FROM customer WHERE merged_into IS NULL AND id < :before{tests} "
        "ORDER BY id DESC LIMIT :limit"
    )
    return [Listed(*row) for row in conn.execute(text(query), {**marks, "before": before, "limit": limit})]


def customers_of(conn: Connection, record_ids: Sequence[int]) -> list[Listed]:
    """The customers these source records answer to, newest id first."""
    query = (
        f"SELECT {_COLUMNS} FROM customer WHERE merged_into IS NULL AND id IN "
        f"(SELECT customer_id FROM identity WHERE record_id {bulk.among(conn, 'ids')}) ORDER BY id DESC"
    )
    return [Listed(*row) for row in conn.execute(text(query), {"ids": bulk.pack(conn, record_ids)})]


def records_named(conn: Connection, connection_id: int, external_id: str) -> list[int]:
    """The source records of a customer with this external id: two, where it is a person at an organisation."""
    query = (
        "SELECT id FROM source_record WHERE connection_id = :connection AND object = 'customer' "
        "AND external_id = :external ORDER BY part"
    )
    return [
        row[0] for row in conn.execute(text(query), {"connection": connection_id, "external": external_id})
    ]


def pinned(conn: Connection, field: str, value: str) -> list[int]:
    """The home ids where a person fixed this value (JSON text) in a slot of this field."""
    query = (
        "SELECT DISTINCT customer_id FROM pin WHERE removed_at IS NULL AND value = :value "
        "AND (path = :field OR path LIKE :slots)"
    )
    return [
        row[0] for row in conn.execute(text(query), {"value": value, "field": field, "slots": f"{field}[%"})
    ]


def written(conn: Connection, connection_id: int, value: str) -> list[int]:
    """The records of a connection of the hub's own that may say this value: they have no keys. Reads them all."""
    query = (
        "SELECT s.id FROM source_record s JOIN binding b ON b.record_id = s.id "
        "WHERE s.connection_id = :connection AND b.contribution LIKE :value ESCAPE '!'"
    )
    rows = conn.execute(text(query), {"connection": connection_id, "value": f"%{_escaped(value)}%"})
    return [row[0] for row in rows]


def orders_of(conn: Connection, customer_id: int, *, before: int, limit: int) -> list[OrderRow]:
    """The orders of a customer, newest first."""
    query = f"{_ORDERS} WHERE i.customer_id = :id AND o.id < :before ORDER BY o.id DESC LIMIT :limit"
    values = {"id": customer_id, "before": before, "limit": limit}
    return [OrderRow(*row) for row in conn.execute(text(query), values)]


def order(conn: Connection, id: int) -> OrderRow | None:
    """One order by our id."""
    found = conn.execute(text(f"{_ORDERS} WHERE o.id = :id"), {"id": id}).first()
    return None if found is None else OrderRow(*found)


def orders_named(conn: Connection, connection_id: int, external_id: str) -> list[OrderRow]:
    """The orders of a connection with this external id."""
    query = (
        f"{_ORDERS} WHERE o.id IN (SELECT origin_id FROM order_document "
        "WHERE connection_id = :connection AND external_id = :external) ORDER BY o.id"
    )
    values: dict[str, Any] = {"connection": connection_id, "external": external_id}
    return [OrderRow(*row) for row in conn.execute(text(query), values)]


def orders_after(conn: Connection, after: int, *, limit: int) -> list[OrderRow]:
    """Orders, oldest id first: a batch of everything."""
    query = f"{_ORDERS} WHERE o.id = o.origin_id AND o.id > :after ORDER BY o.id LIMIT :limit"
    return [OrderRow(*row) for row in conn.execute(text(query), {"after": after, "limit": limit})]


def _escaped(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")
