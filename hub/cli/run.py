"""`hub run`: what was pulled and pushed."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import instant, record, records


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
