"""Which systems must hear of an order: updates of the records it has, creates where policy asks for one (sync.md,
"Orders", "Which records go where")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.canonical.ids import show
from hub.flows import order_family, owing
from hub.flows.goldens import Sighting
from hub.flows.order_customers import known_there
from hub.flows.wiring import Stream, Wiring
from hub.store.queries import matching, outgoing
from hub.store.queries.outgoing import Owed, Wanted
from hub.sync.create import plan_create
from hub.sync.delivery import owed
from hub.sync.scope import membership
from hub.sync.where import Facts

_UNPLACED = frozenset({"draft", "cancelled", "archived"})


class Order(NamedTuple):
    """An order at hand. customer: its customer's record id; difference: by how much its totals do not add up."""

    family: Sequence[Sighting]
    golden: Mapping[str, Any]
    customer: int | None
    difference: str | None

    @property
    def origin(self) -> Sighting:
        return self.family[0]

    def record(self, record_id: int) -> Sighting:
        """One of its records."""
        return next(one for one in self.family if one.record_id == record_id)


def owe(conn: Connection, wiring: Wiring, orders: Mapping[int, Order], *, lane: str, now: float) -> None:
    """Queue what these orders owe; a customer they need somewhere is asked for there."""
    deliveries = [row for one in orders.values() for row in _deliveries(wiring, one, lane=lane)]
    wants: list[Wanted] = []
    withdrawn: list[tuple[int, int, str]] = []
    needed: set[int] = set()
    for stream in wiring.creators("order"):
        mine = {id: one for id, one in orders.items() if _goes(wiring, stream, one)}
        planned = localised(conn, wiring, stream, orders=mine)
        wants += [_wanted(stream, id, planned[id], lane=lane) for id in mine]
        needed |= {
            one.customer for id, one in mine.items() if "customer_record" not in planned[id] and one.customer
        }
        withdrawn += [(id, stream.connection_id, "order") for id in orders if id not in mine]
    outgoing.owe(conn, deliveries, now=now)
    outgoing.withdraw(conn, withdrawn, now=now)
    outgoing.want(conn, wants, now=now)
    if needed:
        customers = {one.customer_id for one in matching.standings(conn, needed).values()}
        owing.owe_anew(conn, wiring, customers, lane=lane, now=now)


def values_owed(wiring: Wiring, stream: Stream, order: Order, *, record_id: int) -> dict[str, Any]:
    """What must be written to one record of an order (path → value)."""
    return _owed(wiring, stream, order, order.record(record_id))


def told(wiring: Wiring, order: Order, record_id: int) -> Mapping[str, Any]:
    """The golden order as the system of this record is told it; the party a record was made for stays its party."""
    if record_id == order.origin.record_id:
        return order.golden
    golden = order_family.as_counterpart(wiring, order.origin, order.golden)
    party = order.record(record_id).binding.sent.get("customer_record")
    return golden if party is None else {**golden, "customer_record": party}


def localised(
    conn: Connection, wiring: Wiring, stream: Stream, *, orders: Mapping[int, Order]
) -> dict[int, dict[str, Any]]:
    """These orders as that stream would create them; `customer_record` is there only once the customer has a record
    there."""
    there = known_there(conn, [one.customer for one in orders.values() if one.customer], stream.connection_id)
    found = {}
    for id, one in orders.items():
        found[id] = order_family.as_counterpart(wiring, one.origin, one.golden)
        if one.customer in there:
            found[id]["customer_record"] = there[one.customer]
    return found


def here(order: Order, stream: Stream) -> Sighting | None:
    """The record an order has there, gone or not."""
    return next((one for one in order.family if one.connection_id == stream.connection_id), None)


def _deliveries(wiring: Wiring, order: Order, *, lane: str) -> Iterable[Owed]:
    for one in order.family:
        stream = wiring.stream(one.connection_id, "order")
        if stream is None or not stream.writes or one.binding.gone:
            continue
        values = _owed(wiring, stream, order, one)
        if values or one.binding.doubt:
            spelt = outgoing.spelt(values)
            yield Owed(one.record_id, stream.connection_id, "order", owing.state(stream), lane, spelt)


def _owed(wiring: Wiring, stream: Stream, order: Order, mine: Sighting) -> dict[str, Any]:
    if order.difference is not None and mine is not order.origin:
        return {}  # totals_mismatch: not pushed on
    golden = told(wiring, order, mine.record_id)
    sent = mine.binding.sent
    given = {path: value for path, value in golden.items() if value is not None or sent.get(path) is not None}
    return owed(mine.binding, stream.as_undone(mine.record_id, given), policy=stream.policy)


def _goes(wiring: Wiring, stream: Stream, order: Order) -> bool:
    """Whether an order is to be made there: placed, real, whole, inside the scope, and not there yet."""
    return here(order, stream) is None and barred(order) is None and inside(wiring, stream, order)


def barred(order: Order) -> str | None:
    """Why an order goes to no other system at all; None: it may."""
    golden = order.golden
    if order.origin.binding.gone:
        return "it is gone where it was placed"
    if order.difference is not None:
        return f"its totals do not add up, by {order.difference}"
    if golden.get("status") in _UNPLACED:
        return f"it is {golden['status']}"
    return "it is a test" if golden.get("test") else None


def inside(wiring: Wiring, stream: Stream, order: Order) -> bool:
    """Whether the scope of a stream asks for this order."""
    golden = order.golden
    facts = Facts(
        tags=frozenset(golden.get("tags") or ()),
        sources=frozenset({wiring.names.get(order.origin.connection_id, "")}),
        segments=frozenset(),
        consents={},
    )
    return membership(stream.scope, facts, bound=False).create


def _wanted(stream: Stream, id: int, golden: Mapping[str, Any], *, lane: str) -> Wanted:
    marker = show("ord", id)
    planned = plan_create(id, golden, policy=stream.policy, marker=marker)
    spelt = outgoing.spelt(planned.values)
    return Wanted(id, stream.connection_id, "order", owing.state(stream), lane, spelt, marker)
