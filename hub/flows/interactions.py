"""Interactions as a kind (`flows/kinds.py`): one origin each, which owns the content; whose they are is derived
(DESIGN §5, "Orders and interactions").

What we send is an interaction from the moment it is asked for (`flows/messages.py`); its create binds it to the record
that it became. It keeps its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.canonical import moment
from hub.flows.absorb import Evidence, mark_rereads
from hub.flows.authors import Said, Whose, direction_of, known, whose
from hub.flows.bindings import load_bindings, save_bindings, to_row
from hub.flows.wiring import Stream, Wiring
from hub.store import bulk
from hub.store.binding_row import COLUMNS as BINDING
from hub.store.documents import dump, load
from hub.store.queries import customers, interactions, matching
from hub.store.queries.customers import FeedRow
from hub.store.queries.interactions import Stored
from hub.store.tables import binding as binding_table
from hub.sync.binding import Binding

_AT_ONCE = 500


class MessageStanding(NamedTuple):
    """An interaction to be sent; it needs nothing else there first."""

    subject: int
    golden: Mapping[str, Any]
    there: bool
    waits: str | None = None


@dataclass(frozen=True, slots=True)
class AbsorbedInteractions:
    """Nothing is owed to an interaction: it is not changed once it is said."""

    bindings: Mapping[int, Binding]
    counts: Mapping[str, int] = field(default_factory=dict)

    def binding(self, record_id: int) -> Binding:
        return self.bindings[record_id]

    def wanted(self, stream: Stream, record_id: int) -> Mapping[str, Any]:
        return values_of(self.bindings[record_id])

    def owed(self, stream: Stream, record_id: int) -> dict[str, Any]:
        return {}


class Interactions:
    """The kind of the object `interaction`."""

    prefix = "int"

    def goldens(self, conn: Connection, record_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        ids = interactions.ids_of_records(conn, record_ids)
        rows = interactions.stored(conn, ids.values())
        return {record: load(rows[id].doc) for record, id in ids.items()}

    def subjects(self, conn: Connection, home_ids: Sequence[int]) -> dict[int, int]:
        return {id: id for id in home_ids}

    def absorb(
        self, conn: Connection, wiring: Wiring, evidence: Sequence[Evidence], *, now: float, lane: str
    ) -> AbsorbedInteractions:
        new = [one for one in evidence if one.before is None]
        bulk.insert(conn, binding_table, BINDING, rows=[to_row(one.record_id, one.after) for one in new])
        save_bindings(conn, [(one.record_id, one.after) for one in evidence if one.before is not None])
        mark_rereads(conn, evidence, now=now)
        counts: dict[str, int] = {}
        by_connection: dict[int, list[Evidence]] = {}
        for one in evidence:
            by_connection.setdefault(one.stream.connection_id, []).append(one)
        for connection_id, many in by_connection.items():
            stream = wiring.stream(connection_id, "interaction")
            if stream is not None:
                _store(conn, wiring, stream, many, counts=counts, now=now, lane=lane)
        return AbsorbedInteractions({one.record_id: one.after for one in evidence}, counts)

    def standing(
        self, conn: Connection, wiring: Wiring, stream: Stream, *, home_ids: Sequence[int], now: float
    ) -> dict[int, MessageStanding]:
        rows = interactions.stored(conn, home_ids)
        return {
            id: MessageStanding(id, load(rows[id].doc), rows[id].record_id is not None) for id in home_ids
        }

    def tell(
        self, conn: Connection, wiring: Wiring, record_ids: Sequence[int], *, lane: str, now: float
    ) -> None:
        """Nothing: what was said is not said again."""

    def debts(
        self, conn: Connection, wiring: Wiring, stream: Stream, *, ids: Iterable[int]
    ) -> list[tuple[int, int, Mapping[str, Any], Mapping[str, Any]]]:
        listed = list(ids)
        subject, bindings = interactions.ids_of_records(conn, listed), load_bindings(conn, listed)
        return [(id, subject.get(id, id), {}, bindings[id].sent) for id in listed]


INTERACTIONS = Interactions()


def values_of(binding: Binding) -> dict[str, Any]:
    """What a record says (path → value): as contributed, and what we wrote ourselves."""
    said = {path: one.value for path, one in binding.contribution.items()}
    return {path: value for path, value in {**binding.sent, **said}.items() if value is not None}


def adopt(conn: Connection, connection_id: int, *, now: float) -> int:
    """Interactions that name a customer of their connection who has come: tie them to him. Returns how many."""
    count = 0
    while rows := _tied(conn, interactions.come(conn, connection_id, limit=_AT_ONCE), now=now):
        interactions.put(conn, rows)
        tell(conn, [one.customer_record_id for one in rows], now=now)
        count += len(rows)
    return count


def _tied(conn: Connection, waiting: Sequence[Stored], *, now: float) -> list[Stored]:
    """Those of these rows whose person has a record now, tied to it."""
    if not waiting:
        return []
    exact, derived = known(conn, waiting[0].connection_id, {one.customer_ref for one in waiting})
    found = [
        (one, exact.get(one.customer_ref or "") or derived.get(one.customer_ref or "")) for one in waiting
    ]
    return [one._replace(customer_record_id=id, updated_at=now) for one, id in found if id is not None]


def tell(conn: Connection, record_ids: Iterable[int | None], *, now: float) -> None:
    """The feed's word for the customers of these records: something of theirs has come or changed."""
    ids = {id for id in record_ids if id is not None}
    whose_are = {one.customer_id for one in matching.standings(conn, ids).values()} if ids else set()
    customers.append_feed(conn, [FeedRow(id, "CHANGED") for id in sorted(whose_are)], now=now)


