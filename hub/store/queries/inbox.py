"""The inbox: webhooks as they came, each once, from their arrival to the end of the work they asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.store import bulk
from hub.store.documents import dump, load

# A row to be worked on now: it waits, or its owner's lease is over.
_DUE = "state <> 'done' AND next_at <= :now AND (state = 'waiting' OR (state = 'claimed' AND lease_until <= :now))"
_SHOWN = (
    "SELECT i.id, c.name AS connection, i.delivery_id, i.state, i.hints, i.times, i.attempts, i.cause, i.code, "
    "i.received_at, i.updated_at, i.next_at, i.connection_id FROM inbox i JOIN connection c ON c.id = i.connection_id"
)
_COLUMNS = (
    "INSERT INTO inbox (connection_id, delivery_id, hints, state, times, attempts, received_at, updated_at, next_at, "
    "cause, code) VALUES "
)


class Said(NamedTuple):
    """A hint as kept: this record of this object changed, or was deleted."""

    object: str
    external_id: str
    deleted: bool = False


class Waiting(NamedTuple):
    """A row in hand."""

    id: int
    hints: tuple[Said, ...]
    attempts: int
    cause: str | None


class Kept(NamedTuple):
    """A row for people. Times: epoch seconds."""

    id: int
    connection: str
    delivery_id: str
    state: str
    hints: tuple[Said, ...]
    times: int
    attempts: int
    cause: str | None
    code: str | None
    received_at: float
    updated_at: float
    next_at: float
    connection_id: int


class Trouble(NamedTuple):
    """Webhooks of a connection that need a person: dead, held or refused, how many rows, and one cause."""

    connection: str
    state: str
    rows: int
    cause: str | None


class Step(NamedTuple):
    """The next state of a row in hand. charged: it counts as an attempt."""

    id: int
    state: str
    next_at: float
    charged: bool = False
    cause: str | None = None
    code: str | None = None


def put(
    conn: Connection, connection_id: int, delivery_id: str, *, hints: Sequence[Said], again: bool, now: float
) -> bool:
    """Keep a webhook. False: it is here already.

    again: one that is known by its bytes alone and comes after its work began is work anew, for the same bytes may
    tell of a second change.
    """
    if again:
        conflict = (
            "DO UPDATE SET times = inbox.times + 1, updated_at = excluded.updated_at, state = 'waiting', "
            "owner = NULL, lease_until = NULL, attempts = 0, next_at = excluded.next_at, cause = NULL, code = NULL "
            "WHERE inbox.state <> 'waiting'"
        )
    else:
        conflict = "DO NOTHING"
    result: Any = conn.execute(
        text(
            f"{_COLUMNS} (:connection_id, :delivery_id, :hints, 'waiting', 1, 0, :now, :now, :now, NULL, NULL) "
            f"ON CONFLICT (connection_id, delivery_id) {conflict}"
        ),
        {
            "connection_id": connection_id,
            "delivery_id": delivery_id,
            "hints": dump(list(hints)),
            "now": now,
        },
    )
    return bool(result.rowcount == 1)


def refuse(conn: Connection, connection_id: int, *, code: str, cause: str, times: int, now: float) -> None:
    """Note that so many webhooks were not taken, in the one row of their cause."""
    conn.execute(
        text(
            f"{_COLUMNS} (:connection_id, :delivery_id, '[]', 'refused', :times, 0, :now, :now, :now, :cause, :code) "
            "ON CONFLICT (connection_id, delivery_id) DO UPDATE SET times = inbox.times + excluded.times, "
            "updated_at = excluded.updated_at, cause = excluded.cause"
        ),
        {
            "connection_id": connection_id,
            "delivery_id": f"refused:{code}",
            "times": times,
            "cause": cause,
            "code": code,
            "now": now,
        },
    )


def claim(
    conn: Connection, connection_id: int, *, owner: str, now: float, until: float, limit: int
) -> list[Waiting]:
    """Take what is due of a connection, in the order it came, for `owner`, a word nobody else uses."""
    locked = "" if conn.dialect.name == "sqlite" else " FOR UPDATE SKIP LOCKED"
    conn.execute(
        text(
            "UPDATE inbox SET state = 'claimed', owner = :owner, lease_until = :until, updated_at = :now WHERE id IN "
            f"(SELECT id FROM inbox WHERE connection_id = :connection_id AND {_DUE} ORDER BY id LIMIT :limit{locked})"
        ),
        {"connection_id": connection_id, "owner": owner, "now": now, "until": until, "limit": limit},
    )
    rows = conn.execute(
        text(
            "SELECT id, hints, attempts, cause FROM inbox WHERE connection_id = :connection_id "
            "AND state <> 'done' AND state = 'claimed' AND owner = :owner ORDER BY id"
        ),
        {"connection_id": connection_id, "owner": owner},
    )
    return [Waiting(row.id, _said(row.hints), row.attempts, row.cause) for row in rows]


def prolong(conn: Connection, connection_id: int, *, owner: str, until: float) -> int:
    """Prolong the lease of what is in hand. Returns how many rows are still ours."""
    result: Any = conn.execute(
        text(
            "UPDATE inbox SET lease_until = :until WHERE connection_id = :connection_id "
            "AND state <> 'done' AND state = 'claimed' AND owner = :owner"
        ),
        {"connection_id": connection_id, "owner": owner, "until": until},
    )
    return int(result.rowcount)


def settle(conn: Connection, steps: Sequence[Step], *, owner: str, now: float) -> None:
    """Bring rows in hand to their next state; those that came anew or were taken over meanwhile stay as they are."""
    if steps:
        conn.execute(
            text(
                "UPDATE inbox SET state = :state, next_at = :next_at, attempts = attempts + :charge, cause = :cause, "
                "code = :code, owner = NULL, lease_until = NULL, updated_at = :now "
                "WHERE id = :id AND state = 'claimed' AND owner = :owner"
            ),
            [{**one._asdict(), "charge": int(one.charged), "owner": owner, "now": now} for one in steps],
        )


def anything(conn: Connection, connection_id: int, *, now: float) -> bool:
    """Whether anything of a connection is to be worked on now."""
    sql = text(f"SELECT 1 FROM inbox WHERE connection_id = :connection_id AND {_DUE} LIMIT 1")
    return conn.scalar(sql, {"connection_id": connection_id, "now": now}) is not None


def due(conn: Connection, *, now: float) -> list[int]:
    """Connections at work that have anything to do here now."""
    sql = text(
        "SELECT c.id FROM connection c WHERE c.state = 'active' AND COALESCE(c.parked_until, 0) <= :now "
        f"AND EXISTS (SELECT 1 FROM inbox WHERE connection_id = c.id AND {_DUE}) ORDER BY c.id"
    )
    return [row[0] for row in conn.execute(sql, {"now": now})]


def listed(
    conn: Connection, *, connection: str | None = None, state: str | None = None, limit: int
) -> list[Kept]:
    """Rows for people, last received first."""
    rows = conn.execute(
        text(
            f"{_SHOWN} WHERE c.name = COALESCE(:connection, c.name) AND i.state = COALESCE(:state, i.state) "
            "ORDER BY i.received_at DESC, i.id DESC LIMIT :limit"
        ),
        {"connection": connection, "state": state, "limit": limit},
    )
    return [_kept(row) for row in rows]


def troubles(conn: Connection, *, since: float) -> list[Trouble]:
    """What needs a person, by connection and state: webhooks given up or held, and connections of which none is taken
    any more: the last to come since then was refused."""
    rows = conn.execute(
        text(
            "SELECT c.name, i.state, COUNT(*), MAX(i.cause) FROM inbox i JOIN connection c ON c.id = i.connection_id "
            "WHERE c.state <> 'removed' AND i.state <> 'done' AND (i.state IN ('dead', 'held') "
            "OR (i.state = 'refused' AND i.updated_at >= :since AND NOT EXISTS (SELECT 1 FROM inbox g "
            "WHERE g.connection_id = i.connection_id AND g.state <> 'refused' AND g.received_at > i.updated_at))) "
            "GROUP BY c.name, i.state ORDER BY c.name, i.state"
        ),
        {"since": since},
    )
    return [Trouble(*row) for row in rows]


def get(conn: Connection, id: int) -> Kept | None:
    """One row, or None."""
    row = conn.execute(text(f"{_SHOWN} WHERE i.id = :id"), {"id": id}).first()
    return _kept(row) if row else None


def replay(conn: Connection, ids: Iterable[int], *, cause: str | None, now: float) -> int:
    """Let rows that are at their end, or held, be worked on again. Returns how many."""
    result: Any = conn.execute(
        text(
            "UPDATE inbox SET state = 'waiting', next_at = :now, attempts = 0, owner = NULL, lease_until = NULL, "
            "cause = :cause, code = NULL, updated_at = :now "
            f"WHERE state NOT IN ('claimed', 'refused') AND id {bulk.among(conn, 'ids')}"
        ),
        {"ids": bulk.pack(conn, ids), "cause": cause, "now": now},
    )
    return int(result.rowcount)


def trim(conn: Connection, *, before: float) -> int:
    """Forget what was done, or refused for the last time, before then. Returns how many rows."""
    result: Any = conn.execute(
        text("DELETE FROM inbox WHERE state IN ('done', 'refused') AND updated_at < :before"),
        {"before": before},
    )
    return int(result.rowcount)


def _said(hints: str) -> tuple[Said, ...]:
    return tuple(Said(*one) for one in load(hints))


def _kept(row: Any) -> Kept:
    return Kept(**{**row._mapping, "hints": _said(row.hints)})
