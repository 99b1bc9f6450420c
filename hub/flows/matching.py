"""Who is the same, for a page of records at once: keys, candidates, pairs, and the touched components (DESIGN §4, §8).

The caller holds the matching lock. What is written here is a function of records, model and decisions alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection

from hub.canonical.derived import is_derived
from hub.flows import match_keys
from hub.flows.match_keys import Held, Tally
from hub.flows.wiring import Wiring
from hub.identity.cluster import Node, cluster
from hub.identity.decide import Decision
from hub.identity.features import Features
from hub.identity.keys import keys
from hub.identity.model import MatchModel
from hub.identity.score import Score, score
from hub.store.documents import dump, load
from hub.store.queries import matching as queries
from hub.store.queries import records
from hub.store.queries.matching import Standing


class Subject(NamedTuple):
    """A record whose features are new or changed.

    before: its features until now, None for a new record. tied_to: the home id it was created for, if we made it.
    """

    record_id: int
    connection_id: int
    external_id: str
    part: str
    first_seen: float
    features: Features
    before: Features | None = None
    tied_to: int | None = None


@dataclass(slots=True)
class Matched:
    """customer_of: the customer each looked-at record answers to now. was: the one before, for records that moved.

    members: the records of customers that were clustered here (others are unchanged). capped: keys too widely shared.
    """

    customer_of: dict[int, int] = field(default_factory=dict)
    was: dict[int, int] = field(default_factory=dict)
    members: dict[int, tuple[int, ...]] = field(default_factory=dict)
    capped: int = 0


def match(
    conn: Connection, wiring: Wiring, subjects: Mapping[int, Subject], *, touched: Iterable[int] = ()
) -> Matched:
    """Settle which customer these records belong to. `touched`: known records to cluster again (a decision changed)."""
    result = Matched()
    model = wiring.model
    held = _held(wiring, subjects)
    found = match_keys.tally(conn, held, model)
    result.capped = len(found.common)
    _forget(conn, subjects, held)
    known = _features(conn, subjects, held=held, found=found)
    edges = match_keys.page_scores(held, found, known=known, model=model)
    queries.put_keys(conn, [(hash, id) for id, many in held.now.items() for hash in many])
    meant = {*subjects, *touched, *(one.tied_to for one in subjects.values() if one.tied_to is not None)}
    involved = {id for pair, value in edges.items() if value >= model.auto for id in pair} | (
        meant - subjects.keys()
    )
    if found.rose or found.fell:
        involved |= _rescore(conn, held, found, model=model, edges=edges)
    queries.put_edges(conn, [(a, b, value) for (a, b), value in edges.items()])
    involved |= {id for id, one in subjects.items() if one.before is not None or one.tied_to is not None}
    alone = [one for id, one in subjects.items() if id not in involved]
    queries.put_standings(
        conn,
        [
            Standing(one.record_id, one.record_id, one.record_id, dump(one.features.to_json()))
            for one in alone
        ],
        fresh=True,
    )
    for one in alone:
        result.customer_of[one.record_id] = one.record_id
        result.members[one.record_id] = (one.record_id,)
    if involved:
        _recluster(conn, wiring, subjects, involved=involved, meant=involved & meant, result=result)
    return result


def _held(wiring: Wiring, subjects: Mapping[int, Subject]) -> Held:
    """The keys the records have now, and those they have no more."""
    now: dict[int, tuple[int, ...]] = {}
    gone: dict[int, tuple[int, ...]] = {}
    realms: dict[int, str] = {}
    for id, one in subjects.items():
        realm = wiring.realm(one.connection_id)
        now[id] = mine = keys(one.features, realm=realm)
        realms.update(dict.fromkeys(mine, realm))
        if one.before is not None:
            gone[id] = tuple(set(keys(one.before, realm=realm)).difference(mine))
            realms.update(dict.fromkeys(gone[id], realm))
    return Held(now, gone, realms)


def _forget(conn: Connection, subjects: Mapping[int, Subject], held: Held) -> None:
    """Records whose features changed: their old keys and all their pairs go."""
    changed = [id for id, one in subjects.items() if one.before is not None]
    if changed:
        queries.drop_keys(conn, [(hash, id) for id, many in held.gone.items() for hash in many])
        queries.drop_edges(conn, changed)


def _features(
    conn: Connection, subjects: Mapping[int, Subject], *, held: Held, found: Tally
) -> dict[int, Features]:
    """The features of the page's records and of all that share a key with one of them."""
    known = {id: one.features for id, one in subjects.items()}
    met = {id for many in held.now.values() for hash in many for id in found.behind.get(hash, ())}
    others = met - known.keys()
    if others:
        known |= {id: _read(text) for id, text in queries.features(conn, others).items()}
    return known


