"""Customers for downstream readers: exactly who is asked for, or that there is nobody; lists a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.canonical.ids import show
from hub.canonical.moment import from_epoch
from hub.canonical.normalise import to_email
from hub.canonical.phone import to_phone
from hub.errors import Gone, Moved, NotFound, WrongUse
from hub.flows import find
from hub.flows.bindings import load_bindings
from hub.flows.config import from_json
from hub.store.documents import dump
from hub.store.golden_row import decode_doc, decode_why
from hub.store.queries import connections, customers, feed, matching, readers, records
from hub.store.queries.connections import BUILT_IN, ConnectionRow
from hub.store.queries.readers import Listed

_SCANNED_AT_ONCE = 200
_SCANS = 10  # per page: what a rare word costs at most, before the reader asks on


class Page(NamedTuple):
    """Customers, newest id first. next: the id to ask on before; None: that was all."""

    customers: list[Listed]
    next: int | None


def living(conn: Connection, id: int) -> Listed:
    """The golden record of an id. Raises Moved where it answers to another, Gone if it was erased, NotFound."""
    row = readers.customer(conn, id)
    if row is not None and row.merged_into is None:
        return row
    to = find.standing_of(conn, id)
    name = show("cus", id)
    if to is not None and to != id:
        target = show("cus", to)
        raise Moved(f"{name} was merged into {target}.", to=target)
    if feed.erased(conn, id):
        raise Gone(f"{name} was erased.", fix="Erase what you kept of it.")
    raise NotFound(f"There is no customer {name}.")


def by_record(conn: Connection, connection: str, external_id: str) -> list[Listed]:
    """The customers of a connection's record: none, one, or the person and the organisation it tells of.

    Raises NotFound for a connection that there is not.
    """
    row = _connection(conn, connection)
    return readers.customers_of(conn, readers.records_named(conn, row.id, external_id))


def by_email(conn: Connection, text: str, *, before: int, limit: int) -> Page:
    """The customers that have this e-mail, in whatever slot. Raises WrongUse for none."""
    email = to_email(text)
    if not email or "@" not in email:
        raise WrongUse(f"{text!r} is no e-mail.")
    return _holding(conn, "email", [email], before=before, limit=limit)


def by_phone(conn: Connection, text: str, *, before: int, limit: int) -> Page:
    """The customers that have this phone, in whatever slot; a number without + is read as of each connection's country.

    Raises WrongUse for none.
    """
    countries = {from_json(row.config).country for row in connections.rows(conn, removed=True)} | {None}
    phones = {found for country in countries if (found := to_phone(text, country))}
    if not any(char.isdigit() for char in text):
        raise WrongUse(f"{text!r} is no phone.")
    return _holding(conn, "phone", sorted(phones), before=before, limit=limit)


def search(conn: Connection, asked: str, *, before: int, limit: int) -> Page:
    """The customers whose values hold every word, newest first. `next` says whether there is more, not the length."""
    words = asked.split()
    if not words:
        raise WrongUse("There is nothing to look for.", fix="Give words of a name, an e-mail or an address.")
    return _scan(
        conn, words, lambda row: find.holds(decode_doc(row.doc)[0], words), before=before, limit=limit
    )


def newest(conn: Connection, *, before: int, limit: int) -> Page:
    """All customers, newest id first."""
    rows = readers.customers_before(conn, before, limit=limit + 1)
    return _paged(rows, limit)


def provenance(conn: Connection, id: int) -> dict[str, Any]:
    """Where each value of a living customer comes from (canonical-model.md, "Values").

    {"version", "fields": {path: {"value", "rule", "derived", "pinned_by", "kind", "observed_at", "source_updated_at",
    "source": {"connection", "object", "external_id", "part"} | None}}}; paths that were emptied have the value None.
    Raises as `living`.
    """
    living(conn, id)
    row = customers.load_many(conn, [id])[id]
    fields, _ = decode_doc(row.doc)
    why = decode_why(row.why, fields)
    sources = {one[0] for one in why.values() if one[0] is not None}
    bindings = load_bindings(conn, sources)
    places = records.places(conn, sources)
    names = {one.id: one.name for one in connections.rows(conn, removed=True)}
    found = {}
    for path, (record_id, rule, pinned_by, derived) in sorted(why.items()):
        place = places.get(record_id)
        said = bindings[record_id].contribution.get(path) if record_id in bindings else None
        found[path] = {
            "value": fields.get(path),
            "rule": rule,
            "derived": bool(derived),
            "pinned_by": pinned_by,
            "kind": said.kind if said else None,
            "observed_at": _moment(said.seen_at if said else None),
            "source_updated_at": _moment(said.source_at if said else None),
            "source": place
            and {
                "connection": names.get(place.connection_id, ""),
                "object": place.object,
                "external_id": place.external_id,
                "part": place.part,
            },
        }
    return {"id": show("cus", id), "version": row.version, "fields": found}


def links(conn: Connection, id: int) -> list[dict[str, Any]]:
    """The records of connected systems behind a living customer, first seen first. Raises as `living`."""
    living(conn, id)
    names = {one.id: one.name for one in connections.rows(conn, removed=True) if one.state != BUILT_IN}
    ids = matching.members_of(conn, [id]).get(id, [])
    return [
        {
            "connection": names[place.connection_id],
            "object": place.object,
            "external_id": place.external_id,
            "part": place.part,
            "first_seen": _moment(place.first_seen),
            "gone": place.gone,
        }
        for place in sorted(records.places(conn, ids).values(), key=lambda one: (one.first_seen, one.id))
        if place.connection_id in names
    ]


def connection_id(conn: Connection, name: str) -> int:
    """The id of a connection of the admin's. Raises NotFound."""
    return _connection(conn, name).id


