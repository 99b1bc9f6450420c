"""Two customers side by side: what they agree and differ in, the records behind them, what speaks for and against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from hub.canonical import ids
from hub.canonical.moment import from_epoch
from hub.flows import pairs
from hub.flows.review import Case
from hub.flows.why import refused
from hub.flows.wiring import Wiring
from hub.store.golden_row import decode_doc
from hub.store.queries import customers, matching, records

_NAMES = ("display_name", "full_name", "name", "legal_name", "email")
_PAIRS = 50


def listed(conn: Connection, wiring: Wiring, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """A line for each case: {"id", "points", "missing", "further", "a", "b", "reasons", "deferred"}.

    a, b: {"customer_id", "record", "name"}; missing: points up to where the machine would join.
    """
    found = pairs.scores(conn, wiring, [(one.a, one.b) for one in cases])
    names = pairs.named(conn, wiring, {id for one in cases for id in (one.a, one.b)})
    fields = _fields(conn, {id for one in cases for id in (one.customer_a, one.customer_b)})
    return [
        {
            "id": one.id,
            "points": one.points,
            "missing": max(0, wiring.model.auto - one.points),
            "further": one.further,
            "a": _side(one.customer_a, names[one.a], fields),
            "b": _side(one.customer_b, names[one.b], fields),
            "reasons": pairs.reasons(found[one.a, one.b]),
            "deferred": _deferred(one),
        }
        for one in cases
    ]


def shown(conn: Connection, wiring: Wiring, case: Case) -> dict[str, Any]:
    """One case whole: what `listed` gives, and "auto", "review", "verdict", "against" (what keeps the machine from
    joining them although the points would do), "fields", "pairs", and for each side its "records"."""
    (row,) = listed(conn, wiring, [case])
    members = matching.members_of(conn, [case.customer_a, case.customer_b])
    mine, theirs = members.get(case.customer_a, []), members.get(case.customer_b, [])
    fields = _fields(conn, [case.customer_a, case.customer_b])
    sides = {"a": (case.customer_a, case.a), "b": (case.customer_b, case.b)}
    for side, (customer, compared) in sides.items():
        row[side] = {**row[side], "records": _records(conn, wiring, members.get(customer, []), compared)}
    crossed = pairs.scores(conn, wiring, [(a, b) for a in mine for b in theirs][: _PAIRS * 4])
    labels = pairs.named(conn, wiring, [*mine, *theirs])
    best = sorted(crossed.items(), key=lambda one: (-one[1].points, one[0]))[:_PAIRS]
    return row | {
        "auto": wiring.model.auto,
        "review": wiring.model.review,
        "verdict": pairs.scores(conn, wiring, [(case.a, case.b)])[case.a, case.b].verdict,
        "against": refused(conn, wiring, mine=mine, theirs=theirs)
        if case.points >= wiring.model.auto
        else None,
        "fields": differences(fields.get(case.customer_a, {}), fields.get(case.customer_b, {})),
        "pairs": [
            {"a": labels[a], "b": labels[b], "points": score.points, "verdict": score.verdict}
            for (a, b), score in best
        ],
    }


def differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every path that either has: "path", "a", "b" (None: it has none), "same"."""
    return [
        {"path": path, "a": a.get(path), "b": b.get(path), "same": a.get(path) == b.get(path)}
        for path in sorted({*a, *b})
    ]


def name_of(fields: Mapping[str, Any]) -> str | None:
    """What a customer is called, if anything."""
    return next((str(fields[path]) for path in _NAMES if fields.get(path)), None)


def _side(customer: int, record: str, fields: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "customer_id": ids.show("cus", customer),
        "record": record,
        "name": name_of(fields.get(customer, {})),
    }


def _deferred(case: Case) -> dict[str, Any] | None:
    one = case.deferred
    if one is None:
        return None
    return {"by": one.by, "reason": one.reason, "until": from_epoch(float(int(one.until)))}


def _fields(conn: Connection, customer_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    return {id: decode_doc(row.doc)[0] for id, row in customers.load_many(conn, customer_ids).items()}


def _records(conn: Connection, wiring: Wiring, members: Sequence[int], compared: int) -> list[dict[str, Any]]:
    places = records.places(conn, members).values()
    return [
        {
            "connection": wiring.names.get(place.connection_id, ""),
            "object": place.object,
            "external_id": place.external_id,
            "part": place.part,
            "first_seen": from_epoch(float(int(place.first_seen))),
            "gone": place.gone,
            "compared": place.id == compared,
        }
        for place in sorted(places, key=lambda one: (one.first_seen, one.id))
        if place.connection_id not in wiring.built_in
    ]
