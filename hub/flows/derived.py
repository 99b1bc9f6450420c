"""Guests and unknown authors: what an order or a message says of its customer becomes a source record of its own,
which identity may join to somebody (DESIGN §5, "Orders and interactions").

Such a record is evidence only: nothing is delivered to it, and it never counts as gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, text

from hub.canonical.derived import AUTHOR, GUEST
from hub.flows import owing
from hub.flows.absorb import Evidence, Origin, absorb
from hub.flows.bindings import load_bindings
from hub.flows.wiring import Wiring
from hub.store import bulk
from hub.store.queries import numbers, records
from hub.store.queries.records import Known
from hub.sync.policy import compile_policy
from hub.sync.reading import Reading, first_sight, gone, take

_EVIDENCE_ONLY = compile_policy((), ())


class Person(NamedTuple):
    """What is known of one of them. external_id: `order:<id>` or `author:<id>` (`canonical/derived.py`).

    values: path → canonical value, of the object customer. source_at: epoch seconds, None if not known.
    """

    external_id: str
    values: Mapping[str, Any]
    source_at: float | None = None


class _Place(NamedTuple):
    """The customer records of a connection, whether or not it has a stream of them."""

    connection_id: int
    connection: str
    object: str = "customer"


def introduce(
    conn: Connection,
    wiring: Wiring,
    origin: Origin,
    *,
    people: Iterable[Person],
    map_id: int,
    read_at: float,
    now: float,
    lane: str = owing.BULK,
) -> dict[str, int]:
    """Store these people as customer records of the origin's connection, or what is new of known ones; matched and
    told like any. The caller holds the matching lock and commits.

    map_id: the map version they were read with. Returns the record id of each by external id.
    """
    place = _Place(origin.connection_id, origin.connection)
    given = {one.external_id: one for one in people}
    known = {
        id: parts[0]
        for id, parts in records.digests(conn, place.connection_id, place.object, external_ids=given).items()
    }
    new = {id: one for id, one in given.items() if id not in known}
    moved = {id: one for id, one in given.items() if id in known and known[id].digest != _digest(one)}
    ids = {id: known[id].id for id in given if id in known}
    ids |= dict(zip(new, numbers.record_ids(conn, len(new), now=now) if new else (), strict=True))
    evidence = _first(conn, place, new, ids=ids, map_id=map_id, read_at=read_at, now=now)
    evidence += _again(conn, place, moved, known=known, map_id=map_id, read_at=read_at, now=now)
    if evidence:
        absorb(conn, wiring, evidence, now=now, lane=lane)
    return ids


def retire_all(conn: Connection, wiring: Wiring, connection_id: int, *, now: float) -> int:
    """The guests and authors of a connection that is being removed count no longer. Returns how many."""
    place = _Place(connection_id, wiring.names[connection_id])
    count = 0
    while ids := _some_living(conn, connection_id):
        conn.execute(
            text(
                f"UPDATE source_record SET gone_at = :now, digest = NULL WHERE id {bulk.among(conn, 'ids')}"
            ),
            {"now": now, "ids": bulk.pack(conn, ids)},
        )
        places = records.places(conn, ids)
        evidence = [
            Evidence(
                id, place, places[id].external_id, "", places[id].first_seen, before,
                gone(before, policy=_EVIDENCE_ONLY, now=now),
            )
            for id, before in load_bindings(conn, ids).items()
        ]  # fmt: skip
        absorb(conn, wiring, evidence, now=now)
        count += len(ids)
    return count


def _some_living(conn: Connection, connection_id: int) -> list[int]:
    rows = conn.execute(
        text(
            "SELECT id FROM source_record WHERE connection_id = :connection AND object = 'customer' "
            "AND gone_at IS NULL AND (external_id LIKE :guest OR external_id LIKE :author) ORDER BY id LIMIT 1000"
        ),
        {"connection": connection_id, "guest": f"{GUEST}%", "author": f"{AUTHOR}%"},
    )
    return [row[0] for row in rows]


def _first(
    conn: Connection,
    place: _Place,
    new: Mapping[str, Person],
    *,
    ids: Mapping[str, int],
    map_id: int,
    read_at: float,
    now: float,
) -> list[Evidence]:
    records.insert(
        conn,
        [
            (
                ids[id], place.connection_id, place.object, id, "", _digest(one), map_id, now, read_at,
                _body(one).decode(),
            )
            for id, one in new.items()
        ],
    )  # fmt: skip
    return [
        Evidence(ids[id], place, id, "", now, None, first_sight(_reading(one, read_at), _EVIDENCE_ONLY))
        for id, one in new.items()
    ]


def _again(
    conn: Connection,
    place: _Place,
    moved: Mapping[str, Person],
    *,
    known: Mapping[str, Known],
    map_id: int,
    read_at: float,
    now: float,
) -> list[Evidence]:
    """What has changed of known ones counts as an edit; what is no longer said stays."""
    if not moved:
        return []
    states = load_bindings(conn, [known[id].id for id in moved])
    places = records.places(conn, states)
    evidence, rows = [], []
    for id, one in moved.items():
        record = known[id].id
        before = states[record]
        taken = take(before, _reading(one, read_at), policy=_EVIDENCE_ONLY, golden={}, now=now)
        if taken.outcome == "dropped":  # older than what is known
            continue
        rows.append(
            {
                "id": record, "digest": _digest(one), "map_id": map_id, "read_at": read_at,
                "raw": _body(one).decode(),
            }
        )  # fmt: skip
        if taken.binding is not before:
            first = places[record].first_seen
            evidence.append(
                Evidence(record, place, id, "", first, before, taken.binding, taken.edits, taken.entries)
            )
    records.update_read(conn, rows)
    return evidence


def _reading(one: Person, read_at: float) -> Reading:
    return Reading(one.values, one.values, (), one.source_at, read_at, read_at)


def _body(one: Person) -> bytes:
    return orjson.dumps(dict(one.values), option=orjson.OPT_SORT_KEYS)


def _digest(one: Person) -> bytes:
    return blake2b(_body(one), digest_size=16).digest()
