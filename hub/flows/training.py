"""A new match model from the admin's own records, what it would change, and making it the one in force (DESIGN §4)."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, islice
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.errors import WrongUse
from hub.flows import levels, models, pairs, rebuild, repartition
from hub.flows.matching import features_of
from hub.flows.repartition import Change
from hub.flows.wiring import Wiring, load_wiring
from hub.identity.compare import levels as levels_of
from hub.identity.keys import kind_of
from hub.identity.model import load_model
from hub.identity.naming import parts
from hub.identity.train import FOUND_BY, Chance, Fitted, Level, Seen, fit, worth
from hub.store.queries import decisions, matching, partition
from hub.store.session import Database

PAIRS = 100_000
"""Pairs that share a key and are looked at, at most."""
STRANGERS = 60_000
LEAST = 50
"""Records below which there is nothing to learn from."""
_PARTS = ("given", "family")
_KEYS = 400_000  # rows of keys they are taken from
_AT_ONCE = 5_000
_CLOSE = 600  # points under the review threshold up to which a pair tells anything
_GRAIN = 10  # points that are not told apart


class Compared(NamedTuple):
    """A pair with its points and what was compared."""

    pair: tuple[int, int]
    points: int
    levels: tuple[Level, ...]


class Crossing(NamedTuple):
    """A pair that the new model would join and the present one does not, or the other way round."""

    a: int
    b: int
    before: int
    after: int


class Training(NamedTuple):
    """document: the new model as `load_model` takes it. pairs, strangers, words: what it rests on (words: pairs that
    persons decided). names: how many names are worth something else now. gained, lost: stored pairs that would join, or
    join no more. change: what that does to customers.
    """

    document: Mapping[str, Any]
    fitted: Fitted
    pairs: int
    strangers: int
    words: int
    names: int
    gained: list[Crossing]
    lost: list[Crossing]
    change: Change


def train(db: Database, wiring: Wiring, *, say: Callable[[int], None] = lambda done: None) -> Training:
    """Fit a model to what is stored and compare it with the one in force; writes nothing. The same data gives the same
    model.

    Raises WrongUse where there is too little to learn from.
    """
    with db.read() as conn:
        ids = sorted(id for id, _ in partition.customer_of(conn))
        if len(ids) < LEAST:
            raise WrongUse(
                f"{len(ids)} records are too few to learn from.",
                fix=f"Sync at least {LEAST}; until then the shipped model is the better one.",
            )
        document, names = _names(conn, wiring, ids)
        named = replace(wiring, model=load_model(document))
        chance, strangers = _chance(conn, named, ids)
        seen, count = _seen(conn, named, say=say)
        words = _words(conn, named)
        even = (wiring.model.auto + wiring.model.review) // 2
        fitted = fit([*seen, *words], wiring.model.weights._asdict(), chance=chance, even=even)
        document |= {"number": models.next_number(conn), "weights": fitted.weights}
        new = replace(wiring, model=load_model(document))
        edges, gained, lost = _crossings(conn, wiring, new, say=say)
        change = repartition.compare(conn, levels.anchors_from(conn, new, edges))
    total = sum(one.times for one in words)
    return Training(document, fitted, count, strangers, total, names, gained, lost, change)


def put_in_force(
    db: Database, document: Mapping[str, Any], *, say: Callable[[int], None] = lambda done: None
) -> int:
    """Store a model under its number and compute everything again by it. Returns how many records were looked at.

    Raises WrongUse if another model came into force meanwhile.
    """
    with db.write() as conn:
        if models.next_number(conn) != document["number"]:
            raise WrongUse("Another match model came into force meanwhile.", fix="Train again.")
        models.keep(conn, document, now=time.time())
    return rebuild.rebuild(db, load_wiring(db), say=say)


def _names(conn: Connection, wiring: Wiring, ids: Sequence[int]) -> tuple[dict[str, Any], int]:
    """(the document of the model in force with the frequencies of the names that are here, how many names moved)."""
    document = dict(models.document(conn))
    having: dict[str, defaultdict[str, set[int]]] = {part: defaultdict(set) for part in _PARTS}
    named: dict[str, set[int]] = {part: set() for part in _PARTS}
    for start in range(0, len(ids), _AT_ONCE):
        for one in matching.standings(conn, ids[start : start + _AT_ONCE]).values():
            found = features_of(one)
            if not found.name:
                continue
            for part, text in zip(_PARTS, parts(found), strict=True):
                words = text.split(" ")[:1] if part == "given" else text.split(" ")
                for word in filter(None, words):
                    having[part][word].add(one.customer_id)
                    named[part].add(one.customer_id)
    tables: dict[str, Any] = {}
    moved = 0
    for part in _PARTS:
        before: Mapping[str, int] = getattr(wiring.model.names, part)
        unknown: int = getattr(wiring.model.names, f"{part}_unknown")
        counts = {word: len(customers) for word, customers in having[part].items()}
        table = worth(before, unknown, seen=counts, total=len(named[part]))
        moved += sum(1 for word, points in table.items() if abs(points - before.get(word, unknown)) > _GRAIN)
        tables[part] = {"unknown": unknown, **_by_points(table)}
    return document | {"names": tables}, moved


def _by_points(table: Mapping[str, int]) -> dict[str, str]:
    """Points as text → the words worth so many, as `names.toml` has them."""
    rows: defaultdict[int, list[str]] = defaultdict(list)
    for word, points in sorted(table.items()):
        rows[points].append(word)
    return {str(points): " ".join(words) for points, words in sorted(rows.items())}


def _chance(conn: Connection, wiring: Wiring, ids: Sequence[int]) -> tuple[dict[Level, Chance], int]:
    """How strangers agree: pairs drawn by lot, without those that may well be one customer."""
    lot = random.Random(len(ids))
    drawn = {tuple(sorted(lot.sample(ids, 2))) for _ in range(STRANGERS)}
    found: Counter[Level] = Counter()
    compared: Counter[str] = Counter()
    count = 0
    for one in _compared(conn, wiring, sorted((a, b) for a, b in drawn)):
        if one.points >= wiring.model.review:
            continue
        count += 1
        for level in one.levels:
            found[level] += 1
            compared[level[0]] += 1
    return {level: Chance(pairs / compared[level[0]], pairs) for level, pairs in found.items()}, count


def _seen(conn: Connection, wiring: Wiring, *, say: Callable[[int], None]) -> tuple[list[Seen], int]:
    """Pairs that share a key, those that are alike together; and how many they are."""
    kinds: dict[tuple[int, int], set[str]] = {}
    for hash, held in partition.key_sample(conn, most=_KEYS):
        if len(held) <= wiring.model.key_cap:
            for pair in combinations(held, 2):
                kinds.setdefault(pair, set()).add(kind_of(hash))
        if len(kinds) >= PAIRS:
            break
    found: Counter[tuple[tuple[Level, ...], int, frozenset[str]]] = Counter()
    least = wiring.model.review - _CLOSE
    for done, one in enumerate(_compared(conn, wiring, sorted(kinds)), start=1):
        if one.points >= least:
            blind = frozenset.intersection(*(FOUND_BY.get(kind, frozenset()) for kind in kinds[one.pair]))
            found[one.levels, one.points // _GRAIN * _GRAIN, blind] += 1
        if done % _AT_ONCE == 0:
            say(done)
    return [Seen(alike, points, blind, None, n) for (alike, points, blind), n in found.items()], len(kinds)


def _words(conn: Connection, wiring: Wiring) -> list[Seen]:
    """Pairs that persons decided."""
    said = {(min(one.a, one.b), max(one.a, one.b)): one.verdict == "same" for one in decisions.in_force(conn)}
    return [
        Seen(one.levels, one.points, frozenset(), said[one.pair])
        for one in _compared(conn, wiring, sorted(said))
    ]


def _compared(conn: Connection, wiring: Wiring, wanted: Iterable[tuple[int, int]]) -> Iterator[Compared]:
    """Each pair of stored records with its points and levels, some thousands at a time."""
    rest = iter(wanted)
    while batch := list(islice(rest, _AT_ONCE)):
        standings = matching.standings(conn, {id for pair in batch for id in pair})
        known = [pair for pair in batch if pair[0] in standings and pair[1] in standings]
        features = {id: features_of(one) for id, one in standings.items()}
        scores = pairs.scores(conn, wiring, known)
        for a, b in known:
            said = levels_of(features[a], features[b], wiring.model)
            yield Compared((a, b), scores[a, b].points, tuple(sorted(said.items())))


def _crossings(
    conn: Connection, wiring: Wiring, new: Wiring, *, say: Callable[[int], None]
) -> tuple[list[tuple[int, int, int]], list[Crossing], list[Crossing]]:
    """(the stored pairs with their new points, those that would join, those that would not any more); the widest apart
    first."""
    edges: list[tuple[int, int, int]] = []
    gained: list[Crossing] = []
    lost: list[Crossing] = []
    stored = partition.edges(conn)
    while batch := list(islice(stored, _AT_ONCE)):
        scores = pairs.scores(conn, new, [(a, b) for a, b, _ in batch])
        for a, b, before in batch:
            after = scores[a, b].points
            edges.append((a, b, after))
            if before < wiring.model.auto and after >= new.model.auto:
                gained.append(Crossing(a, b, before, after))
            elif before >= wiring.model.auto and after < new.model.auto:
                lost.append(Crossing(a, b, before, after))
        say(len(edges))
    for many in (gained, lost):
        many.sort(key=lambda one: (-abs(one.after - one.before), one.a, one.b))
    return edges, gained, lost


def told(conn: Connection, wiring: Wiring, found: Training, *, examples: int) -> list[dict[str, Any]]:
    """So many examples of each kind: {"record": "pair", "kind", "a", "b", "before", "after", "reasons"}.

    kind: gained | lost. reasons: by the new model.
    """
    new = replace(wiring, model=load_model(found.document))
    chosen = [("gained", one) for one in found.gained[:examples]]
    chosen += [("lost", one) for one in found.lost[:examples]]
    spelt = pairs.spelt(conn, new, [(one.a, one.b) for _, one in chosen])
    return [
        {
            "record": "pair",
            "kind": kind,
            "a": spelt[one.a, one.b]["a"],
            "b": spelt[one.a, one.b]["b"],
            "before": one.before,
            "after": one.after,
            "reasons": spelt[one.a, one.b]["reasons"],
        }
        for kind, one in chosen
    ]
