"""What a person's act does: performed with all that follows in one transaction, or only looked at (DESIGN §5)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.canonical.ids import show
from hub.flows import owing, rails
from hub.flows.absorb import absorb
from hub.flows.rails import Difference
from hub.flows.wiring import Wiring
from hub.store.golden_row import decode_doc
from hub.store.queries import customers, matching, records
from hub.store.session import Database


class Act(NamedTuple):
    """What an act touched: the records to cluster again, and the number of its line in the audit trail."""

    touched: Iterable[int]
    number: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What an act does.

    before, after: customer id → golden fields, of the living customers it touches. writes: what each system will
    receive because of it; spared: what it would have received and now will not. leads: each id that is alive no longer
    → the one that answers for it. act: its number, with which it can be withdrawn.
    """

    before: dict[str, dict[str, Any]]
    after: dict[str, dict[str, Any]]
    writes: tuple[Difference, ...]
    spared: tuple[Difference, ...] = ()
    leads: Mapping[str, str] = field(default_factory=dict)
    act: int | None = None

    @property
    def kept(self) -> list[str]:
        """Ids that are alive before and after."""
        return [id for id in self.before if id in self.after]

    @property
    def back(self) -> list[str]:
        """Ids that are alive again."""
        return [id for id in self.after if id not in self.before]

    def systems(self) -> dict[str, dict[str, Any]]:
        """Connection → {"updates", "creates": how many records; "fields": path → how many}, by name."""
        found: dict[str, dict[str, Any]] = {}
        for name in sorted({one.connection for one in self.writes}):
            mine = [one for one in self.writes if one.connection == name]
            found[name] = {
                "updates": len(
                    {(one.object, one.external_id) for one in mine if one.external_id is not None}
                ),
                "creates": len({(one.object, one.customer_id) for one in mine if one.external_id is None}),
                "fields": dict(sorted(Counter(one.path for one in mine).items())),
            }
        return found


class _Undo(Exception):
    """Leaves the transaction of a preview without a trace."""


def perform(db: Database, wiring: Wiring, act: Callable[[Connection], Act], *, preview: bool) -> Effect:
    """Run the act and all that follows in one transaction; a preview is the same, undone."""
    effect: Effect | None = None
    try:
        with db.write() as conn:
            effect = _effect(conn, wiring, act)
            if preview:
                raise _Undo
    except _Undo:
        pass
    assert effect is not None
    return effect


def _effect(conn: Connection, wiring: Wiring, act: Callable[[Connection], Act]) -> Effect:
    done = act(conn)
    touched = list(done.touched)
    was = _customers(conn, touched)
    before, owed = _fields(conn, was), _owed(conn, wiring, touched)
    absorb(conn, wiring, [], now=time.time(), lane=owing.REALTIME, touched=touched, refresh=was)
    now = _customers(conn, touched)
    after, owes = _fields(conn, now), _owed(conn, wiring, touched)
    gone = matching.standings(conn, was - now)
    return Effect(
        before,
        after,
        tuple(one for key, one in owes.items() if owed.get(key) != one),
        tuple(one for key, one in owed.items() if key not in owes),
        {show("cus", id): show("cus", one.customer_id) for id, one in sorted(gone.items())},
        done.number,
    )


def _customers(conn: Connection, ids: Sequence[int]) -> set[int]:
    return {one.customer_id for one in matching.standings(conn, ids).values()}


def _fields(conn: Connection, ids: Iterable[int]) -> dict[str, dict[str, Any]]:
    rows = customers.load_many(conn, ids)
    return {
        show("cus", id): decode_doc(row.doc)[0] for id, row in sorted(rows.items()) if row.merged_into is None
    }


def _owed(conn: Connection, wiring: Wiring, touched: Sequence[int]) -> dict[tuple[Any, ...], Difference]:
    """What the systems would receive now of the customers of these records, by record (or customer) and path."""
    places = records.places(conn, touched)
    mine = {show("cus", id) for id in touched}
    found: list[Difference] = []
    for stream in wiring.streams.values():
        if stream.writes:
            ids = [
                id
                for id, place in places.items()
                if (place.connection_id, place.object) == (stream.connection_id, stream.object)
                and not place.gone
            ]
            found += rails.of_records(conn, wiring, stream, ids=ids)
        found += [
            one
            for one in rails.of_creates(conn, stream, states=("waiting", "held"))
            if one.customer_id in mine
        ]
    return {_key(one): one for one in found}


def _key(one: Difference) -> tuple[Any, ...]:
    who = one.customer_id if one.external_id is None else None
    return one.connection, one.object, one.external_id, who, one.path
