"""Golden records computed again from the contributions of their members, pins, holds and rules (DESIGN §4.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.flows.bindings import load_bindings
from hub.flows.wiring import Wiring
from hub.golden.survive import Golden, Hold, Member, Pin, Why, new_holds, survive
from hub.store import bulk
from hub.store.documents import dump, load
from hub.store.golden_row import decode_doc, encode_doc, encode_why
from hub.store.queries import customers, matching, records
from hub.store.queries.customers import CustomerRow, FeedRow
from hub.store.tables import hold as hold_table
from hub.sync.binding import Binding

ARCHIVED = "archived"


class Sighting(NamedTuple):
    """A member record at hand: where it stands and what is known of it."""

    record_id: int
    connection_id: int
    object: str
    external_id: str
    part: str
    binding: Binding


class Recomputed(NamedTuple):
    """goldens by customer id; sightings by customer id (every member); feed rows still to be numbered."""

    goldens: dict[int, Golden]
    sightings: dict[int, list[Sighting]]
    feed: list[FeedRow]


def recompute(
    conn: Connection,
    wiring: Wiring,
    members: Mapping[int, Iterable[int]],
    *,
    known: Mapping[int, Sighting],
    fresh: frozenset[int] = frozenset(),
    now: float,
) -> Recomputed:
    """Compute and store these customers. `fresh`: ids without a row yet. Unchanged ones are not written."""
    sightings = gather(conn, members, known=known)
    pins, holds = fixed(conn, sightings)
    old = customers.load_many(conn, [id for id in members if id not in fresh])
    goldens: dict[int, Golden] = {}
    new_rows, changed, feed = [], [], []
    for id, many in sightings.items():
        row = old.get(id)
        golden = _golden(
            conn, wiring, many, row=row, pins=pins.get(id) or {}, holds=holds.get(id) or {}, now=now
        )
        goldens[id] = golden
        doc, why = encode_doc(golden.fields, golden.also), encode_why(golden.why, golden.fields)
        if row is None:
            new_rows.append(CustomerRow(id, 1, None, doc, why, now, now))
            feed.append(FeedRow(id, "ADDED"))
        elif row.merged_into is not None:
            changed.append(CustomerRow(id, row.version + 1, None, doc, why, row.created_at, now))
            feed.append(FeedRow(id, "UNMERGED", row.merged_into))
        elif row.doc != doc or row.why != why:
            changed.append(CustomerRow(id, row.version + 1, None, doc, why, row.created_at, now))
            if row.doc != doc:
                feed.append(FeedRow(id, "CHANGED"))
    customers.put(conn, new_rows, fresh=True)
    customers.put(conn, changed, fresh=False)
    return Recomputed(goldens, sightings, feed)


def _golden(
    conn: Connection,
    wiring: Wiring,
    sightings: Iterable[Sighting],
    *,
    row: CustomerRow | None,
    pins: Mapping[str, Pin],
    holds: Mapping[str, Hold],
    now: float,
) -> Golden:
    """The golden record; a field of rule `manual` that would change keeps its value under a hold until someone
    decides."""
    listed = list(sightings)
    golden = compute(wiring, listed, pins=pins, holds=holds)
    if row is None or row.merged_into is not None or not wiring.rules.manual:
        return golden
    before = decode_doc(row.doc)[0]
    kept = new_holds(before, golden, rules=wiring.rules, pins=pins, holds=holds)
    if not kept:
        return golden
    bulk.insert(
        conn,
        hold_table,
        ("customer_id", "path", "value", "at"),
        rows=[(row.id, path, dump(value), now) for path, value in kept.items()],
    )
    return compute(
        wiring, listed, pins=pins, holds={**holds, **{path: Hold(value, now) for path, value in kept.items()}}
    )


def compute(
    wiring: Wiring, sightings: Iterable[Sighting], *, pins: Mapping[str, Pin], holds: Mapping[str, Hold]
) -> Golden:
    """One golden record; pure but for reading the wiring."""
    sightings = list(sightings)
    listed = [
        Member(
            one.record_id,
            wiring.names.get(one.connection_id, ""),
            wiring.priority(one.connection_id),
            one.binding.contribution,
        )
        for one in sightings
    ]
    golden = survive(listed, pins=pins, holds=holds, rules=wiring.rules)
    archived_by = None if "status" in pins else _archived_by(wiring, sightings)
    if archived_by is not None:
        golden.fields["status"] = ARCHIVED
        golden.why["status"] = Why(archived_by, ARCHIVED)
    return golden


def _archived_by(wiring: Wiring, sightings: Iterable[Sighting]) -> int | None:
    """The record whose delete archives the customer: none of its records lives, and this one's connection has
    delete = "archive". Seen again anywhere, it is no more."""
    found = None
    for one in sightings:
        if one.connection_id in wiring.built_in:
            continue
        if not one.binding.gone:
            return None
        stream = wiring.stream(one.connection_id, one.object)
        if found is None and stream is not None and stream.rules.delete == "archive":
            found = one.record_id
    return found


def redirect(
    conn: Connection, was: Mapping[int, int], customer_of: Mapping[int, int], *, now: float
) -> list[FeedRow]:
    """Customers that answer to nobody any more become redirects. `was`: record → the customer it left."""
    left = {old for old in was.values() if customer_of.get(old, old) != old}
    feed = []
    rows = []
    for id, row in customers.load_many(conn, left).items():
        target = customer_of[id]
        if row.merged_into != target:
            rows.append(row._replace(merged_into=target, version=row.version + 1, updated_at=now))
            if row.merged_into is None:
                feed.append(FeedRow(id, "MERGED", target))
    customers.put(conn, rows, fresh=False)
    return feed


def gather(
    conn: Connection, members: Mapping[int, Iterable[int]], *, known: Mapping[int, Sighting]
) -> dict[int, list[Sighting]]:
    """Every member of these customers, with its binding."""
    missing = [id for many in members.values() for id in many if id not in known]
    loaded: dict[int, Sighting] = {}
    if missing:
        places = records.places(conn, missing)
        for id, binding in load_bindings(conn, missing).items():
            place = places[id]
            loaded[id] = Sighting(
                id, place.connection_id, place.object, place.external_id, place.part, binding
            )
    return {
        customer: [known.get(id) or loaded[id] for id in many if id in known or id in loaded]
        for customer, many in members.items()
    }


def members_of(conn: Connection, customer_ids: Iterable[int]) -> dict[int, list[int]]:
    """The records of these customers, by customer id."""
    return matching.members_of(conn, customer_ids)


def fixed(
    conn: Connection, sightings: Mapping[int, list[Sighting]]
) -> tuple[dict[int, dict[str, Pin]], dict[int, dict[str, Hold]]]:
    """Pins and holds of these customers. Pins of merged home ids count while merged: own ones first, then newest."""
    if not _any(conn, "pin", "removed_at") and not _any(conn, "hold", "decided_at"):
        return {}, {}
    home = {one.record_id: id for id, many in sightings.items() for one in many}
    home |= {id: id for id in sightings}
    pins: defaultdict[int, dict[str, Pin]] = defaultdict(dict)
    rows = conn.execute(
        text(
            'SELECT customer_id, path, value, "by", at, once FROM pin '
            f"WHERE removed_at IS NULL AND customer_id {bulk.among(conn, 'ids')}"
        ),
        {"ids": bulk.pack(conn, home)},
    ).all()
    for row in sorted(rows, key=lambda row: (row.customer_id == home[row.customer_id], row.at)):
        if row.once and _said_since(sightings.get(home[row.customer_id], ()), row.path, row.at):
            continue
        pins[home[row.customer_id]][row.path] = Pin(load(row.value), row.by, row.at)
    holds: defaultdict[int, dict[str, Hold]] = defaultdict(dict)
    for row in conn.execute(
        text(
            "SELECT customer_id, path, value, at FROM hold "
            f"WHERE decided_at IS NULL AND customer_id {bulk.among(conn, 'ids')}"
        ),
        {"ids": bulk.pack(conn, home)},
    ):
        holds[home[row.customer_id]][row.path] = Hold(load(row.value), row.at)
    return pins, holds


def _said_since(sightings: Iterable[Sighting], path: str, at: float) -> bool:
    """Whether a system has said something of a field after that moment."""
    return any(
        found.live and found.seen_at > at
        for one in sightings
        if (found := one.binding.contribution.get(path)) is not None
    )


def _any(conn: Connection, table: str, ended: str) -> bool:
    found: Any = conn.scalar(text(f"SELECT 1 FROM {table} WHERE {ended} IS NULL LIMIT 1"))
    return found is not None
