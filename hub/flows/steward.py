"""A person's acts: merge, unmerge, pin. Each writes decisions or pins, computes again, and can be previewed (DESIGN
§5)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from hub.canonical.ids import show
from hub.canonical.normalise import normalise
from hub.canonical.paths import parse
from hub.errors import NotFound, WrongUse
from hub.flows import goldens, owing, rails
from hub.flows.absorb import absorb
from hub.flows.rails import Difference
from hub.flows.wiring import Wiring
from hub.identity.decide import Decision, Plan, plan_merge, plan_unmerge
from hub.store import bulk
from hub.store.documents import dump
from hub.store.golden_row import decode_doc
from hub.store.queries import customers, matching, records
from hub.store.session import Database
from hub.store.tables import audit, decision, pin


@dataclass(frozen=True, slots=True)
class Effect:
    """What an act does. before, after: customer id → golden fields, of the live customers it touches; writes: what each
    system will receive."""

    before: dict[str, dict[str, Any]]
    after: dict[str, dict[str, Any]]
    writes: tuple[Difference, ...]


class _Undo(Exception):
    """Leaves the transaction of a preview without a trace."""


def merge(
    db: Database, wiring: Wiring, *, a: int, b: int, by: str, reason: str | None = None, preview: bool = False
) -> Effect:
    """Say that two customers are one. The earlier anchor's id stays; the other redirects to it.

    Raises NotFound for an unknown id, WrongUse if they are one already.
    """

    def act(conn: Connection) -> set[int]:
        left, right = current(conn, a), current(conn, b)
        if left == right:
            raise WrongUse(f"{show('cus', a)} and {show('cus', b)} are one customer already.")
        mine, theirs = _members(conn, left), _members(conn, right)
        decisions = _decisions(conn, [*mine, *theirs])
        plan = plan_merge(
            _unique(conn, wiring, mine), _unique(conn, wiring, theirs), decisions, anchors=(left, right)
        )
        _decide(conn, plan, by=by, reason=reason)
        _audit(conn, "customer.merge", show("cus", left), by=by, detail={"with": show("cus", right)})
        return {*mine, *theirs}

    return _perform(db, wiring, act, preview=preview)


def unmerge(
    db: Database,
    wiring: Wiring,
    customer: int,
    *,
    records_out: Sequence[int],
    by: str,
    reason: str | None = None,
    preview: bool = False,
) -> Effect:
    """Say that these records are somebody else than the rest of their customer. The machine cannot rejoin them.

    Raises NotFound for a record that is not of this customer, WrongUse if nothing would be left.
    """

    def act(conn: Connection) -> set[int]:
        id = current(conn, customer)
        members = _members(conn, id)
        if unknown := set(records_out) - set(members):
            raise NotFound(f"{len(unknown)} of these records are not of {show('cus', id)}.")
        named = set(records_out)
        tied = {one.record_id for one in matching.standings(conn, members).values() if one.tied_to in named}
        named |= tied
        rest = [one for one in members if one not in named]
        if not rest:
            raise WrongUse("Every record is named; there would be nobody to part them from.")
        _decide(conn, plan_unmerge(named, rest, _decisions(conn, members)), by=by, reason=reason)
        _audit(conn, "customer.unmerge", show("cus", id), by=by, detail={"records": sorted(named)})
        return set(members)

    return _perform(db, wiring, act, preview=preview)


def set_pin(
    db: Database,
    wiring: Wiring,
    customer: int,
    *,
    path: str,
    value: Any,
    by: str,
    reason: str | None = None,
    preview: bool = False,
) -> Effect:
    """Fix the value of one field (None: fixed as absent). Raises WrongUse for an unknown path, RecordRejected for a
    value."""
    parse(path)
    canonical = None if value is None else normalise(path, value)

    def act(conn: Connection) -> set[int]:
        id = current(conn, customer)
        _unpin(conn, id, path)
        _decide_hold(conn, id, path, by=by)
        conn.execute(
            pin.insert().values(
                customer_id=id, path=path, value=dump(canonical), by=by, reason=reason, at=time.time()
            )
        )
        _audit(conn, "customer.pin", show("cus", id), by=by, detail={"path": path})
        return set(_members(conn, id))

    return _perform(db, wiring, act, preview=preview)


def remove_pin(
    db: Database, wiring: Wiring, customer: int, *, path: str, by: str, preview: bool = False
) -> Effect:
    """Let the rules decide again. Raises NotFound if nothing is pinned there."""

    def act(conn: Connection) -> set[int]:
        id = current(conn, customer)
        if not _unpin(conn, id, path):
            raise NotFound(f"{path} of {show('cus', id)} is not pinned.")
        _audit(conn, "customer.unpin", show("cus", id), by=by, detail={"path": path})
        return set(_members(conn, id))

    return _perform(db, wiring, act, preview=preview)


def current(conn: Connection, id: int) -> int:
    """The customer an id answers to now: itself, or where it was merged into. Raises NotFound."""
    standing = matching.standings(conn, [id]).get(id)
    if standing is None:
        raise NotFound(f"There is no customer {show('cus', id)}.")
    return standing.customer_id


def _perform(
    db: Database, wiring: Wiring, act: Callable[[Connection], Iterable[int]], *, preview: bool
) -> Effect:
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


def _effect(conn: Connection, wiring: Wiring, act: Callable[[Connection], Iterable[int]]) -> Effect:
    touched = list(act(conn))
    was = {one.customer_id for one in matching.standings(conn, touched).values()}
    before = _fields(conn, was)
    absorb(conn, wiring, [], now=time.time(), lane=owing.REALTIME, touched=touched, refresh=was)
    now = {one.customer_id for one in matching.standings(conn, touched).values()}
    return Effect(before, _fields(conn, now), _writes(conn, wiring, touched, customers_now=now))


def _fields(conn: Connection, ids: Iterable[int]) -> dict[str, dict[str, Any]]:
    rows = customers.load_many(conn, ids)
    return {
        show("cus", id): decode_doc(row.doc)[0] for id, row in sorted(rows.items()) if row.merged_into is None
    }


def _writes(
    conn: Connection, wiring: Wiring, touched: Sequence[int], *, customers_now: set[int]
) -> tuple[Difference, ...]:
    places = records.places(conn, touched)
    found: list[Difference] = []
    for stream in wiring.streams.values():
        if stream.writes:
            mine = [
                id
                for id, place in places.items()
                if (place.connection_id, place.object) == (stream.connection_id, stream.object)
                and not place.gone
            ]
            found += rails.of_records(conn, wiring, stream, ids=mine)
        found += [
            one
            for one in rails.of_creates(conn, stream, states=("waiting", "held"))
            if one.customer_id in {show("cus", id) for id in customers_now}
        ]
    return tuple(found)


def _members(conn: Connection, customer: int) -> list[int]:
    return goldens.members_of(conn, [customer]).get(customer, [])


def _unique(conn: Connection, wiring: Wiring, ids: Iterable[int]) -> dict[int, str | None]:
    """Each record with its connection's name, if that connection declares unique customers."""
    return {
        id: wiring.names.get(place.connection_id) if wiring.unique_customers(place.connection_id) else None
        for id, place in records.places(conn, ids).items()
    }


