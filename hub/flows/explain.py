"""One customer for people: its values with their sources, the records behind it, and why they belong together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.canonical.ids import show
from hub.canonical.moment import from_epoch
from hub.flows import goldens, pairs
from hub.flows.find import Meant
from hub.flows.matching import features_of
from hub.flows.wiring import Wiring
from hub.golden import explain as reasons
from hub.golden.values import Golden, Hold, Member, Pin
from hub.identity.score import score
from hub.store import bulk
from hub.store.documents import load
from hub.store.golden_row import decode_doc, decode_why
from hub.store.queries import connections, customers, interactions, matching, records
from hub.store.session import Database

_CROSSED, _PAIRS = 1_000, 100


class Explanation(NamedTuple):
    """lines: a field each, with what lost; text: the same for people. ties: what holds the records together, and what
    persons decided. pairs: every two records as they are scored, the best first (and those only, if very many)."""

    customer_id: int
    lines: list[reasons.Line]
    text: str
    records: list[dict[str, Any]]
    ties: list[dict[str, Any]]
    entries: list[dict[str, Any]]
    pairs: list[dict[str, Any]]


def shown(conn: Connection, meant: Meant) -> dict[str, Any]:
    """A customer with the source of each field and the records behind it, as the CLI and the pages show it."""
    id = meant.customer_id
    row = customers.load_many(conn, [id])[id]
    fields, also = decode_doc(row.doc)
    members = _records(conn, id)
    named = {one["record_id"]: one["connection"] for one in members}
    sources = {}
    for path, (record_id, rule, pinned_by, derived) in decode_why(row.why, fields).items():
        source = f"pinned by {pinned_by}" if pinned_by else named.get(record_id, "")
        sources[path] = {"source": source, "rule": "derived" if derived else rule}
    return {
        "id": show("cus", id),
        "moved_from": show("cus", meant.moved) if meant.moved is not None else None,
        "version": row.version,
        "created_at": from_epoch(float(int(row.created_at))),
        "updated_at": from_epoch(float(int(row.updated_at))),
        "fields": fields,
        "also": {field: [value for _, value in many] for field, many in also.items()},
        "sources": sources,
        "records": [
            {key: value for key, value in one.items() if key not in ("record_id", "built_in")}
            for one in members
            if not one["built_in"]
        ],
        "orders": _orders(conn, id),
        "interactions": interactions.count_of(conn, id),
    }


def explained(db: Database, wiring: Wiring, customer_id: int) -> Explanation:
    """Why each value won, why the records are one customer, and which edits were overruled or in conflict."""
    with db.read() as conn:
        sightings = goldens.gather(conn, goldens.members_of(conn, [customer_id]), known={})
        all_pins, all_holds = goldens.fixed(conn, sightings)
        mine = sightings.get(customer_id, [])
        pins: dict[str, Pin] = all_pins.get(customer_id) or {}
        holds: dict[str, Hold] = all_holds.get(customer_id) or {}
        golden: Golden = goldens.compute(wiring, mine, pins=pins, holds=holds)
        names = _names(conn)
        members = [
            Member(
                one.record_id,
                names.get(one.connection_id, ""),
                wiring.priority(one.connection_id),
                one.binding.contribution,
            )
            for one in mine
        ]
        lines = reasons.explain(golden, members, pins=pins, holds=holds, rules=wiring.rules)
        listed = _records(conn, customer_id)
        labels = {one["record_id"]: f"{one['connection']}:{one['external_id']}" for one in listed}
        words = re.sub(
            r"\brecord (\d+)\b",
            lambda found: labels.get(int(found[1]), found[0]).partition(":")[2] or found[0],
            reasons.render(lines),
        )
        return Explanation(
            customer_id,
            lines,
            words,
            [one for one in listed if not one["built_in"]],
            _ties(conn, wiring, labels),
            _entries(conn, customer_id, labels),
            _pairs(conn, wiring, [one["record_id"] for one in listed if not one["built_in"]]),
        )


def named_records(conn: Connection, customer_id: int, names: Sequence[str]) -> tuple[list[int], list[str]]:
    """Record ids of a customer named as CONNECTION:EXTERNAL_ID, and the names that are none of its records."""
    known: dict[str, list[int]] = {}
    for one in _records(conn, customer_id):
        if one["built_in"]:
            continue
        known.setdefault(f"{one['connection']}:{one['external_id']}", []).append(one["record_id"])
    return [id for name in names for id in known.get(name, ())], [name for name in names if name not in known]


def _records(conn: Connection, customer_id: int) -> list[dict[str, Any]]:
    ids = matching.members_of(conn, [customer_id]).get(customer_id, [])
    names = _names(conn)
    own = {row.id for row in connections.rows(conn, removed=True) if row.state == connections.BUILT_IN}
    return [
        {
            "record_id": place.id,
            "built_in": place.connection_id in own,
            "connection": names.get(place.connection_id, ""),
            "object": place.object,
            "external_id": place.external_id,
            "part": place.part,
            "first_seen": from_epoch(float(int(place.first_seen))),
            "gone": place.gone,
        }
        for place in sorted(records.places(conn, ids).values(), key=lambda one: one.first_seen)
    ]


def _names(conn: Connection) -> dict[int, str]:
    return {row.id: row.name for row in connections.rows(conn, removed=True)}


def _orders(conn: Connection, customer_id: int) -> int:
    query = (
        "SELECT COUNT(*) FROM order_document o JOIN identity i ON i.record_id = o.customer_record_id "
        "WHERE i.customer_id = :id"
    )
    return int(conn.scalar(text(query), {"id": customer_id}) or 0)


def _ties(conn: Connection, wiring: Wiring, labels: dict[int, str]) -> list[dict[str, Any]]:
    """Pairs over the threshold with their reasons, and persons' decisions."""
    ids = list(labels)
    standings = matching.standings(conn, ids)
    found = []
    for a, b, points in sorted(matching.edges_among(conn, ids), key=lambda one: -one[2]):
        if a in labels and b in labels and points >= wiring.model.auto:
            why = score(features_of(standings[a]), features_of(standings[b]), wiring.model)
            found.append(
                {
                    "a": labels[a],
                    "b": labels[b],
                    "by": "the match model",
                    "verdict": "same",
                    "points": points,
                    "reasons": [f"{one.detail} ({one.points:+d})" for one in why.reasons],
                }
            )
    query = (
        'SELECT a, b, verdict, "by", reason, at FROM decision WHERE superseded_at IS NULL '
        f"AND (a {bulk.among(conn, 'ids')} OR b {bulk.among(conn, 'ids')}) ORDER BY id DESC"
    )
    outside = _labels(conn, query, ids, labels)
    for row in conn.execute(text(query), {"ids": bulk.pack(conn, ids)}):
        told = [row.reason] if row.reason else []
        found.append(
            {
                "a": outside.get(row.a, str(row.a)),
                "b": outside.get(row.b, str(row.b)),
                "by": row.by,
                "verdict": row.verdict,
                "points": None,
                "reasons": [*told, from_epoch(float(int(row.at)))],
            }
        )
    return found


