"""`hub relink`: all pairs computed again in batch; what would change is said before anything is stored."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import json_line, print_line, say

if TYPE_CHECKING:
    from hub.flows.repartition import Change


@click.command()
@click.option("--engine", "name", default="splink", show_default=True, help="What finds the candidate pairs.")
@click.option("--apply", "store", is_flag=True, help="Store it. Without: only say what would change.")
@click.option("--examples", type=click.IntRange(0, 10_000), default=5, show_default=True)
@pass_office
def relink(office: Office, name: str, store: bool, examples: int) -> None:
    """Find and judge every pair of records again, all at once. Persons' decisions stay.

    On a healthy hub nothing changes. Needs the extra `relink`.
    """
    from hub.flows import relink as relinking
    from hub.flows import repartition
    from hub.flows.relink_engine import engine
    from hub.flows.wiring import load_wiring

    began = time.perf_counter()
    found = engine(name)
    with office.store() as db:
        wiring = load_wiring(db)
        done = relinking.relink(db, wiring, found, say=_count)
        with db.read() as conn:
            told = repartition.told(conn, wiring, done.change, examples=examples)
        if store:
            relinking.store(db, wiring, done, say=_count)
    row = {
        "record": "summary",
        "engine": name,
        "candidates": done.candidates,
        "pairs": done.pairs,
        "new": len(done.new),
        "rescored": len(done.rescored),
        "gone": len(done.gone),
        **counted(done.change),
        "applied": store,
        "seconds": round(time.perf_counter() - began, 1),
    }
    tell(office, row, told)
    if not store and (done.change or done.new or done.rescored or done.gone):
        say("Nothing was stored. To store it: hub relink --apply")


def counted(change: Change) -> dict[str, int]:
    """A change in numbers."""
    return {
        "customers_before": change.before,
        "customers_after": change.after,
        "moved": len(change.moved),
        "joined": len(change.joined),
        "parted": len(change.parted),
    }


def tell(office: Office, row: dict[str, Any], examples: list[dict[str, Any]]) -> None:
    """The summary, then examples."""
    if office.as_json:
        json_line(row)
        for one in examples:
            json_line({"record": "change", **one})
        return
    for name, value in row.items():
        if name != "record":
            print_line(f"{name.replace('_', ' '):<18}{value}")
    for one in examples:
        print_line(f"{one['change']}: {', '.join(one['customers'])} ({', '.join(one['records'])})")


def _count(done: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done:,} …")
        sys.stderr.flush()
