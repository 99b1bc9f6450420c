"""Runs: one go of a pull or a push, from request to end, with lease and fence."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Connection, text

from hub.store.documents import dump, load
from hub.store.tables import run


def request(
    connection: Connection, connection_id: int, object: str, *, kind: str, lane: str, options: Any, now: float
) -> int:
    """Ask for a run. An open one of the same kind and stream is the same request. Returns its id."""
    found = connection.scalar(
        text(
            "SELECT id FROM run WHERE connection_id = :connection_id AND object = :object AND kind = :kind "
            "AND state IN ('queued', 'running') ORDER BY id LIMIT 1"
        ),
        {"connection_id": connection_id, "object": object, "kind": kind},
    )
    if found is not None:
        return int(found)
    result = connection.execute(
        run.insert().values(
            kind=kind,
            connection_id=connection_id,
            object=object,
            lane=lane,
            state="queued",
            options=dump(options),
            attempts=0,
            fence=0,
            requested_at=now,
            next_at=now,
        )
    )
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def claim(connection: Connection, run_id: int, *, now: float, lease_seconds: float) -> Any:
    """Take a run that is due, or whose owner's lease ran out: the row with its new fence, or None."""
    result: Any = connection.execute(
        text(
            "UPDATE run SET state = 'running', fence = fence + 1, lease_until = :until, "
            "started_at = COALESCE(started_at, :now) WHERE id = :id AND next_at <= :now "
            "AND (state = 'queued' OR (state = 'running' AND lease_until <= :now))"
        ),
        {"id": run_id, "now": now, "until": now + lease_seconds},
    )
    if result.rowcount != 1:
        return None
    return get(connection, run_id)


def keep(connection: Connection, run_id: int, *, fence: int, until: float, counts: Any) -> bool:
    """Prolong the lease and note the counts so far. False: another worker has taken the run over (R4)."""
    result: Any = connection.execute(
        text("UPDATE run SET lease_until = :until, counts = :counts WHERE id = :id AND fence = :fence"),
        {"id": run_id, "fence": fence, "until": until, "counts": dump(counts)},
    )
    return bool(result.rowcount == 1)


def checkpoint(connection: Connection, run_id: int, *, fence: int, options: Any) -> None:
    """Where a run with a checkpoint of its own stands, in its options."""
    connection.execute(
        text("UPDATE run SET options = :options WHERE id = :id AND fence = :fence"),
        {"id": run_id, "fence": fence, "options": dump(options)},
    )


def prolong(connection: Connection, run_id: int, *, fence: int, until: float) -> bool:
    """Prolong the lease of a run at work. False: it is over, or another worker has taken it over."""
    result: Any = connection.execute(
        text("UPDATE run SET lease_until = :until WHERE id = :id AND fence = :fence AND state = 'running'"),
        {"id": run_id, "fence": fence, "until": until},
    )
    return bool(result.rowcount == 1)


def end(
    connection: Connection,
    run_id: int,
    *,
    fence: int,
    state: str,
    counts: Any,
    now: float,
    cause: str | None = None,
    code: str | None = None,
) -> bool:
    """Close a run as done, failed or held. False: it is no longer ours to close."""
    result: Any = connection.execute(
        text(
            "UPDATE run SET state = :state, counts = :counts, finished_at = :now, lease_until = NULL, "
            "cause = :cause, code = :code WHERE id = :id AND fence = :fence AND state = 'running'"
        ),
        {
            "id": run_id,
            "fence": fence,
            "state": state,
            "counts": dump(counts),
            "now": now,
            "cause": cause,
            "code": code,
        },
    )
    return bool(result.rowcount == 1)


def later(
    connection: Connection, run_id: int, *, fence: int, next_at: float, charged: bool, cause: str, code: str
) -> None:
    """Put a run back on the ladder; `charged`: it counts as an attempt."""
    connection.execute(
        text(
            "UPDATE run SET state = 'queued', next_at = :next_at, attempts = attempts + :charge, "
            "lease_until = NULL, cause = :cause, code = :code WHERE id = :id AND fence = :fence"
        ),
        {
            "id": run_id,
            "fence": fence,
            "next_at": next_at,
            "charge": int(charged),
            "cause": cause,
            "code": code,
        },
    )


def get(connection: Connection, run_id: int) -> Any:
    """The run's row, or None."""
    return connection.execute(text("SELECT * FROM run WHERE id = :id"), {"id": run_id}).first()


