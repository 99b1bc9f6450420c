"""Clusters are a function of records, model and decisions: of no order, no ids and no times of arrival."""

from __future__ import annotations

import json
import tomllib
from itertools import combinations
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.identity.cluster import Clusters, Node, cluster
from hub.identity.decide import Decision, pair, plan_merge, plan_unmerge
from hub.identity.features import Features, features
from hub.identity.model import load_model
from hub.identity.score import NEVER, forbidden, points, score

MODEL = load_model(tomllib.loads(Path("config/matching.toml").read_text(encoding="utf-8")))

NAMES = [
    *(
        "Ann Lee",
        "A. Lee",
        "Lee, Ann",
        "Ann",
        "Bob Lee",
        "Ann King",
        "Ann Lee Jr.",
        "Ann Lee Sr.",
        "王小明",
        "王晓红",
    ),
    *("Wang Xiaoming", "David Wang", "Acme GmbH", "Acme Energy GmbH", "Zenith", "Иван Петров"),
]
TEXT_PATHS = [
    *(
        "email",
        "phone",
        "full_name",
        "given_name",
        "family_name",
        "name",
        "display_name",
        "suffix",
        "birth_date",
    ),
    *("tax_id[vat]", "external_ref[a]"),
]
RECORD: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["person", "person", "person", "organisation"]),
        "display_name": st.sampled_from(NAMES),
        "email": st.sampled_from(["a@x.org", "b@x.org", "c@x.org", "info@x.org"]),
        "phone": st.sampled_from(["+4930901820", "+4930901821"]),
        "tax_id[vat]": st.sampled_from(["DE136695976", "DE811907980"]),
        "birth_date": st.sampled_from(["1980-02-03", "1980-03-02", "1955-11-21"]),
    },
)
Records = list[
    tuple[dict[str, Any], bool]
]  # values, and whether they come from the connection with unique customers
RECORDS = st.lists(st.tuples(RECORD, st.booleans()), min_size=1, max_size=9)


def _nodes(records: Records, numbers: list[int], seen: list[int]) -> dict[int, Node]:
    """Records under given ids, first seen at given times; what else identifies them is their place in `records`."""
    nodes = {}
    for place, ((values, unique), number, first_seen) in enumerate(zip(records, numbers, seen, strict=True)):
        connection = "crm" if unique else "shop"
        key = (float(first_seen), connection, "customer", f"x{place}", "")
        nodes[number] = Node(key, features(values, MODEL), "crm" if unique else None)
    return nodes


def _cluster(nodes: dict[int, Node], decisions: list[Decision]) -> Clusters:
    edges = [(a, b, points(nodes[a].features, nodes[b].features, MODEL)) for a, b in combinations(nodes, 2)]
    return cluster(nodes, edges, decisions=decisions, model=MODEL)


def _partition(found: Clusters, place_of: dict[int, int]) -> set[frozenset[int]]:
    return {frozenset(place_of[number] for number in group) for group in found.groups}


@st.composite
def _worlds(draw: st.DrawFn) -> tuple[Records, list[tuple[int, int, str, float]]]:
    records = draw(RECORDS)
    place = st.integers(0, len(records) - 1)
    decision = st.tuples(
        place, place, st.sampled_from(["same", "different"]), st.sampled_from([1.0, 2.0, 3.0])
    )
    return records, draw(st.lists(decision, max_size=5))


@settings(max_examples=400, deadline=None)
@given(world=_worlds(), data=st.data())
def test_one_partition_whatever_the_order_the_ids_and_the_times(world: Any, data: st.DataObject) -> None:
    records, made = world
    size = len(records)
    partitions = []
    for shuffled in (False, True):
        order = data.draw(st.permutations(range(size))) if shuffled else list(range(size))
        numbers = [10 + order[place] for place in range(size)]
        nodes = _nodes(records, numbers, [order[place] for place in range(size)])
        nodes = {number: nodes[number] for number in sorted(nodes)}
        decisions = [
            Decision(index, numbers[a], numbers[b], verdict, at)  # type: ignore[arg-type]
            for index, (a, b, verdict, at) in enumerate(made)
        ]
        if shuffled:
            decisions = data.draw(st.permutations(decisions))
        found = _cluster(nodes, decisions)
        partitions.append(_partition(found, {number: place for place, number in enumerate(numbers)}))
        assert sorted(sum(found.groups, ())) == sorted(nodes)
        for group in found.groups:
            assert list(group) == sorted(group, key=lambda number: nodes[number].sort_key)
    assert partitions[0] == partitions[1]


