"""What the hub owes the systems and has not brought there: rows of deliveries and creates, for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, text

from hub.store import bulk


class Debt(NamedTuple):
    """A delivery or create that is not done. kind: update | create. subject: the record's id, or the golden's home id.

    external_id: of the record, None for a create. Times: epoch seconds.
    """

    kind: str
    subject: int
    connection_id: int
    connection: str
    object: str
    external_id: str | None
    state: str
    lane: str
    attempts: int
    cause: str | None
    code: str | None
    next_at: float
    updated_at: float
    doubt: bool


_UPDATE = (
    "SELECT 'update' AS kind, d.record_id AS subject, d.connection_id, c.name AS connection, d.object, s.external_id, "
    "d.state, d.lane, d.attempts, d.cause, d.code, d.next_at, d.updated_at, b.intent IS NOT NULL AS doubt "
    "FROM delivery d JOIN connection c ON c.id = d.connection_id JOIN source_record s ON s.id = d.record_id "
    "LEFT JOIN binding b ON b.record_id = d.record_id WHERE d.state <> 'done'"
)
_CREATE = (
    "SELECT 'create', n.customer_id, n.connection_id, c.name, n.object, NULL, "
    "n.state, n.lane, n.attempts, n.cause, n.code, n.next_at, n.updated_at, n.step = 'begun' "
    "FROM creation n JOIN connection c ON c.id = n.connection_id WHERE n.state <> 'done'"
)


def open_debts(
    conn: Connection, *, states: Sequence[str] = (), connection: str | None = None, limit: int
) -> list[Debt]:
    """Those in one of these states (empty: any), the last changed first."""
    tests = ["state IN :states"] if states else []
    tests += ["connection = :connection"] if connection is not None else []
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    query = text(
        f"SELECT * FROM ({_UPDATE} UNION ALL {_CREATE}) debt{where} "
        "ORDER BY updated_at DESC, kind, subject LIMIT :limit"
    )
    values: dict[str, Any] = {"limit": limit, "connection": connection}
    if states:
        query = query.bindparams(bindparam("states", expanding=True))
        values["states"] = list(states)
    return [Debt(*row)._replace(doubt=bool(row[-1])) for row in conn.execute(query, values)]


def waiting_among(conn: Connection, record_ids: Iterable[int]) -> set[int]:
    """Those of these records to which something is still to be delivered."""
    rows = conn.execute(
        text(f"SELECT record_id FROM delivery WHERE state <> 'done' AND record_id {bulk.among(conn, 'ids')}"),
        {"ids": bulk.pack(conn, record_ids)},
    )
    return {row[0] for row in rows}


def again(conn: Connection, debt: Debt, *, now: float) -> bool:
    """Let a dead or held one go out again, with its attempts at nought. False if it is neither any more."""
    settled = "attempts = 0, next_at = :now, cause = NULL, code = NULL, lease_until = NULL, updated_at = :now"
    if debt.kind == "update":
        released = settled.replace("code = NULL", "code = CASE WHEN state = 'held' THEN 'released' END")
        sql = f"UPDATE delivery SET state = 'waiting', tried = NULL, {released} WHERE record_id = :subject"
    else:  # a definite refusal made nothing: it may be sent as new; what is in doubt is looked for first
        sql = (
            f"UPDATE creation SET state = 'waiting', step = CASE WHEN step = 'refused' THEN 'waiting' ELSE step END, "
            f"{settled} WHERE customer_id = :subject AND connection_id = :connection AND object = :object"
        )
    values = {"now": now, "subject": debt.subject, "connection": debt.connection_id, "object": debt.object}
    result: Any = conn.execute(text(f"{sql} AND state IN ('dead', 'held', 'waiting')"), values)
    return bool(result.rowcount)