def options(row: Any) -> dict[str, Any]:
    return dict(load(row.options) or {})


def open_runs(connection: Connection, *, now: float) -> list[Any]:
    """Runs that are due, or whose owner died: what upkeep dispatches again. Those of a paused or parked one wait."""
    return list(
        connection.execute(
            text(
                "SELECT r.* FROM run r JOIN connection c ON c.id = r.connection_id WHERE c.state = 'active' "
                "AND COALESCE(c.parked_until, 0) <= :now AND ((r.state = 'queued' AND r.next_at <= :now) "
                "OR (r.state = 'running' AND r.lease_until <= :now)) ORDER BY r.next_at"
            ),
            {"now": now},
        )
    )


def asked_to_stop(connection: Connection, run_id: int) -> str | None:
    """Who asked a run at work to stop; None: nobody."""
    found: str | None = connection.scalar(text("SELECT stop FROM run WHERE id = :id"), {"id": run_id})
    return found


def cancel(connection: Connection, run_id: int, *, by: str, now: float) -> str | None:
    """Stop a run: at once if nobody works on it, else with its page. Its state then: cancelled or stopping; None: it
    has ended already."""
    ended: Any = connection.execute(
        text(
            "UPDATE run SET state = 'cancelled', finished_at = :now, lease_until = NULL, cause = :cause, "
            "code = 'cancelled', fence = fence + 1 WHERE id = :id AND (state IN ('queued', 'held') "
            "OR (state = 'running' AND lease_until <= :now))"
        ),
        {"id": run_id, "now": now, "cause": f"cancelled by {by}"},
    )
    if ended.rowcount:
        return "cancelled"
    asked: Any = connection.execute(
        text("UPDATE run SET stop = :by WHERE id = :id AND state = 'running'"), {"id": run_id, "by": by}
    )
    return "stopping" if asked.rowcount else None


def cancelled(connection: Connection, run_id: int, *, fence: int, cause: str, now: float) -> None:
    """A run has stopped as asked; its counts are those of its last page."""
    connection.execute(
        text(
            "UPDATE run SET state = 'cancelled', finished_at = :now, lease_until = NULL, cause = :cause, "
            "code = 'cancelled' WHERE id = :id AND fence = :fence AND state = 'running'"
        ),
        {"id": run_id, "fence": fence, "cause": cause, "now": now},
    )


def stopped(connection: Connection, connection_id: int, object: str) -> bool:
    """Whether the last pull of a stream failed because the connection could not work."""
    row = connection.execute(
        text(
            "SELECT state, code FROM run WHERE connection_id = :id AND object = :object AND kind = 'pull' "
            "ORDER BY id DESC LIMIT 1"
        ),
        {"id": connection_id, "object": object},
    ).first()
    return row is not None and row.state == "failed" and row.code in ("needs_reauth", "connection_broken")


def due_now(connection: Connection, run_id: int, *, options: Any, now: float) -> None:
    """A person asks: a run that waits, for a worker or on the ladder, is tried at once and as asked now."""
    connection.execute(
        text("UPDATE run SET next_at = :now, options = :options WHERE id = :id AND state = 'queued'"),
        {"id": run_id, "options": dump(options), "now": now},
    )


def counts(row: Any) -> Counter[str]:
    """The counts of a run's row."""
    return Counter(load(row.counts) or {})


def failed_push(connection: Connection, connection_id: int, *, since: float) -> str | None:
    """Why the last push to a connection that ended since then failed; None if it did not, or none has ended."""
    row = connection.execute(
        text(
            "SELECT state, cause FROM run WHERE connection_id = :id AND kind = 'push' AND finished_at >= :since "
            "ORDER BY id DESC LIMIT 1"
        ),
        {"id": connection_id, "since": since},
    ).first()
    return (row.cause or "the push failed") if row is not None and row.state == "failed" else None


def note(  # noqa: PLR0913  # the columns of a row
    connection: Connection,
    connection_id: int,
    object: str,
    *,
    kind: str,
    state: str,
    counts: Any,
    started: float,
    now: float,
    cause: str | None = None,
    code: str | None = None,
) -> None:
    """The record of work that had no row while it ran."""
    connection.execute(
        run.insert().values(
            kind=kind,
            connection_id=connection_id,
            object=object,
            lane="bulk",
            state=state,
            counts=dump(counts),
            attempts=0,
            fence=0,
            requested_at=started,
            next_at=started,
            started_at=started,
            finished_at=now,
            cause=cause,
            code=code,
        )
    )
