"""Whose an order is: the customer record it names, or one of its own for a guest; and who that is in another system."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, text

from hub.canonical.derived import GUEST, is_derived
from hub.flows.derived import Person, introduce
from hub.flows.goldens import Sighting
from hub.flows.wiring import Wiring
from hub.store import bulk
from hub.store.queries import records

_ADDRESS = ("line1", "line2", "line3", "locality", "region", "region_code", "postal_code", "country")


def customers_of(
    conn: Connection,
    wiring: Wiring,
    origins: Mapping[int, Sighting],
    *,
    goldens: Mapping[int, Mapping[str, Any]],
    now: float,
    lane: str,
) -> dict[int, tuple[str | None, int | None]]:
    """(external id, record id) of the customer of each order; (id, None): it has not come yet, and the order waits.

    An order that names nobody, but says how to reach its buyer, is a guest's: he gets a record `order:<id>`.
    """
    found: dict[int, tuple[str | None, int | None]] = {}
    named: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    guests: dict[int, dict[int, Person]] = defaultdict(dict)
    for id, golden in goldens.items():
        connection, ref = origins[id].connection_id, golden.get("customer_record")
        if ref:
            named[connection][ref].append(id)
        elif (person := _guest(origins[id].external_id, golden)) is not None:
            guests[connection][id] = person
        else:
            found[id] = (None, None)
    for connection, refs in named.items():
        known = records.digests(conn, connection, "customer", external_ids=refs)
        for ref, ids in refs.items():
            main = next((part.id for part in known.get(ref, ()) if part.part == ""), None)
            found |= dict.fromkeys(ids, (ref, main))
    for connection, people in guests.items():
        stream = wiring.stream(connection, "order")
        if stream is None:
            continue
        record = introduce(
            conn,
            wiring,
            stream,
            people=people.values(),
            map_id=stream.map_id,
            read_at=now,
            now=now,
            lane=lane,
        )
        found |= {id: (one.external_id, record[one.external_id]) for id, one in people.items()}
    return found


def known_there(conn: Connection, record_ids: Iterable[int], connection_id: int) -> dict[int, str]:
    """The external id of the same customer in a connection, by customer record: of the oldest live record he has
    there."""
    rows = conn.execute(
        text(
            "SELECT mine.record_id, s.external_id FROM identity mine "
            "JOIN identity theirs ON theirs.customer_id = mine.customer_id "
            "JOIN source_record s ON s.id = theirs.record_id "
            f"WHERE mine.record_id {bulk.among(conn, 'ids')} AND s.connection_id = :connection "
            "AND s.object = 'customer' AND s.gone_at IS NULL ORDER BY s.id DESC"
        ),
        {"ids": bulk.pack(conn, record_ids), "connection": connection_id},
    )
    return {row[0]: row[1] for row in rows if not is_derived(row[1])}


def _guest(external_id: str, golden: Mapping[str, Any]) -> Person | None:
    """What an order says of a buyer without an account; None if it says nothing by which he could be known."""
    values = {path: golden[path] for path in ("email", "phone") if golden.get(path)}
    name = golden.get("billing_address.recipient") or golden.get("shipping_address.recipient")
    if not values and not name:
        return None
    if name:
        values["display_name"] = name
    company = golden.get("billing_address.company")
    if company:
        values["company"] = company
    side = "billing" if golden.get("billing_address.line1") else "shipping"
    values |= {
        f"address.{part}": value for part in _ADDRESS if (value := golden.get(f"{side}_address.{part}"))
    }
    return Person(f"{GUEST}{external_id}", values)
