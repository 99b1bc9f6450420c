"""The partition computed anew: at another threshold, from other pairs or under another model; nothing is stored.

The same records, decisions, ties and constraints as everywhere (DESIGN §4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from sqlalchemy import Connection

from hub.flows.matching import nodes_of
from hub.flows.wiring import Wiring
from hub.identity.cluster import Node, cluster
from hub.identity.decide import Decision
from hub.store.queries import matching, partition

Level = Literal["auto", "review"]
Edge = tuple[int, int, int]
_AT_ONCE = 2_000  # records whose features are in memory together


def anchors(conn: Connection, wiring: Wiring, *, level: Level) -> dict[int, int]:
    """The anchor of every record that is not alone at this level, from the stored pairs; the others are their own."""
    least = threshold(wiring, level)
    bonds = partition.bonds(conn, least=least)
    found: dict[int, int] = {}
    for batch in _batches(components(bonds)):
        edges = matching.edges_among(conn, [id for ids in batch for id in ids])
        for group in _clusters(conn, wiring, batch, edges=edges, level=level):
            found.update(dict.fromkeys(group, group[0]))
    return found


def anchors_from(
    conn: Connection, wiring: Wiring, edges: Sequence[Edge], *, level: Level = "auto"
) -> dict[int, int]:
    """The same from these pairs instead of the stored ones. wiring: with the model to judge by."""
    strong = [edge for edge in edges if edge[2] >= threshold(wiring, level)]
    bonds = [(a, b) for a, b, _ in strong]
    found: dict[int, int] = {}
    every = components([*bonds, *partition.bonds(conn, least=None)])
    home = {id: number for number, ids in enumerate(every) for id in ids}
    mine: dict[int, list[Edge]] = {}
    for edge in strong:
        mine.setdefault(home[edge[0]], []).append(edge)
    for batch in _batches(every):
        held = [edge for ids in batch for edge in mine.get(home[ids[0]], ())]
        for group in _clusters(conn, wiring, batch, edges=held, level=level):
            found.update(dict.fromkeys(group, group[0]))
    return found


def threshold(wiring: Wiring, level: Level) -> int:
    """Points from which the machine joins at this level."""
    return wiring.model.auto if level == "auto" else wiring.model.review


def components(bonds: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The records that these connect, two or more each."""
    parent: dict[int, int] = {}

    def root(id: int) -> int:
        while (above := parent[id]) != id:
            parent[id] = id = parent[above]
        return id

    for a, b in bonds:
        one = root(parent.setdefault(a, a))
        other = root(parent.setdefault(b, b))
        if one != other:
            parent[one] = other
    found: dict[int, list[int]] = {}
    for id in parent:
        found.setdefault(root(id), []).append(id)
    return [sorted(ids) for ids in found.values()]


def _clusters(
    conn: Connection,
    wiring: Wiring,
    components: Sequence[Sequence[int]],
    *,
    edges: Iterable[Edge],
    level: Level,
) -> list[tuple[int, ...]]:
    """The clusters of whole components at a level, each with its anchor first."""
    ids = [id for component in components for id in component]
    nodes = nodes_of(conn, wiring, ids)
    least = threshold(wiring, level)
    decisions = [Decision(*row) for row in matching.decisions_on(conn, ids)]
    home = {id: number for number, component in enumerate(components) for id in component}
    inside: list[list[Edge]] = [[] for _ in components]
    for edge in edges:
        a, b, points = edge
        if points >= least and home.get(a) is not None and home.get(a) == home.get(b):
            inside[home[a]].append(edge)
    found = []
    for number, component in enumerate(components):
        mine = {id: nodes[id] for id in component if id in nodes}
        decided = _among(decisions, mine)
        found += cluster(mine, inside[number], decisions=decided, model=wiring.model, level=level).groups
    return found


def _among(decisions: Iterable[Decision], mine: Mapping[int, Node]) -> list[Decision]:
    return [one for one in decisions if one.a in mine and one.b in mine]


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
