"""Where values met: what waits for a choice, what was overruled; and a person's choice."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, request
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from hub.canonical import ids
from hub.canonical.moment import from_epoch
from hub.errors import WrongUse
from hub.flows import conflicts
from hub.flows.effect import Effect
from hub.web.api.gate import asking
from hub.web.api.part import json, part, view
from hub.web.api.wired import wired

blueprint = part("conflicts", "Fields that wait for a choice, and edits that were overruled.")

_NUMBER = 18  # digits of an entry's number at most


class HoldQuery(Schema):
    """How many."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class EntryQuery(Schema):
    """Which entries, the newest first."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    before = fields.Integer(metadata={"description": "Those older than this number: the `next` of a page."})
    customer_id = fields.String(metadata={"description": "Only those of one customer."})


class Said(Schema):
    """What one record says of a field."""

    record = fields.String(metadata={"example": "crm:17"})
    value = fields.Raw(allow_none=True)
    kind = fields.String(validate=validate.OneOf(["first_sight", "edit"]))
    said_at = fields.String(allow_none=True)
    seen_at = fields.String()
    live = fields.Boolean()


class Held(Schema):
    """A field kept as it was until a person decides."""

    customer_id = fields.String()
    path = fields.String()
    value = fields.Raw(allow_none=True, metadata={"description": "What golden keeps."})
    since = fields.String()
    said = fields.List(fields.Nested(Said))


class Holds(Schema):
    """Open holds, the oldest first."""

    holds = fields.List(fields.Nested(Held))


class Entry(Schema):
    """A note left where an edit met another value or was overruled."""

    id = fields.Integer()
    customer_id = fields.String()
    record = fields.String(allow_none=True)
    path = fields.String()
    kind = fields.String()
    theirs = fields.Raw(allow_none=True)
    theirs_at = fields.String(allow_none=True)
    ours = fields.Raw(allow_none=True)
    ours_at = fields.String(allow_none=True)
    rule = fields.String(allow_none=True)
    at = fields.String()


class Entries(Schema):
    """One page."""

    entries = fields.List(fields.Nested(Entry))
    next = fields.Integer(allow_none=True)


class Choice(Schema):
    """Which value is right. of: a record; without it golden keeps its value. remember: whatever is said later."""

    class Meta:
        unknown = RAISE

    path = fields.String(required=True, validate=validate.Length(1, 200))
    of = fields.String(allow_none=True, load_default=None, validate=validate.Length(max=500))
    remember = fields.Boolean(load_default=False)
    reason = fields.String(allow_none=True, load_default=None, validate=validate.Length(max=500))


class Decision(Schema):
    """Which side of an entry is right."""

    class Meta:
        unknown = RAISE

    side = fields.String(required=True, validate=validate.OneOf(["theirs", "ours"]))
    remember = fields.Boolean(load_default=False)


class Decided(Schema):
    """What follows from it."""

    systems = fields.Dict(metadata={"description": "Connection → updates, creates, fields."})


@view(blueprint, "/holds", needs="review", takes=HoldQuery, gives=Holds)
def holds(asked: dict[str, Any]) -> Response:
    """Fields that wait for a choice, with what each record says of them."""
    db, wiring = _hub()
    found = conflicts.holds(db, wiring, limit=asked["limit"])
    return _json(
        {
            "holds": [
                {
                    "customer_id": ids.show("cus", one.customer_id),
                    "path": one.path,
                    "value": one.value,
                    "since": _at(one.since),
                    "said": [
                        {**each._asdict(), "said_at": _at(each.said_at), "seen_at": _at(each.seen_at)}
                        for each in one.said
                    ],
                }
                for one in found
            ]
        }
    )


@view(blueprint, "/conflicts", needs="review", takes=EntryQuery, gives=Entries, problems=(404,))
def entries(asked: dict[str, Any]) -> Response:
    """What systems said, what stood against it, and the rule that decided."""
    db, _ = _hub()
    customer = ids.read("cus", asked["customer_id"]) if "customer_id" in asked else None
    with db.read() as conn:
        found = conflicts.entries(
            conn, limit=asked["limit"] + 1, before=asked.get("before"), customer=customer
        )
    shown, more = found[: asked["limit"]], len(found) > asked["limit"]
    return _json({"entries": [_entry(one) for one in shown], "next": shown[-1].id if more else None})


@view(
    blueprint,
    "/customers/<string:id>/choice",
    method="POST",
    needs="review",
    gives=Decided,
    requestBody={"required": True, "content": {"application/json": {"schema": Choice}}},
    problems=(404, 413),
)
def choose(id: str) -> Response:
    """Decide a field: the value of one record, or the one golden has."""
    given = _body(Choice(), example='{"path": "email", "of": "crm:17"}')
    db, wiring = _hub()
    effect = conflicts.choose(
        db,
        wiring,
        ids.read("cus", id),
        path=given["path"],
        of=given["of"],
        by=f"api:{asking().name}",
        remember=given["remember"],
        reason=given["reason"],
    )
    return _decided(effect)


@view(
    blueprint,
    "/conflicts/<string:id>",
    method="POST",
    needs="review",
    gives=Decided,
    requestBody={"required": True, "content": {"application/json": {"schema": Decision}}},
    problems=(404, 413),
)
def decide(id: str) -> Response:
    """Decide an entry after the fact."""
    if not id.isascii() or not id.isdigit() or len(id) > _NUMBER:
        raise WrongUse(f"{id!r} is no number of an entry.", fix="Give the `id` of GET /conflicts.")
    given = _body(Decision(), example='{"side": "theirs"}')
    db, wiring = _hub()
    effect = conflicts.choose_entry(
        db,
        wiring,
        int(id),
        theirs=given["side"] == "theirs",
        by=f"api:{asking().name}",
        remember=given["remember"],
    )
    return _decided(effect)


def _entry(one: Any) -> dict[str, Any]:
    said = one.detail
    return {
        "id": one.id,
        "customer_id": ids.show("cus", one.customer_id),
        "record": f"{one.connection}:{one.external_id}" if one.connection else None,
        "path": one.path,
        "kind": one.kind,
        "theirs": said.get("theirs"),
        "theirs_at": _at(said.get("theirs_at")),
        "ours": said.get("ours"),
        "ours_at": _at(said.get("ours_at")),
        "rule": said.get("rule"),
        "at": _at(one.at),
    }


def _body(schema: Schema, *, example: str) -> dict[str, Any]:
    try:
        given = orjson.loads(request.get_data())
        found: dict[str, Any] = schema.load(given if isinstance(given, dict) else {})
    except orjson.JSONDecodeError as error:
        raise WrongUse("The body is not JSON.", cause=str(error)) from None
    except ValidationError as error:
        names = ", ".join(sorted(map(str, error.messages)))
        raise WrongUse(f"The body is not as it must be: {names}.", fix=f"Write {example}.") from None
    return found


def _decided(effect: Effect) -> Response:
    return _json({"systems": effect.systems()})


def _hub() -> tuple[Any, Any]:
    from hub.web.app import store

    db = store()
    return db, wired(db)[1]


def _at(seconds: float | None) -> str | None:
    return None if seconds is None else from_epoch(float(int(seconds)))


def _json(value: Any) -> Response:
    return json(orjson.dumps(value).decode())
