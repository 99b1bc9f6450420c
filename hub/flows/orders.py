"""Orders as a kind (`flows/kinds.py`): one origin each, counterparts found by reference only (DESIGN §5, sync.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.canonical.order import totals_difference
from hub.flows import order_debts, order_family, owing
from hub.flows.absorb import Evidence, mark_rereads
from hub.flows.bindings import save_bindings, to_row
from hub.flows.goldens import Sighting
from hub.flows.order_customers import customers_of
from hub.flows.order_debts import Order
from hub.flows.wiring import Stream, Wiring
from hub.golden.order import UNITED
from hub.store import bulk
from hub.store.binding_row import COLUMNS as BINDING
from hub.store.documents import dump, load
from hub.store.tables import binding as binding_table
from hub.store.tables import entry as entry_table
from hub.store.tables import order as table
from hub.sync.binding import Binding
from hub.sync.conflict import overruled

_COLUMNS = (
    "id", "connection_id", "external_id", "origin_id", "customer_ref", "customer_record_id", "placed_at",
    "totals_difference", "version", "doc", "updated_at",
)  # fmt: skip
_ENTRY = ("record_id", "customer_id", "path", "kind", "detail", "at")
_RULE = "order origin"


class OrderStanding(NamedTuple):
    """An order in need of a record somewhere. waits: the customer it needs there first, in words."""

    subject: int
    golden: Mapping[str, Any]
    there: bool
    waits: str | None = None


class AbsorbedOrders(NamedTuple):
    """The orders that were computed again, by origin; counts: what of it a run reports."""

    wiring: Wiring
    origin_of: Mapping[int, int]
    orders: Mapping[int, Order]
    counts: Mapping[str, int]

    def binding(self, record_id: int) -> Binding:
        return self.orders[self.origin_of[record_id]].record(record_id).binding

    def wanted(self, stream: Stream, record_id: int) -> Mapping[str, Any]:
        return order_debts.told(self.wiring, self.orders[self.origin_of[record_id]], record_id)

    def owed(self, stream: Stream, record_id: int) -> dict[str, Any]:
        return order_debts.values_owed(
            self.wiring, stream, self.orders[self.origin_of[record_id]], record_id=record_id
        )


class Orders:
    """The kind of the object `order`."""

    prefix = "ord"

    def goldens(self, conn: Connection, record_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        rows = conn.execute(
            text(
                "SELECT mine.id, o.doc FROM order_document mine JOIN order_document o ON o.id = mine.origin_id "
                f"WHERE mine.id {bulk.among(conn, 'ids')}"
            ),
            {"ids": bulk.pack(conn, record_ids)},
        )
        return {row[0]: load(row[1]) for row in rows}

    def subjects(self, conn: Connection, home_ids: Sequence[int]) -> dict[int, int]:
        return {id: id for id in home_ids}

    def absorb(
        self,
        conn: Connection,
        wiring: Wiring,
        evidence: Sequence[Evidence],
        *,
        now: float,
        lane: str,
        refresh: Iterable[int] = (),
    ) -> AbsorbedOrders:
        """`refresh`: origins to compute again although no record of theirs changed."""
        new = [one for one in evidence if one.before is None]
        bulk.insert(conn, binding_table, BINDING, rows=[to_row(one.record_id, one.after) for one in new])
        save_bindings(conn, [(one.record_id, one.after) for one in evidence if one.before is not None])
        origin_of = order_family.origins_of(conn, evidence)
        affected = {*origin_of.values(), *refresh}
        families = order_family.gather(conn, affected, evidence, origin_of=origin_of)
        counterparts = [one for one in new if origin_of[one.record_id] != one.record_id]
        bulk.insert(
            conn, table, _COLUMNS, rows=[_bare(one, origin_of[one.record_id], now) for one in counterparts]
        )
        orders, counts = _store(conn, wiring, families, now=now, lane=lane)
        _note(conn, wiring, evidence, orders=orders, origin_of=origin_of, now=now)
        mark_rereads(conn, evidence, now=now)
        order_debts.owe(conn, wiring, orders, lane=lane, now=now)
        return AbsorbedOrders(wiring, origin_of, orders, counts)

    def standing(
        self, conn: Connection, wiring: Wiring, stream: Stream, *, home_ids: Sequence[int], now: float
    ) -> dict[int, OrderStanding]:
        orders = self.loaded(conn, wiring, home_ids)
        planned = order_debts.localised(conn, wiring, stream, orders=orders)
        found = {}
        for id, one in orders.items():
            record = order_debts.here(one, stream)
            there = record is not None and not record.binding.gone
            waits = None if "customer_record" in planned[id] else _waits(one, stream)
            found[id] = OrderStanding(id, planned[id], there, waits)
        return found

    def unlike(self, conn: Connection, wiring: Wiring, origin_ids: Sequence[int]) -> list[int]:
        """Those whose stored document is not what their records make of it."""
        families = order_family.gather(conn, origin_ids)
        stored = _rows(conn, origin_ids)
        return [
            id
            for id, family in families.items()
            if stored[id][1][-1] != _document(order_family.golden(wiring, family))
        ]

    def loaded(self, conn: Connection, wiring: Wiring, origin_ids: Iterable[int]) -> dict[int, Order]:
        """Orders as they stand, computed from their records."""
        families = order_family.gather(conn, origin_ids)
        customers = {
            row[0]: (row[1], row[2])
            for row in conn.execute(
                text(
                    "SELECT id, customer_record_id, totals_difference FROM order_document "
                    f"WHERE id {bulk.among(conn, 'ids')}"
                ),
                {"ids": bulk.pack(conn, families)},
            )
        }
        return {
            id: Order(family, order_family.golden(wiring, family), *customers[id])
            for id, family in families.items()
        }

    def tell(
        self, conn: Connection, wiring: Wiring, record_ids: Sequence[int], *, lane: str, now: float
    ) -> None:
        origins = set(order_family.stored_origins(conn, record_ids).values())
        self.absorb(conn, wiring, [], now=now, lane=lane, refresh=origins)

    def debts(
        self, conn: Connection, wiring: Wiring, stream: Stream, *, ids: Iterable[int]
    ) -> list[tuple[int, int, Mapping[str, Any], Mapping[str, Any]]]:
        listed = list(ids)
        origin_of = order_family.stored_origins(conn, listed)
        orders = self.loaded(conn, wiring, set(origin_of.values()))
        found: list[tuple[int, int, Mapping[str, Any], Mapping[str, Any]]] = []
        for id in listed:
            order = orders[origin_of[id]]
            values = order_debts.values_owed(wiring, stream, order, record_id=id)
            found.append((id, origin_of[id], values, order.record(id).binding.sent))
        return found


ORDERS = Orders()


def adopt(conn: Connection, wiring: Wiring, connection_id: int, *, now: float, lane: str = owing.BULK) -> int:
    """Orders that waited for a customer of their connection which has come: tie them to it. Returns how many."""
    waiting = text(
        "SELECT o.id FROM order_document o JOIN source_record s ON s.connection_id = o.connection_id "
        "AND s.object = 'customer' AND s.part = '' AND s.external_id = o.customer_ref "
        "WHERE o.connection_id = :id AND o.customer_record_id IS NULL AND o.customer_ref IS NOT NULL LIMIT 500"
    )
    count = 0
    while ids := [row[0] for row in conn.execute(waiting, {"id": connection_id})]:
        ORDERS.absorb(conn, wiring, [], now=now, lane=lane, refresh=ids)
        count += len(ids)
    return count


def _waits(order: Order, stream: Stream) -> str:
    if order.customer is None:
        return "its customer has not come yet"
    policy = stream.config.object("customer").create
    if policy == "never":
        return (
            f"its customer has no record in {stream.connection}, and none is made there: "
            f'set create = "referenced" for the customers of {stream.connection}, or link one by hand'
        )
    return f"its customer has no record in {stream.connection} yet"


def _bare(one: Evidence, origin: int, now: float) -> tuple[Any, ...]:
    """The row of a counterpart: what it says stands in its binding."""
    stream = one.stream
    return (
        one.record_id,
        stream.connection_id,
        one.external_id,
        origin,
        None,
        None,
        None,
        None,
        1,
        "{}",
        now,
    )


def _store(
    conn: Connection, wiring: Wiring, families: Mapping[int, list[Sighting]], *, now: float, lane: str
) -> tuple[dict[int, Order], dict[str, int]]:
    """The rows of these orders; unchanged ones are not written."""
    goldens = {id: order_family.golden(wiring, family) for id, family in families.items()}
    origins = {id: family[0] for id, family in families.items()}
    customers = customers_of(conn, wiring, origins, goldens=goldens, now=now, lane=lane)
    old = _rows(conn, families)
    orders, rows = {}, []
    for id, golden in goldens.items():
        ref, customer = customers[id]
        difference = totals_difference(golden) or None
        order = Order(families[id], golden, customer, None if difference is None else str(difference))
        orders[id] = order
        doc = _document(golden)
        state = (ref, customer, golden.get("placed_at"), order.difference, doc)
        version, before = old.get(id, (0, None))
        if before != state:
            again = version + int(before is None or before[-1] != doc)
            rows.append(
                (id, origins[id].connection_id, origins[id].external_id, id, *state[:4], again, doc, now)
            )
    bulk.upsert(conn, table, _COLUMNS, rows=rows)
    return orders, {
        "mismatched": sum(1 for row in rows if row[7] is not None),
        "waiting": sum(1 for row in rows if row[4] and row[5] is None),
    }


def _document(golden: Mapping[str, Any]) -> str:
    return dump({path: value for path, value in sorted(golden.items()) if value is not None})


def _rows(conn: Connection, ids: Iterable[int]) -> dict[int, tuple[int, tuple[Any, ...]]]:
    found = conn.execute(
        text(
            "SELECT id, version, customer_ref, customer_record_id, placed_at, totals_difference, doc "
            f"FROM order_document WHERE id {bulk.among(conn, 'ids')}"
        ),
        {"ids": bulk.pack(conn, ids)},
    )
    return {row[0]: (row[1], tuple(row[2:])) for row in found}


def _note(
    conn: Connection,
    wiring: Wiring,
    evidence: Sequence[Evidence],
    *,
    orders: Mapping[int, Order],
    origin_of: Mapping[int, int],
    now: float,
) -> None:
    """Leave an entry for every edit that did not win; what is united (parcels, refunds, states) has no loser, and what
    only a counterpart says is its own business."""
    rows = []
    for one in evidence:
        if not one.edits and not one.entries:
            continue
        origin = origin_of[one.record_id]
        order = orders[origin]
        stream = wiring.stream(one.stream.connection_id, "order")
        ours = (
            stream.policy.pushable if stream is not None and origin != one.record_id else order.golden.keys()
        )
        edits = [edit for edit in one.edits if edit.path in ours and edit.path not in UNITED]
        rules = dict.fromkeys(order.golden, _RULE)
        for found in (*one.entries, *overruled(edits, order.golden, told=one.entries, rules=rules)):
            subject = order.customer or origin
            rows.append((one.record_id, subject, found.path, found.kind, dump(found._asdict()), now))
    bulk.insert(conn, entry_table, _ENTRY, rows=rows)
