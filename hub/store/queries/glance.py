"""What the pages show at a glance: a day's changes, what waits for a person, problems by cause, histories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.store import bulk
from hub.store.documents import load

_MOST = 5_000  # rows a page looks at before it says "at least"
_TIMES = {"run": ("id", "requested_at"), "receipt": ("id", "at"), "feed": ("seq", "at")}


class Traffic(NamedTuple):
    """Changes of one connection in one hour. hour: whole hours since the asked time. direction: in | out."""

    connection_id: int
    direction: str
    hour: int
    changes: int


class Group(NamedTuple):
    """Problems of one connection and object that share their words. kind: quarantine | dead. Times: epoch seconds."""

    kind: str
    connection: str
    object: str
    code: str
    cause: str
    records: int
    first_at: float
    last_at: float
    example: int


class Note(NamedTuple):
    """An entry left where two values met. detail: as `sync.conflict.Entry`."""

    id: int
    customer_id: int
    connection: str
    external_id: str
    path: str
    kind: str
    detail: dict[str, Any]
    at: float


class Written(NamedTuple):
    """A remote's answer to a write of ours. paths: what was written."""

    connection: str
    object: str
    external_id: str | None
    kind: str
    outcome: str
    paths: list[str]
    cause: str | None
    at: float


class Happened(NamedTuple):
    """A line of the feed about one customer."""

    seq: int
    kind: str
    other_id: int | None
    at: float


class OrderLine(NamedTuple):
    """An order in a list, with the customer it belongs to now."""

    id: int
    connection: str
    external_id: str
    customer_id: int | None
    totals_difference: str | None
    doc: dict[str, Any]


