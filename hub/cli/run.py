"""`hub run`: what was pulled and pushed."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import instant, record, records, say


@click.group()
def run() -> None:
    """One run is one go of a pull or a push of a connection's object."""


@run.command("list")
@click.argument("connection", required=False)
@click.option("--state", help="queued, running, done, failed, held or cancelled.")
@click.option("--limit", type=click.IntRange(1), default=30, show_default=True)
@pass_office
def list_(office: Office, connection: str | None, state: str | None, limit: int) -> None:
    """The newest runs first."""
    from hub.store.queries import listings

    with office.store() as db, db.read() as conn:
        rows = [_row(one) for one in listings.runs(conn, connection=connection, state=state, limit=limit)]
    records(
        office,
        rows,
        ("id", "kind", "connection", "object", "state", "counts", "started_at", "seconds", "cause"),
        empty="No run yet. Start one: hub sync",
    )


@run.command()
@click.argument("id", type=int)
@pass_office
def show(office: Office, id: int) -> None:
    """One run with its counts, its cause if it failed, and when it goes on."""
    from hub.errors import NotFound
    from hub.store.queries import listings

    with office.store() as db, db.read() as conn:
        found = listings.run(conn, id)
    if found is None:
        raise NotFound(f"There is no run {id}.", fix="See: hub run list")
    record(office, _row(found))


@run.command()
@click.argument("id", type=int)
@click.option("--preview", is_flag=True, help="Only say what would be put back.")
@pass_office
def undo(office: Office, id: int, preview: bool) -> None:
    """Put back what a push wrote, where nobody has changed it since. What it created stays."""
    from hub.flows import undo as undoing

    with office.store() as db:
        found = undoing.undo(db, id, by=office.user, preview=preview)
    rows = [
        {"external_id": id, "path": path, "wrote": wrote, "before": before, "left_alone": False}
        for id, fields in found.values.items()
        for path, (wrote, before) in fields.items()
    ]
    rows += [
        {"external_id": id, "path": path, "wrote": None, "before": None, "left_alone": True}
        for id, paths in found.changed.items()
        for path in paths
    ]
    records(office, rows, ("external_id", "path", "wrote", "before", "left_alone"), empty="It wrote nothing.")
    if found.created:
        say(f"{len(found.created)} records that it created stay: {', '.join(found.created[:5])}")
    if rows and not preview:
        say("They are put back at the next hub sync, or at once where workers run (hub up).")


@run.command()
@click.argument("id", type=int)
@pass_office
def redo(office: Office, id: int) -> None:
    """Let an undone push stand again: its records are brought back to golden."""
    from hub.flows import undo as undoing

    with office.store() as db:
        count = undoing.redo(db, id)
    record(office, {"records": count})


@run.command()
@click.argument("id", type=int)
@pass_office
def cancel(office: Office, id: int) -> None:
    """Stop a run: at once while it waits, else when its page is stored. The next run goes on from there."""
    from hub.flows import cancelling

    with office.store() as db:
        state = cancelling.cancel(db, id, by=office.user, now=office.now)
    if office.as_json:
        record(office, {"id": id, "state": state})
        return
    say(f"Run {id} is cancelled." if state == "cancelled" else f"Run {id} ends with its page.")


def _row(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "connection": one.connection,
        "object": one.object,
        "lane": one.lane,
        "state": one.state,
        "counts": one.counts,
        "cause": one.cause,
        "code": one.code,
        "attempts": one.attempts,
        "requested_at": instant(one.requested_at),
        "started_at": instant(one.started_at),
        "finished_at": instant(one.finished_at),
        "seconds": None if one.seconds is None else round(one.seconds, 1),
        "next_at": instant(one.next_at) if one.state == "queued" else None,
    }
