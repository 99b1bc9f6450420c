"""Customers as a kind: a golden is survived from the records of a cluster (DESIGN §4.2); see `flows/kinds.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.flows import goldens, owing
from hub.flows.absorb import Absorbed, Evidence, absorb
from hub.flows.wiring import Stream, Wiring
from hub.store.golden_row import decode_doc
from hub.store.queries import customers, matching

Owed = tuple[int, int, Mapping[str, Any], Mapping[str, Any]]


class CustomerStanding(NamedTuple):
    """A golden in need of a record somewhere; a customer needs nothing else there first."""

    subject: int
    golden: Mapping[str, Any]
    there: bool
    waits: str | None = None


class Customers:
    """The kind of the object `customer`."""

    prefix = "cus"

    def goldens(self, conn: Connection, record_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        subjects = self.subjects(conn, record_ids)
        rows = customers.load_many(conn, set(subjects.values()))
        docs = {id: decode_doc(row.doc)[0] for id, row in rows.items()}
        return {id: docs.get(customer, {}) for id, customer in subjects.items()}

    def subjects(self, conn: Connection, home_ids: Sequence[int]) -> dict[int, int]:
        return {id: one.customer_id for id, one in matching.standings(conn, home_ids).items()}

    def absorb(
        self, conn: Connection, wiring: Wiring, evidence: Sequence[Evidence], *, now: float, lane: str
    ) -> Absorbed:
        return absorb(conn, wiring, evidence, now=now, lane=lane)

    def standing(
        self, conn: Connection, wiring: Wiring, stream: Stream, *, home_ids: Sequence[int], now: float
    ) -> dict[int, CustomerStanding]:
        """Computed anew, for what is sent is golden as it is at the call."""
        subjects = self.subjects(conn, home_ids)
        members = goldens.members_of(conn, set(subjects.values()))
        found = goldens.recompute(conn, wiring, members, known={}, now=now)
        here = (stream.connection_id, stream.object)
        return {
            id: CustomerStanding(
                customer,
                stream.placed(owing.wanted(found.goldens[customer])),
                any(
                    (one.connection_id, one.object) == here and not one.binding.gone
                    for one in found.sightings[customer]
                ),
            )
            for id, customer in subjects.items()
        }

    def tell(
        self, conn: Connection, wiring: Wiring, record_ids: Sequence[int], *, lane: str, now: float
    ) -> None:
        customers = set(self.subjects(conn, record_ids).values())
        owing.owe_anew(conn, wiring, customers, lane=lane, now=now)

    def debts(self, conn: Connection, wiring: Wiring, stream: Stream, *, ids: Iterable[int]) -> list[Owed]:
        listed = list(ids)
        subjects = self.subjects(conn, listed)
        sightings = goldens.gather(conn, goldens.members_of(conn, set(subjects.values())), known={})
        pins, holds = goldens.fixed(conn, sightings)
        found: list[Owed] = []
        for id in listed:
            customer = subjects[id]
            mine = sightings[customer]
            golden = goldens.compute(
                wiring, mine, pins=pins.get(customer) or {}, holds=holds.get(customer) or {}
            )
            sighting = next(one for one in mine if one.record_id == id)
            values = owing.values_owed(stream, sighting, golden, sightings=mine)
            found.append((id, customer, values, sighting.binding.sent))
        return found


CUSTOMERS = Customers()
