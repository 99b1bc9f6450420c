"""Which records share keys, and how many: candidates of a page, and pairs that the counts have changed (DESIGN §4, §8).

The points of a pair fall with the number of records that share what speaks for it, in fixed steps; a key over the
model's
cap finds nobody any more (it is *common*) and the pairs that only it supported go. So pairs of records that are not
in the
page are scored again where a key of theirs crosses a step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from sqlalchemy import Connection

from hub.identity.features import Features
from hub.identity.keys import cap_of, keys, kind_of
from hub.identity.model import STEPS, MatchModel, step
from hub.identity.score import points
from hub.store.queries import matching as queries

Pair = tuple[int, int]
FeaturesOf = Callable[[set[int]], Mapping[int, Features]]
COMMON = 1_000_000_000
"""The count that stands for "over the cap"."""


class Held(NamedTuple):
    """The keys of a page's records. now: by record. gone: those they held until now and do not any more, by record.
    realms: by key."""

    now: Mapping[int, tuple[int, ...]]
    gone: Mapping[int, tuple[int, ...]]
    realms: Mapping[int, str]


class Tally(NamedTuple):
    """behind: the records that hold a key now, those of the page included; without common keys. common: those among the
    page's. fell, rose: keys whose count crossed a step, with the records outside the page that hold them: then pairs
    lose or
    may win points. counts: how many hold each key."""

    behind: Mapping[int, set[int]]
    common: frozenset[int]
    rose: Mapping[int, set[int]]
    fell: Mapping[int, set[int]]

    def held_by(self, hash: int) -> int | None:
        """How many records hold a key; None where this page did not look."""
        if hash in self.common:
            return COMMON
        found = self.behind.get(hash)
        return None if found is None else len(found)


def tally(conn: Connection, held: Held, model: MatchModel) -> Tally:
    """Count the keys of a page and note which become common, or stop being so. Old key rows must still be stored."""
    wanted = {hash for many in held.now.values() for hash in many}
    left = {hash for many in held.gone.values() for hash in many}
    known = queries.common(conn, wanted | left)
    before: defaultdict[int, set[int]] = defaultdict(set)
    for hash, id in queries.holders(conn, (wanted | left) - known):
        before[hash].add(id)
    after = {hash: set(before[hash]) if hash in before else set() for hash in (wanted | left) - known}
    for id, many in held.gone.items():
        for hash in many:
            if hash in after:
                after[hash].discard(id)
    for id, many in held.now.items():
        for hash in many:
            if hash in after:
                after[hash].add(id)
    common = {hash for hash, ids in after.items() if len(ids) > cap_of(hash, model)}
    again = _no_longer_common(conn, held, known, model) if known and left else {}
    after |= again
    queries.put_common(conn, common)
    page = held.now.keys()
    rose: dict[int, set[int]] = {}
    fell: dict[int, set[int]] = {hash: ids - page for hash, ids in again.items()}
    for hash, ids in before.items():
        change = _taken(hash, len(after[hash]), model) - _taken(hash, len(ids), model)
        if change > 0 or hash in common:
            rose[hash] = ids - page
        elif change < 0:
            fell[hash] = ids - page
    return Tally(
        {hash: ids for hash, ids in after.items() if hash not in common},
        frozenset((known - again.keys()) | common),
        rose,
        fell,
    )


def _no_longer_common(
    conn: Connection, held: Held, known: set[int], model: MatchModel
) -> dict[int, set[int]]:
    """Common keys that records of the page gave up, where they are few enough again; with their holders."""
    leaving: defaultdict[int, set[int]] = defaultdict(set)
    for id, many in held.gone.items():
        for hash in known.intersection(many):
            leaving[hash].add(id)
    coming: defaultdict[int, set[int]] = defaultdict(set)
    for id, many in held.now.items():
        for hash in leaving.keys() & many:
            coming[hash].add(id)
    few = {
        hash
        for hash, count in queries.key_counts(conn, leaving).items()
        if count - len(leaving[hash]) <= cap_of(hash, model)  # those coming are counted below
    }
    found: dict[int, set[int]] = {hash: set() for hash in few}
    for hash, id in queries.holders(conn, few):
        found[hash].add(id)
    found = {hash: (ids - leaving[hash]) | coming[hash] for hash, ids in found.items()}
    found = {hash: ids for hash, ids in found.items() if len(ids) <= cap_of(hash, model)}
    queries.drop_common(conn, found)
    return found


def _taken(hash: int, count: int, model: MatchModel) -> int:
    """What grows with a key's count: points taken off, or the ceiling come down."""
    kind = kind_of(hash)
    if kind not in model.rivals:
        return 0
    at = model.rivals[kind][step(count, cap_of(hash, model))]
    return -at if kind == "name" else at


