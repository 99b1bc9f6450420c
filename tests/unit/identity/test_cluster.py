from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from hub.identity.cluster import Clusters, Node, cluster
from hub.identity.decide import Decision, plan_merge, plan_unmerge
from hub.identity.features import features
from hub.identity.model import MatchModel
from hub.identity.score import points


def _nodes(model: MatchModel, *records: dict[str, Any]) -> dict[int, Node]:
    """Records 1, 2, … in order of arrival; `in` names the connection, `unique` says it declares unique customers."""
    nodes = {}
    for number, record in enumerate(records, 1):
        values = {path: value for path, value in record.items() if path not in ("in", "unique", "tied_to")}
        connection = record.get("in", f"c{number}")
        nodes[number] = Node(
            (float(number), connection, "customer", str(number), ""),
            features(values, model),
            connection if record.get("unique") else None,
            record.get("tied_to"),
        )
    return nodes


def _cluster(model: MatchModel, nodes: dict[int, Node], *decisions: Decision, **options: Any) -> Clusters:
    edges = [(a, b, points(nodes[a].features, nodes[b].features, model)) for a, b in combinations(nodes, 2)]
    return cluster(nodes, edges, decisions=decisions, model=model, **options)


def _person(name: str, **more: Any) -> dict[str, Any]:
    return {"kind": "person", "full_name": name, **more}


def test_equal_identifiers_join_and_the_anchor_stands_first(model: MatchModel) -> None:
    nodes = _nodes(
        model,
        _person("Ann Lee", email="a@x.org"),
        _person("Bob Ray", email="b@x.org"),
        _person("Ann Lee", email="a@x.org"),
    )
    assert _cluster(model, nodes).groups == [(1, 3), (2,)]


def test_nobody_is_a_cluster_too(model: MatchModel) -> None:
    assert _cluster(model, {}).groups == []
    assert _cluster(model, _nodes(model, {})).groups == [(1,)]


def test_two_names_never_meet_through_a_nameless_third(model: MatchModel) -> None:
    nodes = _nodes(
        model,
        _person("Ann Lee", email="lee@home.net"),
        {"kind": "person", "email": "lee@home.net"},
        _person("Bob Lee", email="lee@home.net"),
    )
    found = _cluster(model, nodes)
    assert found.groups == [(1, 2), (3,)]
    assert [(one.a, one.b, one.reason) for one in found.refused] == [(2, 3, "their names differ")]


def test_a_doubtful_pair_does_not_meet_through_a_third_either(model: MatchModel) -> None:
    nodes = _nodes(
        model,
        _person("王小明", email="lee@home.net"),
        {"kind": "person", "email": "lee@home.net"},
        _person("David Wang", email="lee@home.net"),
    )
    assert len(_cluster(model, nodes).groups) == 2


def test_father_and_son_of_one_name_stay_apart(model: MatchModel) -> None:
    nodes = _nodes(
        model,
        _person("John Smith", email="smith@home.net", birth_date="1950-01-02"),
        _person("John Smith", email="smith@home.net"),
        _person("John Smith", email="smith@home.net", birth_date="1981-10-20"),
    )
    assert len(_cluster(model, nodes).groups) == 2


def test_a_connection_with_unique_customers_needs_a_word_for_two(model: MatchModel) -> None:
    twin = _person("Ann Lee", email="a@x.org", **{"in": "crm", "unique": True})
    nodes = _nodes(model, twin, _person("Ann Lee", email="a@x.org", **{"in": "shop"}), twin)
    found = _cluster(model, nodes)
    assert found.groups == [(1, 2), (3,)]
    assert found.refused[0].reason == "crm declares that its customers are unique"
    assert _cluster(model, nodes, Decision(1, 1, 3, "same", 1.0)).groups == [(1, 2, 3)]


def test_a_persons_same_stands_above_never(model: MatchModel) -> None:
    nodes = _nodes(model, _person("Ann Lee", email="a@x.org"), _person("Ann King", email="a@x.org"))
    assert _cluster(model, nodes).groups == [(1,), (2,)]
    assert _cluster(model, nodes, Decision(1, 1, 2, "same", 1.0)).groups == [(1, 2)]


def test_a_merge_of_customers_keeps_all_their_records(model: MatchModel) -> None:
    nodes = _nodes(
        model,
        _person("Ann Lee", email="a@x.org", birth_date="1970-05-06"),
        _person("Ann Lee", email="a@x.org"),
        _person("Ann King", email="k@x.org", birth_date="1981-12-30"),
        _person("Ann King", email="k@x.org"),
        _person("Bob Lee", email="a@x.org"),
    )
    assert _cluster(model, nodes).groups == [(1, 2), (3, 4), (5,)]
    plan = plan_merge({1: None, 2: None}, {3: None, 4: None}, [], anchors=(1, 3))
    assert (plan.verdict, plan.pairs) == ("same", [(1, 3)])
    assert _cluster(model, nodes, Decision(1, 1, 3, "same", 1.0)).groups == [(1, 2, 3, 4), (5,)]


def test_different_parts_and_persists_through_merges(model: MatchModel) -> None:
    ann = _person("Ann Lee", email="a@x.org")
    nodes = _nodes(model, ann, ann, ann, ann)
    assert _cluster(model, nodes).groups == [(1, 2, 3, 4)]
    apart = Decision(1, 1, 3, "different", 1.0)
    assert _cluster(model, nodes, apart).groups == [(1, 2, 4), (3,)]
    assert _cluster(model, nodes, apart, Decision(2, 3, 4, "same", 2.0)).groups == [(1, 2), (3, 4)]


