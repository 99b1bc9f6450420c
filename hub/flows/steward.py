"""A person's acts: merge, unmerge, "not the same", pin. Each writes decisions or pins, computes again, and can be
previewed (DESIGN §5); the first three can be withdrawn."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, text

from hub.canonical.ids import show
from hub.canonical.normalise import normalise
from hub.canonical.paths import parse
from hub.errors import NotFound, WrongUse
from hub.flows import deciding, goldens
from hub.flows.bindings import load_bindings
from hub.flows.deciding import Written
from hub.flows.effect import Act, Effect, perform
from hub.flows.wiring import Wiring
from hub.identity.decide import Decision, plan_merge, plan_unmerge
from hub.store.documents import dump, load
from hub.store.queries import matching, records
from hub.store.session import Database
from hub.store.tables import audit, pin

__all__ = ["Effect", "current", "merge", "part", "remove_pin", "set_pin", "unmerge", "withdraw"]

MERGE, UNMERGE, PART = "customer.merge", "customer.unmerge", "customer.part"


def merge(
    db: Database, wiring: Wiring, *, a: int, b: int, by: str, reason: str | None = None, preview: bool = False
) -> Effect:
    """Say that two customers are one. The earlier anchor's id stays; the other redirects to it.

    Raises NotFound for an unknown id, WrongUse if they are one already.
    """

    def act(conn: Connection) -> Act:
        left, right = current(conn, a), current(conn, b)
        if left == right:
            raise WrongUse(f"{show('cus', a)} and {show('cus', b)} are one customer already.")
        mine, theirs = _members(conn, left), _members(conn, right)
        decisions = _decisions(conn, [*mine, *theirs])
        plan = plan_merge(
            _unique(conn, wiring, mine), _unique(conn, wiring, theirs), decisions, anchors=(left, right)
        )
        written = deciding.write(conn, plan, by=by, reason=reason, now=time.time())
        detail = {"with": show("cus", right), **written._asdict()}
        return Act([*mine, *theirs], _audit(conn, MERGE, show("cus", left), by=by, detail=detail))

    return perform(db, wiring, act, preview=preview)


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

    def act(conn: Connection) -> Act:
        id = current(conn, customer)
        members = _members(conn, id)
        if unknown := set(records_out) - set(members):
            raise NotFound(f"{len(unknown)} of these records are not of {show('cus', id)}.")
        named = set(records_out)
        made_for = {id: one.created_for for id, one in load_bindings(conn, members).items()}
        tied = {
            one.record_id
            for one in matching.standings(conn, members).values()
            if one.tied_to in named and one.tied_to == made_for.get(one.record_id)
        }  # what was merged in its system stays unless it is named
        named |= tied
        rest = [one for one in members if one not in named]
        if not rest:
            raise WrongUse("Every record is named; there would be nobody to part them from.")
        plan = plan_unmerge(named, rest, _decisions(conn, members))
        written = deciding.write(conn, plan, by=by, reason=reason, now=time.time())
        detail = {"records": sorted(named), **written._asdict()}
        return Act(members, _audit(conn, UNMERGE, show("cus", id), by=by, detail=detail))

    return perform(db, wiring, act, preview=preview)


def part(
    db: Database, wiring: Wiring, *, a: int, b: int, by: str, reason: str | None = None, preview: bool = False
) -> Effect:
    """Say that two customers are two. It holds for each record of the one with each of the other.

    Raises NotFound for an unknown id, WrongUse if they are one.
    """

    def act(conn: Connection) -> Act:
        left, right = current(conn, a), current(conn, b)
        if left == right:
            raise WrongUse(
                f"{show('cus', a)} and {show('cus', b)} are one customer.",
                fix="Say which records are somebody else: hub customer unmerge",
            )
        mine, theirs = _members(conn, left), _members(conn, right)
        plan = plan_unmerge(mine, theirs, _decisions(conn, [*mine, *theirs]))
        written = deciding.write(conn, plan, by=by, reason=reason, now=time.time())
        detail = {"from": show("cus", right), **written._asdict()}
        return Act([*mine, *theirs], _audit(conn, PART, show("cus", left), by=by, detail=detail))

    return perform(db, wiring, act, preview=preview)


def withdraw(db: Database, wiring: Wiring, number: int, *, by: str, preview: bool = False) -> Effect:
    """Take back a merge, an unmerge or a "not the same", by its number: as if it had never been said.

    Raises NotFound for a number that is none of these, WrongUse if something newer has replaced it.
    """

    def act(conn: Connection) -> Act:
        row = conn.execute(select(audit).where(audit.c.id == number)).first()
        if row is None or row.act not in (MERGE, UNMERGE, PART):
            raise NotFound(f'There is no merge, unmerge or "not the same" with the number {number}.')
        touched = deciding.withdraw(conn, Written(**_written(load(row.detail))), now=time.time())
        members = {
            id for one in matching.standings(conn, touched).values() for id in _members(conn, one.customer_id)
        }
        detail = {"act": number}
        return Act(members, _audit(conn, "customer.withdraw", row.subject, by=by, detail=detail))

    return perform(db, wiring, act, preview=preview)


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
    return set_pins(db, wiring, customer, values={path: value}, by=by, reason=reason, preview=preview)


def set_pins(
    db: Database,
    wiring: Wiring,
    customer: int,
    *,
    values: Mapping[str, Any],
    by: str,
    once: bool = False,
    reason: str | None = None,
    preview: bool = False,
) -> Effect:
    """Fix several fields in one act; holds on them are decided. once: until a system says something else.

    Raises as `set_pin`.
    """
    for path in values:
        parse(path)
    fixed = {path: None if value is None else normalise(path, value) for path, value in values.items()}

    def act(conn: Connection) -> Act:
        id = current(conn, customer)
        for path, value in fixed.items():
            _unpin(conn, id, path)
            _decide_hold(conn, id, path, by=by)
            row = {"customer_id": id, "path": path, "value": dump(value), "by": by, "reason": reason}
            conn.execute(pin.insert().values(**row, once=once, at=time.time()))
        detail = {"paths": sorted(fixed), "once": once}
        number = _audit(conn, "customer.pin", show("cus", id), by=by, detail=detail)
        return Act(_members(conn, id), number)

    return perform(db, wiring, act, preview=preview)


def remove_pin(
    db: Database, wiring: Wiring, customer: int, *, path: str, by: str, preview: bool = False
) -> Effect:
    """Let the rules decide again. Raises NotFound if nothing is pinned there."""

    def act(conn: Connection) -> Act:
        id = current(conn, customer)
        if not _unpin(conn, id, path):
            raise NotFound(f"{path} of {show('cus', id)} is not pinned.")
        number = _audit(conn, "customer.unpin", show("cus", id), by=by, detail={"path": path})
        return Act(_members(conn, id), number)

    return perform(db, wiring, act, preview=preview)


def current(conn: Connection, id: int) -> int:
    """The customer an id answers to now: itself, or where it was merged into. Raises NotFound."""
    standing = matching.standings(conn, [id]).get(id)
    if standing is None:
        raise NotFound(f"There is no customer {show('cus', id)}.")
    return standing.customer_id


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


def _written(detail: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(detail.get(name, ())) for name in Written._fields}


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


def _audit(conn: Connection, act: str, subject: str, *, by: str, detail: Any) -> int:
    """The number of the new line of the audit trail."""
    line = audit.insert().values(at=time.time(), by=by, act=act, subject=subject, detail=dump(detail))
    return int(conn.execute(line.returning(audit.c.id)).scalar_one())
