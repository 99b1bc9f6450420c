"""What could not be brought to a system: listed, grouped by cause, sent again by one, by cause, or all (DESIGN §7).

They also resolve themselves: when golden changes, or when the record is later written by another way.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from hub.canonical.ids import show
from hub.errors import NotFound, WrongUse
from hub.flows import steward
from hub.flows.bindings import load_bindings, save_bindings
from hub.flows.causes import common
from hub.flows.kinds import kind_of
from hub.flows.wiring import Wiring
from hub.store.queries import debts, matching, outgoing, records
from hub.store.queries.debts import Debt
from hub.store.session import Database
from hub.sync.delivery import give_up

_MOST = 10_000
STATES = ("waiting", "claimed", "held", "dead")


class Cause(NamedTuple):
    """Dead letters of one connection and object whose causes share their words. example: the name of one of them."""

    connection: str
    object: str
    code: str
    cause: str
    letters: int
    since: float
    example: str


class Replayed(NamedTuple):
    """sent: how many go out again; connections: whose they are."""

    sent: int
    connections: frozenset[int]


def name_of(debt: Debt) -> str:
    """How a person names it: `CONNECTION/OBJECT/EXTERNAL_ID`, or our id for what is still to be made."""
    id = debt.external_id or show(kind_of(debt.object).prefix, debt.subject)
    return f"{debt.connection}/{debt.object}/{id}"


def listed(
    db: Database, *, states: Sequence[str] = (), connection: str | None = None, limit: int = _MOST
) -> list[Debt]:
    """What is owed, the last changed first. Raises WrongUse for an unknown state."""
    for state in states:
        if state not in STATES:
            raise WrongUse(f"There is no state {state!r}.", fix=f"Use one of: {', '.join(STATES)}.")
    with db.read() as conn:
        return debts.open_debts(conn, states=states, connection=connection, limit=limit)


def causes(found: Iterable[Debt]) -> list[Cause]:
    """Dead letters by cause, the most first."""
    groups: dict[tuple[str, str, str, str], list[Debt]] = defaultdict(list)
    for one in found:
        groups[(one.connection, one.object, one.code or "", common(one.cause or ""))].append(one)
    made = [
        Cause(*key, len(many), min(one.updated_at for one in many), name_of(many[0]))
        for key, many in groups.items()
    ]
    return sorted(made, key=lambda one: (-one.letters, one.connection, one.cause))


def meant(db: Database, name: str) -> Debt:
    """The debt of a name. Raises NotFound if nothing is owed under it, WrongUse for another text."""
    connection, _, rest = name.partition("/")
    if not rest.partition("/")[2]:
        raise WrongUse(
            f"{name!r} names no delivery.", fix="Say CONNECTION/OBJECT/ID, as in: hub delivery list"
        )
    for one in listed(db, connection=connection):
        if name_of(one) == name:
            return one
    raise NotFound(f"Nothing is owed under {name}.", fix="See: hub delivery list")


def like(found: Iterable[Debt], example: Debt) -> list[Debt]:
    """Those whose cause has the same words as that of the example."""
    key = (example.connection, example.object, example.code, common(example.cause or ""))
    return [one for one in found if (one.connection, one.object, one.code, common(one.cause or "")) == key]


def replay(db: Database, chosen: Sequence[Debt]) -> Replayed:
    """Let these go out again: what is golden now, not what was refused then."""
    now = time.time()
    sent, connections = 0, set()
    with db.write() as conn:
        for one in chosen:
            if debts.again(conn, one, now=now):
                sent += 1
                connections.add(one.connection_id)
    return Replayed(sent, frozenset(connections))


def edit(
    db: Database, wiring: Wiring, debt: Debt, *, values: dict[str, Any], by: str, reason: str | None = None
) -> Replayed:
    """Put golden right where a system refused a value (a pin, which holds everywhere), and send again.

    Raises WrongUse for an order, whose content is its origin's; for an unknown path, RecordRejected for a value.
    """
    if debt.object != "customer":
        raise WrongUse(
            f"The content of an {debt.object} is its origin's.",
            fix="Correct it where it was placed, then sync.",
        )
    with db.read() as conn:
        standing = matching.standings(conn, [debt.subject])[debt.subject]
    for path, value in values.items():
        steward.set_pin(db, wiring, standing.customer_id, path=path, value=value, by=by, reason=reason)
    return replay(db, [debt])


def close(db: Database, debt: Debt) -> None:
    """An admin's word on a write held in doubt: it counts as over, and what the next reading shows is people's.

    Raises WrongUse for one that is not in doubt, or a create, which is looked for instead.
    """
    if debt.kind != "update" or not debt.doubt or debt.state == "claimed":
        raise WrongUse(f"{name_of(debt)} is no update in doubt.", fix="Send it again: hub delivery replay")
    now = time.time()
    with db.write() as conn:
        before = load_bindings(conn, [debt.subject])[debt.subject]
        save_bindings(conn, [(debt.subject, give_up(before))])
        place = records.places(conn, [debt.subject])[debt.subject]
        outgoing.mark_reread(
            conn,
            place.connection_id,
            place.object,
            external_ids=[place.external_id],
            why="unsettled",
            now=now,
        )
        debts.again(conn, debt, now=now)
