"""All pairs computed again in batch, and what that would change; stored when a person says so (DESIGN §8).

The candidates come from an engine, the judgement from the match model in force, the rest from the same rules as
everywhere: persons' decisions, ties and constraints stay.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from sqlalchemy import Connection

from hub.flows import levels, owing, pairs, repartition
from hub.flows.absorb import absorb
from hub.flows.relink_engine import Engine
from hub.flows.repartition import Change
from hub.flows.wiring import Wiring
from hub.store.queries import matching, partition
from hub.store.session import Database

PAGE = 500
KEY_CAP = 500
Edge = tuple[int, int, int]


class Relinked(NamedTuple):
    """candidates: how many pairs were judged; pairs: how many have at least `review` points. new, rescored, gone: those
    that are not stored, that have other points, and stored ones that were not found. change: what that would do to
    customers."""

    candidates: int
    pairs: int
    new: list[Edge]
    rescored: list[Edge]
    gone: list[Edge]
    change: Change


def relink(
    db: Database, wiring: Wiring, engine: Engine, *, say: Callable[[int], None] = lambda done: None
) -> Relinked:
    """Compute all pairs again and compare with what is stored; writes nothing."""
    found: list[Edge] = []
    candidates = 0
    with db.read() as conn:
        for batch in engine.candidates(partition.keys(conn), cap=_cap(wiring)):
            candidates += len(batch)
            found += judged(conn, wiring, batch)
            say(candidates)
        found.sort()
        new, rescored, gone = _differences(found, partition.edges(conn))
        change = repartition.compare(conn, levels.anchors_from(conn, wiring, found))
    return Relinked(candidates, len(found), new, rescored, gone, change)


def judged(conn: Connection, wiring: Wiring, candidates: Iterable[tuple[int, int]]) -> list[Edge]:
    """The pairs among these that join or that a person is asked about, with their points."""
    least = wiring.model.review
    scored = pairs.scores(conn, wiring, candidates)
    return [(a, b, one.points) for (a, b), one in scored.items() if one.points >= least]


def store(
    db: Database, wiring: Wiring, done: Relinked, *, say: Callable[[int], None] = lambda done: None
) -> int:
    """Store what `relink` found: the pairs, then every customer that changes, a page at a time. Returns how many
    records answer to another customer now.

    What came while it ran stays: new pairs are judged again, and a stored pair that has other points by now is left.
    """
    touched = {id for many in (done.new, done.rescored, done.gone) for a, b, _ in many for id in (a, b)}
    ids = sorted(touched | set(done.change.moved))
    with db.write() as conn:
        partition.drop_edges(conn, done.gone)
        matching.put_edges(conn, judged(conn, wiring, [(a, b) for a, b, _ in (*done.new, *done.rescored)]))
    moved = 0
    for start in range(0, len(ids), PAGE):
        page = ids[start : start + PAGE]
        with db.write() as conn:
            before = matching.standings(conn, page)
            absorb(conn, wiring, [], now=time.time(), lane=owing.BULK, touched=before)
            after = matching.standings(conn, page)
        moved += sum(1 for id in before if before[id].customer_id != after[id].customer_id)
        say(start + len(page))
    return moved


def _cap(wiring: Wiring) -> int:
    """Records behind one key; past it the key tells nobody apart."""
    return int(getattr(wiring.model, "key_cap", KEY_CAP))


def _differences(found: list[Edge], stored: Iterable[Edge]) -> tuple[list[Edge], list[Edge], list[Edge]]:
    """(new ones, those with other points, stored ones that were not found); both sorted by a and b."""
    new: list[Edge] = []
    rescored: list[Edge] = []
    gone: list[Edge] = []
    at = 0
    for edge in stored:
        while at < len(found) and found[at][:2] < edge[:2]:
            new.append(found[at])
            at += 1
        if at < len(found) and found[at][:2] == edge[:2]:
            if found[at] != edge:
                rescored.append(found[at])
            at += 1
        else:
            gone.append(edge)
    return new + found[at:], rescored, gone
