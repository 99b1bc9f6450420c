"""Interactions: of a customer, by our id or its connection's; and saying something, which is sent once."""

from __future__ import annotations

import time
from typing import Any

import orjson
from flask import Response, current_app, request
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from hub.canonical import ids
from hub.canonical.ids import show
from hub.canonical.interaction import state_of_sending
from hub.canonical.moment import from_epoch
from hub.errors import WrongUse
from hub.flows import lookup, messages
from hub.flows.messages import Message
from hub.store.queries import interactions as queries
from hub.store.queries.interactions import NEWEST, InteractionRow
from hub.web.api.gate import asking
from hub.web.api.part import json, part, view
from hub.web.api.schemas import OrderQuery, Paging
from hub.web.api.wired import wired

blueprint = part("interactions", "What was said and done, each with the customer it belongs to now.")

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "maxLength": 200},
    "description": "Yours, new for every message: asking again with the same one sends nothing new.",
}


class Sending(Schema):
    """How far a message of ours is."""

    state = fields.String(validate=validate.OneOf(["waiting", "held", "sent", "refused", "dropped"]))
    cause = fields.String(allow_none=True, metadata={"description": "Why it is not sent."})
    asked_by = fields.String()


class Interaction(Schema):
    """An interaction. `fields`: path → value (paths of the canonical model)."""

    id = fields.String(metadata={"description": "Ours.", "example": "int_01jq5w8x7y2ab"})
    connection = fields.String()
    external_id = fields.String(allow_none=True, metadata={"description": "null: ours, and not sent yet."})
    customer_id = fields.String(allow_none=True, metadata={"example": "cus_01jq5w8x7y2ab"})
    version = fields.Integer()
    occurred_at = fields.String(metadata={"format": "date-time"})
    updated_at = fields.String(metadata={"format": "date-time"})
    gone = fields.Boolean(metadata={"description": "Deleted there."})
    sending = fields.Nested(Sending, allow_none=True, metadata={"description": "null: not asked for here."})
    fields_ = fields.Dict(data_key="fields", keys=fields.String())


class InteractionPage(Schema):
    """One page."""

    interactions = fields.List(fields.Nested(Interaction))
    next = fields.String(allow_none=True)


class NewMessage(Schema):
    """What shall be said: an answer to an interaction, or something published by an account."""

    class Meta:
        unknown = RAISE

    text = fields.String(required=True, validate=validate.Length(1, 100_000))
    in_reply_to = fields.String(metadata={"description": "The id (int_…) of the interaction to answer."})
    connection = fields.String(metadata={"description": "Instead of it: the account that publishes."})
    language = fields.String(metadata={"example": "en"})


def shown(row: InteractionRow) -> str:
    """An interaction as the API shows it; the stored document is put in as text."""
    state = state_of_sending(row.external_id, row.step, row.state)
    sending = state and {"state": state, "cause": row.cause, "asked_by": row.asked_by}
    head = orjson.dumps(
        {
            "id": show("int", row.id),
            "connection": row.connection,
            "external_id": row.external_id,
            "customer_id": None if row.customer_id is None else show("cus", row.customer_id),
            "version": row.version,
            "occurred_at": from_epoch(row.occurred_at),
            "updated_at": from_epoch(float(int(row.updated_at))),
            "gone": row.gone_at is not None,
            "sending": sending,
        }
    ).decode()
    return f'{head[:-1]},"fields":{row.doc}}}'


@view(blueprint, "/interactions/<string:id>", needs="read", gives=Interaction, problems=(404,))
def one(id: str) -> Response:
    """An interaction by our id."""
    return json(shown(messages.shown(_store(), ids.read("int", id))))


@view(blueprint, "/interactions", needs="read", takes=OrderQuery, gives=InteractionPage, problems=(404,))
def several(asked: dict[str, Any]) -> Response:
    """The interaction that a connection knows by this external id: a list of one or none."""
    with _store().read() as conn:
        connection = lookup.connection_id(conn, asked["connection"])
        rows = queries.named(conn, connection, asked["external_id"])
    return json(_page(rows, None))


@view(
    blueprint,
    "/customers/<string:id>/interactions",
    needs="read",
    takes=Paging,
    gives=InteractionPage,
    problems=(308, 404, 410),
)
def of_customer(asked: dict[str, Any], id: str) -> Response:
    """The interactions of a customer, from all connections, the latest first."""
    before = _before(asked["cursor"]) if "cursor" in asked else NEWEST
    limit = asked["limit"]
    with _store().read() as conn:
        row = lookup.living(conn, ids.read("cus", id))
        found = queries.of_customer(conn, row.id, before=before, limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return json(_page(found[:limit], last and f"{last.occurred_at!r}_{show('int', last.id)}"))


@view(
    blueprint,
    "/interactions",
    method="POST",
    needs="write",
    gives=Interaction,
    requestBody={"required": True, "content": {"application/json": {"schema": NewMessage}}},
    parameters=[_KEY],
    problems=(404, 413, 415, 422),
)
def say(**arguments: Any) -> Response:
    """Answer an interaction, or publish something. It is stored at once and sent by the workers.

    Asked again with the same Idempotency-Key it gives the same interaction, with how far it is by now.
    """
    given = _given()
    db, token = _store(), asking()
    key = request.headers.get("Idempotency-Key", "").strip()
    if not key or len(key) > 200:
        raise WrongUse("There is no Idempotency-Key.", fix="Send one of your own, new for every message.")
    message = Message(given["text"], f"api:{token.name}", given.get("language"), f"api:{token.name}:{key}")
    _, wiring = wired(db)
    if "in_reply_to" in given:
        number = ids.read("int", given["in_reply_to"])
        id = messages.reply(db, wiring, number, message=message, now=time.time())
    else:
        id = messages.post(db, wiring, given["connection"], message=message, now=time.time())
    row = messages.shown(db, id)
    messages.ring(current_app.config["HUB"], wiring, row)
    return json(shown(row))


def _given() -> dict[str, Any]:
    try:
        found: dict[str, Any] = NewMessage().load(request.get_json())
    except ValidationError as error:
        raise WrongUse(
            "The body is not as it must be.",
            cause=orjson.dumps(error.messages).decode(),
            fix='Write {"text": "Thank you!", "in_reply_to": "int_…"}.',
        ) from None
    if ("in_reply_to" in found) == ("connection" in found):
        raise WrongUse("Say what is answered, or who publishes.", fix="Give in_reply_to, or connection.")
    return found


def _page(rows: list[InteractionRow], next: str | None) -> str:
    cursor = "null" if next is None else f'"{next}"'
    return f'{{"interactions":[{",".join(map(shown, rows))}],"next":{cursor}}}'


def _before(cursor: str) -> tuple[float, int]:
    at, _, id = cursor.partition("_")
    try:
        return float(at), ids.read("int", id)
    except ValueError:
        raise WrongUse(f"{cursor!r} is no cursor.", fix="Give the `next` of the page before.") from None


def _store() -> Any:
    from hub.web.app import store

    return store()
