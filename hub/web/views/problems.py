"""Problems by cause, and where two edits met."""

from __future__ import annotations

from flask import request

from hub.errors import NotFound
from hub.store.queries import glance, listings
from hub.web import causes
from hub.web.place import store
from hub.web.views.part import PAGE, blueprint, named, names, number, page


@blueprint.get("/problems")
def problems() -> str:
    """What could not be taken or delivered, grouped by cause."""
    kind = request.args.get("kind", "")
    with store().read() as conn:
        connection = named(conn, request.args.get("connection", ""))
        found = [*glance.dead_groups(conn), *glance.quarantine_groups(conn)]
    groups = causes.grouped(
        one for one in found if kind in ("", one.kind) and connection in (None, one.connection)
    )
    return page(
        "problems.html",
        "problems",
        causes=groups,
        total=sum(one.records for one in groups),
        connection=connection,
        names=names(),
    )


@blueprint.get("/problems/<int:id>")
def problem(id: int) -> str:
    """One record that could not be taken: its cause, and what the system said."""
    with store().read() as conn:
        found = listings.quarantined(conn, min(id, (1 << 63) - 1))
    if found is None:
        raise NotFound(f"There is nothing {id} in quarantine.", fix="See: hub quarantine list")
    return page("problem.html", "problems", one=found)


@blueprint.get("/conflicts")
def conflicts() -> str:
    """The notes left where an edit met another value or was overruled, newest first."""
    with store().read() as conn:
        found = glance.notes(conn, limit=PAGE + 1, before=number("before"))
        holds = glance.open_holds(conn)
    more = found[PAGE - 1].id if len(found) > PAGE else None
    return page("conflicts.html", "conflicts", notes=found[:PAGE], more=more, holds=holds)