def candidates(held: Held, found: Tally) -> dict[Pair, list[int]]:
    """Every pair of a record of the page with one that shares a key, and the keys they share; common ones find
    nobody."""
    pairs: dict[Pair, list[int]] = {}
    for id, many in held.now.items():
        for hash in many:
            ids = found.behind.get(hash)
            if ids is None or len(ids) == 1:
                continue
            for other in ids:
                if other == id:
                    continue
                pair = (id, other) if id < other else (other, id)
                shared = pairs.get(pair)
                if shared is None:
                    pairs[pair] = [hash]
                elif hash not in shared:
                    shared.append(hash)
    return pairs


def rivals(shared: Iterable[int], counts: Mapping[int, int], model: MatchModel) -> dict[str, int] | None:
    """What `score` takes: the count of the least shared key of each kind."""
    least: dict[str, int] = {}
    for hash in shared:
        kind = kind_of(hash)
        if kind in model.rivals:
            least[kind] = min(least.get(kind, COMMON), counts[hash])
    found = {kind: count for kind, count in least.items() if count > STEPS[0]}
    return found or None


def page_scores(
    held: Held, found: Tally, *, known: Mapping[int, Features], model: MatchModel
) -> dict[Pair, int]:
    """The points of the page's candidates that a person would be asked about, or more. known: features of all of
    them."""
    counts = {hash: len(ids) for hash, ids in found.behind.items()} | dict.fromkeys(found.common, COMMON)
    pairs = candidates(held, found)
    scores = {}
    commons = (
        {id: mine for id, many in held.now.items() if (mine := found.common.intersection(many))}
        if found.common
        else {}
    )
    for (a, b), shared in pairs.items():
        met: Iterable[int] = shared
        shared_common = (commons.get(a) or commons.get(b)) if commons else None
        if shared_common:
            other = b if a in commons else a
            theirs = held.now.get(other) or keys(known[other], realm=held.realms[shared[0]])
            met = [*shared, *shared_common.intersection(theirs)]
        given = None
        for hash in met:
            if counts[hash] > STEPS[0]:
                given = rivals(met, counts, model)
                break
        value = points(known[a], known[b], model, rivals=given)
        if value >= model.review:
            scores[a, b] = value
    return scores


class Rescored(NamedTuple):
    """Pairs of records outside the page whose points are others now (stored anew), or which nothing supports any
    more."""

    changed: dict[Pair, int]
    dropped: list[Pair]
    touched: set[int]


def rescore(
    conn: Connection, held: Held, found: Tally, *, model: MatchModel, features_of: FeaturesOf
) -> Rescored:
    """Score the pairs again that a crossed step changed. touched: records of pairs that join, or did."""
    crossed = [*found.rose.items(), *found.fell.items()]
    theirs: defaultdict[int, set[int]] = defaultdict(set)
    for hash, ids in crossed:
        if len(ids) > 1:
            for id in ids:
                theirs[id].add(hash)
    stored = {
        (a, b): value
        for a, b, value in (queries.edges_between(conn, theirs) if theirs else ())
        if not theirs[a].isdisjoint(theirs[b])
    }
    wanted = set(stored)
    for ids in found.fell.values():
        wanted |= set(combinations(sorted(ids), 2))
    if not wanted:
        return Rescored({}, [], set())
    realm_of = {id: held.realms[hash] for hash, ids in crossed for id in ids}
    known = features_of({id for pair in wanted for id in pair})
    made = {id: frozenset(keys(one, realm=realm_of[id])) for id, one in known.items()}
    shared = {pair: made[pair[0]] & made[pair[1]] for pair in wanted}
    counts = _counts(conn, found, {hash for many in shared.values() for hash in many})
    changed, dropped, touched = {}, [], set()
    for pair, many in shared.items():
        a, b = pair
        value, was = None, stored.get(pair)
        if any(counts[hash] < COMMON for hash in many):
            value = points(known[a], known[b], model, rivals=rivals(many, counts, model))
        if value is not None and value >= model.review:
            if value != was:
                changed[pair] = value
        elif was is not None:
            dropped.append(pair)
        if value != was and max(value or 0, was or 0) >= model.auto:
            touched |= {a, b}
    return Rescored(changed, dropped, touched)


def _counts(conn: Connection, found: Tally, hashes: set[int]) -> dict[int, int]:
    """How many records hold each key, the page's included; COMMON for common ones."""
    counts = {hash: count for hash in hashes if (count := found.held_by(hash)) is not None}
    if others := hashes - counts.keys():
        common = queries.common(conn, others)
        counts |= dict.fromkeys(common, COMMON)
        counts |= queries.key_counts(conn, others - common)
    return counts


def shared_counts(
    conn: Connection, pairs: Sequence[tuple[frozenset[int], frozenset[int]]]
) -> tuple[list[frozenset[int]], dict[int, int]]:
    """(the keys each two share, how many records hold each of them) of stored records."""
    shared = [mine & theirs for mine, theirs in pairs]
    hashes = {hash for many in shared for hash in many}
    return shared, _counts(conn, Tally({}, frozenset(), {}, {}), hashes)