def _decisions(conn: Connection, ids: Sequence[int]) -> list[Decision]:
    return [Decision(*row) for row in matching.decisions_on(conn, ids)]


def _decide(conn: Connection, plan: Plan, *, by: str, reason: str | None) -> None:
    """Write a person's decisions; those they contradict are superseded, not overwritten."""
    now = time.time()
    rows = [
        {"a": a, "b": b, "verdict": plan.verdict, "by": by, "reason": reason, "at": now}
        for a, b in plan.pairs
    ]
    conn.execute(decision.insert(), rows)
    newest = conn.scalar(text("SELECT max(id) FROM decision"))
    if plan.supersedes:
        conn.execute(
            text(
                "UPDATE decision SET superseded_at = :now, superseded_by = :newest "
                f"WHERE id {bulk.among(conn, 'ids')}"
            ),
            {"now": now, "newest": newest, "ids": bulk.pack(conn, plan.supersedes)},
        )


def _unpin(conn: Connection, customer: int, path: str) -> int:
    result: Any = conn.execute(
        text(
            "UPDATE pin SET removed_at = :now WHERE removed_at IS NULL AND path = :path AND customer_id = :id"
        ),
        {"now": time.time(), "path": path, "id": customer},
    )
    return int(result.rowcount)


def _decide_hold(conn: Connection, customer: int, path: str, *, by: str) -> None:
    """A pin is a decision: what was held of this field is held no longer."""
    conn.execute(
        text(
            "UPDATE hold SET decided_at = :now, decided_by = :by "
            "WHERE decided_at IS NULL AND path = :path AND customer_id = :id"
        ),
        {"now": time.time(), "by": by, "path": path, "id": customer},
    )


def _audit(conn: Connection, act: str, subject: str, *, by: str, detail: Any) -> None:
    conn.execute(audit.insert().values(at=time.time(), by=by, act=act, subject=subject, detail=dump(detail)))