def _pairs(conn: Connection, wiring: Wiring, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Every two of these records with their score, best first."""
    every = list(combinations(sorted(ids), 2))[:_CROSSED]
    labels = pairs.named(conn, wiring, ids)
    found = sorted(pairs.scores(conn, wiring, every).items(), key=lambda one: (-one[1].points, one[0]))
    return [
        {
            "a": labels[a],
            "b": labels[b],
            "points": one.points,
            "verdict": one.verdict,
            "joins": one.points >= wiring.model.auto,
            "reasons": pairs.reasons(one),
        }
        for (a, b), one in found[:_PAIRS]
    ]


def _labels(conn: Connection, query: str, ids: list[int], labels: dict[int, str]) -> dict[int, str]:
    """Names of the records in these decisions, also of those that belong to others."""
    pairs = conn.execute(text(query), {"ids": bulk.pack(conn, ids)}).all()
    missing = {id for row in pairs for id in (row.a, row.b)} - labels.keys()
    names = _names(conn)
    places = records.places(conn, list(missing)) if missing else {}
    return labels | {
        id: f"{names.get(place.connection_id, '')}:{place.external_id}" for id, place in places.items()
    }


def _entries(conn: Connection, customer_id: int, labels: dict[int, str]) -> list[dict[str, Any]]:
    query = "SELECT record_id, path, kind, detail, at FROM entry WHERE customer_id = :id ORDER BY id DESC LIMIT 50"
    return [
        {
            "record": labels.get(row.record_id, ""),
            "path": row.path,
            "kind": row.kind,
            "at": from_epoch(float(int(row.at))),
            "detail": load(row.detail),
        }
        for row in conn.execute(text(query), {"id": customer_id})
    ]
