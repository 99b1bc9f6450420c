"""Streams: where each pull stands and when it is due."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from hub.store.documents import dump, load

_DUE = {"pull": "next_due", "reconcile": "reconcile_due"}


def get_cursor(connection: Connection, connection_id: int, object: str) -> tuple[Any, Any]:
    """(cursor of the pull, cursor of the deletes); None where there is none yet."""
    row = connection.execute(
        text(
            "SELECT cursor, deletes_cursor FROM stream WHERE connection_id = :connection_id AND object = :object"
        ),
        {"connection_id": connection_id, "object": object},
    ).first()
    return (load(row[0]), load(row[1])) if row else (None, None)


def put_cursor(connection: Connection, connection_id: int, object: str, *, cursor: Any) -> None:
    """Store the checkpoint, in the transaction of its page."""
    _put(connection, connection_id, object, column="cursor", value=dump(cursor))


def put_deletes_cursor(connection: Connection, connection_id: int, object: str, *, cursor: Any) -> None:
    _put(connection, connection_id, object, column="deletes_cursor", value=dump(cursor))


def get_merges_cursor(connection: Connection, connection_id: int, object: str) -> Any:
    """Where the list of merges was read up to; None: from its beginning."""
    found = connection.scalar(
        text("SELECT merges_cursor FROM stream WHERE connection_id = :connection_id AND object = :object"),
        {"connection_id": connection_id, "object": object},
    )
    return load(found) if found is not None else None


def put_merges_cursor(connection: Connection, connection_id: int, object: str, *, cursor: Any) -> None:
    _put(connection, connection_id, object, column="merges_cursor", value=dump(cursor))


def finished(connection: Connection, connection_id: int, object: str, *, now: float) -> None:
    """A pull went through."""
    _put(connection, connection_id, object, column="last_success", value=now)


def plan_next(
    connection: Connection, connection_id: int, object: str, *, at: float | None, kind: str = "pull"
) -> None:
    """When the next pull, or reconciliation, is due (None: no schedule)."""
    _put(connection, connection_id, object, column=_DUE[kind], value=at)


def due(connection: Connection, *, now: float) -> list[Any]:
    """What is due of active connections: rows of connection_id, object, kind (pull | reconcile), at."""
    query = " UNION ALL ".join(
        f"SELECT s.connection_id, s.object, '{kind}' AS kind, s.{column} AS at FROM stream s "
        f"JOIN connection c ON c.id = s.connection_id WHERE c.state = 'active' AND s.{column} <= :now"
        for kind, column in _DUE.items()
    )
    return list(connection.execute(text(f"{query} ORDER BY at"), {"now": now}))


def _put(connection: Connection, connection_id: int, object: str, *, column: str, value: Any) -> None:
    connection.execute(
        text(
            f"INSERT INTO stream (connection_id, object, failures, {column}) "
            "VALUES (:connection_id, :object, 0, :value) "
            f"ON CONFLICT (connection_id, object) DO UPDATE SET {column} = excluded.{column}"
        ),
        {"connection_id": connection_id, "object": object, "value": value},
    )