def test_newest_decision_wins_and_the_other_is_listed(model: MatchModel) -> None:
    nodes = _nodes(model, {}, {}, {})
    ab, bc, ac = (
        Decision(1, 1, 2, "same", 1.0),
        Decision(2, 2, 3, "same", 2.0),
        Decision(3, 1, 3, "different", 3.0),
    )
    found = _cluster(model, nodes, ab, bc, ac)
    assert (found.groups, found.skipped) == ([(1,), (2, 3)], [ab])
    late = Decision(4, 1, 2, "same", 4.0)
    found = _cluster(model, nodes, bc, ac, late)
    assert (found.groups, found.skipped) == ([(1, 2), (3,)], [bc])
    within = _cluster(model, nodes, ab, Decision(5, 2, 1, "different", 0.5))
    assert (within.groups[0], [one.id for one in within.skipped]) == ((1, 2), [5])


def test_decisions_of_one_moment_apply_by_id(model: MatchModel) -> None:
    nodes = _nodes(model, {}, {})
    found = _cluster(model, nodes, Decision(1, 1, 2, "same", 5.0), Decision(2, 1, 2, "different", 5.0))
    assert (found.groups, [one.id for one in found.skipped]) == ([(1,), (2,)], [1])


def test_unmerge_supersedes_same_and_parts_every_pair() -> None:
    decisions = [
        Decision(7, 1, 3, "same", 1.0),
        Decision(8, 1, 2, "same", 1.0),
        Decision(9, 5, 6, "different", 1.0),
    ]
    plan = plan_unmerge({3}, {1, 2}, decisions)
    assert plan == ("different", [(1, 3), (2, 3)], [7])
    merged = plan_merge({5: "crm", 4: None}, {6: "crm"}, decisions, anchors=(4, 6))
    assert merged == ("same", [(4, 6), (5, 6)], [9])


def test_a_record_we_created_follows_its_home(model: MatchModel) -> None:
    ann = _person("Ann Lee", email="a@x.org")
    nodes = _nodes(model, ann, _person("Bob Ray"), {**_person("Bob Ray", email="a@x.org"), "tied_to": 1})
    assert _cluster(model, nodes).groups == [(1, 3), (2,)]
    assert _cluster(model, nodes, Decision(1, 1, 3, "different", 1.0)).groups == [(1,), (2,), (3,)]


def test_the_guard_forbids_what_all_records_together_contradict(model: MatchModel) -> None:
    one = _person("Ann Lee", **{"tax_id[vat]": "DE136695976"})
    nodes = _nodes(
        model,
        {**one, "phone": "+4930901820"},
        {**one, "phone": "+4930901821"},
        {"kind": "person", "phone": "+4930901820", "tax_id[vat]": "DE811907980"},
    )
    first, second, third = (nodes[number].features for number in (1, 2, 3))
    edges = [
        (1, 2, points(first, second, model)),
        (1, 3, model.auto),
    ]  # as a model with heavier weights has them
    mean = (model.auto + points(second, third, model)) // 2
    strict = Clusters(*cluster(nodes, edges, decisions=(), model=_with_guard(model, mean + 30)))
    assert strict.groups == [(1, 2), (3,)]
    assert f"mean {mean}, guard {mean + 30}" in strict.refused[0].reason
    loose = _with_guard(model, mean - 30)
    assert cluster(nodes, edges, decisions=(), model=loose).groups == [(1, 2, 3)]


def _with_guard(model: MatchModel, guard: int) -> MatchModel:
    from dataclasses import replace

    return replace(model, guard=guard)


def test_a_component_over_its_cap_is_left_to_persons(model: MatchModel) -> None:
    from dataclasses import replace

    small = replace(model, cap=3)
    people = [{"kind": "person", "external_ref[a]": "7", "company": f"Firm {i}"} for i in range(4)]
    nodes = _nodes(small, *people)
    found = _cluster(small, nodes, Decision(1, 1, 4, "same", 1.0))
    assert found.groups == [(1, 4), (2,), (3,)]
    assert found.refused
    alike = _nodes(small, *[people[0]] * 6)
    assert _cluster(small, alike).groups == [(1, 2, 3, 4, 5, 6)]


def test_the_best_pair_joins_first_whenever_it_came(model: MatchModel) -> None:
    nameless = {"kind": "person", "phone": "+4930901820", "email": "a@x.org"}
    nodes = _nodes(
        model,
        _person("Bob Ray", phone="+4930901820"),
        nameless,
        _person("Ann Lee", **{k: nameless[k] for k in ("phone", "email")}),
    )
    assert _cluster(model, nodes).groups == [(1,), (2, 3)]


@pytest.mark.parametrize("level", ["auto", "review"])
def test_levels_are_two_thresholds_over_the_same_rules(level: Any, model: MatchModel) -> None:
    nodes = _nodes(model, _person("Ann Lee"), _person("Ann Lee"))
    found = cluster(nodes, [(1, 2, model.review)], decisions=(), model=model, level=level)
    assert len(found.groups) == (2 if level == "auto" else 1)
