"""`hub token`: who may use the API, and for what."""

from __future__ import annotations

import re
from typing import Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import instant, print_line, record, records, say

_UNITS = {"h": 3600.0, "d": 86400.0}


@click.group()
def token() -> None:
    """Tokens of the API. Each has a name, the scopes it needs and no more, and a limit of requests."""


@token.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(["read", "write", "export", "review"]),
    help="read: records and the change feed; write: change customers; export: everything at once; "
    "review: say which customers are one. Repeat it.",
)
@click.option("--expires", metavar="90d", help="Ends after so many hours (h) or days (d); without: never.")
@click.option("--per-minute", type=click.IntRange(1, 1_000_000), help="Requests it may make; 1200.")
@pass_office
def add(
    office: Office, name: str, scopes: tuple[str, ...], expires: str | None, per_minute: int | None
) -> None:
    """Make a token and print it. It is shown this once."""
    from hub.flows import tokens

    ends = None if expires is None else office.now + _seconds(expires)
    with office.store() as db:
        text = tokens.add(
            db,
            name,
            scopes=scopes,
            by=office.user,
            now=office.now,
            expires_at=ends,
            per_minute=per_minute or tokens.PER_MINUTE,
        )
    if office.as_json:
        record(
            office, {"name": name, "token": text, "scopes": sorted(set(scopes)), "expires_at": instant(ends)}
        )
        return
    print_line(text)
    say("Keep it now: it cannot be shown again. Send it as: Authorization: Bearer TOKEN")


@token.command("list")
@click.option("--all", "all_", is_flag=True, help="Those too that were revoked or have expired.")
@pass_office
def list_(office: Office, all_: bool) -> None:
    """Tokens in force, the newest first."""
    from hub.flows import tokens

    with office.store() as db:
        rows = [_row(one) for one in tokens.listed(db) if all_ or one.in_force(office.now)]
    records(
        office,
        rows,
        ("name", "scopes", "per_minute", "created_at", "expires_at", "used_at", "revoked_at"),
        empty="None. Make one: hub token add NAME --scope read",
    )


@token.command()
@click.argument("name")
@pass_office
def revoke(office: Office, name: str) -> None:
    """End a token; requests with it are refused within ten seconds."""
    from hub.flows import tokens

    with office.store() as db:
        tokens.revoke(db, name, by=office.user, now=office.now)
    say(f"Revoked: {name}")


def _seconds(text: str) -> float:
    found = re.fullmatch(r"([1-9]\d{0,4})([hd])", text)
    if not found:
        raise click.BadParameter("Write 12h or 90d.", param_hint="--expires")
    return int(found[1]) * _UNITS[found[2]]


def _row(one: Any) -> dict[str, Any]:
    return {
        "name": one.name,
        "scopes": list(one.scopes),
        "per_minute": one.per_minute,
        "created_by": one.created_by,
        "created_at": instant(one.created_at),
        "expires_at": instant(one.expires_at),
        "used_at": instant(one.used_at),
        "revoked_at": instant(one.revoked_at),
    }