def traffic(conn: Connection, *, since: float) -> list[Traffic]:
    """Records that came in changed and writes that went out since a time, by connection and hour."""
    found: dict[tuple[int, str, int], int] = {}
    rows = conn.execute(
        text(
            "SELECT connection_id, counts, COALESCE(finished_at, started_at) AS at FROM run "
            "WHERE id >= :first AND kind = 'pull' AND counts IS NOT NULL AND started_at IS NOT NULL"
        ),
        {"first": _first(conn, "run", since)},
    )
    for row in rows:
        counts = load(row.counts) or {}
        count = sum(counts.get(word, 0) for word in ("created", "changed", "deleted"))
        if count and row.at >= since:
            key = (row.connection_id, "in", int((row.at - since) // 3600))
            found[key] = found.get(key, 0) + count
    hour = "(at - :since) / 3600"
    hour = f"TRUNC({hour})" if conn.dialect.name == "postgresql" else hour
    rows = conn.execute(
        text(
            f"SELECT connection_id, CAST({hour} AS INTEGER) AS hour, COUNT(*) AS count FROM receipt "
            "WHERE id >= :first AND at >= :since AND outcome = 'done' GROUP BY 1, 2"
        ),
        {"first": _first(conn, "receipt", since), "since": since},
    )
    for row in rows:
        found[(row.connection_id, "out", row.hour)] = row[2]
    return [Traffic(*key, count) for key, count in found.items()]


def quarantine_groups(conn: Connection) -> list[Group]:
    """Open quarantine by connection, object and exact cause; the most first."""
    rows = conn.execute(
        text(
            "SELECT c.name, q.object, q.code, q.cause, COUNT(*) AS n, MIN(q.first_at), MAX(q.last_at), MIN(q.id) "
            "FROM quarantine q JOIN connection c ON c.id = q.connection_id WHERE q.state = 'open' "
            "GROUP BY c.name, q.object, q.code, q.cause ORDER BY n DESC, c.name, q.cause LIMIT :most"
        ),
        {"most": _MOST},
    )
    return [Group("quarantine", *row) for row in rows]


def dead_groups(conn: Connection) -> list[Group]:
    """Deliveries and creates that were given up, by connection, object and exact cause; the most first."""
    found: list[Group] = []
    for table, key in (("delivery", "record_id"), ("creation", "customer_id")):
        rows = conn.execute(
            text(
                f"SELECT c.name, d.object, COALESCE(d.code, ''), COALESCE(d.cause, ''), COUNT(*) AS n, "
                f"MIN(d.updated_at), MAX(d.updated_at), MIN(d.{key}) FROM {table} d "
                "JOIN connection c ON c.id = d.connection_id WHERE d.state = 'dead' AND d.state <> 'done' "
                "GROUP BY c.name, d.object, d.code, d.cause ORDER BY n DESC, c.name LIMIT :most"
            ),
            {"most": _MOST},
        )
        found += [Group("dead", *row) for row in rows]
    return sorted(found, key=lambda one: -one.records)


def held_causes(conn: Connection, connection_id: int) -> list[str]:
    """Why deliveries and creates of a connection are held."""
    query = " UNION ".join(
        f"SELECT cause FROM {table} WHERE connection_id = :id AND state = 'held' AND cause IS NOT NULL"
        for table in ("delivery", "creation")
    )
    return sorted(row[0] for row in conn.execute(text(query), {"id": connection_id}))


def open_holds(conn: Connection) -> int:
    """Fields kept as they were until somebody decides."""
    return int(conn.scalar(text("SELECT COUNT(*) FROM hold WHERE decided_at IS NULL")) or 0)


def notes(
    conn: Connection, *, limit: int, before: int | None = None, customer_id: int | None = None
) -> list[Note]:
    """Entries, newest first."""
    tests = ["e.id < :before"] if before is not None else []
    tests += ["e.customer_id = :customer"] if customer_id is not None else []
    where = f"WHERE {' AND '.join(tests)} " if tests else ""
    rows = conn.execute(
        text(
            "SELECT e.id, COALESCE(i.customer_id, e.customer_id), COALESCE(c.name, ''), "
            "COALESCE(s.external_id, ''), e.path, e.kind, e.detail, e.at FROM entry e "
            "LEFT JOIN source_record s ON s.id = e.record_id LEFT JOIN connection c ON c.id = s.connection_id "
            f"LEFT JOIN identity i ON i.record_id = e.record_id {where}ORDER BY e.id DESC LIMIT :limit"
        ),
        {"limit": limit, "before": before, "customer": customer_id},
    )
    return [Note(*row)._replace(detail=load(row[6]) or {}) for row in rows]


def conflicts_since(conn: Connection, since: float) -> int:
    """Entries of kind `conflict` since a time."""
    rows = conn.execute(
        text("SELECT COUNT(*) FROM entry WHERE kind = 'conflict' AND at >= :since"), {"since": since}
    )
    return int(rows.scalar() or 0)


def writes_to(conn: Connection, record_ids: Sequence[int], *, limit: int) -> list[Written]:
    """What was written to these records, newest first."""
    rows = conn.execute(
        text(
            "SELECT c.name, r.object, r.external_id, r.kind, r.outcome, r.wrote, r.cause, r.at FROM receipt r "
            f"JOIN connection c ON c.id = r.connection_id WHERE r.record_id {bulk.among(conn, 'ids')} "
            "ORDER BY r.id DESC LIMIT :limit"
        ),
        {"ids": bulk.pack(conn, record_ids), "limit": limit},
    )
    return [Written(*row)._replace(paths=sorted(load(row[5]) or {})) for row in rows]


def happened_to(conn: Connection, customer_id: int, *, limit: int) -> list[Happened]:
    """The feed's lines about a customer, newest first."""
    rows = conn.execute(
        text(
            "SELECT seq, kind, other_id, at FROM feed WHERE customer_id = :id ORDER BY seq DESC LIMIT :limit"
        ),
        {"id": customer_id, "limit": limit},
    )
    return [Happened(*row) for row in rows]


def orders(conn: Connection, *, limit: int, before: int | None = None) -> list[OrderLine]:
    """Orders, newest id first."""
    older = "AND o.id < :before " if before is not None else ""
    rows = conn.execute(
        text(
            "SELECT o.id, c.name, o.external_id, i.customer_id, o.totals_difference, o.doc FROM order_document o "
            "JOIN connection c ON c.id = o.connection_id LEFT JOIN identity i ON i.record_id = o.customer_record_id "
            f"WHERE o.id = o.origin_id {older}ORDER BY o.id DESC LIMIT :limit"
        ),
        {"limit": limit, "before": before},
    )
    return [OrderLine(*row)._replace(doc=load(row[5])) for row in rows]


def _first(conn: Connection, table: str, since: float) -> int:
    """The first number of an append-only table whose time is not before `since`: found by halving, by the key alone."""
    key, time = _TIMES[table]
    low, high = conn.execute(text(f"SELECT MIN({key}), MAX({key}) FROM {table}")).one()
    if low is None:
        return 0
    ahead = text(f"SELECT {key}, {time} FROM {table} WHERE {key} >= :middle ORDER BY {key} LIMIT 1")
    while low < high:
        number, at = conn.execute(ahead, {"middle": (low + high) // 2}).one()
        if at >= since:
            high = (low + high) // 2
        else:
            low = number + 1
    return int(low)
