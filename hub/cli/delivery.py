"""`hub delivery`: what systems are owed and could not be brought there."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import instant, record, records, say

_LIMIT = 10_000


@click.group()
def delivery() -> None:
    """What the hub owes the systems. A dead letter was refused or given up; it also leaves when golden changes."""


@delivery.command("list")
@click.argument("connection", required=False)
@click.option("--state", "states", multiple=True, help="waiting, claimed, held or dead; may be given again.")
@click.option("--causes", is_flag=True, help="Dead letters grouped by cause.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@pass_office
def list_(office: Office, connection: str | None, states: tuple[str, ...], causes: bool, limit: int) -> None:
    """The last changed first."""
    from hub.flows import dead_letters

    with office.store() as db:
        if causes:
            found = dead_letters.listed(db, states=states or ("dead",), connection=connection, limit=_LIMIT)
            rows = [one._asdict() | {"since": instant(one.since)} for one in dead_letters.causes(found)]
            heads = ("letters", "connection", "object", "cause", "example")
            records(office, rows, heads, empty="No dead letter.")
            return
        found = dead_letters.listed(db, states=states, connection=connection, limit=limit)
        columns = ("name", "kind", "state", "cause", "attempts", "next_at")
        records(
            office, [_row(one, dead_letters.name_of(one)) for one in found], columns, empty="Nothing is owed."
        )


@delivery.command()
@click.argument("names", nargs=-1)
@click.option("--all", "all_", is_flag=True, help="Every dead letter.")
@click.option("--connection", help="Every dead letter of this connection.")
@click.option("--like", metavar="NAME", help="Every dead letter with the cause that NAME has.")
@pass_office
def replay(
    office: Office, names: tuple[str, ...], all_: bool, connection: str | None, like: str | None
) -> None:
    """Send dead letters again, as golden is now."""
    from hub.flows import dead_letters

    if not (names or all_ or connection or like):
        raise click.UsageError("Say which: names, --like NAME, --connection NAME or --all.")
    with office.store() as db:
        chosen = [dead_letters.meant(db, name) for name in names]
        if not names:
            chosen = dead_letters.listed(db, states=("dead",), connection=connection, limit=_LIMIT)
            if like:
                chosen = dead_letters.like(chosen, dead_letters.meant(db, like))
        _sent(office, dead_letters.replay(db, chosen).sent)


@delivery.command()
@click.argument("name")
@click.argument("values", nargs=-1, required=True, metavar="PATH=VALUE...")
@click.option("--reason", help="Why, for whoever asks later.")
@pass_office
def edit(office: Office, name: str, values: tuple[str, ...], reason: str | None) -> None:
    """Put a refused value right and send again. The value is pinned: it holds in every system."""
    from hub.flows import dead_letters
    from hub.flows.wiring import load_wiring

    given: dict[str, Any] = {}
    for word in values:
        path, equals, value = word.partition("=")
        if not equals:
            raise click.UsageError(f"{word!r} is not PATH=VALUE.")
        given[path] = value or None
    with office.store() as db:
        debt = dead_letters.meant(db, name)
        done = dead_letters.edit(db, load_wiring(db), debt, values=given, by=office.user, reason=reason)
        _sent(office, done.sent)


@delivery.command("close")
@click.argument("name")
@pass_office
def close_(office: Office, name: str) -> None:
    """Say that a write held in doubt is over; what the system shows next counts as written by its people."""
    from hub.flows import dead_letters

    with office.store() as db:
        dead_letters.close(db, dead_letters.meant(db, name))
    _sent(office, 1)


def _sent(office: Office, count: int) -> None:
    if office.as_json:
        record(office, {"sent": count})
    else:
        say(f"{count} go out again: at the next hub sync, or at once where workers run (hub up).")


def _row(one: Any, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "kind": one.kind,
        "connection": one.connection,
        "object": one.object,
        "external_id": one.external_id,
        "state": one.state,
        "doubt": one.doubt,
        "cause": one.cause,
        "code": one.code,
        "attempts": one.attempts,
        "updated_at": instant(one.updated_at),
        "next_at": instant(one.next_at),
    }
