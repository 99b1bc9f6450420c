"""`hub init` and `hub doctor`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import records, say


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), default=".")
def init(folder: Path) -> None:
    """Make a home in DIR: hub.toml, overlays/, data/, a key file and the store.

    On a home that exists it repairs what is missing and brings the store to this program's schema.
    """
    from hub.flows import home

    there = (folder / "hub.toml").exists()
    settings = home.create(folder)
    say(f"{'Checked' if there else 'Made'} the home {settings.home}")
    if not there:
        say(f"Back up {settings.key_file}: without it stored credentials are lost.")
        say(f"Next: cd {settings.home}, then hub connection add … or hub apply FILE, then hub sync")


@click.command()
@pass_office
def doctor(office: Office) -> int:
    """Look at the program, the home, the store, the queue, the connectors and the connections."""
    from hub.flows import home
    from hub.supervise import embedded

    found = list(home.doctor(office.settings))
    if office.settings.embedded_queue:
        found.append(home.attempt("queue server", embedded.binary, "its program is here"))
    rows = [{"step": one.step, "ok": one.ok, "detail": one.detail, "fix": one.fix} for one in found]
    if office.as_json:
        records(office, rows, ())
    else:
        records(office, [{"": "ok" if r["ok"] else "BAD", **r} for r in rows], ("", "step", "detail", "fix"))
    bad = sum(not one.ok for one in found)
    say("All is well." if not bad else f"{bad} of {len(found)} need mending.")
    return int(bad > 0)
