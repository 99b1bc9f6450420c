"""`hub sync`: pulls, and everything they cause, to the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import json_line, print_line, say, table, text_of

_QUIET_SECONDS = 10.0  # how often it speaks where no terminal shows a moving line


@click.command()
@click.argument("connections", metavar="[CONNECTION]…", nargs=-1)
@click.option("--object", "object_", help="Only this object: customer, order, interaction.")
@click.option("--full", is_flag=True, help="Read everything again, not only what changed.")
@click.option("--dry-run", is_flag=True, help="Read live, write nothing; say what would be written.")
@click.option("--diff", is_flag=True, help="With --dry-run: every field, old and new.")
@click.option("--confirm", is_flag=True, help="I have seen the plan: let what is held go.")
@click.option("--no-wait", is_flag=True, help="With workers: ask for it and return.")
@click.option("--strict", is_flag=True, help="Exit 1 also when records went to quarantine.")
@pass_office
def sync(office: Office, /, connections: tuple[str, ...], object_: str | None, **asked: bool) -> int:
    """Pull the CONNECTIONs (all, if none is named), match, and deliver what that causes, everywhere.

    Works here when no worker lives, else by the workers. Exit 0 done, 1 failed, held, unconfirmed or left to a
    later attempt, 2 wrong use.
    """
    from hub.flows.sync import sync as bring

    if asked["diff"] and not asked["dry_run"]:
        raise click.UsageError("--diff belongs to --dry-run.")
    if asked["dry_run"] and asked["confirm"]:
        raise click.UsageError("A dry run confirms nothing: leave out --confirm or --dry-run.")
    if object_ is not None and object_ not in ("customer", "order", "interaction"):
        raise click.UsageError(f'There is no object "{object_}": customer, order or interaction.')
    began = time.monotonic()
    with office.store() as db, _progress() as tell:
        report = bring(
            db,
            office.settings,
            connections=connections,
            object=object_,
            full=asked["full"],
            dry_run=asked["dry_run"],
            diff=asked["diff"],
            confirm=asked["confirm"],
            wait=not asked["no_wait"],
            strict=asked["strict"],
            say=tell,
        )
    _show(office, report, diff=asked["diff"], dry=asked["dry_run"])
    _conclude(report, dry=asked["dry_run"], seconds=time.monotonic() - began)
    return int(report.exit_code)


def _show(office: Office, report: Any, *, diff: bool, dry: bool) -> None:
    outcomes = [
        {
            "record": "outcome",
            "connection": one.connection,
            "object": one.object,
            "kind": one.kind,
            "state": one.state,
            "counts": {name: count for name, count in one.counts.items() if count},
            "seconds": round(one.seconds, 1),
            "cause": one.cause,
        }
        for one in report.outcomes
    ]
    differences = [{"record": "difference", **_difference(one)} for one in report.differences]
    if office.as_json:
        rows = [
            *outcomes,
            *map(_plan, report.plans),
            *(differences if diff or not dry else [_sums(differences)]),
        ]
        for row in rows:
            json_line(row)
        return
    if outcomes:
        table(outcomes, ("connection", "object", "kind", "state", "counts", "seconds", "cause"))
    for plan in map(_plan, report.plans):
        _print_plan(plan)
    if dry:
        _print_dry(differences, diff=diff)


def _print_plan(plan: dict[str, Any]) -> None:
    print_line("")
    why = f": {plan['why']}" if plan["why"] else ""
    print_line(f"{plan['connection']}: {plan['creates']} creates, {plan['updates']} updates wait{why}")
    if plan["fields"]:
        print_line(f"  fields: {text_of(plan['fields'])}")
    for one in plan["examples"]:
        print_line(f"  {_line(one)}")
    print_line(f"  To let them go: hub sync {plan['connection']} --confirm")


def _print_dry(differences: list[dict[str, Any]], *, diff: bool) -> None:
    sums = _sums(differences)
    print_line("")
    print_line(f"Would write: {sums['creates']} creates, {sums['updates']} updates. Nothing was written.")
    if not diff:
        for connection, fields in sums["fields"].items():
            print_line(f"  {connection}: {text_of(fields)}")
    for one in differences if diff else ():
        print_line(f"  {_line(one)}")


def _line(one: dict[str, Any]) -> str:
    where = one["external_id"] or f"new, for {one['customer_id']}"
    return f"{one['connection']} {one['object']} {where}: {one['path']}: {_value(one['old'])} → {_value(one['new'])}"


def _value(value: Any) -> str:
    return "(nothing)" if value is None else text_of(value)


def _sums(differences: list[dict[str, Any]]) -> dict[str, Any]:
    """What a dry run would write, counted."""
    fields: dict[str, dict[str, int]] = {}
    for one in differences:
        mine = fields.setdefault(one["connection"], {})
        mine[one["path"]] = mine.get(one["path"], 0) + 1
    updates = {(d["connection"], d["object"], d["external_id"]) for d in differences if d["external_id"]}
    creates = {(d["connection"], d["object"], d["customer_id"]) for d in differences if not d["external_id"]}
    return {"record": "dry_run", "creates": len(creates), "updates": len(updates), "fields": fields}


def _plan(plan: Any) -> dict[str, Any]:
    return {
        "record": "plan",
        "connection": plan.connection,
        "creates": plan.creates,
        "updates": plan.updates,
        "fields": dict(plan.fields.most_common()),
        "examples": [_difference(one) for one in plan.examples],
        "why": plan.why,
    }


def _difference(one: Any) -> dict[str, Any]:
    names = ("connection", "object", "external_id", "customer_id", "path", "old", "new")
    return {name: getattr(one, name) for name in names}


def _conclude(report: Any, *, dry: bool, seconds: float) -> None:
    rejected = sum(one.counts["rejected"] for one in report.outcomes)
    if rejected and not dry:
        say(f"{rejected} records could not be taken: hub quarantine list")
    if not report.outcomes:
        say("Nothing to pull: no active connection has it.")
    say(f"{'Done' if report.exit_code == 0 else 'Not all is done'} in {seconds:.1f} s.")


@contextmanager
def _progress() -> Iterator[Callable[[Any], None]]:
    """Shows how far the work is: a moving line at a terminal, else a sentence now and then."""
    if not sys.stderr.isatty():
        yield _now_and_then()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[told]}"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bars:
        tasks: dict[tuple[str, str, str], Any] = {}

        def tell(progress: Any) -> None:
            key = (progress.connection, progress.object, progress.kind)
            if key not in tasks:
                tasks[key] = bars.add_task(f"{key[0]} {key[1]} {key[2]}", total=None, told="")
            bars.update(tasks[key], total=progress.total, completed=_done(progress), told=_told(progress))

        yield tell


def _now_and_then() -> Callable[[Any], None]:
    spoken = {"at": time.monotonic()}

    def tell(progress: Any) -> None:
        if time.monotonic() - spoken["at"] >= _QUIET_SECONDS:
            spoken["at"] = time.monotonic()
            say(f"{progress.connection} {progress.object} {progress.kind}: {_told(progress)}")

    return tell


_ENDS = ("created", "changed", "unchanged", "rejected", "dropped", "parked")


def _done(progress: Any) -> int:
    return sum(progress.counts[name] for name in _ENDS)


def _told(progress: Any) -> str:
    counts = ", ".join(f"{count:,} {name}" for name, count in progress.counts.items() if count)
    return counts or "…"