def _rescore(
    conn: Connection, held: Held, found: Tally, *, model: MatchModel, edges: dict[tuple[int, int], int]
) -> set[int]:
    """Pairs of other records that the page's keys changed go into `edges`; the records whose clusters that may
    touch."""

    def stored(ids: set[int]) -> dict[int, Features]:
        return {id: _read(text) for id, text in queries.features(conn, ids).items()}

    again = match_keys.rescore(conn, held, found, model=model, features_of=stored)
    edges.update(again.changed)
    queries.drop_pairs(conn, again.dropped)
    return again.touched


def pair_scores(
    conn: Connection, wiring: Wiring, pairs: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Score]:
    """The score of each pair of stored records, as intake scores it, whether or not it would have compared them."""
    wanted = list(pairs)
    ids = {id for pair in wanted for id in pair}
    known = {id: features_of(one) for id, one in queries.standings(conn, ids).items()}
    places = records.places(conn, list(ids))
    made = {
        id: frozenset(keys(one, realm=wiring.realm(places[id].connection_id))) for id, one in known.items()
    }
    shared, counts = match_keys.shared_counts(conn, [(made[a], made[b]) for a, b in wanted])
    return {
        (a, b): score(known[a], known[b], wiring.model, rivals=match_keys.rivals(many, counts, wiring.model))
        for (a, b), many in zip(wanted, shared, strict=True)
    }


def nodes_of(conn: Connection, wiring: Wiring, ids: Iterable[int]) -> dict[int, Node]:
    """The nodes of stored records, as clustering takes them."""
    present = queries.standings(conn, ids)
    features = {id: features_of(one) for id, one in present.items()}
    ties = {id: one.tied_to for id, one in present.items()}
    return _nodes(conn, wiring, {}, features=features, ties=ties)


def features_of(standing: Standing) -> Features:
    """The features stored with a record."""
    return _read(standing.features)


@lru_cache(maxsize=8192)
def _read(text: str) -> Features:
    return Features.from_json(load(text))


def cluster_of(
    conn: Connection,
    wiring: Wiring,
    present: Mapping[int, Standing],
    *,
    subjects: Mapping[int, Subject] | None = None,
) -> dict[int, int]:
    """The customer each record of these whole components would answer to, from pairs and decisions; writes nothing."""
    return {
        id: group[0]
        for _, groups in _clusters(conn, wiring, present, subjects=subjects or {}).items()
        for group in groups
        for id in group
    }


def _clusters(
    conn: Connection, wiring: Wiring, present: Mapping[int, Standing], *, subjects: Mapping[int, Subject]
) -> dict[int, list[tuple[int, ...]]]:
    """The clusters of the components these records form, by the component's number (its smallest record id)."""
    ids = sorted({*present, *subjects})
    edges = queries.edges_among(conn, ids)
    decisions = [Decision(*row) for row in queries.decisions_on(conn, ids)]
    features = {id: subjects[id].features if id in subjects else features_of(present[id]) for id in ids}
    ties = {id: subjects[id].tied_to if id in subjects else present[id].tied_to for id in ids}
    nodes = _nodes(conn, wiring, subjects, features=features, ties=ties)
    found = {}
    edges = [edge for edge in edges if edge[2] >= wiring.model.auto and edge[1] in nodes]
    for component, mine in _components(ids, edges, decisions, tied=ties):
        part = {id: nodes[id] for id in component}
        found[min(component)] = cluster(part, mine, decisions=decisions, model=wiring.model).groups
    return found


