"""What may go out unseen: the plan of a connection's first run, and the cap of every later one (sync.md, DESIGN §6
"Rails")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from hub.canonical.ids import show
from hub.flows.kinds import kind_of
from hub.flows.wiring import Stream, Wiring
from hub.store.documents import load
from hub.store.queries import outgoing, records
from hub.store.session import Database
from hub.sync.scope import cap

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that would be written. external_id None: the record would be created."""

    connection: str
    object: str
    external_id: str | None
    customer_id: str
    path: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Plan:
    """What a connection would receive. fields: path → how many records; why: what holds it, None if nothing does."""

    connection: str
    creates: int
    updates: int
    fields: Counter[str] = field(default_factory=Counter)
    examples: tuple[Difference, ...] = ()
    why: str | None = None

    @property
    def empty(self) -> bool:
        return not self.creates and not self.updates


CONFIRMED = "a person confirmed the plan"


def confirm(db: Database, connection_id: int, *, now: float) -> int:
    """A person has seen the plan: what is held goes. Returns how many deliveries and creates were released."""
    with db.write() as conn:
        conn.execute(
            text("UPDATE connection SET confirmed_at = COALESCE(confirmed_at, :now) WHERE id = :id"),
            {"now": now, "id": connection_id},
        )
        return outgoing.move_all(
            conn, connection_id, before="held", after="waiting", cause=CONFIRMED, now=now
        )


def hold_over_cap(db: Database, streams: Iterable[Stream], *, now: float) -> str | None:
    """Hold everything due to a connection if it is more than one run may change. Returns the reason, if so."""
    listed = list(streams)
    id = listed[0].connection_id
    with db.read() as conn:  # mostly there is little, and then nobody waits for the lock
        if outgoing.ready(conn, id, now=now, but=CONFIRMED) <= cap(0):
            return None
    with db.write() as conn:
        ready = outgoing.ready(conn, id, now=now, but=CONFIRMED)
        bound = conn.scalar(
            text("SELECT count(*) FROM source_record WHERE connection_id = :id AND gone_at IS NULL"),
            {"id": id},
        )
        allowed = cap(bound or 0)
        if ready <= allowed:
            return None
        reason = f"{ready} records would change, more than one run may ({allowed})"
        outgoing.move_all(conn, id, before="waiting", after="held", cause=reason, now=now)
        return reason


def plan(db: Database, wiring: Wiring, streams: Iterable[Stream], *, states: tuple[str, ...]) -> Plan:
    """What the deliveries and creates of one connection in these states would write."""
    listed = list(streams)
    differences: list[Difference] = []
    creates, updates = set(), set()
    fields: Counter[str] = Counter()
    why = None
    with db.read() as conn:
        for stream in listed:
            for one in _differences(conn, wiring, stream, states=states):
                if one.external_id is None:
                    creates.add(one.customer_id)
                else:
                    updates.add(one.external_id)
                fields[one.path] += 1
                if len(differences) < EXAMPLES * 4:
                    differences.append(one)
        why = _reason(conn, listed[0].connection_id)
    return Plan(listed[0].connection, len(creates), len(updates), fields, tuple(differences), why)


def differences(db: Database, wiring: Wiring, stream: Stream, *, states: tuple[str, ...]) -> list[Difference]:
    """Every field that the deliveries and creates of a stream in these states would write."""
    with db.read() as conn:
        return _differences(conn, wiring, stream, states=states)


def _differences(
    conn: Connection, wiring: Wiring, stream: Stream, *, states: tuple[str, ...]
) -> list[Difference]:
    found = []
    marks = ", ".join(f"'{state}'" for state in states)
    where = {"id": stream.connection_id, "object": stream.object}
    rows = conn.execute(
        text(
            f"SELECT record_id FROM delivery WHERE connection_id = :id AND object = :object AND state IN ({marks}) "
            "ORDER BY record_id"
        ),
        where,
    ).all()
    ids = [row[0] for row in rows]
    for start in range(0, len(ids), 1000):
        found += of_records(conn, wiring, stream, ids=ids[start : start + 1000])
    return found + of_creates(conn, stream, states=states)


def of_creates(conn: Connection, stream: Stream, *, states: tuple[str, ...]) -> list[Difference]:
    """What the creates of a stream in these states would write."""
    marks = ", ".join(f"'{state}'" for state in states)
    found = []
    for row in conn.execute(
        text(
            "SELECT customer_id, intent FROM creation WHERE connection_id = :id AND object = :object "
            f"AND state IN ({marks}) ORDER BY customer_id"
        ),
        {"id": stream.connection_id, "object": stream.object},
    ):
        for path, value in load(row.intent).items():
            found.append(
                Difference(
                    stream.connection,
                    stream.object,
                    None,
                    show(kind_of(stream.object).prefix, row.customer_id),
                    path,
                    None,
                    value,
                )
            )
    return found


def of_records(conn: Connection, wiring: Wiring, stream: Stream, *, ids: list[int]) -> list[Difference]:
    """What bringing these records of a stream to golden would write."""
    kind, places = kind_of(stream.object), records.places(conn, ids)
    return [
        Difference(
            stream.connection,
            stream.object,
            places[id].external_id,
            show(kind.prefix, subject),
            path,
            stood.get(path),
            value,
        )
        for id, subject, values, stood in kind.debts(conn, wiring, stream, ids=ids)
        for path, value in values.items()
    ]


def _reason(conn: Connection, connection_id: int) -> str | None:
    confirmed = conn.scalar(text("SELECT confirmed_at FROM connection WHERE id = :id"), {"id": connection_id})
    if confirmed is None:
        return "the first run of a connection waits for a person's word"
    found: str | None = conn.scalar(
        text(
            "SELECT cause FROM delivery WHERE connection_id = :id AND state = 'held' "
            "UNION ALL SELECT cause FROM creation WHERE connection_id = :id AND state = 'held' LIMIT 1"
        ),
        {"id": connection_id},
    )
    return found