def _connection(conn: Connection, name: str) -> ConnectionRow:
    row = connections.by_name(conn, name)
    if row is None or row.state == BUILT_IN:
        raise NotFound(f"There is no connection {name!r}.")
    return row


def _holding(conn: Connection, field: str, values: Sequence[str], *, before: int, limit: int) -> Page:
    """Customers with one of these values in a slot of `field`: by the keys of their records, and by what was pinned or
    written by API, which has none. A value that no key is made of (info@…) is looked for in all documents."""
    wanted = frozenset(values)

    def has(row: Listed) -> bool:
        fields, also = decode_doc(row.doc)
        return any(value in wanted for path, value in fields.items() if _slot(path, field)) or any(
            value in wanted for _, value in also.get(field, ())
        )

    held = [hash for value in values for hash in find.hashes(conn, value)]
    if not held:
        words = list(values)[:1]
        return _scan(conn, words, has, before=before, limit=limit) if words else Page([], None)
    ids = [record for _, record in matching.holders(conn, held)]
    for value in values:
        ids += readers.pinned(conn, field, dump(value))
        if (own := connections.by_name(conn, "api")) is not None and own.state == BUILT_IN:
            ids += readers.written(conn, own.id, dump(value))
    rows = [row for row in readers.customers_of(conn, ids) if row.id < before and has(row)]
    return _paged(rows, limit)


def _slot(path: str, field: str) -> bool:
    """Whether a path is a value of this contact-like field, not something said about one."""
    return path == field or (path.startswith(f"{field}[") and path.endswith("]"))


def _scan(
    conn: Connection, words: Sequence[str], test: Callable[[Listed], bool], *, before: int, limit: int
) -> Page:
    found: list[Listed] = []
    for _ in range(_SCANS):
        rows = readers.customers_saying(conn, words, before=before, limit=_SCANNED_AT_ONCE)
        for row in rows:
            before = row.id
            if test(row):
                found.append(row)
                if len(found) == limit:
                    return Page(found, before)
        if len(rows) < _SCANNED_AT_ONCE:
            return Page(found, None)
    return Page(found, before)


def _paged(rows: Sequence[Listed], limit: int) -> Page:
    return Page(list(rows[:limit]), rows[limit - 1].id if len(rows) > limit else None)


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else from_epoch(float(int(seconds)))
