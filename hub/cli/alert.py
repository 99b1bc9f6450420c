"""`hub alert`: what is wrong now, and who was told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import instant, record, records, say

if TYPE_CHECKING:
    from hub.flows.alerts import Told

_ID = click.argument("id", type=int)
_UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0}


@click.group()
def alert() -> None:
    """A trouble is told once when it begins, again when it gets worse, and once when it is over."""


@alert.command("list")
@click.option("--all", "all_", is_flag=True, help="Those that are over, too.")
@click.option("--look", is_flag=True, help="Look now, instead of showing what the scheduler found.")
@pass_office
def list_(office: Office, all_: bool, look: bool) -> None:
    """What is wrong now, the latest first."""
    from hub.flows import alerts

    with office.store() as db:
        if look:
            alerts.look(db, office.settings, now=office.now, every=1.0)
        found = alerts.listed(db, all=all_, language=office.settings.alert_language)
    rows = [_row(office, one) for one in found]
    columns = ("id", "kind", "state", "begun_at", "title", "told")
    records(office, rows, columns, empty="Nothing is wrong that the hub knows of.")


@alert.command()
@_ID
@pass_office
def show(office: Office, id: int) -> None:
    """One alert with everything that was sent of it."""
    from hub.flows import alerts

    with office.store() as db:
        one = alerts.meant(db, id, language=office.settings.alert_language)
    notices = [
        {
            "event": each.event,
            "level": each.level,
            "channel": each.channel,
            "state": each.state,
            "attempts": each.attempts,
            "made_at": instant(each.made_at),
            "sent_at": instant(each.sent_at),
            "next_at": instant(each.next_at) if each.state == "waiting" else None,
            "cause": each.cause,
        }
        for each in one.notices
    ]
    record(office, {**_row(office, one), "notices": notices})


@alert.command()
@pass_office
def test(office: Office) -> int:
    """Send a test by every channel that is set, now."""
    from hub.flows import alert_sending

    rows = [one._asdict() for one in alert_sending.test(office.settings)]
    records(office, rows, ("channel", "ok", "detail", "fix"))
    return int(not all(row["ok"] for row in rows))


@alert.command()
@_ID
@click.option("--for", "span", default="8h", show_default=True, help="How long: 30m, 8h, 2d.")
@click.option("--end", is_flag=True, help="Speak of it again.")
@pass_office
def silence(office: Office, id: int, span: str, end: bool) -> None:
    """Tell no more of an alert for a while; that it is over is still told."""
    from hub.flows import alerts

    until = None if end else office.now + _seconds(span)
    with office.store() as db:
        alerts.silence(db, id, until=until, by=office.user, now=office.now)
        one = alerts.meant(db, id, language=office.settings.alert_language)
    if office.as_json:
        record(office, _row(office, one))
        return
    say(f"Alert {id} is told again." if end else f"Alert {id} is silenced until {instant(until)}.")


def _seconds(span: str) -> float:
    found = re.fullmatch(r"(\d{1,4})\s*([mhd])", span.strip())
    if found is None:
        raise click.UsageError(f'"{span}" is no time: write 30m, 8h or 2d.')
    return int(found[1]) * _UNITS[found[2]]


def _row(office: Office, one: Told) -> dict[str, Any]:
    found = one.alert
    return {
        "id": found.id,
        "kind": found.kind,
        "subject": found.subject,
        "connection": found.connection,
        "level": found.level,
        "state": one.state,
        "title": one.words.title,
        "cause": found.cause,
        "fix": one.words.fix,
        "url": office.settings.page_url(one.words.page),
        "facts": dict(found.facts),
        "begun_at": instant(found.begun_at),
        "changed_at": instant(found.changed_at),
        "ended_at": instant(found.ended_at),
        "silenced_until": instant(found.silenced_until),
        "told": {each.channel: each.state for each in one.notices},
    }
