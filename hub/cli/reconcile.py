"""`hub reconcile`: is everything there as we know it, and as it should be?"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import records, say


@click.command()
@click.argument("connections", metavar="[CONNECTION]…", nargs=-1)
@click.option("--object", "object_", help="Only this object: customer, order, interaction.")
@click.option("--look", is_flag=True, help="Only count; mend nothing.")
@pass_office
def reconcile(office: Office, connections: tuple[str, ...], object_: str | None, look: bool) -> int:
    """Read every bound record again, report what has drifted, and mend it up to a cap.

    Exit 1 if something is left or a connection failed.
    """
    from hub.flows import work
    from hub.flows.sync import chosen
    from hub.flows.wiring import load_wiring
    from hub.store.queries import listings

    rows: list[dict[str, Any]] = []
    with office.store() as db:
        for stream in chosen(load_wiring(db), connections, object=object_):
            run_id = work.request_pull(db, stream, options={"look": look}, kind="reconcile")
            began = time.monotonic()

            def tell(counts: Counter[str], total: int | None, label: str = stream.label) -> None:
                say(f"  {label}: {counts['read']} of {total or '?'} compared")

            work.run_pull(db, office.settings, run_id, say=tell)
            with db.read() as conn:
                run = listings.run(conn, run_id)
            assert run is not None
            rows.append(_row(run, seconds=time.monotonic() - began))
    columns = (
        "connection",
        "object",
        "state",
        "read",
        "drifted",
        "gone",
        "unsent",
        "healed",
        "share",
        "cause",
    )
    records(office, rows, columns, empty="There is nothing to compare: no connection is active.")
    return int(any(row["state"] != "done" for row in rows))


def _row(run: Any, *, seconds: float) -> dict[str, Any]:
    counts = run.counts
    read, drifted = counts.get("read", 0), counts.get("drifted", 0) + counts.get("gone", 0)
    return {
        "connection": run.connection,
        "object": run.object,
        "state": run.state,
        "read": read,
        "agree": counts.get("agree", 0),
        "drifted": counts.get("drifted", 0),
        "gone": counts.get("gone", 0),
        "unsent": counts.get("unsent", 0),
        "healed": counts.get("healed", 0),
        "left": counts.get("left", 0),
        "share": round(drifted / read, 4) if read else 0.0,
        "fields": {
            name.removeprefix("field "): count for name, count in counts.items() if name.startswith("field ")
        },
        "seconds": round(seconds, 1),
        "cause": run.cause,
    }
