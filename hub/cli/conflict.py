"""`hub conflict`: where values met, and a person's choice."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import instant, record, records, say


@click.group()
def conflict() -> None:
    """Holds wait for a choice; entries tell which edit was overruled, by what, and can still be decided."""


@conflict.command()
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@pass_office
def holds(office: Office, limit: int) -> None:
    """Fields kept as they were until a person decides, with what each record says; the oldest first."""
    from hub.canonical.ids import show
    from hub.flows import conflicts
    from hub.flows.wiring import load_wiring

    with office.store() as db:
        found = conflicts.holds(db, load_wiring(db), limit=limit)
    rows = [
        {
            "customer_id": show("cus", one.customer_id),
            "path": one.path,
            "value": one.value,
            "since": instant(one.since),
            "said": [_said(each) for each in one.said],
        }
        for one in found
    ]
    records(
        office, rows, ("customer_id", "path", "value", "said", "since"), empty="Nothing waits for a choice."
    )


@conflict.command("list")
@click.argument("customer", required=False)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@pass_office
def list_(office: Office, customer: str | None, limit: int) -> None:
    """Entries, the newest first: what a system said, what stood against it, and the rule."""
    from hub.canonical.ids import show
    from hub.flows import conflicts, find

    with office.store() as db, db.read() as conn:
        who = find.meant(conn, customer).customer_id if customer else None
        found = conflicts.entries(conn, limit=limit, customer=who)
    rows = [
        {
            "id": one.id,
            "customer_id": show("cus", one.customer_id),
            "record": f"{one.connection}:{one.external_id}" if one.connection else None,
            "path": one.path,
            "kind": one.kind,
            "theirs": one.detail.get("theirs"),
            "theirs_at": instant(one.detail.get("theirs_at")),
            "ours": one.detail.get("ours"),
            "ours_at": instant(one.detail.get("ours_at")),
            "rule": one.detail.get("rule"),
            "at": instant(one.at),
        }
        for one in found
    ]
    records(office, rows, ("id", "record", "path", "kind", "theirs", "ours", "rule", "at"), empty="No entry.")


@conflict.command()
@click.argument("customer")
@click.argument("path")
@click.option("--of", metavar="CONNECTION:ID", help="The record whose value is right.")
@click.option("--keep", is_flag=True, help="The value golden has is right.")
@click.option("--remember", is_flag=True, help="Pin it: it stays, whatever systems say later.")
@click.option("--reason", help="Why, for whoever asks later.")
@pass_office
def choose(
    office: Office, customer: str, path: str, of: str | None, keep: bool, remember: bool, reason: str | None
) -> None:
    """Decide a field. Without --remember until a system says something else of it."""
    from hub.flows import conflicts, find
    from hub.flows.wiring import load_wiring

    if (of is None) is not keep:
        raise click.UsageError("Say which value is right: --of CONNECTION:ID, or --keep.")
    with office.store() as db:
        with db.read() as conn:
            who = find.meant(conn, customer).customer_id
        effect = conflicts.choose(
            db, load_wiring(db), who, path=path, of=of, by=office.user, remember=remember, reason=reason
        )
    _told(office, effect)


@conflict.command()
@click.argument("id", type=int)
@click.option("--theirs/--ours", required=True, default=None, help="The value of the system, or the hub's.")
@click.option("--remember", is_flag=True, help="Pin it: it stays, whatever systems say later.")
@pass_office
def decide(office: Office, id: int, theirs: bool, remember: bool) -> None:
    """Decide an entry after the fact."""
    from hub.flows import conflicts
    from hub.flows.wiring import load_wiring

    with office.store() as db:
        effect = conflicts.choose_entry(
            db, load_wiring(db), id, theirs=theirs, by=office.user, remember=remember
        )
    _told(office, effect)


def _told(office: Office, effect: Any) -> None:
    if office.as_json:
        record(office, {"systems": effect.systems()})
        return
    say("Decided.")
    for name, what in effect.systems().items():
        say(f"{name}: {what['updates']} updates, {what['creates']} creates")


def _said(one: Any) -> dict[str, Any]:
    return {
        "record": one.record,
        "value": one.value,
        "kind": one.kind,
        "said_at": instant(one.said_at),
        "seen_at": instant(one.seen_at),
        "live": one.live,
    }
