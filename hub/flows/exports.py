"""Exports: the links as they are; customers and orders as canonical JSON, or as a table for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from hub.canonical import vocabulary
from hub.canonical.flat import customer_of, order_of
from hub.canonical.ids import show
from hub.canonical.interaction_flat import interaction_of
from hub.canonical.schema import to_json
from hub.flows.levels import anchors
from hub.flows.wiring import Wiring
from hub.store.documents import load
from hub.store.golden_row import decode_doc
from hub.store.queries import exports
from hub.store.queries import interactions as heard
from hub.store.session import Database

LINK_COLUMNS = ("connection", "object", "external_id", "customer_id")
CUSTOMER_COLUMNS = ("customer_id",)
ORDER_COLUMNS = ("order_id", "connection", "external_id", "customer_id", "totals_difference")

_BATCH = 1_000

# What a spreadsheet would run: text that begins like a formula. A number or telephone number with its sign is none.
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d\s().,/-]*$)")


def links(db: Database) -> Iterator[tuple[str, str, str, str]]:
    """Every live customer record and its customer, in the order of LINK_COLUMNS, sorted; external ids verbatim."""
    with db.read() as conn:
        for connection, object, external_id, customer_id, _, _ in exports.links(conn):
            yield connection, object, external_id, show("cus", customer_id)


def links_for_review(db: Database, wiring: Wiring) -> Iterator[tuple[str, str, str, str]]:
    """The same at the threshold from which a steward is asked: computed anew, nothing stored, ids of the clusters'
    anchors."""
    with db.read() as conn:
        anchor = anchors(conn, wiring, level="review")
        for connection, object, external_id, _, record_id, _ in exports.links(conn):
            yield connection, object, external_id, show("cus", anchor.get(record_id, record_id))


def customers(db: Database) -> Iterator[dict[str, Any]]:
    """Every living customer by id, as the JSON of `canonical.schema`."""
    with db.read() as conn:
        for row in exports.customers(conn):
            fields, also = decode_doc(row.doc)
            yield to_json(
                customer_of(
                    fields,
                    also=also,
                    id=show("cus", row.id),
                    version=row.version,
                    created_at=_moment(row.created_at),
                    updated_at=_moment(row.updated_at),
                )
            )


def orders(db: Database) -> Iterator[dict[str, Any]]:
    """Every order by id, as the JSON of `canonical.schema`, with the `customer_id` it belongs to now."""
    with db.read() as conn:
        for row in exports.orders(conn):
            order = order_of(
                load(row.doc),
                id=show("ord", row.id),
                connection=row.connection,
                external_id=row.external_id,
            )
            yield to_json(order) | {
                "customer_id": _customer(row.customer_id),
                "totals_difference": row.totals_difference,
            }


def interactions(db: Database) -> Iterator[dict[str, Any]]:
    """Every interaction by id, as the JSON of `canonical.schema`, with the `customer_id` it belongs to now, whether it
    is `gone` there."""
    after = -1
    while True:
        with db.read() as conn:
            rows = heard.after(conn, after, limit=_BATCH)
        for row in rows:
            found = interaction_of(
                load(row.doc), id=show("int", row.id), connection=row.connection, external_id=row.external_id
            )
            yield to_json(found) | {
                "customer_id": _customer(row.customer_id),
                "gone": row.gone_at is not None,
            }
        if len(rows) < _BATCH:
            return
        after = rows[-1].id


def customer_table(db: Database, *, verbatim: bool = False) -> Iterator[list[str]]:
    """Customers as rows, the header first: CUSTOMER_COLUMNS, a column per path that occurs, `also.FIELD` for more."""
    with db.read() as conn:
        found: set[str] = set()
        more: set[str] = set()
        for row in exports.customers(conn):
            fields, also = decode_doc(row.doc)
            found |= fields.keys()
            more |= also.keys()
        names = [*_ordered(found, "customer"), *sorted(f"also.{name}" for name in more)]
        yield [*CUSTOMER_COLUMNS, *names]
        for row in exports.customers(conn):
            fields, also = decode_doc(row.doc)
            values = fields | {f"also.{name}": [value for _, value in many] for name, many in also.items()}
            yield [show("cus", row.id), *(cell(values.get(name), verbatim=verbatim) for name in names)]


def order_table(db: Database, *, verbatim: bool = False) -> Iterator[list[str]]:
    """Orders as rows, the header first: a row for each line of an order (or one), the order's columns repeated."""
    with db.read() as conn:
        found: set[str] = set()
        lines: set[str] = set()
        for row in exports.orders(conn):
            doc = load(row.doc)
            found |= doc.keys() - {"lines"}
            for line in doc.get("lines") or ():
                lines |= line.keys()
        names = _ordered(found, "order")
        inner = _ordered(lines, "order.lines")
        yield [*ORDER_COLUMNS, *names, *(f"lines[].{name}" for name in inner)]
        for row in exports.orders(conn):
            doc = load(row.doc)
            head = [show("ord", row.id), row.connection, row.external_id, _customer(row.customer_id) or ""]
            head = [*head, row.totals_difference or ""]
            head += [cell(doc.get(name), verbatim=verbatim) for name in names]
            each: list[dict[str, Any]] = doc.get("lines") or [{}]
            for line in each:
                yield [*head, *(cell(line.get(name), verbatim=verbatim) for name in inner)]


def cell(value: Any, *, verbatim: bool) -> str:
    """A value as one cell: lists with "; ", money as "12.00 EUR", other objects as JSON.

    Unless `verbatim`, text that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        if value.keys() == {"amount", "currency"}:
            return f"{value['amount']} {value['currency']}"
        return orjson.dumps(value).decode()
    if isinstance(value, list):
        return "; ".join(cell(one, verbatim=verbatim) for one in value)
    text = str(value)
    return f"'{text}" if not verbatim and _FORMULA.match(text) else text


def _ordered(found: Iterable[str], object: str) -> list[str]:
    """Paths in the order of the model, custom ones last."""
    place = {field: number for number, field in enumerate(vocabulary.OBJECTS.get(object, ()))}
    last = len(place)

    def rank(path: str) -> tuple[int, int, str]:
        return path.startswith("custom."), place.get(_field(path), last), path

    return sorted(found, key=rank)


def _field(path: str) -> str:
    return re.split(r"[\[.]", path, maxsplit=1)[0]


def _customer(id: int | None) -> str | None:
    return None if id is None else show("cus", id)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
