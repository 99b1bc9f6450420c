"""Lists for people: connections' health, runs, quarantine, customers; each with a limit and newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.store import bulk
from hub.store.documents import load


class RunRow(NamedTuple):
    """A run with its connection's name. counts: word → how many. Times: epoch seconds."""

    id: int
    kind: str
    connection: str
    object: str
    lane: str
    state: str
    counts: dict[str, int]
    cause: str | None
    code: str | None
    attempts: int
    requested_at: float
    started_at: float | None
    finished_at: float | None
    next_at: float

    @property
    def seconds(self) -> float | None:
        """How long it took, once it ended."""
        if self.finished_at is None or self.started_at is None:
            return None
        return self.finished_at - self.started_at


class Quarantined(NamedTuple):
    """A record that could not be taken. raw: what the system said, as kept."""

    id: int
    connection: str
    object: str
    external_id: str | None
    code: str
    cause: str
    state: str
    times: int
    first_at: float
    last_at: float
    raw: Any
    connection_id: int


_RUN = (
    "SELECT r.id, r.kind, c.name AS connection, r.object, r.lane, r.state, r.counts, r.cause, r.code, r.attempts, "
    "r.requested_at, r.started_at, r.finished_at, r.next_at "
    "FROM run r JOIN connection c ON c.id = r.connection_id"
)
_QUARANTINE = (
    "SELECT q.id, c.name AS connection, q.object, q.external_id, q.code, q.cause, q.state, q.times, q.first_at, "
    "q.last_at, q.raw, q.connection_id FROM quarantine q JOIN connection c ON c.id = q.connection_id"
)
_CUSTOMER = "SELECT id, version, merged_into, doc, created_at, updated_at FROM customer"


def runs(
    conn: Connection,
    *,
    connection: str | None = None,
    state: str | None = None,
    limit: int,
    before: int | None = None,
) -> list[RunRow]:
    """Runs, newest first."""
    where = {"c.name =": connection, "r.state =": state, "r.id <": before}
    return [_run(row) for row in _list(conn, _RUN, order="r.id DESC", limit=limit, where=where)]


def run(conn: Connection, id: int) -> RunRow | None:
    """One run, or None."""
    found = _list(conn, _RUN, order="r.id", limit=1, where={"r.id =": id})
    return _run(found[0]) if found else None


def quarantine(
    conn: Connection,
    *,
    connection: str | None = None,
    state: str | None = "open",
    limit: int,
    cause: str | None = None,
) -> list[Quarantined]:
    """Rows of what could not be taken, last seen first."""
    where = {"c.name =": connection, "q.state =": state, "q.cause =": cause}
    rows = _list(conn, _QUARANTINE, order="q.last_at DESC, q.id DESC", limit=limit, where=where)
    return [_kept(row) for row in rows]


def quarantined(conn: Connection, id: int) -> Quarantined | None:
    """One row of quarantine, or None."""
    found = _list(conn, _QUARANTINE, order="q.id", limit=1, where={"q.id =": id})
    return _kept(found[0]) if found else None


def quarantine_counts(conn: Connection) -> dict[int, int]:
    """Open rows by connection id."""
    rows = conn.execute(
        text("SELECT connection_id, COUNT(*) FROM quarantine WHERE state = 'open' GROUP BY connection_id")
    )
    return {row[0]: row[1] for row in rows}


def waiting_counts(conn: Connection) -> dict[int, dict[str, int]]:
    """Deliveries and creates that are not done, by connection id and state."""
    found: dict[int, dict[str, int]] = {}
    for table in ("delivery", "creation"):
        rows = conn.execute(
            text(
                f"SELECT connection_id, state, COUNT(*) FROM {table} WHERE state <> 'done' "
                "GROUP BY connection_id, state"
            )
        )
        for id, state, count in rows:
            mine = found.setdefault(id, {})
            mine[state] = mine.get(state, 0) + count
    return found


def customers(conn: Connection, *, limit: int, before: int | None = None) -> list[Any]:
    """Living golden records, newest id first."""
    where = {"id <": before}
    return _list(conn, _CUSTOMER, order="id DESC", limit=limit, where=where, always="merged_into IS NULL")


def customers_saying(conn: Connection, words: Sequence[str], *, limit: int) -> list[Any]:
    """Living golden records whose document holds every word, by plain search (ASCII case aside). Reads them all."""
    like = "LIKE" if conn.dialect.name == "sqlite" else "ILIKE"
    marks = {f"w{n}": f"%{_escaped(word)}%" for n, word in enumerate(words)}
    tests = "".join(f" AND doc {like} :{mark} ESCAPE '!'" for mark in marks)
    query = f"{_CUSTOMER} WHERE merged_into IS NULL{tests} ORDER BY id DESC LIMIT :limit"
    return list(conn.execute(text(query), {**marks, "limit": limit}))


def customers_of_records(conn: Connection, record_ids: Sequence[int]) -> list[Any]:
    """The golden records these source records answer to."""
    query = (
        f"{_CUSTOMER} WHERE id IN (SELECT customer_id FROM identity WHERE record_id {bulk.among(conn, 'ids')}) "
        "ORDER BY id DESC"
    )
    return list(conn.execute(text(query), {"ids": bulk.pack(conn, record_ids)}))


def record_counts(conn: Connection, customer_ids: Sequence[int]) -> dict[int, int]:
    """How many live records stand behind each of these customers."""
    rows = conn.execute(
        text(
            "SELECT i.customer_id, COUNT(*) FROM identity i JOIN source_record s ON s.id = i.record_id "
            "JOIN connection c ON c.id = s.connection_id "
            f"WHERE s.gone_at IS NULL AND c.state <> 'built_in' AND i.customer_id {bulk.among(conn, 'ids')} "
            "GROUP BY i.customer_id"
        ),
        {"ids": bulk.pack(conn, customer_ids)},
    )
    return {row[0]: row[1] for row in rows}


def count(conn: Connection, table: str) -> int:
    """How many rows: `customer` (living), `order_document`, `run`."""
    only = {"customer": " WHERE merged_into IS NULL", "order_document": " WHERE id = origin_id"}.get(
        table, ""
    )
    return int(conn.scalar(text(f"SELECT COUNT(*) FROM {table}{only}")) or 0)


def _run(row: Any) -> RunRow:
    return RunRow(**{**row._mapping, "counts": load(row.counts) or {}})


def _kept(row: Any) -> Quarantined:
    return Quarantined(**{**row._mapping, "raw": load(row.raw)})


def _escaped(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _list(
    conn: Connection,
    query: str,
    *,
    order: str,
    limit: int,
    where: dict[str, Any],
    always: str | None = None,
) -> list[Any]:
    tests = [always] if always else []
    values: dict[str, Any] = {"limit": limit}
    for number, (test, value) in enumerate(where.items()):
        if value is not None:
            tests.append(f"{test} :v{number}")
            values[f"v{number}"] = value
    condition = f" WHERE {' AND '.join(tests)}" if tests else ""
    return list(conn.execute(text(f"{query}{condition} ORDER BY {order} LIMIT :limit"), values))
