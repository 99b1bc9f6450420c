"""The review queue: what the machine is unsure of, side by side; a person's word, and taking it back."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, request
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from hub.errors import NotFound, WrongUse
from hub.flows import review as reviewing
from hub.flows import side_by_side, steward
from hub.flows.effect import Effect
from hub.flows.review import Wanted
from hub.web.api.gate import asking
from hub.web.api.part import json, part, view
from hub.web.api.wired import wired

blueprint = part("review", "Pairs of customers that may be one, for a person to say same or different.")

_ONE = "/review/<string:id>"
_ACTS = {"accept": reviewing.accept, "reject": reviewing.reject}


class ReviewQuery(Schema):
    """Which cases, the best first."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    cursor = fields.String(metadata={"description": "Where the page before ended: its `next`."})
    connection = fields.String(metadata={"description": "Cases with a record of this connection."})
    min_points = fields.Integer()
    max_points = fields.Integer()
    deferred = fields.Boolean(load_default=False, metadata={"description": "Those put off, instead."})


class Reason(Schema):
    """What one feature said."""

    feature = fields.String()
    detail = fields.String()
    points = fields.Integer()
    meaning = fields.String(metadata={"description": "What the feature is."})


class Side(Schema):
    """One of the two customers. record: the one that is compared."""

    customer_id = fields.String(metadata={"example": "cus_01jq5w8x7y2ab"})
    record = fields.String(metadata={"example": "crm:17"})
    name = fields.String(allow_none=True)
    records = fields.List(fields.Dict(), metadata={"description": "All of them, in one case whole."})


class Case(Schema):
    """Two customers that may be one."""

    id = fields.String(metadata={"description": "Stays, whatever the customers become."})
    points = fields.Integer()
    missing = fields.Integer(metadata={"description": "Points up to where the machine would join them."})
    further = fields.Integer(metadata={"description": "How many more pairs of their records speak for it."})
    a = fields.Nested(Side)
    b = fields.Nested(Side)
    reasons = fields.List(fields.Nested(Reason))
    deferred = fields.Dict(allow_none=True)


class CaseWhole(Case):
    """One case with all that a person wants to see."""

    auto = fields.Integer(metadata={"description": "Points from which the machine joins."})
    review = fields.Integer(metadata={"description": "Points from which a person is asked."})
    verdict = fields.String()
    against = fields.String(
        allow_none=True, metadata={"description": "What stands against points that would do."}
    )
    fields_ = fields.List(fields.Dict(), data_key="fields", metadata={"description": "path, a, b, same."})
    pairs = fields.List(fields.Dict(), metadata={"description": "Their records, each with each."})


class CasePage(Schema):
    """One page."""

    cases = fields.List(fields.Nested(Case))
    next = fields.String(allow_none=True)
    waiting = fields.Integer(metadata={"description": "How many wait in all."})


class Word(Schema):
    """A person's word. preview: say what it would change, and change nothing."""

    class Meta:
        unknown = RAISE

    verdict = fields.String(required=True, validate=validate.OneOf(["accept", "reject", "defer"]))
    reason = fields.String(allow_none=True, load_default=None, validate=validate.Length(max=500))
    days = fields.Float(load_default=float(reviewing.DAYS), validate=validate.Range(0, 3650))
    preview = fields.Boolean(load_default=False)


class Done(Schema):
    """What the word did, or would do."""

    done = fields.Boolean()
    act = fields.Integer(
        allow_none=True, metadata={"description": "With DELETE /review/acts/{act} it is taken back."}
    )
    before = fields.Dict(metadata={"description": "Customer → golden fields, before."})
    after = fields.Dict(metadata={"description": "… and after."})
    leads = fields.Dict(metadata={"description": "Ids that are no longer alive → who answers for them."})
    systems = fields.Dict(
        metadata={"description": "Connection → updates, creates, fields (path → how many)."}
    )
    writes = fields.List(
        fields.Dict(), metadata={"description": "What each system receives, value by value."}
    )


