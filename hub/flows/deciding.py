"""Writing persons' decisions, and taking an act's decisions back (DESIGN §4: superseded, never overwritten)."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from hub.errors import WrongUse
from hub.identity.decide import Plan
from hub.store.queries import decisions


class Written(NamedTuple):
    """What an act wrote: the numbers of its decisions, and of those they superseded."""

    decisions: tuple[int, ...] = ()
    superseded: tuple[int, ...] = ()


def write(conn: Connection, plan: Plan, *, by: str, reason: str | None, now: float) -> Written:
    """Write what a plan says; the decisions it contradicts are superseded."""
    ids = decisions.insert(conn, plan.pairs, verdict=plan.verdict, by=by, reason=reason, now=now)
    if plan.supersedes:
        decisions.supersede(conn, plan.supersedes, by=max(ids), now=now)
    return Written(tuple(ids), tuple(plan.supersedes))


def withdraw(conn: Connection, written: Written, *, now: float) -> set[int]:
    """Put an act's decisions out of force and those it superseded in force again; the records they are about.

    Raises WrongUse if something newer was decided since, so that nothing is left to withdraw.
    """
    found = decisions.load(conn, written.decisions)
    if not found or any(one.superseded_at is not None for one in found):
        raise WrongUse(
            "This was withdrawn already, or something newer was decided about the same records.",
            fix="Look with: hub customer explain CUSTOMER",
        )
    decisions.supersede(conn, written.decisions, by=None, now=now)
    decisions.repeat(conn, written.superseded)
    return {id for one in [*found, *decisions.load(conn, written.superseded)] for id in (one.a, one.b)}