@settings(max_examples=300, deadline=None)
@given(records=RECORDS)
def test_a_component_alone_is_clustered_as_within_all(records: Records) -> None:
    """Only touched components are computed again: that may not change what comes out."""
    numbers = list(range(len(records)))
    nodes = _nodes(records, numbers, numbers)
    whole = set(_cluster(nodes, []).groups)
    components: dict[int, set[int]] = {number: {number} for number in nodes}
    for a, b in combinations(nodes, 2):
        if points(nodes[a].features, nodes[b].features, MODEL) >= MODEL.auto:
            union = components[a] | components[b]
            for member in union:
                components[member] = union
    for component in {frozenset(one) for one in components.values()}:
        part = _cluster({number: nodes[number] for number in component}, [])
        assert set(part.groups) <= whole


@settings(max_examples=300, deadline=None)
@given(records=RECORDS)
def test_without_a_persons_word_nothing_forbidden_shares_a_cluster(records: Records) -> None:
    numbers = list(range(len(records)))
    nodes = _nodes(records, numbers, numbers)
    for group in _cluster(nodes, []).groups:
        assert sum(nodes[number].connection_unique is not None for number in group) <= 1
        for a, b in combinations(group, 2):
            assert forbidden(nodes[a].features, nodes[b].features, MODEL) is None


@settings(max_examples=300, deadline=None)
@given(world=_worlds(), data=st.data())
def test_merge_joins_all_and_unmerge_gives_back_what_was(world: Any, data: st.DataObject) -> None:
    records, made = world
    numbers = list(range(len(records)))
    nodes = _nodes(records, numbers, numbers)
    decisions = [Decision(i, a, b, verdict, at) for i, (a, b, verdict, at) in enumerate(made)]
    decisions = [one for one in decisions if one.id not in {s.id for s in _cluster(nodes, decisions).skipped}]
    before = _cluster(nodes, decisions).groups
    if len(before) < 2:
        return
    left, right = data.draw(st.sampled_from(list(combinations(before, 2))))
    unique = {number: node.connection_unique for number, node in nodes.items()}
    plan = plan_merge(
        {one: unique[one] for one in left},
        {one: unique[one] for one in right},
        decisions,
        anchors=(left[0], right[0]),
    )
    merged = _apply(decisions, plan, at=10.0)
    joined = next(group for group in _cluster(nodes, merged).groups if left[0] in group)
    assert right[0] in joined
    undo = plan_unmerge(right, [one for one in joined if one not in right], merged)
    after = _cluster(nodes, _apply(merged, undo, at=11.0)).groups
    assert right in after or not set(right) <= set(joined)
    assert all(pair(a, b) in set(undo.pairs) for a in left for b in right if a in joined)
    assert not any(a in group and b in group for group in after for a in left for b in right if a in joined)


def _apply(decisions: list[Decision], plan: Any, *, at: float) -> list[Decision]:
    kept = [one for one in decisions if one.id not in plan.supersedes]
    return kept + [
        Decision(100 + int(at) * 100 + i, a, b, plan.verdict, at) for i, (a, b) in enumerate(plan.pairs)
    ]


@settings(max_examples=400, deadline=None)
@given(one=RECORD, other=RECORD)
@example(one={"kind": "organisation", "display_name": "Wang Xiaoming"}, other={"display_name": "David Wang"})
def test_points_are_symmetric_and_say_what_their_reasons_say(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    a, b = features(one, MODEL), features(other, MODEL)
    found = score(a, b, MODEL)
    assert found.points == points(b, a, MODEL)
    assert (forbidden(a, b, MODEL) is None) == (forbidden(b, a, MODEL) is None)
    if found.points == NEVER:
        assert forbidden(a, b, MODEL) is not None
    else:
        assert found.points == sum(reason.points for reason in found.reasons)
    if found.points >= MODEL.auto:
        assert forbidden(a, b, MODEL) is None


@settings(max_examples=300, deadline=None)
@given(values=st.dictionaries(st.sampled_from(TEXT_PATHS), st.text(max_size=30)))
def test_any_text_gives_features_that_survive_json(values: dict[str, str]) -> None:
    found = features(values, MODEL)
    assert Features.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert points(found, found, MODEL) != NEVER
