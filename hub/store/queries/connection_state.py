"""The state of a connection as its runs find it. (What an admin configures: `connections.py`.)"""

from __future__ import annotations

from sqlalchemy import Connection, text

STOPPED = ("broken", "needs_reauth")
"""It cannot work until an admin acts: pulls stop, pushes queue. needs_reauth: it is the login that is refused."""


def stopped(connection: Connection, connection_id: int, *, state: str, reason: str, now: float) -> None:
    """It cannot work until an admin acts. state: one of STOPPED."""
    connection.execute(
        text(
            "UPDATE connection SET state_at = CASE WHEN state = :state THEN state_at ELSE :now END, "
            "state = :state, reason = :reason, updated_at = :now "
            "WHERE id = :id AND state IN ('active', 'broken', 'needs_reauth')"
        ),
        {"id": connection_id, "state": state, "reason": reason, "now": now},
    )


def healed(connection: Connection, connection_id: int, *, now: float) -> None:
    """It works again."""
    connection.execute(
        text(
            "UPDATE connection SET state = 'active', reason = NULL, state_at = NULL, updated_at = :now "
            "WHERE id = :id AND state IN ('broken', 'needs_reauth')"
        ),
        {"id": connection_id, "now": now},
    )


def park(connection: Connection, connection_id: int, *, until: float, why: str) -> None:
    """Ask nothing of it before then: its quota is used up. A longer wait stands."""
    connection.execute(
        text(
            "UPDATE connection SET parked_until = :until, parked_why = :why "
            "WHERE id = :id AND COALESCE(parked_until, 0) < :until"
        ),
        {"id": connection_id, "until": until, "why": why},
    )


def parked(connection: Connection, connection_id: int, *, now: float) -> tuple[float, str] | None:
    """Until when it is left alone, and why; None: it is not."""
    row = connection.execute(
        text("SELECT parked_until, parked_why FROM connection WHERE id = :id AND parked_until > :now"),
        {"id": connection_id, "now": now},
    ).first()
    return (row.parked_until, row.parked_why or "") if row else None


def works(connection: Connection, connection_id: int) -> bool:
    """Whether anything may be asked of it: neither paused nor removed."""
    state = connection.scalar(text("SELECT state FROM connection WHERE id = :id"), {"id": connection_id})
    return state in ("active", *STOPPED)