def _store(
    conn: Connection,
    wiring: Wiring,
    stream: Stream,
    evidence: Sequence[Evidence],
    *,
    counts: dict[str, int],
    now: float,
    lane: str,
) -> None:
    """The rows of these interactions; unchanged ones are not written."""
    ids = interactions.ids_of_records(conn, [one.record_id for one in evidence])
    ids |= {
        one.record_id: one.after.created_for
        for one in evidence
        if one.record_id not in ids and one.after.created_for is not None
    }
    old = interactions.stored(conn, [ids.get(one.record_id, one.record_id) for one in evidence])
    said = [_said(one, old.get(ids.get(one.record_id, one.record_id)), now=now) for one in evidence]
    people = whose(conn, wiring, stream, said=said, map_id=stream.map_id, read_at=now, now=now, lane=lane)
    rows = []
    for one, what in zip(evidence, said, strict=True):
        id = ids.get(one.record_id, one.record_id)
        row = _row(one, what, people[one.record_id], id=id, old=old.get(id), now=now)
        if row is not None:
            rows.append(row)
    interactions.put(conn, rows)
    counts["waiting"] = sum(1 for row in rows if row.customer_ref and row.customer_record_id is None)
    came = {one.ref for one in people.values() if one.ref and one.record_id is not None}
    tied = _tied(conn, interactions.waiting_for(conn, stream.connection_id, came), now=now)
    interactions.put(conn, tied)
    tell(conn, [row.customer_record_id for row in (*rows, *tied)], now=now)


def _said(one: Evidence, old: Stored | None, *, now: float) -> Said:
    values = values_of(one.after)
    at = moment.seconds(values.get("occurred_at"))
    if at is None:
        at = old.occurred_at if old is not None else now
    return Said(one.record_id, one.external_id, values, at)


def _row(
    one: Evidence, said: Said, person: Whose, *, id: int, old: Stored | None, now: float
) -> Stored | None:
    """The row as it is now; None if it stands so. Of ours, what its record does not say is as it was asked for."""
    values, gone_at = said.values, None
    if one.after.gone:
        gone_at = now if old is None or old.gone_at is None else old.gone_at
    if old is not None and old.asked_by is not None:
        values = {**load(old.doc), **values}
        if person.record_id is None:
            person = Whose(person.ref or old.customer_ref, old.customer_record_id)
    row = Stored(
        id,
        one.stream.connection_id,
        one.record_id,
        one.external_id,
        direction_of(values),
        person.ref,
        person.record_id,
        said.occurred_at,
        gone_at,
        1,
        dump(dict(sorted(values.items()))),
        None,
        None,
        now,
    )
    if old is None:
        return row
    kept = row._replace(
        version=old.version, asked_by=old.asked_by, asked_as=old.asked_as, updated_at=old.updated_at
    )
    return None if kept == old else kept._replace(version=old.version + 1, updated_at=now)
