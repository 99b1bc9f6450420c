"""What the API takes as arguments and gives as answers: for parsing queries, and for the OpenAPI document.

Answers are not dumped through these: they are put together from stored documents (`document.py`); a test compares.
"""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

PAGE, PAGE_MOST = 50, 200
CHANGES, CHANGES_MOST = 500, 5_000
WAIT_MOST = 20
TEXT_MOST = 200

_CUS = {"example": "cus_01jq5w8x7y2ab", "pattern": "^cus_[0-9a-hjkmnp-tv-z]{13}$"}
_AT = {"format": "date-time", "example": "2026-05-14T09:51:40Z"}


def _text(told: str, **more: Any) -> fields.String:
    return fields.String(metadata={"description": told, **more})


def _asked(told: str) -> fields.String:
    return fields.String(validate=validate.Length(min=1, max=TEXT_MOST), metadata={"description": told})


class Paging(Schema):
    """Newest first."""

    limit = fields.Integer(
        load_default=PAGE,
        validate=validate.Range(1, PAGE_MOST),
        metadata={"description": "How many on a page."},
    )
    cursor = _asked("Where the page before ended: its `next`.")


class CustomerQuery(Paging):
    """At most one way to look; without any: all customers."""

    connection = _asked("With `external_id`: the name of the connection whose record it is.")
    external_id = _asked("The id of the record in that connection.")
    email = _asked("Customers that have this e-mail.")
    phone = _asked("Customers that have this phone, best as +49….")
    q = _asked("Words that all stand in the customer's values. Slower than the others.")
    fields_ = fields.String(
        data_key="fields", metadata={"description": "Only these, as in `email,address[billing],given_name`."}
    )


class OrderQuery(Schema):
    """Which order."""

    connection = fields.String(
        required=True,
        validate=validate.Length(1, TEXT_MOST),
        metadata={"description": "Its connection's name."},
    )
    external_id = fields.String(
        required=True, validate=validate.Length(1, TEXT_MOST), metadata={"description": "Its id there."}
    )


class ChangeQuery(Schema):
    """Where to go on."""

    after = fields.Integer(
        load_default=0,
        validate=validate.Range(0, (1 << 63) - 1),
        metadata={"description": "The last number known; 0: from the beginning."},
    )
    limit = fields.Integer(load_default=CHANGES, validate=validate.Range(1, CHANGES_MOST))
    wait = fields.Integer(
        load_default=0,
        validate=validate.Range(0, WAIT_MOST),
        metadata={"description": "Seconds to wait for a change if there is none yet."},
    )


class ExportQuery(Schema):
    """Where an export that was cut short goes on."""

    after = _asked("The id in the last whole line.")


class Customer(Schema):
    """A golden record. `fields`: path → value (paths of the canonical model); `also`: further live values of contact
    fields, each as [slot, value]."""

    id = _text("Ours; stays for ever.", **_CUS)
    version = fields.Integer(metadata={"description": "Grows with every change; the ETag."})
    created_at = fields.String(metadata=_AT)
    updated_at = fields.String(metadata=_AT)
    fields_ = fields.Dict(
        data_key="fields",
        keys=fields.String(),
        metadata={"example": {"display_name": "Ann Lee", "email": "ann@x.org", "address.locality": "Bonn"}},
    )
    also = fields.Dict(keys=fields.String(), metadata={"example": {"email": [["email[work]", "lee@y.org"]]}})


class CustomerPage(Schema):
    """One page."""

    customers = fields.List(fields.Nested(Customer))
    next = fields.String(
        allow_none=True, metadata={"description": "The cursor of the next page; null: no more."}
    )


class CustomerPatch(Schema):
    """The fields to change; null clears one. Each is an edit at the time of the request: the hub's rules decide whether
    it wins, and every system is told."""

    class Meta:
        unknown = RAISE

    fields_ = fields.Dict(
        data_key="fields",
        required=True,
        keys=fields.String(),
        metadata={"example": {"phone[mobile]": "+491701234567", "job_title": None}},
    )


