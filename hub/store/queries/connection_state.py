"""The state of a connection as its runs find it. (What an admin configures: `connections.py`.)"""

from __future__ import annotations

from sqlalchemy import Connection, text


def broken(connection: Connection, connection_id: int, *, reason: str, now: float) -> None:
    """It cannot work until an admin acts: pulls stop, pushes queue."""
    connection.execute(
        text(
            "UPDATE connection SET state = 'broken', reason = :reason, updated_at = :now "
            "WHERE id = :id AND state = 'active'"
        ),
        {"id": connection_id, "reason": reason, "now": now},
    )


def healed(connection: Connection, connection_id: int, *, now: float) -> None:
    """It works again."""
    connection.execute(
        text(
            "UPDATE connection SET state = 'active', reason = NULL, updated_at = :now "
            "WHERE id = :id AND state = 'broken'"
        ),
        {"id": connection_id, "now": now},
    )
