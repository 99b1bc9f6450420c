"""`hub plan` and `hub apply`: a connections file and the store."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import json_line, print_line, say, text_of

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.command()
@_FILE
@pass_office
def plan(office: Office, file: Path) -> None:
    """Say what `hub apply FILE` would change, key by key; change nothing."""
    from hub.flows import configure
    from hub.flows.connection_file import read_file

    with office.store() as db:
        steps = configure.plan(db, read_file(file, home=office.settings.home))
    tell(office, steps)
    changed = sum(step.act != "unchanged" for step in steps)
    say(f"{changed} to change. Run: hub apply {file}" if changed else "Nothing to change.")


@click.command()
@_FILE
@pass_office
def apply(office: Office, file: Path) -> None:
    """Make the store say what FILE says. Connections that FILE does not name are left alone."""
    from hub.flows import configure
    from hub.flows.connection_file import read_file

    with office.store() as db:
        document = read_file(file, home=office.settings.home)
        steps = configure.apply(db, document, by=office.user, now=office.now)
    tell(office, steps)
    changed = sum(step.act != "unchanged" for step in steps)
    say(f"{changed} changed." if changed else "Nothing to change.")


def tell(office: Office, steps: Iterable[Any]) -> None:
    """Each step with its keys, old and new."""
    for step in steps:
        if office.as_json:
            json_line(
                {
                    "act": step.act,
                    "what": step.what,
                    "name": step.name,
                    "changes": [one._asdict() for one in step.changes],
                    "notes": list(step.notes),
                }
            )
            continue
        label = step.name if step.what == "survivorship" else f"connection {step.name}"
        print_line(f"{step.act:<9} {label}")
        for one in step.changes:
            before = "" if step.act == "add" else f"{_shown(one.old)} → "
            print_line(f"    {one.key} = {before}{_shown(one.new)}")
        for note in step.notes:
            print_line(f"    note: {note}")


def _shown(value: Any) -> str:
    return "(none)" if value is None else text_of(value)
