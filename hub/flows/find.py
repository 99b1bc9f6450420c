"""Which customer is meant: by our id, by a record of a connection, by e-mail, phone or words of the name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.canonical import ids
from hub.canonical.normalise import to_email
from hub.canonical.phone import to_phone
from hub.errors import NotFound, WrongUse
from hub.flows import models
from hub.flows.config import from_json
from hub.identity.keys import features, keys, kind_of
from hub.store.golden_row import decode_doc
from hub.store.queries import connections, customers, listings, matching
from hub.store.session import Database

_PHONE = re.compile(r"\+?[\d\s()./-]{5,}")


class Meant(NamedTuple):
    """The living customer that was meant. moved: the id asked for, where that one answers to another by now.
    record_id: the record, where one was named."""

    customer_id: int
    moved: int | None = None
    record_id: int | None = None


class Found(NamedTuple):
    """A customer in a list of hits. fields: of its golden record. records: live ones behind it."""

    customer_id: int
    fields: dict[str, Any]
    records: int


def meant(conn: Connection, text: str) -> Meant:
    """The customer named as `cus_…`, as CONNECTION:EXTERNAL_ID, or as an e-mail or phone that only one has.

    Raises NotFound, and WrongUse where several could be meant.
    """
    if text.lower().startswith("cus_"):
        return _by_id(conn, text)
    name, colon, external_id = text.partition(":")
    if colon and (row := connections.by_name(conn, name)) is not None:
        return _by_record(conn, row.id, name, external_id=external_id)
    hits = search(conn, text, limit=5)
    exact = [one for one in hits if _says(one.fields, text)]
    if len(exact) == 1:
        return Meant(exact[0].customer_id)
    if not hits:
        raise NotFound(
            f"No customer is meant by {text!r}.",
            fix="Give cus_…, CONNECTION:EXTERNAL_ID, an e-mail or a phone; look with: hub customer find TEXT",
        )
    several = ", ".join(ids.show("cus", one.customer_id) for one in hits[:4])
    raise WrongUse(f"{text!r} could be {several}.", fix="Give the id; look with: hub customer find TEXT")


def find(db: Database, text: str, *, limit: int) -> list[Found]:
    """Customers that `text` may mean, best first. Raises NotFound for a wrong id only."""
    with db.read() as conn:
        if text.lower().startswith("cus_"):
            return _hits(conn, listings.customers_of_records(conn, [_by_id(conn, text).customer_id]))
        name, colon, external_id = text.partition(":")
        if colon and (row := connections.by_name(conn, name)) is not None:
            one = _by_record(conn, row.id, name, external_id=external_id)
            return _hits(conn, listings.customers_of_records(conn, [one.customer_id]))
        return search(conn, text, limit=limit)


def newest(conn: Connection, *, limit: int, before: int | None = None) -> list[Found]:
    """Living customers, the newest id first; `before`: older than this id."""
    return _hits(conn, listings.customers(conn, limit=limit, before=before))


def search(conn: Connection, text: str, *, limit: int) -> list[Found]:
    """By e-mail or phone through the key table, else by words in the golden documents (which reads them all)."""
    held = hashes(conn, text.strip())
    if held:
        records = [record for _, record in matching.holders(conn, held)]
        if records:
            return _hits(conn, listings.customers_of_records(conn, records))[:limit]
    words = text.split()
    if not words:
        raise WrongUse("There is nothing to look for.", fix="Give a name, an e-mail, a phone or an id.")
    found = listings.customers_saying(conn, words, limit=limit * 5)
    return [one for one in _hits(conn, found) if holds(one.fields, words)][:limit]


def _by_id(conn: Connection, text: str) -> Meant:
    asked = ids.read("cus", text)
    now = standing_of(conn, asked)
    if now is None:
        raise NotFound(f"There is no customer {text.strip()}.", fix="Look with: hub customer find TEXT")
    return Meant(now, asked if now != asked else None)


def standing_of(conn: Connection, customer_id: int) -> int | None:
    """The living customer an id answers to now; None: there never was such an id."""
    standing = matching.standings(conn, [customer_id]).get(customer_id)
    if standing is not None:
        return standing.customer_id
    seen = set()
    rows = customers.load_many(conn, [customer_id])
    while (row := rows.get(customer_id)) is not None and customer_id not in seen:
        if row.merged_into is None:
            return customer_id
        seen.add(customer_id)
        customer_id = row.merged_into
        rows = customers.load_many(conn, [customer_id])
    return None


def _by_record(conn: Connection, connection_id: int, name: str, *, external_id: str) -> Meant:
    found = conn.execute(
        text(
            "SELECT s.id, i.customer_id FROM source_record s JOIN identity i ON i.record_id = s.id "
            "WHERE s.connection_id = :connection_id AND s.external_id = :external_id ORDER BY s.object, s.part LIMIT 1"
        ),
        {"connection_id": connection_id, "external_id": external_id},
    ).first()
    if found is None:
        raise NotFound(f"{name} has no customer record {external_id!r}.")
    return Meant(found.customer_id, None, found.id)


def hashes(conn: Connection, asked: str) -> list[int]:
    """The keys that records with this e-mail or phone have, in every realm; empty for anything else, or blocked."""
    configs = [from_json(row.config) for row in connections.rows(conn, removed=True)]
    realms = {one.realm for one in configs} | {"default"}
    values: list[dict[str, Any]] = []
    if "@" in asked and " " not in asked:
        values = [{"email": to_email(asked)}]
    elif _PHONE.fullmatch(asked) and sum(char.isdigit() for char in asked) >= 5:
        countries = {one.country for one in configs} | {None}
        values = [{"phone": to_phone(asked, country)} for country in countries]
    if not values:
        return []
    model = models.in_force(conn)
    made = [keys(features(one, model), realm=realm) for one in values for realm in realms]
    return [hash for many in made for hash in many if kind_of(hash) in ("email", "phone")]


def _hits(conn: Connection, rows: Sequence[Any]) -> list[Found]:
    counts = listings.record_counts(conn, [row.id for row in rows])
    return [Found(row.id, decode_doc(row.doc)[0], counts.get(row.id, 0)) for row in rows]


def _texts(fields: dict[str, Any]) -> Iterable[str]:
    for value in fields.values():
        yield from (str(one) for one in (value if isinstance(value, list) else [value]))


def _says(fields: dict[str, Any], asked: str) -> bool:
    wanted = asked.strip().casefold()
    return (
        any(one.casefold() == wanted for one in _texts(fields))
        or "@" in asked
        or bool(_PHONE.fullmatch(asked))
    )


def holds(fields: dict[str, Any], words: Iterable[str]) -> bool:
    """Whether values, not the names of fields, hold every word."""
    whole = "\n".join(_texts(fields)).casefold()
    return all(word.casefold() in whole for word in words)
