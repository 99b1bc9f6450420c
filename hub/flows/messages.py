"""What we say: a reply to an interaction, or something published; stored before it is sent, and sent once.

It goes by the transitions of any create (sync.md, "A create"): its marker is its own id, so that a worker that dies
between the call and the receipt leaves something to be found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.canonical.ids import show
from hub.canonical.interaction import state_of_sending
from hub.canonical.language import to_language
from hub.canonical.unfit import Unfit
from hub.errors import NotFound, Unsupported, WrongUse
from hub.flows import lookup, owing, work
from hub.flows.interactions import tell
from hub.flows.wiring import Stream, Wiring
from hub.queue import open_queue
from hub.settings import Settings
from hub.store.documents import dump, load
from hub.store.queries import interactions, numbers, outgoing
from hub.store.queries.interactions import InteractionRow, Stored
from hub.store.queries.outgoing import Wanted
from hub.store.session import Database
from hub.sync.create import plan_create

_OBJECT = "interaction"
_LONGEST = 100_000  # characters; what a system takes it says itself


class Message(NamedTuple):
    """What shall be said. by: who wants it; key: the asker's own name for it, so that asking again sends nothing new.

    language: a BCP 47 tag.
    """

    text: str
    by: str
    language: str | None = None
    key: str | None = None


def reply(db: Database, wiring: Wiring, id: int, *, message: Message, now: float) -> int:
    """Answer an interaction. Returns the id of the answer. Raises NotFound, WrongUse, Unsupported."""
    with db.read() as conn:
        heard = _answerable(conn, id)
        parent = interactions.stored(conn, [id])[id]
    stream = _stream(wiring, heard.connection)
    said = load(heard.doc)
    values = {
        "in_reply_to": heard.external_id,
        "thread_ref": said.get("thread_ref") or heard.external_id,
        "customer_record": parent.customer_ref,
        "channel": said.get("channel"),
    }
    return _ask(
        db, stream, message, values=values, person=(parent.customer_ref, parent.customer_record_id), now=now
    )


def post(db: Database, wiring: Wiring, connection: str, *, message: Message, now: float) -> int:
    """Publish something by an account. Returns its id. Raises NotFound, WrongUse, Unsupported."""
    with db.read() as conn:
        lookup.connection_id(conn, connection)
    return _ask(db, _stream(wiring, connection), message, values={}, person=(None, None), now=now)


def send(db: Database, settings: Settings, wiring: Wiring, *, id: int) -> InteractionRow:
    """Send what waits for the connection of this interaction now, in this process. Returns it as it is then."""
    row = shown(db, id)
    stream = _stream(wiring, row.connection)
    if state_of_sending(row.external_id, row.step, row.state) == "waiting":
        work.run_push(db, settings, wiring, of=[stream], lanes=(owing.REALTIME,))
    return shown(db, id)


def ring(settings: Settings, wiring: Wiring, row: InteractionRow) -> None:
    """Ask the workers to send it at once; without them the next sync does."""
    stream = _stream(wiring, row.connection)
    queue = open_queue(settings)
    try:
        queue.dispatch("drain", stream.connection_id, "realtime")
    finally:
        queue.close()


def shown(db: Database, id: int) -> InteractionRow:
    """One interaction. Raises NotFound."""
    with db.read() as conn:
        row = interactions.one(conn, id)
    if row is None:
        raise NotFound(f"There is no interaction {show('int', id)}.")
    return row


def _answerable(conn: Connection, id: int) -> InteractionRow:
    row = interactions.one(conn, id)
    name = show("int", id)
    if row is None:
        raise NotFound(f"There is no interaction {name}.")
    if row.external_id is None:
        raise WrongUse(f"{name} is not sent yet.", fix="Answer it once it is there.")
    if row.gone_at is not None:
        raise WrongUse(f"{name} was deleted there.", fix="It can be answered no more.")
    if load(row.doc).get("kind") == "reaction":
        raise WrongUse(
            f"{name} is a reaction, which takes no answer.",
            fix=f"Publish something: hub interaction post --connection {row.connection}",
        )
    return row


def _stream(wiring: Wiring, connection: str) -> Stream:
    for stream in wiring.streams.values():
        if (stream.connection, stream.object) == (connection, _OBJECT):
            if not stream.capabilities.create:
                raise Unsupported(f"{stream.manifest.title} cannot be written interactions.")
            return stream
    raise WrongUse(
        f"{connection} carries no interactions.",
        fix=f"Add [connection.{connection}.interaction] to its file.",
    )


def _ask(
    db: Database,
    stream: Stream,
    message: Message,
    *,
    values: Mapping[str, Any],
    person: tuple[str | None, int | None],
    now: float,
) -> int:
    """Store the message and the intent to send it, in one transaction."""
    doc = {
        **{path: value for path, value in values.items() if value is not None},
        "direction": "outbound",
        "body": _text(message.text),
    }
    if message.language:
        doc["language"] = _language(message.language)
    body = dump(dict(sorted(doc.items())))
    with db.write() as conn:
        if message.key is not None:
            before = interactions.asked_before(conn, stream.connection_id, message.key)
            if before is not None:
                return _same(conn, before, doc, key=message.key)
        id = numbers.record_ids(conn, 1, now=now)[0]
        ref, record_id = person
        row = Stored(
            id, stream.connection_id, None, None, "outbound", ref, record_id, now, None, 1, body,
            message.by, message.key, now,
        )  # fmt: skip
        interactions.put(conn, [row])
        outgoing.want(conn, [_wanted(stream, id, doc)], now=now)
        tell(conn, [record_id], now=now)
    return id


def _same(conn: Connection, id: int, doc: Mapping[str, Any], *, key: str) -> int:
    said = load(interactions.stored(conn, [id])[id].doc)
    if any(said.get(path) != doc.get(path) for path in ("body", "in_reply_to")):
        raise WrongUse(
            f"The key {key!r} was used for another message ({show('int', id)}).",
            fix="Use a new key for a new message.",
        )
    return id


def _wanted(stream: Stream, id: int, doc: Mapping[str, Any]) -> Wanted:
    marker = show("int", id)
    planned = plan_create(id, doc, policy=stream.policy, marker=marker)
    if "body" not in planned.values:
        raise Unsupported(
            f"The map of {stream.label} does not write a text.", fix="Give `body` a line that can be pushed."
        )
    spelt = outgoing.spelt(planned.values)
    return Wanted(id, stream.connection_id, _OBJECT, owing.state(stream), owing.REALTIME, spelt, marker)


def _text(text: str) -> str:
    if not text.strip():
        raise WrongUse("The text is empty.", fix="Say something.")
    if len(text) > _LONGEST or "\x00" in text:
        raise WrongUse("The text is no message.", fix=f"At most {_LONGEST} characters, none of them NUL.")
    return text


def _language(tag: str) -> str:
    try:
        found = to_language(tag)
    except Unfit as unfit:
        raise WrongUse(f"{tag!r} {unfit.reason}.", fix="A language tag such as en or pt-BR.") from None
    if not found:
        raise WrongUse(f"{tag!r} is no language.", fix="A language tag such as en or pt-BR.")
    return found
