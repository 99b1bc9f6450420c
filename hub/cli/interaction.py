"""`hub interaction`: what was said between us and somebody; answering it, publishing something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import instant, print_line, record, records, say, text_of

if TYPE_CHECKING:
    from hub.store.queries.interactions import InteractionRow

_ID = click.argument("id", metavar="INTERACTION")
_TEXT = click.option("--text", required=True, help="What to say. Nothing is cut: too long a text is refused.")
_LANGUAGE = click.option("--language", help="Its language, such as en or pt-BR.")
_KEY = click.option(
    "--key", help="Your own name for it: asked again under the same one, nothing new is sent."
)
_WAIT = click.option("--wait/--no-wait", default=True, help="Send it now, or leave it to the workers.")


@click.group()
def interaction() -> None:
    """An INTERACTION is named by int_…; a customer as everywhere."""


@interaction.command(name="list")
@click.argument("who", metavar="CUSTOMER")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@pass_office
def list_(office: Office, who: str, limit: int) -> None:
    """The interactions of a customer, the latest first."""
    from hub.flows import find
    from hub.store.queries import interactions

    with office.store() as db, db.read() as conn:
        rows = interactions.of_customer(conn, find.meant(conn, who).customer_id, limit=limit)
    columns = ("id", "occurred_at", "connection", "direction", "kind", "sending", "text")
    records(office, [_row(one) for one in rows], columns, empty="No interactions.")


@interaction.command()
@_ID
@pass_office
def show(office: Office, id: str) -> None:
    """One interaction, whole."""
    from hub.canonical.ids import read
    from hub.flows import messages

    with office.store() as db:
        row = messages.shown(db, read("int", id))
    _tell(office, row)


@interaction.command()
@_ID
@_TEXT
@_LANGUAGE
@_KEY
@_WAIT
@pass_office
def reply(office: Office, id: str, text: str, language: str | None, key: str | None, wait: bool) -> int:
    """Answer an interaction where it was said. It is sent once, whatever happens on the way."""
    from hub.canonical.ids import read
    from hub.flows import messages
    from hub.flows.wiring import load_wiring

    message = messages.Message(text, office.user, language, key)
    with office.store() as db:
        wiring = load_wiring(db)
        made = messages.reply(db, wiring, read("int", id), message=message, now=office.now)
        return _sent(office, db, wiring, made, wait=wait)


@interaction.command()
@click.option("--connection", required=True, help="The account that publishes.")
@_TEXT
@_LANGUAGE
@_KEY
@_WAIT
@pass_office
def post(
    office: Office, connection: str, text: str, language: str | None, key: str | None, wait: bool
) -> int:
    """Publish something by an account. It is sent once, whatever happens on the way."""
    from hub.flows import messages
    from hub.flows.wiring import load_wiring

    message = messages.Message(text, office.user, language, key)
    with office.store() as db:
        wiring = load_wiring(db)
        made = messages.post(db, wiring, connection, message=message, now=office.now)
        return _sent(office, db, wiring, made, wait=wait)


def _sent(office: Office, db: Any, wiring: Any, id: int, *, wait: bool) -> int:
    """Send it or ring for it; 1 where it is not sent and not on its way."""
    from hub.flows import messages

    if wait:
        row = messages.send(db, office.settings, wiring, id=id)
    else:
        row = messages.shown(db, id)
        messages.ring(office.settings, wiring, row)
    _tell(office, row)
    state = _row(row)["sending"]
    if state == "held":
        say(f"It is held until the first run is confirmed: hub sync {row.connection} --confirm")
    elif state == "waiting" and wait:
        say("It is not sent yet; the next attempt comes with the workers or the next sync.")
    return 0 if state == "sent" or (state == "waiting" and not wait) else 1


def _tell(office: Office, row: InteractionRow) -> None:
    import orjson

    shown = _row(row) | {"fields": orjson.loads(row.doc)}
    if office.as_json:
        record(office, shown)
        return
    record(office, shown, order=[name for name in shown if name not in ("fields", "text")])
    print_line("")
    for path, value in shown["fields"].items():
        print_line(f"{path}: {text_of(value)}")


def _row(row: InteractionRow) -> dict[str, Any]:
    import orjson

    from hub.canonical.ids import show as shown
    from hub.canonical.interaction import state_of_sending

    doc = orjson.loads(row.doc)
    return {
        "id": shown("int", row.id),
        "connection": row.connection,
        "external_id": row.external_id,
        "customer_id": None if row.customer_id is None else shown("cus", row.customer_id),
        "direction": row.direction,
        "kind": doc.get("kind"),
        "occurred_at": instant(row.occurred_at),
        "gone": row.gone_at is not None,
        "sending": state_of_sending(row.external_id, row.step, row.state),
        "cause": row.cause,
        "text": doc.get("body") or doc.get("subject") or _reaction(doc),
    }


def _reaction(doc: dict[str, Any]) -> str | None:
    """Which reaction it was, as the system calls it."""
    return next((v for p, v in doc.items() if p.startswith("custom.") and p.endswith(".reason")), None)
