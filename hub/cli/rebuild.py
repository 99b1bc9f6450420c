"""`hub rebuild` and `hub remap`: what is derived computed again; a changed map applied to what is stored."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import json_line, print_line, records, say, table


@click.command()
@click.option("--check", is_flag=True, help="Only compare; write nothing. Exit 1 if something differs.")
@pass_office
def rebuild(office: Office, check: bool) -> int:
    """Compute clusters, golden records and debts again from evidence, decisions, pins and rules."""
    from hub.flows import rebuild as rebuilding
    from hub.flows.wiring import load_wiring

    with office.store() as db:
        wiring = load_wiring(db)
        if not check:
            done = rebuilding.rebuild(db, wiring, say=_count)
            say(f"{done} records computed again.")
            return 0
        found = rebuilding.check(db, wiring, say=_count)
    rows = [{"what": one.what, "subject": one.subject, "detail": one.detail} for one in found]
    records(
        office,
        rows,
        ("what", "subject", "detail"),
        empty="Everything stored is what it would be computed to.",
    )
    return int(bool(rows))


@click.command()
@click.argument("connection")
@click.option("--object", "object_", help="Only this object.")
@click.option("--apply", "apply_", is_flag=True, help="Do it; without, only say what would change.")
@pass_office
def remap(office: Office, connection: str, object_: str | None, apply_: bool) -> None:
    """Read the stored records of CONNECTION again with its map of now. No value counts as an edit by that."""
    from hub.errors import NotFound
    from hub.flows import remap as remapping
    from hub.flows.wiring import load_wiring

    with office.store() as db:
        wiring = load_wiring(db)
        streams = [
            one
            for one in wiring.streams.values()
            if one.connection == connection and object_ in (None, one.object)
        ]
        if not streams:
            raise NotFound(
                f'There is no connection "{connection}" with such records.', fix="See: hub connection list"
            )
        rows = [
            _counts(stream.object, remapping.remap(db, wiring, stream, apply=apply_)) for stream in streams
        ]
    _show(office, rows)
    touched = sum(row["changed"] for row in rows)
    if not apply_ and touched:
        say(f"Nothing was changed. To do it: hub remap {connection} --apply")


def _counts(object: str, counts: Counter[str]) -> dict[str, Any]:
    fields = {key.removeprefix("field "): count for key, count in counts.items() if key.startswith("field ")}
    names = ("records", "changed", "rejected", "waiting")
    return {"object": object, **{name: counts[name] for name in names}, "fields": fields}


def _show(office: Office, rows: list[dict[str, Any]]) -> None:
    if office.as_json:
        for row in rows:
            json_line(row)
        return
    table(rows, ("object", "records", "changed", "rejected", "waiting"))
    for row in rows:
        for path, count in sorted(row["fields"].items()):
            print_line(f"    {row['object']} {path}: {count}")


def _count(done: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done:,} records … ")
        sys.stderr.flush()
