"""`hub review`: what the machine is unsure of, for a person to say same, different, or later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import print_line, record, records, say, table, text_of

if TYPE_CHECKING:
    from hub.flows.review import Wanted

_LISTED = ("id", "points", "missing", "a", "b", "further")
_DONE = ("id", "verdict", "done", "customer_id", "act", "cause")


def _filter(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that choose cases."""
    for option in (
        click.option("--min-points", type=int, help="Cases with at least so many points."),
        click.option("--max-points", type=int, help="Cases with at most so many points."),
        click.option("--connection", help="Cases with a record of this connection."),
    ):
        command = option(command)
    return command


def _words(command: Callable[..., Any]) -> Callable[..., Any]:
    """What accept, reject and defer have in common."""
    for option in (
        click.argument("cases", metavar="[CASE…]", nargs=-1),
        _filter,
        click.option("--all", "every", is_flag=True, help="Every case that waits."),
        click.option("--limit", type=click.IntRange(1), help="With a filter: the best so many."),
        click.option("--reason", help="Why; it stays with the decision."),
        click.option(
            "--preview", "--dry-run", "preview", is_flag=True, help="Say which, and change nothing."
        ),
    ):
        command = option(command)
    return command


@click.group()
def review() -> None:
    """A CASE is two customers that may be one, named as `hub review list` does; best first."""


@review.command(name="list")
@_filter
@click.option("--deferred", is_flag=True, help="Those put off, instead of those that wait.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--after", metavar="CASE", help="Go on after this one.")
@pass_office
def list_(office: Office, /, deferred: bool, limit: int, after: str | None, **chosen: Any) -> None:
    """What waits for a person, the best first."""
    from hub.flows import review as reviewing
    from hub.flows import side_by_side
    from hub.flows.wiring import load_wiring

    with office.store() as db:
        wiring = load_wiring(db)
        with db.read() as conn:
            page = reviewing.queue(
                conn, wiring, _wanted(deferred=deferred, **chosen), after=after, limit=limit
            )
            rows = side_by_side.listed(conn, wiring, page.cases)
            count = reviewing.count(conn, wiring)
    if not office.as_json:
        rows = [row | {side: _who(row[side]) for side in ("a", "b")} for row in rows]
    records(office, rows, _LISTED, empty="Nothing waits.")
    if page.next is not None:
        say(f"{count} wait in all. More: hub review list --after {page.next}")


@review.command()
@click.argument("one", metavar="CASE")
@click.argument("other", metavar="[RECORD]", required=False)
@pass_office
def show(office: Office, one: str, other: str | None) -> None:
    """One case side by side: CASE, or two of CONNECTION:EXTERNAL_ID or cus_…"""
    from hub.flows import review as reviewing
    from hub.flows import side_by_side
    from hub.flows.review_bulk import named
    from hub.flows.wiring import load_wiring

    with office.store() as db:
        wiring = load_wiring(db)
        with db.read() as conn:
            row = side_by_side.shown(conn, wiring, reviewing.case(conn, wiring, named(conn, one, other)))
    if office.as_json:
        record(office, row)
        return
    print_line(f"{row['id']}  {row['points']} points; the machine joins from {row['auto']} on")
    for reason in row["reasons"]:
        print_line(f"    {reason['points']:+5d}  {reason['feature']}: {reason['detail']}")
    print_line("")
    told = [
        {
            "": "=" if one["same"] else "≠",
            "field": one["path"],
            "a": text_of(one["a"]),
            "b": text_of(one["b"]),
        }
        for one in row["fields"]
    ]
    heads = {"": "", "field": "", "a": row["a"]["customer_id"], "b": row["b"]["customer_id"]}
    table([heads, *told], ("", "field", "a", "b"))
    for side in ("a", "b"):
        for place in row[side]["records"]:
            mark = ", compared here" if place["compared"] else ""
            print_line(f"{row[side]['customer_id']}  {place['connection']}:{place['external_id']}{mark}")


@review.command()
@_words
@pass_office
def accept(office: Office, /, **chosen: Any) -> int:
    """They are one: merge them. CASEs, or all that a filter finds."""
    return _decide(office, "accept", **chosen)


@review.command()
@_words
@pass_office
def reject(office: Office, /, **chosen: Any) -> int:
    """They are two; the machine neither joins them nor asks again."""
    return _decide(office, "reject", **chosen)


@review.command()
@_words
@click.option(
    "--days", type=click.FloatRange(0), default=30, show_default=True, help="Ask again after so many."
)
@pass_office
def defer(office: Office, /, **chosen: Any) -> int:
    """Ask later, or as soon as the points change."""
    return _decide(office, "defer", **chosen)


@review.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--preview", "--dry-run", "preview", is_flag=True, help="Only read it, and change nothing.")
@pass_office
def apply(office: Office, file: Path, preview: bool) -> int:
    """Take verdicts from a CSV or JSON Lines FILE: id (or a and b), verdict (accept, reject, defer), reason, days."""
    from hub.flows import review_bulk
    from hub.flows.wiring import load_wiring

    with office.store() as db:
        wiring = load_wiring(db)
        with db.read() as conn:
            words = review_bulk.read(conn, file)
        return _tell(office, review_bulk.decide(db, wiring, words, by=office.user, preview=preview))


@review.command()
@click.argument("number", metavar="ACT", type=int)
@click.option(
    "--preview", "--dry-run", "preview", is_flag=True, help="Say what would change, and change nothing."
)
@pass_office
def undo(office: Office, number: int, preview: bool) -> None:
    """Take back an accept, a reject, a merge or an unmerge, by its number: as if it had never been said."""
    from hub.cli.customer import tell
    from hub.flows import steward
    from hub.flows.wiring import load_wiring

    with office.store() as db:
        effect = steward.withdraw(db, load_wiring(db), number, by=office.user, preview=preview)
    tell(office, effect, preview=preview)


def _wanted(
    *,
    min_points: int | None,
    max_points: int | None,
    connection: str | None,
    deferred: bool = False,
) -> Wanted:
    from hub.flows.review import Wanted

    return Wanted(min_points, max_points, connection, deferred)


def _decide(
    office: Office,
    verdict: Any,
    *,
    cases: tuple[str, ...],
    every: bool,
    limit: int | None,
    reason: str | None,
    preview: bool,
    days: float = 30,
    **chosen: Any,
) -> int:
    from hub.flows import review_bulk
    from hub.flows.wiring import load_wiring

    filtered = every or any(value is not None for value in chosen.values())
    if bool(cases) == filtered:
        raise click.UsageError("Name the cases, or choose them by a filter or --all.")
    with office.store() as db:
        wiring = load_wiring(db)
        with db.read() as conn:
            pairs = [review_bulk.named(conn, one) for one in cases]
            if filtered:
                pairs = review_bulk.filtered(conn, wiring, _wanted(**chosen), limit=limit)
        words = [review_bulk.Word(a, b, verdict, reason, days) for a, b in pairs]
        return _tell(office, review_bulk.decide(db, wiring, words, by=office.user, preview=preview))


def _tell(office: Office, done: Any) -> int:
    rows = [one._asdict() for one in done]
    records(office, rows, _DONE, empty="No case.")
    return 1 if any(row["cause"] for row in rows) else 0


def _who(side: dict[str, Any]) -> str:
    return f"{side['record']} {side['name'] or ''}".strip()
