"""`hub backfill`: read everything of a connection once more, beside its increments."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import records, say


@click.command()
@click.argument("connection")
@click.option("--object", "object_", help="Only this object: customer, order, interaction.")
@click.option("--confirm", is_flag=True, help="Do it; without, only say what it costs.")
@pass_office
def backfill(office: Office, connection: str, object_: str | None, confirm: bool) -> int:
    """Say what reading everything again costs: records, calls, minutes; with --confirm do it.

    Increments go on meanwhile, by a cursor of their own. By the workers while one of the bulk lane lives, else here.
    """
    from hub.flows import backfill as filling
    from hub.flows import work
    from hub.flows.sync import chosen
    from hub.flows.wiring import load_wiring
    from hub.queue import open_queue
    from hub.store.queries import heartbeats

    rows: list[dict[str, Any]] = []
    with office.store() as db:
        alive = heartbeats.alive(db, now=office.now, kind="worker bulk")
        for stream in chosen(load_wiring(db), (connection,), object=object_):
            cost = filling.estimate(office.settings, stream)._asdict()
            if not confirm:
                rows.append({**cost, "run": None, "state": "estimate"})
                continue
            run_id = work.request_pull(db, stream, options={}, kind=filling.KIND)
            if alive:
                queue = open_queue(office.settings)
                queue.dispatch(filling.KIND, run_id, "bulk")
                queue.close()
                rows.append({**cost, "run": run_id, "state": "queued"})
                continue

            def tell(counts: Counter[str], total: int | None, label: str = stream.label) -> None:
                say(f"  {label}: {counts['read']} of {total or '?'} read")

            state = work.to_end(db, office.settings, run_id, say=tell)
            rows.append({**cost, "run": run_id, "state": state})
    columns = ("connection", "object", "records", "calls", "minutes", "run", "state")
    records(office, rows, columns, empty="There is nothing to read.")
    if rows and not confirm:
        say(f"Nothing was done. To do it: hub backfill {connection} --confirm")
        return 1
    return int(any(row["state"] not in ("done", "queued") for row in rows))
