"""`hub connection`: the configured accounts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hub.cli.config import tell
from hub.cli.office import Office, pass_office
from hub.cli.show import instant, print_line, record, records, say, table

_NAME = click.argument("name")
_WORDS = click.argument("words", metavar="[KEY=VALUE]…", nargs=-1)


@click.group()
def connection() -> None:
    """The configured accounts. Keys are those of a connections file: url=…, customer.create=all, file.match=*.csv."""


@connection.command()
@_NAME
@click.argument("connector")
@_WORDS
@pass_office
def add(office: Office, name: str, connector: str, words: tuple[str, ...]) -> None:
    """Add a connection of a CONNECTOR. Paths are relative to where you are; secrets are env:NAME or file:PATH.

    hub connection add erp CONNECTOR url=https://erp.example.org/company key=env:ERP_KEY customer.update=true
    """
    from hub.flows import connection_words

    with office.store() as db:
        step = connection_words.add(
            db,
            name,
            connector=connector,
            words=words,
            cwd=Path.cwd(),
            home=office.settings.home,
            by=office.user,
            now=office.now,
        )
    tell(office, [step])
    say(f"Added. Next: hub connection check {name}")


@connection.command("set")
@_NAME
@_WORDS
@pass_office
def set_(office: Office, name: str, words: tuple[str, ...]) -> None:
    """Change keys of a connection; KEY= takes a key out."""
    from hub.flows import connection_words

    if not words:
        raise click.UsageError("Say what to change: KEY=VALUE …")
    with office.store() as db:
        step = connection_words.change(
            db,
            name,
            words=words,
            cwd=Path.cwd(),
            home=office.settings.home,
            by=office.user,
            now=office.now,
        )
    tell(office, [step])


@connection.command("list")
@pass_office
def list_(office: Office) -> None:
    """Every connection and how it stands."""
    from hub.flows import account

    with office.store() as db:
        rows = [_timed(row) for row in account.overview(db)]
    columns = (
        "name",
        "connector",
        "state",
        "records",
        "last_success",
        "waiting",
        "held",
        "dead",
        "quarantined",
    )
    records(
        office,
        rows,
        columns,
        empty="No connection yet. Add one: hub connection add NAME CONNECTOR KEY=VALUE …",
    )


@connection.command()
@_NAME
@pass_office
def show(office: Office, name: str) -> None:
    """How a connection stands, and everything that is configured for it."""
    from hub.flows import account, auth_life, configure

    with office.store() as db:
        with db.read() as conn:
            one = configure.named(configure.load_stored(conn), name)
            found = auth_life.forecast(conn, office.settings, name, now=office.now)
        row = next(_timed(row) for row in account.overview(db) if row["name"] == name)
    row["auth"] = auth_life.shown(found, instant)
    keys = configure.flat(one.config, one.maps, base_dir=Path(one.row.base_dir), paused=False)
    if office.as_json:
        record(office, {**row, "config": keys})
        return
    record(office, row)
    print_line("")
    texts = {
        key: f"{len(str(value).splitlines())} lines" for key, value in keys.items() if key.endswith("_text")
    }
    table([{"key": key, "value": value} for key, value in (keys | texts).items()], ("key", "value"))


@connection.command()
@_NAME
@pass_office
def check(office: Office, name: str) -> int:
    """Prove step by step that a connection works: name, host, certificate, login, rights, a sample, webhooks."""
    from hub.flows import account

    with office.store() as db:
        found = list(account.check(db, office.settings, name))
    rows = [one._asdict() for one in found]
    if office.as_json:
        records(office, rows, ())
    else:
        records(office, [{"": "ok" if r["ok"] else "BAD", **r} for r in rows], ("", "step", "detail", "fix"))
    return 0 if all(one.ok for one in found) else 1


@connection.command()
@_NAME
@click.option("--register", is_flag=True, help="Have the system send them: made, renewed, switched on again.")
@pass_office
def webhooks(office: Office, name: str, register: bool) -> int:
    """What webhooks the system sends to this hub; --register makes and mends them (so does the hub, once a day)."""
    from hub.flows import webhook_upkeep

    with office.store() as db:
        found = webhook_upkeep.ensure(db, office.settings, name, register=register)
    rows = [one._asdict() for one in found]
    if office.as_json:
        records(office, rows, ())
    else:
        records(office, [{"": "ok" if r["ok"] else "BAD", **r} for r in rows], ("", "step", "detail", "fix"))
    return 0 if all(one.ok for one in found) else 1


@connection.command()
@_NAME
@pass_office
def discover(office: Office, name: str) -> None:
    """The record types and fields the account has."""
    from hub.flows import account

    with office.store() as db:
        shapes = account.discover(db, office.settings, name)
    rows = [
        {"object": shape.object, "remote": shape.name, **field._asdict()}
        for shape in shapes
        for field in shape.fields
    ]
    records(office, rows, ("object", "remote", "name", "kind", "label", "required", "readonly", "custom"))


@connection.command()
@_NAME
@click.option("--redirect-uri", help="Where the vendor sends you back; it must be registered there.")
@click.option("--answer", help="The address you landed on, if the hub's pages cannot be reached from there.")
@pass_office
def authorize(office: Office, name: str, redirect_uri: str | None, answer: str | None) -> None:
    """Let the hub into a system by its own login page (OAuth): open the address it prints, and say yes there."""
    from hub.flows import authorise

    with office.store() as db:
        if answer is None:
            left = authorise.depart(
                db, office.settings, name, redirect_uri=redirect_uri, by=office.user, now=office.now
            )
            row = {"address": left.address, "redirect_uri": left.redirect_uri}
            if office.as_json:
                record(office, row)
                return
            say(f"Open this address within ten minutes:\n{left.address}")
            say(f"It leads back to {left.redirect_uri}. If that page does not open, give us its address:")
            say(f"  hub connection authorize {name} --answer ADDRESS")
            return
        done = authorise.arrive(db, office.settings, answer, now=office.now)
    say(f"{done} is authorised. Next: hub connection check {done}")


@connection.command()
@_NAME
@pass_office
def pause(office: Office, name: str) -> None:
    """Stop pulls and deliveries; what is due waits."""
    from hub.flows import connection_life

    with office.store() as db:
        changed = connection_life.pause(db, name, by=office.user, now=office.now)
    say(f"{name} is paused." if changed else f"{name} was paused already.")


@connection.command()
@_NAME
@pass_office
def resume(office: Office, name: str) -> None:
    """Let a paused, broken or parked connection work again."""
    from hub.flows import connection_life

    with office.store() as db:
        changed = connection_life.resume(db, name, by=office.user, now=office.now)
    say(
        f"{name} works again; what waited goes with the next sync."
        if changed
        else f"{name} was active already."
    )


@connection.command()
@_NAME
@click.option("--keep", is_flag=True, help="Let its values go on counting; else they lose to any live one.")
@click.option("--confirm", is_flag=True, help="Do it; without, only say what it would touch.")
@pass_office
def remove(office: Office, name: str, keep: bool, confirm: bool) -> int:
    """Take a connection out of the hub. Nothing is done in the remote system."""
    from hub.flows import connection_life

    with office.store() as db:
        touched = connection_life.leaving(db, name)
        what = "its values go on counting" if keep else "its values are retired: they lose to any live one"
        say(
            f"Removing {name} ends {touched.records} links of {touched.customers} customers, "
            f"{touched.alone} of whom have no other live record; {touched.waiting} deliveries are dropped; {what}."
        )
        if not confirm and not _typed(name):
            say(
                f"Nothing was done. To do it: hub connection remove {name}{' --keep' if keep else ''} --confirm"
            )
            return 1
        connection_life.remove(db, name, keep=keep, by=office.user, now=office.now)
    say(f"{name} is removed.")
    return 0


def _typed(name: str) -> bool:
    """Whether a person at the terminal types the name; nobody there is no word."""
    import sys

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    answer: str = click.prompt(f'Type "{name}" to remove it', default="", show_default=False, err=True)
    return answer.strip() == name


def _timed(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "last_success": instant(row["last_success"]),
        "since": instant(row["since"]),
        "parked_until": instant(row["parked_until"]),
        "next_due": instant(row["next_due"]),
    }
