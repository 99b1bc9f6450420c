"""Which systems must hear of a golden record: deliveries to bound records, creates where policy asks for one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection

from hub.canonical.derived import is_derived
from hub.canonical.ids import show
from hub.flows import goldens
from hub.flows.goldens import Recomputed, Sighting
from hub.flows.wiring import Stream, Wiring
from hub.golden.survive import Golden
from hub.store.queries import dependencies, outgoing
from hub.store.queries.outgoing import Owed, Wanted
from hub.sync.create import plan_create
from hub.sync.delivery import owed
from hub.sync.scope import membership
from hub.sync.where import Facts

REALTIME, BULK = "realtime", "bulk"


def owe(conn: Connection, wiring: Wiring, recomputed: Recomputed, *, lane: str, now: float) -> None:
    """Queue what these goldens owe. Nothing owed, nothing written."""
    writers = {(one.connection_id, one.object): one for one in wiring.streams.values() if one.writes}
    creators = wiring.creators("customer")
    if not writers and not creators:
        return
    deliveries: list[Owed] = []
    creates: list[Wanted] = []
    withdrawn: list[tuple[int, int, str]] = []
    referenced = _referenced(conn, creators, recomputed)
    for id, golden in recomputed.goldens.items():
        sightings = recomputed.sightings[id]
        facts = facts_of(wiring, golden, sightings) if creators or _asks(writers, sightings) else None
        deliveries += _deliveries(wiring, writers, golden, sightings=sightings, facts=facts, lane=lane)
        if facts is not None:
            needed = referenced.get(id, ())
            mine = _creates(creators, id, golden, sightings=sightings, facts=facts, needed=needed, lane=lane)
            creates += mine
            withdrawn += _unwanted(creators, mine, sightings)
    outgoing.owe(conn, deliveries, now=now)
    outgoing.withdraw(conn, withdrawn, now=now)
    outgoing.want(conn, creates, now=now)


def owe_anew(
    conn: Connection, wiring: Wiring, customer_ids: Collection[int], *, lane: str, now: float
) -> None:
    """Queue what these goldens owe although they have not changed: a new connection, an order that needs them there."""
    sightings = goldens.gather(conn, goldens.members_of(conn, customer_ids), known={})
    pins, holds = goldens.fixed(conn, sightings)
    found = {
        id: goldens.compute(wiring, many, pins=pins.get(id) or {}, holds=holds.get(id) or {})
        for id, many in sightings.items()
    }
    owe(conn, wiring, Recomputed(found, sightings, []), lane=lane, now=now)


def values_owed(
    stream: Stream, sighting: Sighting, golden: Golden, *, sightings: Iterable[Sighting]
) -> dict[str, object]:
    """What must be written to this record (path → value), given all records of its customer."""
    if is_derived(sighting.external_id):
        return {}
    there = [
        one
        for one in sightings
        if (one.connection_id, one.object) == (stream.connection_id, stream.object)
        and not is_derived(one.external_id)
    ]
    alive = sorted((one for one in there if not one.binding.gone), key=lambda one: one.record_id)
    return owed(
        sighting.binding,
        stream.placed(stream.as_undone(sighting.record_id, wanted(golden))),
        policy=stream.policies[sighting.part],
        held=[path for path, why in golden.why.items() if why.rule == "hold"],
        siblings=[one.binding for one in alive if one.record_id != sighting.record_id],
        primary=not alive or alive[0].record_id == sighting.record_id,
    )


def delivers(wiring: Wiring, stream: Stream, golden: Golden, *, sightings: Iterable[Sighting]) -> bool:
    """Whether the scope of a stream still takes this golden's changes."""
    facts = facts_of(wiring, golden, sightings)
    return membership(stream.scope, facts, bound=True, referenced=False).deliver


