"""`hub inbox`: webhooks that came in."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import instant, record, records, say

_LIMIT = 10_000


@click.group()
def inbox() -> None:
    """Webhooks that came in, and what became of them. What one speaks of is also found by the next pull."""


@inbox.command("list")
@click.argument("connection", required=False)
@click.option("--state", help="waiting, claimed, held, dead, done or refused.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@pass_office
def list_(office: Office, connection: str | None, state: str | None, limit: int) -> None:
    """The last received first."""
    from hub.store.queries import inbox as rows

    with office.store() as db, db.read() as conn:
        found = [_row(one) for one in rows.listed(conn, connection=connection, state=state, limit=limit)]
    if not office.as_json:
        found = [{**row, "about": _about(row["hints"])} for row in found]
    columns = ("id", "connection", "state", "about", "times", "attempts", "received_at", "cause")
    records(office, found, columns, empty="No webhook has come in.")


@inbox.command()
@click.argument("ids", type=int, nargs=-1)
@click.option("--dead", is_flag=True, help="Every one that was given up.")
@click.option("--held", is_flag=True, help="Every one that waits for a person.")
@click.option("--connection", help="Of these, only those of this connection.")
@click.option("--confirm", is_flag=True, help="Let the records they call deleted go, however many.")
@pass_office
def replay(
    office: Office, ids: tuple[int, ...], dead: bool, held: bool, connection: str | None, confirm: bool
) -> int:
    """Take webhooks again. Exit 1 if some are not done after it."""
    from hub.errors import NotFound
    from hub.flows import inbox as flow
    from hub.store.queries import inbox as rows

    if not (ids or dead or held):
        raise click.UsageError("Say which: ids, --dead or --held.")
    with office.store() as db:
        with db.read() as conn:
            wanted = list(ids)
            for id in ids:
                if rows.get(conn, id) is None:
                    raise NotFound(f"There is no webhook {id}.", fix="See: hub inbox list")
            for state in ("dead",) * dead + ("held",) * held:
                wanted += [
                    one.id for one in rows.listed(conn, connection=connection, state=state, limit=_LIMIT)
                ]
        result = flow.replay(db, office.settings, wanted, confirm=confirm)
    if office.as_json:
        record(office, result._asdict())
    else:
        became = ", ".join(f"{count} {state}" for state, count in result.became.items())
        say(f"{result.rows} taken again: {became or 'the workers have them'}.")
    return int(any(state != "done" for state in result.became))


def _row(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "connection": one.connection,
        "delivery_id": one.delivery_id,
        "state": one.state,
        "hints": [hint._asdict() for hint in one.hints],
        "times": one.times,
        "attempts": one.attempts,
        "cause": one.cause,
        "code": one.code,
        "received_at": instant(one.received_at),
        "updated_at": instant(one.updated_at),
        "next_at": instant(one.next_at),
    }


def _about(hints: list[dict[str, Any]]) -> str:
    """The first records in few words."""
    named = [f"{one['object']} {one['external_id']}{' deleted' * one['deleted']}" for one in hints[:3]]
    return ", ".join([*named, *([f"and {len(hints) - 3} more"] if len(hints) > 3 else [])])
