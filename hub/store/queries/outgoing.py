"""The queue of deliveries and creates: at most one row per binding, and per golden, connection and object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, text

from hub.store import bulk
from hub.store.tables import receipt

RECEIPT = (
    "at", "connection_id", "object", "external_id", "record_id", "customer_id", "kind", "outcome", "wrote", "before",
    "cause",
)  # fmt: skip

_IF_OVER = "CASE WHEN delivery.state IN ('done', 'dead') THEN"
_IF_OPEN = "CASE WHEN creation.step = 'waiting' AND creation.state IN ('waiting', 'held') THEN"
_LANE = (
    "CASE WHEN delivery.state IN ('done', 'dead') OR excluded.lane = 'realtime' "
    "THEN excluded.lane ELSE delivery.lane END"
)


class Owed(NamedTuple):
    """A binding that differs from golden. state: waiting, or held until a person has seen the plan.

    values: as `spelt`; a dead letter about exactly these is left alone.
    """

    record_id: int
    connection_id: int
    object: str
    state: str
    lane: str
    values: str


class Wanted(NamedTuple):
    """A golden that needs a record in a system. intent: the values as planned, as `spelt`."""

    customer_id: int
    connection_id: int
    object: str
    state: str
    lane: str
    intent: str
    marker: str


def spelt(values: Mapping[str, Any]) -> str:
    """JSON text of values to write; equal values have equal texts."""
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS).decode()


def owe(connection: Connection, rows: Sequence[Owed], *, now: float) -> None:
    """Queue deliveries. One being written now gets exactly one follow-up (sync.md, "A delivery" 6).

    One that waits, on the ladder too, or is held stays as it is; it is computed when it is claimed.
    """
    if rows:
        connection.execute(
            text(
                "INSERT INTO delivery (record_id, connection_id, object, state, lane, again, attempts, next_at, "
                "updated_at) VALUES (:record_id, :connection_id, :object, :state, :lane, 0, 0, :now, :now) "
                "ON CONFLICT (record_id) DO UPDATE SET "
                f"again = CASE WHEN delivery.state = 'claimed' THEN 1 ELSE 0 END, lane = {_LANE}, "
                f"attempts = {_IF_OVER} 0 ELSE delivery.attempts END, "
                f"next_at = {_IF_OVER} excluded.next_at ELSE delivery.next_at END, "
                f"cause = {_IF_OVER} NULL ELSE delivery.cause END, "
                f"code = {_IF_OVER} NULL ELSE delivery.code END, "
                f"state = {_IF_OVER} excluded.state ELSE delivery.state END, "
                "tried = NULL, updated_at = excluded.updated_at "
                "WHERE delivery.state = 'done' OR (delivery.state = 'claimed' AND delivery.again = 0) "
                "OR (delivery.state = 'dead' AND (delivery.tried IS NULL OR delivery.tried <> :values)) "
                "OR (delivery.state <> 'dead' AND delivery.lane <> 'realtime' AND excluded.lane = 'realtime')"
            ),
            [row._asdict() | {"now": now} for row in rows],
        )


def want(connection: Connection, rows: Sequence[Wanted], *, now: float) -> None:
    """Queue creates. One that was dropped is asked for anew, one that was refused only with other values; one that
    waits gets the values of now, and a begun one is left alone."""
    if rows:
        connection.execute(
            text(
                "INSERT INTO creation (customer_id, connection_id, object, state, step, lane, intent, doubt, marker, "
                "attempts, fence, next_at, updated_at) VALUES (:customer_id, :connection_id, :object, :state, "
                "'waiting', :lane, :intent, :no, :marker, 0, 0, :now, :now) "
                "ON CONFLICT (customer_id, connection_id, object) DO UPDATE SET step = 'waiting', "
                "intent = excluded.intent, doubt = excluded.doubt, updated_at = excluded.updated_at, "
                f"lane = {_IF_OPEN} CASE WHEN excluded.lane = 'realtime' THEN excluded.lane ELSE creation.lane END "
                "ELSE excluded.lane END, "
                f"state = {_IF_OPEN} creation.state ELSE excluded.state END, "
                f"cause = {_IF_OPEN} creation.cause END, code = {_IF_OPEN} creation.code END, "
                f"attempts = {_IF_OPEN} creation.attempts ELSE 0 END, "
                f"next_at = {_IF_OPEN} creation.next_at ELSE excluded.next_at END "
                "WHERE creation.step = 'dropped' OR (creation.step = 'waiting' AND creation.state = 'done') "
                "OR (creation.intent <> excluded.intent AND (creation.step = 'refused' "
                "OR (creation.step = 'waiting' AND creation.state IN ('waiting', 'held', 'dead'))))"
            ),
            [row._asdict() | {"now": now, "no": False} for row in rows],
        )


def withdraw(connection: Connection, keys: Sequence[tuple[int, int, str]], *, now: float) -> None:
    """Drop creates nothing was sent of: keys of (home id, connection, object). One at work is left to its worker."""
    by_stream: dict[tuple[int, str], list[int]] = {}
    for customer_id, connection_id, object in keys:
        by_stream.setdefault((connection_id, object), []).append(customer_id)
    for (connection_id, object), ids in by_stream.items():
        connection.execute(
            text(
                "UPDATE creation SET state = 'done', step = 'dropped', cause = NULL, code = NULL, updated_at = :now "
                "WHERE connection_id = :connection_id AND object = :object AND step = 'waiting' "
                f"AND state IN ('waiting', 'held', 'dead') AND customer_id {bulk.among(connection, 'ids')}"
            ),
            {
                "connection_id": connection_id,
                "object": object,
                "now": now,
                "ids": bulk.pack(connection, ids),
            },
        )


def begun_creates(
    connection: Connection, connection_id: int, object: str, *, since: float | None
) -> list[Any]:
    """Rows of the creates begun and not receipted there, with `since` also of those settled after it (sync.md R5)."""
    return list(
        connection.execute(
            text(
                "SELECT * FROM creation WHERE connection_id = :connection_id AND object = :object "
                "AND (step = 'begun' OR settled_at > :since)"
            ),
            {"connection_id": connection_id, "object": object, "since": since if since is not None else 1e12},
        )
    )


def due(
    connection: Connection,
    table: str,
    connection_id: int,
    *,
    object: str,
    lane: str,
    now: float,
    limit: int,
) -> list[Any]:
    """Rows of `delivery` or `creation` to take now, oldest due first: waiting, or claimed by one whose lease ran
    out."""
    return list(
        connection.execute(
            text(
                f"SELECT * FROM {table} WHERE connection_id = :connection_id AND object = :object "
                "AND lane = :lane AND state <> 'done' AND next_at <= :now "  # so that its index is of use
                "AND (state = 'waiting' OR (state = 'claimed' AND lease_until <= :now)) "
                "ORDER BY next_at, updated_at LIMIT :limit"
            ),
            {
                "connection_id": connection_id,
                "object": object,
                "lane": lane,
                "now": now,
                "limit": limit,
            },
        )
    )


def log_receipts(connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
    """Append what remotes answered, in the order of RECEIPT."""
    bulk.insert(connection, receipt, RECEIPT, rows=rows)


def mark_reread(
    connection: Connection,
    connection_id: int,
    object: str,
    *,
    external_ids: Iterable[str],
    why: str,
    now: float,
) -> None:
    """Remember to read these records again once what blocked them has settled (sync.md R1, R2, R5)."""
    rows = [
        {"connection_id": connection_id, "object": object, "external_id": one, "why": why, "now": now}
        for one in external_ids
    ]
    if rows:
        connection.execute(
            text(
                "INSERT INTO reread (connection_id, object, external_id, why, since) "
                "VALUES (:connection_id, :object, :external_id, :why, :now) "
                "ON CONFLICT (connection_id, object, external_id) DO NOTHING"
            ),
            rows,
        )


def creations(
    connection: Connection, connection_id: int, object: str, *, customer_ids: Iterable[int]
) -> dict[int, Any]:
    """The rows of these creates, by home id."""
    rows = connection.execute(
        text(
            "SELECT * FROM creation WHERE connection_id = :connection_id AND object = :object "
            f"AND customer_id {bulk.among(connection, 'ids')}"
        ),
        {"connection_id": connection_id, "object": object, "ids": bulk.pack(connection, customer_ids)},
    )
    return {row.customer_id: row for row in rows}


def answered(connection: Connection, connection_id: int, *, since: float) -> dict[str, int]:
    """What the remote of a connection has answered to writes since then: created, written, or the outcome as it is."""
    rows = connection.execute(
        text(
            "SELECT CASE WHEN outcome <> 'done' THEN outcome WHEN kind = 'create' THEN 'created' ELSE 'written' END, "
            "count(*) FROM receipt WHERE connection_id = :id AND at >= :since GROUP BY 1"
        ),
        {"id": connection_id, "since": since},
    )
    return {row[0]: row[1] for row in rows}


def soon(connection: Connection, connection_id: int, *, before: float) -> float | None:
    """When the first open delivery or create of a connection is to be taken, if it is before then: due, or its owner's
    lease over. None: nothing is open, or all waits longer (the ladder)."""
    found = [
        connection.scalar(
            text(
                "SELECT min(CASE WHEN state = 'claimed' AND lease_until > next_at THEN lease_until ELSE next_at END) "
                f"FROM {table} WHERE connection_id = :id AND state IN ('waiting', 'claimed') "
                "AND (next_at <= :before OR state = 'claimed')"
            ),
            {"id": connection_id, "before": before},
        )
        for table in ("delivery", "creation")
    ]
    return min((one for one in found if one is not None), default=None)


def settle_rereads(
    connection: Connection, connection_id: int, object: str, *, external_ids: Iterable[str]
) -> None:
    """These records are being read again; one whose reading is dropped is marked anew."""
    rows = [{"connection_id": connection_id, "object": object, "external_id": one} for one in external_ids]
    if rows:
        connection.execute(
            text(
                "DELETE FROM reread WHERE connection_id = :connection_id AND object = :object "
                "AND external_id = :external_id"
            ),
            rows,
        )


def rereads(connection: Connection, connection_id: int, object: str, *, limit: int, now: float) -> list[str]:
    """Records that can be read again, those marked first: nothing of ours is under way to them (sync.md R2, R5)."""
    rows = connection.execute(
        text(
            "SELECT external_id FROM reread r WHERE connection_id = :connection_id AND object = :object "
            "AND (why <> 'parked' OR NOT EXISTS (SELECT 1 FROM creation c "
            "WHERE c.connection_id = r.connection_id AND c.object = r.object AND c.step = 'begun')) "
            "AND NOT EXISTS (SELECT 1 FROM source_record s JOIN binding b ON b.record_id = s.id "
            "WHERE s.connection_id = r.connection_id AND s.object = r.object AND s.external_id = r.external_id "
            "AND (b.intent IS NOT NULL OR b.lease_until > :now)) ORDER BY since LIMIT :limit"
        ),
        {"connection_id": connection_id, "object": object, "limit": limit, "now": now},
    )
    return [row[0] for row in rows]


def standing(connection: Connection, connection_id: int, *, now: float) -> dict[str, int]:
    """How many deliveries and creates of a connection are in each state; `ready` of the waiting ones are due now."""
    counts: dict[str, int] = {}
    for table in ("delivery", "creation"):
        rows = connection.execute(
            text(
                f"SELECT state, CASE WHEN next_at <= :now THEN 1 ELSE 0 END, count(*) FROM {table} "
                "WHERE connection_id = :id AND state <> 'done' GROUP BY 1, 2"
            ),
            {"id": connection_id, "now": now},
        )
        for state, is_due, count in rows:
            name = "ready" if state == "waiting" and is_due else "later" if state == "waiting" else state
            counts[name] = counts.get(name, 0) + count
    return counts


def ready(connection: Connection, connection_id: int, *, now: float, but: str) -> int:
    """How many deliveries and creates of a connection are due now, without those whose cause is `but`."""
    return sum(
        connection.scalar(
            text(
                f"SELECT count(*) FROM {table} WHERE connection_id = :id AND state <> 'done' "
                "AND state = 'waiting' AND next_at <= :now AND (cause IS NULL OR cause <> :but)"
            ),
            {"id": connection_id, "now": now, "but": but},
        )
        or 0
        for table in ("delivery", "creation")
    )


def move_all(
    connection: Connection, connection_id: int, *, before: str, after: str, cause: str | None, now: float
) -> int:
    """Every delivery and create of a connection in one state goes to another. Returns how many."""
    moved = 0
    for table in ("delivery", "creation"):
        result: Any = connection.execute(
            text(
                f"UPDATE {table} SET state = :after, cause = :cause, next_at = :now, updated_at = :now "
                "WHERE connection_id = :id AND state = :before"
            ),
            {"id": connection_id, "before": before, "after": after, "cause": cause, "now": now},
        )
        moved += result.rowcount
    return moved


def anything(
    connection: Connection, connection_id: int, object: str, *, lanes: Iterable[str], now: float
) -> bool:
    """Whether a stream has anything to do now: a create, a delivery, or a record to read again."""
    where: dict[str, Any] = {"object": object, "now": now, "limit": 1}
    return bool(
        rereads(connection, connection_id, object, limit=1, now=now)
        or any(
            due(connection, table, connection_id, lane=lane, **where)
            for table in ("creation", "delivery")
            for lane in lanes
        )
    )


def lanes_due(connection: Connection, connection_id: int, object: str, *, now: float) -> set[tuple[str, str]]:
    """(table, lane) of `delivery` and `creation` in which a stream has something to do now."""
    asked = [(table, lane) for table in ("creation", "delivery") for lane in ("realtime", "bulk")]
    found = connection.execute(
        text(
            "SELECT "
            + ", ".join(
                f"EXISTS (SELECT 1 FROM {table} WHERE connection_id = :id AND object = :object "
                f"AND lane = '{lane}' AND state <> 'done' AND next_at <= :now "
                "AND (state = 'waiting' OR (state = 'claimed' AND lease_until <= :now)))"
                for table, lane in asked
            )
        ),
        {"id": connection_id, "object": object, "now": now},
    ).one()
    return {one for one, there in zip(asked, found, strict=True) if there}