def wanted(golden: Golden) -> dict[str, object]:
    """The golden's values; None for an emptiness that won (a `clear` or a pin), which is written too."""
    emptied = {path: None for path in golden.why if path not in golden.fields}
    return golden.fields | emptied if emptied else golden.fields


def _asks(writers: Mapping[tuple[int, str], Stream], sightings: Iterable[Sighting]) -> bool:
    return any((one.connection_id, one.object) in writers for one in sightings)


def _deliveries(
    wiring: Wiring,
    writers: Mapping[tuple[int, str], Stream],
    golden: Golden,
    *,
    sightings: list[Sighting],
    facts: Facts | None,
    lane: str,
) -> list[Owed]:
    rows = []
    for one in sightings:
        stream = writers.get((one.connection_id, one.object))
        if stream is None or one.binding.gone or facts is None:
            continue
        if not membership(stream.scope, facts, bound=True, referenced=False).deliver:
            continue
        values = values_owed(stream, one, golden, sightings=sightings)
        if values or one.binding.doubt:
            spelt = outgoing.spelt(values)
            rows.append(Owed(one.record_id, stream.connection_id, stream.object, state(stream), lane, spelt))
    return rows


def _creates(
    creators: Iterable[Stream],
    id: int,
    golden: Golden,
    *,
    sightings: list[Sighting],
    facts: Facts,
    needed: Collection[int],
    lane: str,
) -> list[Wanted]:
    rows = []
    for stream in creators:
        there = [
            one
            for one in sightings
            if (one.connection_id, one.object) == (stream.connection_id, stream.object)
        ]
        if there:  # bound, or deleted there: then only a person's word makes it again
            continue
        if golden.fields.get("status") == goldens.ARCHIVED:
            continue
        referenced = stream.connection_id in needed
        if membership(stream.scope, facts, bound=False, referenced=referenced).create:
            marker = show("cus", id)
            planned = plan_create(id, stream.placed(wanted(golden)), policy=stream.policy, marker=marker)
            rows.append(
                Wanted(
                    id,
                    stream.connection_id,
                    stream.object,
                    state(stream),
                    lane,
                    outgoing.spelt(planned.values),
                    marker,
                )
            )
    return rows


def _referenced(conn: Connection, creators: Iterable[Stream], recomputed: Recomputed) -> dict[int, set[int]]:
    """Customer → the connections where an order of this customer is to be made and needs him."""
    found: dict[int, set[int]] = {}
    if all(stream.scope.create != "referenced" for stream in creators):
        return found
    customer_of = {one.record_id: id for id, many in recomputed.sightings.items() for one in many}
    for record, connection in dependencies.awaited(conn, customer_of):
        found.setdefault(customer_of[record], set()).add(connection)
    return found


def _unwanted(
    creators: Iterable[Stream], wanted: Iterable[Wanted], sightings: Iterable[Sighting]
) -> list[tuple[int, int, str]]:
    """(home id, connection, object) of every create of this customer that is not wanted: it has a record there
    now, left the scope, or came to another one in a merge."""
    kept = {(one.customer_id, one.connection_id, one.object) for one in wanted}
    return [
        key
        for stream in creators
        for one in sightings
        if (key := (one.record_id, stream.connection_id, stream.object)) not in kept
    ]


def state(stream: Stream) -> str:
    """The state of a row that is queued now: held until a person has seen the plan of the first run."""
    return "waiting" if stream.confirmed else "held"


def facts_of(wiring: Wiring, golden: Golden, sightings: Iterable[Sighting]) -> Facts:
    """What a `where` may ask of this golden."""
    consents = {
        path[len("consent[") : -len("].status")]: value
        for path, value in golden.fields.items()
        if path.startswith("consent[") and path.endswith("].status")
    }
    return Facts(
        tags=frozenset(golden.fields.get("tags") or ()),
        sources=frozenset(wiring.names[one.connection_id] for one in sightings if not one.binding.gone),
        segments=frozenset(),
        consents=consents,
    )
