"""`hub connector`: what kinds of system there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import print_line, record, records, say, table

_ABLE = ("pull", "push", "create", "find", "deletes")


@click.group()
def connector() -> None:
    """The kinds of system the hub can talk to."""


@connector.command("list")
@click.option(
    "--matrix", is_flag=True, help="What the built-in ones can do, as the tables of connectors/README.md."
)
@pass_office
def list_(office: Office, matrix: bool) -> None:
    """Every connector, also one that cannot be loaded, with the reason."""
    from hub.sdk import registry

    if matrix:
        for line in registry.matrix_text().splitlines():
            print_line(line)
        return
    rows = [_row(entry) for entry in registry.connectors().values()]
    records(office, rows, ("name", "title", "source", "evidence", "objects", "problem"))


@connector.command()
@click.argument("name")
@click.option("--dir", "folder", type=click.Path(file_okay=False, path_type=Path), default=".", help="Where.")
@click.option("--title", help="What the vendor calls the system.")
@pass_office
def new(office: Office, name: str, folder: Path, title: str | None) -> None:
    """Write a new connector with a fake server and passing tests: in a checkout of the hub, or as a package.

    It speaks to a plain REST system that its manifest describes; connectors/README.md says how to go on.
    """
    from hub.flows import new_connector

    made = new_connector.make(name, folder=folder, now=office.now, title=title)
    if office.as_json:
        record(office, {**made._asdict(), "folder": str(made.folder)})
        return
    for file in made.files:
        print_line(str(made.folder / file))
    if made.outside:
        say(f"Written. Next, in {made.folder}: pip install -e . && {made.test}")
    else:
        say(f"Written. Next, in {made.folder}: {made.test}")


@connector.command()
@click.argument("name")
@pass_office
def show(office: Office, name: str) -> None:
    """What a connector can do, and the settings it takes."""
    from hub.sdk import registry

    kind, manifest = registry.load(name)
    settings = [
        {"name": s.name, "kind": s.kind, "required": s.required, "default": s.default, "help": s.help}
        for s in kind.spec()
    ]
    objects = {
        object: {
            "remote": able.remote,
            "can": [word for word in _ABLE if getattr(able, word)] + (["fetch"] if able.fetch_batch else []),
            "version": able.version,
            "unique": list(able.unique),
            "identifying": list(able.identifying),
        }
        for object, able in manifest.objects.items()
    }
    row = _row(registry.connectors(probe=False)[name])
    if office.as_json:
        record(office, {**row, "objects": objects, "settings": settings})
        return
    shown = {**row, "verified against": row["evidence"]}
    record(office, shown, order=("name", "title", "vendor", "verified against", "source"))
    print_line("")
    table([{"object": o, **able} for o, able in objects.items()], ("object", "remote", "can", "version"))
    print_line("")
    table(settings, ("name", "kind", "required", "default", "help"))


def _row(entry: Any) -> dict[str, Any]:
    manifest = entry.manifest
    return {
        "name": entry.name,
        "title": manifest.title if manifest else None,
        "vendor": manifest.vendor if manifest else None,
        "evidence": manifest.evidence if manifest else None,
        "source": entry.source,
        "objects": list(manifest.objects) if manifest else [],
        "problem": entry.problem,
    }
