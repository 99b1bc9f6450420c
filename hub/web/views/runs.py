"""Runs: what was read and written, and one run as the record of what it did."""

from __future__ import annotations

from flask import request

from hub.errors import NotFound, WrongUse
from hub.store.queries import listings
from hub.web.place import store
from hub.web.views.part import PAGE, blueprint, named, names, number, page

_STATES = ("running", "queued", "done", "failed", "held", "cancelled")


@blueprint.get("/runs")
def runs() -> str:
    """Runs, newest first, all or those of a connection or state."""
    before, state = number("before"), request.args.get("state", "")
    if state and state not in _STATES:
        raise WrongUse(f"There is no state {state}.")
    with store().read() as conn:
        connection = named(conn, request.args.get("connection", ""))
        rows = listings.runs(conn, connection=connection, state=state or None, limit=PAGE + 1, before=before)
    return page(
        "runs.html",
        "runs",
        runs=rows[:PAGE],
        more=rows[PAGE - 1].id if len(rows) > PAGE else None,
        before=before,
        state=state,
        connection=connection,
        states=_STATES,
        names=names(),
    )


@blueprint.get("/runs/<int:id>")
def run(id: int) -> str:
    """One run."""
    with store().read() as conn:
        found = listings.run(conn, min(id, (1 << 63) - 1))
    if found is None:
        raise NotFound(f"There is no run {id}.", fix="See: hub run list")
    return page("run.html", "runs", run=found)
