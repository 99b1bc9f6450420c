"""Everything derived, computed again from contributions, pins, holds, decisions and rules (DESIGN §4).

On a healthy store `check` finds nothing: clusters and goldens are functions, not histories.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.canonical.ids import show
from hub.flows import goldens, owing
from hub.flows.absorb import absorb, read_again
from hub.flows.matching import cluster_of, match
from hub.flows.orders import ORDERS
from hub.flows.wiring import Wiring
from hub.identity.keys import keys
from hub.store import bulk
from hub.store.golden_row import encode_doc, encode_why
from hub.store.queries import customers, debts, matching
from hub.store.session import Database

PAGE = 500
_ORIGINS = "SELECT id FROM order_document WHERE id = origin_id AND id > :after ORDER BY id LIMIT :n"


class Deviation(NamedTuple):
    """Something stored that is not what it would be computed to now. what: features | keys | cluster | golden |
    delivery."""

    what: str
    subject: str
    detail: str


def check(db: Database, wiring: Wiring, *, say: Callable[[int], None] = lambda done: None) -> list[Deviation]:
    """Compare all that is derived with what it is derived from; writes nothing."""
    found: list[Deviation] = []
    done = 0
    with db.read() as conn:
        for ids in _pages(
            conn, "SELECT record_id FROM identity WHERE record_id > :after ORDER BY record_id LIMIT :n"
        ):
            found += _check_records(conn, wiring, ids)
            done += len(ids)
            say(done)
        sql = "SELECT DISTINCT component FROM identity WHERE component > :after ORDER BY component LIMIT :n"
        for ids in _pages(conn, sql):
            found += _check_clusters(conn, wiring, ids)
        sql = "SELECT DISTINCT customer_id FROM identity WHERE customer_id > :after ORDER BY customer_id LIMIT :n"
        for ids in _pages(conn, sql):
            found += _check_goldens(conn, wiring, ids)
        for ids in _pages(conn, _ORIGINS):
            found += _check_orders(conn, wiring, ids)
    return found


def rebuild(db: Database, wiring: Wiring, *, say: Callable[[int], None] = lambda done: None) -> int:
    """Compute everything derived again and store it, a page at a time. Returns how many records were looked at."""
    done, after = 0, 0
    while True:
        with db.write() as conn:
            sql = "SELECT record_id FROM identity WHERE record_id > :after ORDER BY record_id LIMIT :n"
            ids = [row[0] for row in conn.execute(text(sql), {"after": after, "n": PAGE})]
            if not ids:
                break
            _again(conn, wiring, ids)
        done, after = done + len(ids), ids[-1]
        say(done)
    after = 0
    while True:
        with db.write() as conn:
            ids = [row[0] for row in conn.execute(text(_ORIGINS), {"after": after, "n": PAGE})]
            if not ids:
                return done
            ORDERS.absorb(conn, wiring, [], now=time.time(), lane=owing.BULK, refresh=ids)
        done, after = done + len(ids), ids[-1]
        say(done)


def _check_orders(conn: Connection, wiring: Wiring, ids: list[int]) -> list[Deviation]:
    """Golden orders follow from what their records say."""
    return [
        Deviation("golden", show("ord", id), "the stored order is not the computed one")
        for id in ORDERS.unlike(conn, wiring, ids)
    ]


def _again(conn: Connection, wiring: Wiring, ids: list[int]) -> None:
    matched = match(conn, wiring, read_again(conn, wiring, ids))
    refresh = set(matched.customer_of.values()) | set(matched.was.values())
    absorb(conn, wiring, [], now=time.time(), lane=owing.BULK, touched=ids, refresh=refresh)


def _pages(conn: Connection, sql: str) -> Iterator[list[int]]:
    after = 0
    while True:
        ids = [row[0] for row in conn.execute(text(sql), {"after": after, "n": PAGE})]
        if not ids:
            return
        yield ids
        after = ids[-1]


def _check_records(conn: Connection, wiring: Wiring, ids: list[int]) -> list[Deviation]:
    """Features follow from contributions, keys from features."""
    found = []
    held: dict[int, set[int]] = {id: set() for id in ids}
    for hash, id in conn.execute(
        text(f"SELECT hash, record_id FROM match_key WHERE record_id {bulk.among(conn, 'ids')}"),
        {"ids": bulk.pack(conn, ids)},
    ):
        held[id].add(hash)
    for id, one in read_again(conn, wiring, ids).items():
        name = f"{wiring.names.get(one.connection_id, '')}:{one.external_id}"
        if one.features != one.before:
            found.append(
                Deviation("features", name, "the stored features are not those of its contributions")
            )
        elif set(keys(one.features, realm=wiring.realm(one.connection_id))) != held[id]:
            found.append(Deviation("keys", name, "the stored keys are not those of its features"))
    return found


def _check_clusters(conn: Connection, wiring: Wiring, components: list[int]) -> list[Deviation]:
    found = []
    present = matching.members(conn, components)
    for id, customer in cluster_of(conn, wiring, present).items():
        if present[id].customer_id != customer:
            detail = f"stored {show('cus', present[id].customer_id)}, computed {show('cus', customer)}"
            found.append(Deviation("cluster", show("cus", id), detail))
    return found


def _check_goldens(conn: Connection, wiring: Wiring, ids: list[int]) -> list[Deviation]:
    found = []
    sightings = goldens.gather(conn, goldens.members_of(conn, ids), known={})
    pins, holds = goldens.fixed(conn, sightings)
    rows = customers.load_many(conn, ids)
    waiting = debts.waiting_among(conn, [one.record_id for many in sightings.values() for one in many])
    for id, many in sightings.items():
        golden = goldens.compute(wiring, many, pins=pins.get(id) or {}, holds=holds.get(id) or {})
        row: Any = rows.get(id)
        name = show("cus", id)
        if row is None or row.merged_into is not None:
            found.append(Deviation("golden", name, "it has records and no golden record"))
        elif row.doc != encode_doc(golden.fields, golden.also) or row.why != encode_why(
            golden.why, golden.fields
        ):
            found.append(Deviation("golden", name, "the stored values or reasons are not the computed ones"))
        for one in many:
            stream = wiring.stream(one.connection_id, one.object)
            if stream is None or not stream.writes or one.binding.gone or one.record_id in waiting:
                continue
            owed = owing.values_owed(stream, one, golden, sightings=many)
            if owed and owing.delivers(wiring, stream, golden, sightings=many):
                detail = f"{', '.join(sorted(owed))} differ and nothing waits"
                found.append(Deviation("delivery", f"{stream.connection}:{one.external_id}", detail))
    return found
