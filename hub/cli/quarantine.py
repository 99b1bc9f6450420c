"""`hub quarantine`: records that could not be taken."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import instant, print_line, record, records, say

_LIMIT = 10_000


@click.group()
def quarantine() -> None:
    """Records that could not be taken, with the cause. One that is mended at its source leaves by itself."""


@quarantine.command("list")
@click.argument("connection", required=False)
@click.option("--all", "all_", is_flag=True, help="Those too that were resolved.")
@click.option("--causes", is_flag=True, help="Grouped by cause.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@pass_office
def list_(office: Office, connection: str | None, all_: bool, causes: bool, limit: int) -> None:
    """The last seen first."""
    from hub.store.queries import listings

    with office.store() as db, db.read() as conn:
        state = None if all_ else "open"
        found = listings.quarantine(
            conn, connection=connection, state=state, limit=_LIMIT if causes else limit
        )
    rows = [_row(one) for one in found]
    if causes:
        records(office, _grouped(rows), ("count", "connection", "object", "cause", "example"), empty="Empty.")
    else:
        columns = ("id", "connection", "object", "external_id", "cause", "times", "last_at")
        records(office, rows, columns, empty="Empty: every record was taken.")


@quarantine.command()
@click.argument("id", type=int)
@pass_office
def show(office: Office, id: int) -> None:
    """One record: its cause, and what the system said."""
    found = _one(office, id)
    if office.as_json:
        record(office, {**_row(found), "raw": found.raw})
        return
    record(office, _row(found))
    print_line("")
    record(office, found.raw if isinstance(found.raw, dict) else {"raw": found.raw})


@quarantine.command()
@click.argument("ids", type=int, nargs=-1)
@click.option("--all", "all_", is_flag=True, help="Every open one.")
@click.option("--connection", help="Every open one of this connection.")
@click.option("--like", type=int, metavar="ID", help="Every open one with the cause that ID has.")
@pass_office
def retry(office: Office, ids: tuple[int, ...], all_: bool, connection: str | None, like: int | None) -> int:
    """Take records again, after the map or the record was mended. Exit 1 if some are still refused."""
    from hub.flows import fixing
    from hub.store.queries import listings

    if not (ids or all_ or connection or like):
        raise click.UsageError("Say which: ids, --like ID, --connection NAME or --all.")
    rows = [_one(office, id) for id in ids]
    with office.store() as db:
        if not ids:
            cause = _one(office, like).cause if like else None
            with db.read() as conn:
                rows = listings.quarantine(conn, connection=connection, limit=_LIMIT, cause=cause)
        result = fixing.retry(db, office.settings, rows)
    row = {"taken": result.taken, "refused": result.refused, "left": result.left}
    if office.as_json:
        record(office, row)
    else:
        say(f"{result.taken} taken, {result.refused} still refused.")
        for why, count in result.left.items():
            say(f"{count} left: {why}")
    return int(result.refused + sum(result.left.values()) > 0)


def _one(office: Office, id: int) -> Any:
    from hub.errors import NotFound
    from hub.store.queries import listings

    with office.store() as db, db.read() as conn:
        found = listings.quarantined(conn, id)
    if found is None:
        raise NotFound(f"There is nothing {id} in quarantine.", fix="See: hub quarantine list")
    return found


def _row(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "connection": one.connection,
        "object": one.object,
        "external_id": one.external_id,
        "code": one.code,
        "cause": one.cause,
        "state": one.state,
        "times": one.times,
        "first_at": instant(one.first_at),
        "last_at": instant(one.last_at),
    }


def _grouped(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["connection"], row["object"], row["cause"])
        group = groups.setdefault(
            key,
            {"count": 0, "connection": key[0], "object": key[1], "cause": key[2], "example": row["id"]},
        )
        group["count"] += 1
    return sorted(groups.values(), key=lambda one: -one["count"])
