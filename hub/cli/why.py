"""`hub why`: why something is not in a system, or not as it should be there."""

from __future__ import annotations

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import records


@click.command()
@click.argument("who")
@click.argument("connection")
@pass_office
def why(office: Office, who: str, connection: str) -> int:
    """WHO: a customer (id, CONNECTION:EXTERNAL_ID, e-mail …) or an order (ord_…). Exit 1 if something is amiss."""
    from hub.flows.why_not import why_not
    from hub.flows.wiring import load_wiring

    with office.store() as db:
        found = why_not(db, load_wiring(db), who, connection=connection)
    rows = [one._asdict() for one in found]
    records(
        office,
        rows,
        ("record", "path", "reason", "golden", "there", "fix"),
        empty=f"It is in {connection}, as it should be.",
    )
    return int(any(one.path is None for one in found))
