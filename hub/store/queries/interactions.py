"""Interactions as readers ask for them, each by an index unless it says so; and their rows, many at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.store import bulk
from hub.store.tables import interaction

NEWEST = (float("inf"), 1 << 62)  # before every interaction
COLUMNS = (
    "id", "connection_id", "record_id", "external_id", "direction", "customer_ref", "customer_record_id", "occurred_at",
    "gone_at", "version", "doc", "asked_by", "asked_as", "updated_at",
)  # fmt: skip


class InteractionRow(NamedTuple):
    """An interaction with its connection's name and the customer it belongs to now. Times: epoch seconds UTC.

    external_id None: of ours, and not sent yet; then `step`, `state` and `cause` say how far its create is.
    """

    id: int
    connection: str
    external_id: str | None
    direction: str
    customer_id: int | None
    occurred_at: float
    gone_at: float | None
    version: int
    doc: str
    asked_by: str | None
    updated_at: float
    step: str | None
    state: str | None
    cause: str | None


class Stored(NamedTuple):
    """A row as it stands, in the order of COLUMNS."""

    id: int
    connection_id: int
    record_id: int | None
    external_id: str | None
    direction: str
    customer_ref: str | None
    customer_record_id: int | None
    occurred_at: float
    gone_at: float | None
    version: int
    doc: str
    asked_by: str | None
    asked_as: str | None
    updated_at: float


_SHOWN = (
    "SELECT n.id, c.name, n.external_id, n.direction, i.customer_id, n.occurred_at, n.gone_at, n.version, n.doc, "
    "n.asked_by, n.updated_at, k.step, k.state, k.cause "
    "FROM interaction_document n JOIN connection c ON c.id = n.connection_id "
    "LEFT JOIN identity i ON i.record_id = n.customer_record_id "
    "LEFT JOIN creation k ON n.asked_by IS NOT NULL AND k.customer_id = n.id "
    "AND k.connection_id = n.connection_id AND k.object = 'interaction'"
)


_WAITING = (
    f"SELECT {', '.join('n.' + name for name in COLUMNS)} FROM interaction_document n "
    "WHERE n.connection_id = :connection AND n.customer_record_id IS NULL"
)


def of_customer(
    conn: Connection, customer_id: int, *, before: tuple[float, int] = NEWEST, limit: int
) -> list[InteractionRow]:
    """The interactions of a customer, newest first; before: (occurred_at, id) of the last one known."""
    at, id = before
    query = (
        f"{_SHOWN} WHERE i.customer_id = :customer AND (n.occurred_at < :at OR (n.occurred_at = :at AND n.id < :id)) "
        "ORDER BY n.occurred_at DESC, n.id DESC LIMIT :limit"
    )
    values = {"customer": customer_id, "at": min(at, 1e15), "id": id, "limit": limit}
    return [InteractionRow(*row) for row in conn.execute(text(query), values)]


def count_of(conn: Connection, customer_id: int) -> int:
    """How many interactions a customer has, those deleted there left out."""
    query = (
        "SELECT count(*) FROM interaction_document n JOIN identity i ON i.record_id = n.customer_record_id "
        "WHERE i.customer_id = :id AND n.gone_at IS NULL"
    )
    return int(conn.scalar(text(query), {"id": customer_id}) or 0)


def one(conn: Connection, id: int) -> InteractionRow | None:
    """One interaction by our id."""
    found = conn.execute(text(f"{_SHOWN} WHERE n.id = :id"), {"id": id}).first()
    return None if found is None else InteractionRow(*found)


def named(conn: Connection, connection_id: int, external_id: str) -> list[InteractionRow]:
    """The interactions of a connection with this external id."""
    query = f"{_SHOWN} WHERE n.connection_id = :connection AND n.external_id = :external ORDER BY n.id"
    values: dict[str, Any] = {"connection": connection_id, "external": external_id}
    return [InteractionRow(*row) for row in conn.execute(text(query), values)]


def after(conn: Connection, after: int, *, limit: int) -> list[InteractionRow]:
    """Interactions, oldest id first: a batch of everything."""
    query = f"{_SHOWN} WHERE n.id > :after ORDER BY n.id LIMIT :limit"
    return [InteractionRow(*row) for row in conn.execute(text(query), {"after": after, "limit": limit})]


def stored(conn: Connection, ids: Iterable[int]) -> dict[int, Stored]:
    """The rows of these interactions, by id."""
    rows = conn.execute(
        text(f"SELECT {', '.join(COLUMNS)} FROM interaction_document WHERE id {bulk.among(conn, 'ids')}"),
        {"ids": bulk.pack(conn, ids)},
    )
    return {row[0]: Stored(*row) for row in rows.all()}


def ids_of_records(conn: Connection, record_ids: Iterable[int]) -> dict[int, int]:
    """The interaction of each of these source records, by record id."""
    rows = conn.execute(
        text(f"SELECT record_id, id FROM interaction_document WHERE record_id {bulk.among(conn, 'ids')}"),
        {"ids": bulk.pack(conn, record_ids)},
    )
    return {row[0]: row[1] for row in rows.all()}


def asked_before(conn: Connection, connection_id: int, key: str) -> int | None:
    """The interaction that was asked for under this key."""
    query = "SELECT id FROM interaction_document WHERE connection_id = :connection AND asked_as = :key"
    found: int | None = conn.scalar(text(query), {"connection": connection_id, "key": key})
    return found


def put(conn: Connection, rows: Sequence[Stored]) -> None:
    """Write these rows whole."""
    bulk.upsert(conn, interaction, COLUMNS, rows=rows)


def waiting_for(conn: Connection, connection_id: int, refs: Iterable[str]) -> list[Stored]:
    """Interactions of a connection that name one of these persons and are nobody's yet."""
    rows = conn.execute(
        text(f"{_WAITING} AND n.customer_ref {bulk.among(conn, 'refs')}"),
        {"connection": connection_id, "refs": bulk.pack(conn, refs)},
    )
    return [Stored(*row) for row in rows.all()]


def come(conn: Connection, connection_id: int, *, limit: int) -> list[Stored]:
    """Interactions of a connection that are nobody's yet and name a customer whose record has come."""
    rows = conn.execute(
        text(
            f"{_WAITING} AND n.customer_ref IS NOT NULL AND EXISTS (SELECT 1 FROM source_record s "
            "WHERE s.connection_id = n.connection_id AND s.object = 'customer' AND s.part = '' "
            "AND s.external_id = n.customer_ref) LIMIT :limit"
        ),
        {"connection": connection_id, "limit": limit},
    )
    return [Stored(*row) for row in rows.all()]