def _recluster(
    conn: Connection,
    wiring: Wiring,
    subjects: Mapping[int, Subject],
    *,
    involved: set[int],
    meant: set[int],
    result: Matched,
) -> None:
    """Compute the touched components again, from all their pairs and the persons' decisions. meant: those of them that
    the caller named; their customers are reported whether or not they changed."""
    present = queries.members(conn, queries.components(conn, involved))
    mine = {id: one for id, one in subjects.items() if id in involved or id in present}
    rows_new: list[Standing] = []
    rows_old: list[Standing] = []
    by_anchor: dict[int, tuple[int, ...]] = {}
    for label, groups in _clusters(conn, wiring, present, subjects=mine).items():
        for group in groups:
            by_anchor[group[0]] = group
            for id in group:
                result.customer_of[id] = group[0]
                old = present.get(id)
                if id in mine:
                    row = Standing(id, label, group[0], dump(mine[id].features.to_json()), mine[id].tied_to)
                elif old is not None and old[1:3] != (label, group[0]):
                    row = old._replace(component=label, customer_id=group[0])
                else:
                    continue
                (rows_new if old is None else rows_old).append(row)
                if old is not None and old.customer_id != row.customer_id:
                    result.was[id] = old.customer_id
    # a customer that only stood beside them, or whose points alone changed, has the members it had
    moved = {result.customer_of[id] for id in meant} | {result.customer_of[id] for id in result.was}
    result.members |= {id: by_anchor[id] for id in moved | (set(result.was.values()) & set(by_anchor))}
    queries.put_standings(conn, rows_new, fresh=True)
    queries.put_standings(conn, rows_old, fresh=False)


def _nodes(
    conn: Connection,
    wiring: Wiring,
    subjects: Mapping[int, Subject],
    *,
    features: Mapping[int, Features],
    ties: Mapping[int, int | None],
) -> dict[int, Node]:
    nodes = {}
    places = records.places(conn, [id for id in features if id not in subjects])
    for id, found in features.items():
        where = subjects.get(id) or places[id]
        name = wiring.names.get(where.connection_id, "")
        object = getattr(where, "object", "customer")
        own = object == "customer" and not is_derived(where.external_id)
        unique = name if own and wiring.unique_customers(where.connection_id) else None
        nodes[id] = Node(
            (where.first_seen, name, object, where.external_id, where.part), found, unique, ties[id]
        )
    return nodes


def _components(
    ids: Iterable[int],
    edges: Iterable[tuple[int, int, int]],
    decisions: Iterable[Decision],
    *,
    tied: Mapping[int, int | None],
) -> list[tuple[list[int], list[tuple[int, int, int]]]]:
    """Records connected by a pair over the threshold, by a person's "same", or by having been made for one another;
    each
    component with its pairs."""
    parent = {id: id for id in ids}

    def root(id: int) -> int:
        while parent[id] != id:
            parent[id] = parent[parent[id]]
            id = parent[id]
        return id

    ties = [(a, b) for a, b, _ in edges]
    ties += [(one.a, one.b) for one in decisions if one.verdict == "same"]
    ties += [(id, home) for id, home in tied.items() if home is not None]
    for a, b in ties:
        if a in parent and b in parent:
            parent[root(a)] = root(b)
    found: defaultdict[int, tuple[list[int], list[tuple[int, int, int]]]] = defaultdict(lambda: ([], []))
    for id in parent:
        found[root(id)][0].append(id)
    for edge in edges:
        if edge[0] in parent:
            found[root(edge[0])][1].append(edge)
    return list(found.values())
