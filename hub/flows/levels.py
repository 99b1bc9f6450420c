"""The clusters at another threshold: the same records, pairs, decisions and constraints, nothing stored (DESIGN §4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from sqlalchemy import Connection

from hub.flows.wiring import Wiring
from hub.identity.cluster import Node, cluster
from hub.identity.decide import Decision
from hub.identity.features import Features
from hub.store.documents import load
from hub.store.queries import matching, partition, records

Level = Literal["auto", "review"]
_AT_ONCE = 2_000  # records whose features are in memory together


def anchors(conn: Connection, wiring: Wiring, *, level: Level) -> dict[int, int]:
    """The anchor of every record that is not alone at this level; the others are their own."""
    found: dict[int, int] = {}
    for ids in _batches(components(conn, least=threshold(wiring, level))):
        for group in clusters(conn, wiring, ids, level=level):
            found.update(dict.fromkeys(group, group[0]))
    return found


def threshold(wiring: Wiring, level: Level) -> int:
    """Points from which the machine joins at this level."""
    return wiring.model.auto if level == "auto" else wiring.model.review


def components(conn: Connection, *, least: int) -> list[list[int]]:
    """The records that pairs of so many points, decisions and ties connect, two or more each."""
    parent: dict[int, int] = {}

    def root(id: int) -> int:
        while (above := parent[id]) != id:
            parent[id] = id = parent[above]
        return id

    for a, b in partition.bonds(conn, least=least):
        one = root(parent.setdefault(a, a))
        other = root(parent.setdefault(b, b))
        if one != other:
            parent[one] = other
    found: dict[int, list[int]] = {}
    for id in parent:
        found.setdefault(root(id), []).append(id)
    return [sorted(ids) for ids in found.values()]


def clusters(
    conn: Connection, wiring: Wiring, components: Sequence[Sequence[int]], *, level: Level
) -> list[tuple[int, ...]]:
    """The clusters of whole components at a level, each with its anchor first."""
    ids = [id for component in components for id in component]
    nodes = nodes_of(conn, wiring, ids)
    least = threshold(wiring, level)
    decisions = [Decision(*row) for row in matching.decisions_on(conn, ids)]
    home = {id: number for number, component in enumerate(components) for id in component}
    edges: list[list[tuple[int, int, int]]] = [[] for _ in components]
    for a, b, points in matching.edges_among(conn, ids):
        if points >= least and home.get(a) == home.get(b):
            edges[home[a]].append((a, b, points))
    found = []
    for number, component in enumerate(components):
        mine = {id: nodes[id] for id in component if id in nodes}
        found += cluster(mine, edges[number], decisions=decisions, model=wiring.model, level=level).groups
    return found


def nodes_of(conn: Connection, wiring: Wiring, ids: Iterable[int]) -> dict[int, Node]:
    """The nodes of stored records, as clustering takes them."""
    standings = matching.standings(conn, ids)
    found = {}
    for id, place in records.places(conn, standings).items():
        name = wiring.names.get(place.connection_id, "")
        unique = place.object == "customer" and wiring.unique_customers(place.connection_id)
        found[id] = Node(
            (place.first_seen, name, place.object, place.external_id, place.part),
            Features.from_json(load(standings[id].features)),
            name if unique else None,
            standings[id].tied_to,
        )
    return found


def _batches(components: Iterable[list[int]]) -> Iterator[list[list[int]]]:
    batch: list[list[int]] = []
    size = 0
    for component in components:
        batch.append(component)
        size += len(component)
        if size >= _AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
