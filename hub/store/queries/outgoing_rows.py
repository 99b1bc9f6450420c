"""Rows of deliveries and creates brought to their next state, a batch in few statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text


def set_deliveries(
    connection: Connection, rows: Iterable[tuple[int, Mapping[str, Any]]], *, now: float
) -> None:
    """Change some columns of deliveries, rows of (record id, columns). The lease ends unless a new one is given.

    next_at None keeps it. tried: of a dead letter, the values it is about (`spelt`).
    """
    _set(connection, "delivery", [({"record_id": id}, columns) for id, columns in rows], now=now)


def settle_deliveries(connection: Connection, rows: Sequence[tuple[int, bool]], *, now: float) -> None:
    """These deliveries are done, or wait at once if golden moved meanwhile: rows of (record id, it did)."""
    if rows:
        connection.execute(
            text(
                "UPDATE delivery SET state = CASE WHEN again = 1 OR :again THEN 'waiting' ELSE 'done' END, "
                "again = 0, next_at = :now, attempts = 0, lease_until = NULL, cause = NULL, code = NULL, "
                "tried = NULL, updated_at = :now WHERE record_id = :id"
            ),
            [{"id": id, "again": again, "now": now} for id, again in rows],
        )


def set_creations(
    connection: Connection,
    connection_id: int,
    object: str,
    *,
    rows: Iterable[tuple[int, Mapping[str, Any]]],
    now: float,
) -> None:
    """Change some columns of creates, rows of (home id, columns), as `set_deliveries`."""
    where = {"connection_id": connection_id, "object": object}
    _set(connection, "creation", [({"customer_id": id, **where}, columns) for id, columns in rows], now=now)


def _set(
    connection: Connection,
    table: str,
    rows: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]],
    *,
    now: float,
) -> None:
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for key, columns in rows:
        given = {"lease_until": None, **columns, "updated_at": now}
        if given.get("next_at", now) is None:
            del given["next_at"]
        bound = given | {f"key_{name}": value for name, value in key.items()}
        alike.setdefault(tuple(given), []).append(bound)
        where = " AND ".join(f"{name} = :key_{name}" for name in key)
    for names, many in alike.items():
        to = ", ".join(f"{name} = :{name}" for name in names)
        connection.execute(text(f"UPDATE {table} SET {to} WHERE {where}"), many)


def translate_again(connection: Connection, connection_id: int, *, now: float) -> int:
    """What the map had no words for goes to the queue again: the map may have them now. Returns how many; one it still
    has none for comes back as it was, without a call. What the system itself refused stays."""
    found = 0
    for table in ("delivery", "creation"):
        tried = "tried = NULL, " if table == "delivery" else ""
        result: Any = connection.execute(
            text(
                f"UPDATE {table} SET state = 'waiting', {tried}attempts = 0, next_at = :now, cause = NULL, "
                "code = NULL, updated_at = :now "
                "WHERE connection_id = :id AND state = 'dead' AND code = 'record_rejected'"
            ),
            {"id": connection_id, "now": now},
        )
        found += result.rowcount
    return found