@view(blueprint, "/review", needs="review", takes=ReviewQuery, gives=CasePage, problems=(404,))
def several(asked: dict[str, Any]) -> Response:
    """The cases that wait for a person, the best first."""
    wanted = Wanted(
        asked.get("min_points"), asked.get("max_points"), asked.get("connection"), asked["deferred"]
    )
    db, wiring = _hub()
    with db.read() as conn:
        page = reviewing.queue(conn, wiring, wanted, after=asked.get("cursor"), limit=asked["limit"])
        cases = side_by_side.listed(conn, wiring, page.cases)
        waiting = reviewing.count(conn, wiring)
    return _json({"cases": cases, "next": page.next, "waiting": waiting})


@view(blueprint, _ONE, needs="review", gives=CaseWhole, problems=(404,))
def one(id: str) -> Response:
    """One case side by side."""
    a, b = reviewing.read_id(id)
    db, wiring = _hub()
    with db.read() as conn:
        shown = side_by_side.shown(conn, wiring, reviewing.case(conn, wiring, (a, b)))
    return _json(shown)


@view(
    blueprint,
    _ONE,
    method="POST",
    needs="review",
    gives=Done,
    requestBody={"required": True, "content": {"application/json": {"schema": Word}}},
    problems=(404, 413, 415),
)
def decide(id: str) -> Response:
    """Say that they are the same, different, or that you want to be asked later."""
    a, b = reviewing.read_id(id)
    word = _word()
    db, wiring = _hub()
    by = f"api:{asking().name}"
    if word["verdict"] == "defer":
        with db.read() as conn:
            reviewing.case(conn, wiring, (a, b))
        if not word["preview"]:
            reviewing.defer(db, wiring, [(a, b)], by=by, days=word["days"], reason=word["reason"])
        return _json(_done(Effect({}, {}, ()), preview=word["preview"]))
    act = _ACTS[word["verdict"]]
    effect = act(db, wiring, (a, b), by=by, reason=word["reason"], preview=word["preview"])
    return _json(_done(effect, preview=word["preview"]))


@view(blueprint, "/review/acts/<string:id>", method="DELETE", needs="review", gives=Done, problems=(404,))
def withdraw(id: str) -> Response:
    """Take an accept or a reject back, as if it had never been said."""
    if not id.isascii() or not id.isdigit() or len(id) > 18:
        raise NotFound(f"There is no act {id!r}.", fix="Give the `act` of the answer that did it.")
    db, wiring = _hub()
    effect = steward.withdraw(db, wiring, int(id), by=f"api:{asking().name}")
    return _json(_done(effect, preview=False))


def _done(effect: Effect, *, preview: bool) -> dict[str, Any]:
    return {
        "done": not preview,
        "act": None if preview else effect.act,
        "before": effect.before,
        "after": effect.after,
        "leads": dict(effect.leads),
        "systems": effect.systems(),
        "writes": [
            {
                "connection": write.connection,
                "object": write.object,
                "external_id": write.external_id,
                "customer_id": write.customer_id,
                "path": write.path,
                "old": write.old,
                "new": write.new,
            }
            for write in effect.writes
        ],
    }


def _word() -> dict[str, Any]:
    try:
        body = orjson.loads(request.get_data())
        found: dict[str, Any] = Word().load(body if isinstance(body, dict) else {})
    except orjson.JSONDecodeError as error:
        raise WrongUse("The body is not JSON.", cause=str(error)) from None
    except ValidationError as error:
        names = ", ".join(sorted(map(str, error.messages)))
        raise WrongUse(
            f"The body is not as it must be: {names}.", fix='Write {"verdict": "accept"}.'
        ) from None
    return found


def _hub() -> tuple[Any, Any]:
    from hub.web.app import store

    db = store()
    return db, wired(db)[1]


def _json(value: Any) -> Response:
    return json(orjson.dumps(value).decode())
