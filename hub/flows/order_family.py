"""The records of one order: its origin, and its counterparts in other systems, found by reference only (sync.md,
"Orders")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, text

from hub.canonical.ids import read, show
from hub.errors import NotFound
from hub.flows.absorb import Evidence
from hub.flows.bindings import load_bindings
from hub.flows.goldens import Sighting
from hub.flows.wiring import Wiring
from hub.golden.order import Voice, unite
from hub.store import bulk
from hub.store.queries import records
from hub.sync.binding import Binding

OURS = "external_ref[hub]"  # the path in which a counterpart carries the id of the order it is
ORIGIN = "external_ref[origin]"  # what a counterpart is told: where the order comes from


def origins_of(conn: Connection, evidence: Sequence[Evidence]) -> dict[int, int]:
    """The origin's record id of each record; a new one that names no order of ours is an origin itself."""
    known = [one.record_id for one in evidence if one.before is not None]
    found = stored_origins(conn, known)
    new = {one.record_id: one for one in evidence if one.before is None}
    named = {id: _named(one.after) for id, one in new.items()}
    real = stored_origins(conn, [id for id in named.values() if id is not None])
    taken = _places(conn, real.values())
    for id, origin in named.items():
        one, found[id] = new[id], id
        if origin is None or origin not in real:
            continue
        place = (real[origin], one.stream.connection_id)
        if one.after.created_for is not None or place not in taken:
            found[id] = real[origin]
            taken.add(place)
    return found


def _places(conn: Connection, origins: Iterable[int]) -> set[tuple[int, int]]:
    """(origin, connection) of each living record of these orders. One more there that names the order is a copy that
    somebody made of it, reference and all: an order of its own."""
    rows = conn.execute(
        text(
            "SELECT o.origin_id, o.connection_id FROM order_document o JOIN source_record s ON s.id = o.id "
            f"WHERE s.gone_at IS NULL AND o.origin_id {bulk.among(conn, 'ids')}"
        ),
        {"ids": bulk.pack(conn, set(origins))},
    )
    return {(row[0], row[1]) for row in rows}


def stored_origins(conn: Connection, ids: Iterable[int]) -> dict[int, int]:
    """The origin's record id of these records, by record id."""
    rows = conn.execute(
        text(f"SELECT id, origin_id FROM order_document WHERE id {bulk.among(conn, 'ids')}"),
        {"ids": bulk.pack(conn, ids)},
    )
    return {row[0]: row[1] for row in rows}


def gather(
    conn: Connection,
    origin_ids: Iterable[int],
    evidence: Sequence[Evidence] = (),
    *,
    origin_of: Mapping[int, int] = MappingProxyType({}),
) -> dict[int, list[Sighting]]:
    """Every record of these orders with its binding, the origin first. evidence: the records at hand."""
    fresh = {
        one.record_id: Sighting(
            one.record_id, one.stream.connection_id, "order", one.external_id, one.part, one.after
        )
        for one in evidence
    }
    wanted = set(origin_ids)
    family: dict[int, set[int]] = {id: {id} for id in wanted}
    for id, origin in origin_of.items():
        if origin in family:
            family[origin].add(id)
    rows = conn.execute(
        text(f"SELECT id, origin_id FROM order_document WHERE origin_id {bulk.among(conn, 'ids')}"),
        {"ids": bulk.pack(conn, wanted)},
    )
    for id, origin in rows:
        family[origin].add(id)
    missing = [id for many in family.values() for id in many if id not in fresh]
    places, bindings = records.places(conn, missing), load_bindings(conn, missing)
    for id, binding in bindings.items():
        place = places[id]
        fresh[id] = Sighting(id, place.connection_id, "order", place.external_id, place.part, binding)
    return {
        origin: sorted(
            (fresh[id] for id in many if id in fresh),
            key=lambda one: (one.record_id != origin, one.record_id),
        )
        for origin, many in family.items()
        if origin in fresh
    }


def golden(wiring: Wiring, family: Sequence[Sighting]) -> dict[str, Any]:
    """The golden order of its records (path → value; None: emptied by its origin)."""
    origin, *others = (
        Voice(wiring.names.get(one.connection_id, ""), one.binding.contribution) for one in family
    )
    return unite(origin, others)


def as_counterpart(wiring: Wiring, origin: Sighting, golden: Mapping[str, Any]) -> dict[str, Any]:
    """The golden order as other systems are told it: with where it comes from, and without the customer's id there."""
    told = {path: value for path, value in golden.items() if path != "customer_record"}
    told[OURS] = show("ord", origin.record_id)
    told[ORIGIN] = f"{wiring.names.get(origin.connection_id, '')}:{origin.external_id}"
    return told


def _named(binding: Binding) -> int | None:
    """The order that a new record says it is, or that we made it for."""
    if binding.created_for is not None:
        return binding.created_for
    said = binding.contribution.get(OURS)
    try:
        return read("ord", str(said.value)) if said is not None and said.value else None
    except NotFound:
        return None
