"""`hub match`: how well the machine matches, and why it does or does not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import instant, json_line, print_line, records, say, table

if TYPE_CHECKING:
    from hub.flows.evaluate import Figures

_SHARES = ("precision", "recall", "f1", "cluster_precision", "cluster_recall", "cluster_f1")


@click.group()
def match() -> None:
    """Two records are one customer if the match model and persons' decisions say so."""


@match.command(name="eval")
@click.option(
    "--truth",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="CSV with the columns id (external ids) and entity, and connection where ids are not alone.",
)
@click.option(
    "--examples",
    type=click.IntRange(0, 10_000),
    default=0,
    help="Also so many wrong pairs of each kind and level.",
)
@pass_office
def evaluate(office: Office, truth: Path, examples: int) -> None:
    """Compare the customers, as stored and at the review threshold, with a file that says the truth."""
    from hub.flows import evaluate as evaluating
    from hub.flows.pairs import spelt
    from hub.flows.wiring import load_wiring

    said = evaluating.read_truth(truth)
    with office.store() as db:
        wiring = load_wiring(db)
        figures, wrong = evaluating.evaluate(db, wiring, said, examples=examples)
        with db.read() as conn:
            told = spelt(conn, wiring, [(one.a, one.b) for one in wrong])
    rows = [{"record": "figures", **_figures(one)} for one in figures]
    errors = [
        {"record": "wrong", "level": one.level, "kind": one.kind, **told[one.a, one.b]} for one in wrong
    ]
    if office.as_json:
        for row in [*rows, *errors]:
            json_line(row)
        return
    table(rows, ("level", "records", "missing", "clusters", "true_clusters", "largest", *_SHARES))
    for row in errors:
        print_line("")
        print_line(f"{row['level']}, {row['kind']}: {row['a']} {row['b']} ({row['points']} points)")
        for reason in row["reasons"]:
            print_line(f"    {reason['points']:+5d}  {reason['feature']}: {reason['detail']}")


def _figures(one: Figures) -> dict[str, Any]:
    return {
        "level": one.level,
        "records": one.records,
        "missing": one.missing,
        "clusters": one.clusters,
        "true_clusters": one.true_clusters,
        "largest": one.largest,
        "pairs": one.joined,
        "true_pairs": one.true,
        "right_pairs": one.right,
        **{name: round(getattr(one, name), 5) for name in _SHARES},
    }


@match.command()
@click.argument("a", metavar="RECORD")
@click.argument("b", metavar="RECORD")
@pass_office
def explain(office: Office, a: str, b: str) -> None:
    """Why two are or are not one, and what would be needed: CONNECTION:EXTERNAL_ID, or cus_… for all its records."""
    from hub.flows import find
    from hub.flows.why import why
    from hub.flows.wiring import load_wiring

    with office.store() as db:
        wiring = load_wiring(db)
        with db.read() as conn:
            told = why(conn, wiring, a=find.meant(conn, a), b=find.meant(conn, b))
    if office.as_json:
        json_line(told._asdict())
        return
    print_line(f"{told.a} and {told.b} are {'one customer' if told.together else 'two customers'}.")
    for sentence in told.because:
        print_line(sentence)
    if told.needed:
        print_line(f"Needed: {told.needed}")
    for pair in told.pairs:
        print_line("")
        print_line(f"{pair['a']}  {pair['b']}  {pair['points']} points ({pair['verdict']})")
        for reason in pair["reasons"]:
            print_line(f"    {reason['points']:+5d}  {reason['feature']}: {reason['detail']}")
            print_line(f"           {reason['meaning']}")


@match.command()
@click.option(
    "--apply", "store", is_flag=True, help="Make it the model in force and compute everything again."
)
@click.option("--examples", type=click.IntRange(0, 10_000), default=5, show_default=True)
@pass_office
def train(office: Office, store: bool, examples: int) -> None:
    """Fit a new match model to the records that are here, without labels; persons' decisions count.

    Says what would change. With --apply it is numbered, kept and in force.
    """
    from hub.flows import repartition, training
    from hub.flows.wiring import load_wiring

    with office.store() as db:
        wiring = load_wiring(db)
        found = training.train(db, wiring, say=_count)
        with db.read() as conn:
            told = repartition.told(conn, wiring, found.change, examples=examples)
            crossed = training.told(conn, wiring, found, examples=examples)
        if store:
            training.put_in_force(db, found.document, say=_count)
    rows = [*_summary(found, store), *crossed, *({"record": "change", **one} for one in told)]
    if office.as_json:
        for row in rows:
            json_line(row)
    else:
        _print_training(rows)
    if not store:
        say("Nothing was stored. To put it in force: hub match train --apply")


@match.command()
@pass_office
def model(office: Office) -> None:
    """The match models of this hub; the last one is in force."""
    from hub.flows import models

    with office.store() as db, db.read() as conn:
        found = models.listed(conn)
    rows = [
        {
            "number": one.number,
            "origin": one.origin,
            "created_at": instant(one.created_at),
            "in_force": one.in_force,
        }
        for one in found
    ]
    records(office, rows, ("number", "origin", "created_at", "in_force"))


@match.command()
@click.argument("number", type=int)
@pass_office
def restore(office: Office, number: int) -> None:
    """Put an earlier match model in force again, under a new number, and compute everything again by it."""
    from hub.flows import models, training

    with office.store() as db:
        with db.read() as conn:
            document = {**models.numbered(conn, number), "number": models.next_number(conn)}
        training.put_in_force(db, document, say=_count)
    say(f"Model {number} is in force again, as number {document['number']}.")


def _summary(found: Any, store: bool) -> list[dict[str, Any]]:
    from hub.cli.relink import counted

    fitted = found.fitted
    row = {
        "record": "summary",
        "number": found.document["number"],
        "pairs": found.pairs,
        "strangers": found.strangers,
        "decisions": found.words,
        "names": found.names,
        "matches": round(fitted.matches),
        "rounds": fitted.rounds,
        "gained": len(found.gained),
        "lost": len(found.lost),
        **counted(found.change),
        "applied": store,
    }
    weights = [
        {
            "record": "weight",
            "name": name,
            "before": one.before,
            "after": one.after,
            "share": round(one.share, 5),
            "pairs": round(one.pairs),
        }
        for name, one in fitted.shifts.items()
    ]
    return [row, *weights]


def _print_training(rows: list[dict[str, Any]]) -> None:
    for name, value in rows[0].items():
        if name != "record":
            print_line(f"{name.replace('_', ' '):<18}{value}")
    print_line("")
    moved = [row for row in rows if row["record"] == "weight" and row["before"] != row["after"]]
    if moved:
        table(moved, ("name", "before", "after", "share", "pairs"))
    for row in rows:
        if row["record"] == "pair":
            print_line("")
            print_line(f"{row['kind']}: {row['a']} {row['b']} ({row['before']} points, then {row['after']})")
            for reason in row["reasons"]:
                print_line(f"    {reason['points']:+5d}  {reason['feature']}: {reason['detail']}")
        elif row["record"] == "change":
            print_line(f"{row['change']}: {', '.join(row['customers'])} ({', '.join(row['records'])})")


def _count(done: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done:,} …")
        sys.stderr.flush()
