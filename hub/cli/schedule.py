"""`hub schedule`: what is pulled and compared when."""

from __future__ import annotations

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import instant, records


@click.command()
@click.option(
    "--next", "count", type=click.IntRange(1, 50), default=3, show_default=True, help="How many times."
)
@pass_office
def schedule(office: Office, count: int) -> None:
    """The next times of every scheduled stream."""
    from hub.flows.schedule import upcoming

    with office.store() as db:
        found = upcoming(db, now=office.now, count=count)
    rows = [{**one._asdict(), "next": [instant(at) for at in one.at]} for one in found]
    for row in rows:
        del row["at"]
    columns = ("connection", "object", "kind", "schedule", "next", "why")
    records(office, rows, columns, empty='Nothing is scheduled. Add schedule = "every 5m" to a connection.')
