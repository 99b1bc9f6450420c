"""Why a customer or an order is not in a system, or not there as it should be: every reason, with what to do."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.canonical.derived import is_derived
from hub.canonical.ids import read
from hub.canonical.moment import from_epoch
from hub.errors import NotFound
from hub.flows import find, goldens, order_debts, owing
from hub.flows.goldens import Sighting
from hub.flows.orders import ORDERS
from hub.flows.owners import PATH
from hub.flows.wiring import Stream, Wiring
from hub.golden.survive import Golden
from hub.store.queries import connections
from hub.store.queries.connections import ConnectionRow
from hub.store.session import Database
from hub.sync.binding import MISSING
from hub.sync.scope import membership


class Reason(NamedTuple):
    """One reason. record: the external id there, None if there is none. path: the field it is about, None for all.

    golden, there: the two values of a field, `there` as we last knew it.
    """

    record: str | None
    path: str | None
    reason: str
    fix: str | None = None
    golden: Any = None
    there: Any = None


def why_not(db: Database, wiring: Wiring, who: str, *, connection: str) -> list[Reason]:
    """The reasons; none: it is there and as it should be. `who`: a customer as everywhere, or an order's `ord_…`.

    Raises NotFound for an unknown customer, order or connection.
    """
    with db.read() as conn:
        row = connections.by_name(conn, connection)
        if row is None:
            raise NotFound(f"There is no connection {connection!r}.", fix="See: hub connection list")
        if who.startswith("ord_"):
            return [*_connection(row), *_order(conn, wiring, read("ord", who), row)]
        customer = find.meant(conn, who).customer_id
        return [*_connection(row), *_customer(conn, wiring, customer, row)]


def _connection(row: ConnectionRow) -> Iterator[Reason]:
    if row.state == "paused":
        yield Reason(None, None, f"{row.name} is paused", f"hub connection resume {row.name}")
    elif row.state not in ("active", "built_in"):
        fix = f"hub connection check {row.name}"
        yield Reason(None, None, f"{row.name} is {row.state}: {row.reason or 'it cannot work'}", fix)
    elif row.parked_until is not None and row.parked_until > time.time():
        told = f"{row.name} is left alone until {from_epoch(row.parked_until)}: {row.parked_why}"
        yield Reason(None, None, told, f"hub connection resume {row.name} goes on earlier")
    elif row.confirmed_at is None:
        fix = f"hub sync {row.name} shows the plan; hub sync {row.name} --confirm lets it go"
        yield Reason(
            None, None, f"nothing was ever written to {row.name}: its first plan waits for a person", fix
        )


def _customer(conn: Connection, wiring: Wiring, id: int, row: ConnectionRow) -> Iterator[Reason]:
    stream = wiring.stream(row.id, "customer")
    if stream is None:
        yield Reason(None, None, f"{row.name} has no customers here", "give it a map for customers")
        return
    sightings = goldens.gather(conn, goldens.members_of(conn, [id]), known={})[id]
    pins, holds = goldens.fixed(conn, {id: sightings})
    golden = goldens.compute(wiring, sightings, pins=pins.get(id) or {}, holds=holds.get(id) or {})
    mine = [one for one in sightings if one.connection_id == row.id and one.object == "customer"]
    real = [one for one in mine if not is_derived(one.external_id)]
    if not real:
        yield from _absent(conn, wiring, stream, id, golden, sightings=sightings)
    for one in real:
        yield from _record(conn, wiring, stream, one, golden, sightings=sightings)


def _absent(
    conn: Connection,
    wiring: Wiring,
    stream: Stream,
    id: int,
    golden: Golden,
    *,
    sightings: Sequence[Sighting],
) -> Iterator[Reason]:
    """Why there is no record of it there."""
    asked = list(_creation(conn, [one.record_id for one in sightings], stream))
    if asked:
        yield from asked
        return
    scope, name = stream.scope, stream.connection
    facts = owing.facts_of(wiring, golden, sightings)
    if scope.create == "never":
        yield Reason(None, None, f'no customer is created in {name} (create = "never")', _scope(name))
    elif scope.create == "referenced":
        yield Reason(None, None, f'no order needs it in {name} (create = "referenced")', _scope(name))
    elif not membership(scope, facts, bound=False).create:
        condition = stream.rules.where
        yield Reason(None, None, f"it does not match {condition!r}, the condition of {name}", _scope(name))
    elif any(one.connection_id == stream.connection_id for one in sightings):
        yield Reason(
            None, None, f"it is known in {name} as a guest or author only, and gets no account by the hub"
        )
    else:
        yield Reason(None, None, "it has not been asked for yet", f"hub sync {name}")


def _record(
    conn: Connection,
    wiring: Wiring,
    stream: Stream,
    one: Sighting,
    golden: Golden,
    *,
    sightings: Sequence[Sighting],
) -> Iterator[Reason]:
    name, record = stream.connection, one.external_id
    if one.binding.gone:
        yield Reason(record, None, f"it was deleted in {name}, and is made again only by a person's word")
        return
    if not stream.rules.update:
        yield Reason(
            record, None, f"nothing is written to {name} (update = false)", f"update = true for {name}"
        )
    elif not owing.delivers(wiring, stream, golden, sightings=sightings):
        condition = stream.rules.where
        yield Reason(record, None, f"it no longer matches {condition!r}: frozen in {name}", _scope(name))
    yield from _delivery(conn, one)
    owed = owing.values_owed(stream, one, golden, sightings=sightings)
    policy, part = stream.policies[one.part], stream.map.parts[one.part]
    for path, value in sorted(owing.wanted(golden).items()):
        there = one.binding.sent.get(path, MISSING)
        if path in owed or value == there or path not in part.pull_paths | part.push_paths:
            continue
        undone = stream.undone.get(one.record_id, {}).get(path)
        if undone is not None:
            reason = f"run {undone.run_id} was undone: it keeps what stood there, until golden changes"
        elif path not in policy.pushable:
            reason = part.not_pushed.get(path) or 'the direction is "in"'
        elif path == PATH and stream.owners.pushed(value) is None:
            reason = f"{value} is nobody that {name} knows, and it has no default_owner"
            yield Reason(
                record, path, reason, _person(name, value), value, None if there is MISSING else there
            )
            continue
        elif path in policy.own:
            reason = "it identifies a record, and another one there has it"
        else:
            reason = "a hold keeps it as it was" if golden.why[path].rule == "hold" else "it is frozen"
        yield Reason(record, path, reason, None, value, None if there is MISSING else there)
    for path, value in sorted(owed.items()):
        yield Reason(record, path, "it is still to be written", None, value, one.binding.sent.get(path))


def _order(conn: Connection, wiring: Wiring, id: int, row: ConnectionRow) -> Iterator[Reason]:
    stream = wiring.stream(row.id, "order")
    if stream is None:
        yield Reason(None, None, f"{row.name} has no orders here", "give it a map for orders")
        return
    orders = ORDERS.loaded(conn, wiring, [id])
    if id not in orders:
        raise NotFound("There is no such order.")
    order = orders[id]
    mine = order_debts.here(order, stream)
    if mine is not None and mine.binding.gone:
        reason = f"it was deleted in {row.name}, and is not made again"
        yield Reason(mine.external_id, None, reason)
        return
    if mine is not None:
        if order.difference is not None and mine is not order.origin:
            reason = f"nothing is written to it: {order_debts.barred(order)}"
            yield Reason(mine.external_id, None, reason, "correct the order where it was placed")
        yield from _delivery(conn, mine)
        for path, value in order_debts.values_owed(wiring, stream, order, record_id=mine.record_id).items():
            yield Reason(
                mine.external_id, path, "it is still to be written", None, value, mine.binding.sent.get(path)
            )
        return
    barred = order_debts.barred(order)
    if barred is not None:
        yield Reason(None, None, f"it is not sent on: {barred}")
    elif not order_debts.inside(wiring, stream, order):
        yield Reason(None, None, f"no such order is created in {row.name}", _scope(row.name, "order"))
    yield from _creation(conn, [id], stream)


def _creation(conn: Connection, ids: Sequence[int], stream: Stream) -> Iterator[Reason]:
    for id in ids:
        found = conn.execute(
            text(
                "SELECT state, cause FROM creation WHERE customer_id = :id AND connection_id = :connection "
                "AND object = :object AND state <> 'done'"
            ),
            {"id": id, "connection": stream.connection_id, "object": stream.object},
        ).first()
        if found is not None:
            yield _open(None, found, "it is still to be created there")


def _delivery(conn: Connection, one: Sighting) -> Iterator[Reason]:
    found = conn.execute(
        text("SELECT state, cause FROM delivery WHERE record_id = :id AND state <> 'done'"),
        {"id": one.record_id},
    ).first()
    if found is not None:
        yield _open(one.external_id, found, "a change is on its way")


def _open(record: str | None, row: Any, otherwise: str) -> Reason:
    cause, _, fix = (row.cause or "").partition(" Fix: ")
    words = {"dead": "given up", "held": "held", "claimed": "being written"}
    state = words.get(row.state, "waiting")
    return Reason(record, None, f"{state}: {cause or otherwise}", fix or None)


def _person(name: str, value: Any) -> str:
    return f"hub connection set {name} owners.{value}=THEIR_ID"


def _scope(name: str, object: str = "customer") -> str:
    return f"change create or where of [connection.{name}.{object}], and sync"
