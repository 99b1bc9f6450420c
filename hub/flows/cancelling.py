"""A person stops a run (issue 6.8): its checkpoint stays, and the next run goes on from there."""

from __future__ import annotations

from hub.errors import NotFound, WrongUse
from hub.store.queries import connections, runs
from hub.store.session import Database


def cancel(db: Database, id: int, *, by: str, now: float) -> str:
    """`cancelled`, or `stopping` for one at work: it ends with its page. Raises NotFound, WrongUse if it is over."""
    with db.claim() as conn:
        row = runs.get(conn, id)
        if row is None:
            raise NotFound(f"There is no run {id}.", fix="See: hub run list")
        state = runs.cancel(conn, id, by=by, now=now)
        if state is None:
            raise WrongUse(
                f"Run {id} is {row.state} already.", fix="Only what waits or is at work can be cancelled."
            )
        connections.note(conn, "run.cancel", f"run {id}", by=by, detail={"state": state}, now=now)
    return state