class Patched(Customer):
    """The customer after the write. A token without `read` gets id, version and overruled only."""

    overruled = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "Given fields where another value won: path → the rule that chose it."},
    )


class Source(Schema):
    """A record of a connected system."""

    connection = fields.String()
    object = fields.String()
    external_id = fields.String()
    part = _text("Empty, or `organisation`.")


class ValueOrigin(Schema):
    """Where one value comes from, and why it won."""

    value = fields.Raw(allow_none=True, metadata={"description": "null: emptied on purpose."})
    rule = _text("What decided: only, pin, hold, live, owner, edit, latest, priority, …")
    derived = fields.Boolean(metadata={"description": "It follows from other parts of the name."})
    pinned_by = fields.String(allow_none=True)
    kind = fields.String(allow_none=True, metadata={"description": "first_sight or edit."})
    observed_at = fields.String(allow_none=True, metadata=_AT)
    source_updated_at = fields.String(allow_none=True, metadata=_AT)
    source = fields.Nested(Source, allow_none=True)


class Provenance(Schema):
    """The origin of every value."""

    id = fields.String(metadata=_CUS)
    version = fields.Integer()
    fields_ = fields.Dict(data_key="fields", keys=fields.String(), values=fields.Nested(ValueOrigin))


class Link(Source):
    """A record behind a customer."""

    first_seen = fields.String(metadata=_AT)
    gone = fields.Boolean(metadata={"description": "Deleted there."})


class Links(Schema):
    """The records behind a customer, first seen first."""

    records = fields.List(fields.Nested(Link))


class OrderPlace(Schema):
    """A system in which an order stands, or is to stand."""

    connection = fields.String()
    external_id = fields.String(allow_none=True)
    role = fields.String(validate=validate.OneOf(["origin", "counterpart", "wanted"]))
    gone = fields.Boolean(metadata={"description": "Deleted there."})
    state = fields.String(
        allow_none=True, metadata={"description": "Of the write that is owed there; null: none is."}
    )
    cause = fields.String(allow_none=True, metadata={"description": "Why it waits."})


class OrderPlaces(Schema):
    """Where an order stands: its origin first, then its counterparts, then where it is still to be made."""

    records = fields.List(fields.Nested(OrderPlace))


class Order(Schema):
    """An order. `fields`: path → value; `lines` and other lists hold objects."""

    id = _text("Ours.", example="ord_01jq5w8x7y2ab")
    connection = fields.String()
    external_id = fields.String()
    customer_id = fields.String(allow_none=True, metadata=_CUS)
    version = fields.Integer()
    updated_at = fields.String(metadata=_AT)
    totals_difference = fields.String(
        allow_none=True, metadata={"description": "Not null: the totals do not add up, by this amount."}
    )
    fields_ = fields.Dict(data_key="fields", keys=fields.String())


class OrderPage(Schema):
    """One page."""

    orders = fields.List(fields.Nested(Order))
    next = fields.String(allow_none=True)


class Change(Schema):
    """One thing that happened to a golden record."""

    seq = fields.Integer(metadata={"description": "Each is one more than the one before."})
    kind = fields.String(validate=validate.OneOf(["ADDED", "CHANGED", "MERGED", "UNMERGED", "ERASED"]))
    customer_id = fields.String(metadata=_CUS)
    other_id = fields.String(
        allow_none=True, metadata={"description": "MERGED: into whom. UNMERGED: out of whom."}
    )
    at = fields.String(metadata=_AT)


class Changes(Schema):
    """Changes in order."""

    changes = fields.List(fields.Nested(Change))
    next = fields.Integer(metadata={"description": "Go on with after=next."})
    latest = fields.Integer(metadata={"description": "The newest number there is."})


class Problem(Schema):
    """RFC 9457."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    code = fields.String()
    detail = fields.String()
    cause = fields.String()
    fix = _text("How to go on.")
    moved_to = _text("308: the id it answers to now.", **_CUS)
    fields_ = fields.Dict(data_key="fields", metadata={"description": "422: path → why."})
    arguments = fields.Dict(metadata={"description": "400: argument → why."})
