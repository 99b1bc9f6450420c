"""Records of one person under two given names: a steward is shown all of them, a household's stay apart."""

from __future__ import annotations

from itertools import combinations, permutations
from typing import Any

import pytest

from hub.identity.cluster import Node, cluster
from hub.identity.features import features
from hub.identity.model import MatchModel
from hub.identity.score import NEVER, Level, points

HOME = {
    "address.line1": "26 Lance Hill Street",
    "address.postal_code": "3070",
    "address.locality": "Forest Hill",
}
BORN = {"birth_date": "1972-06-15"}
SHARED = {"phone": "+61491026121", **HOME}


def person(given: str, **more: Any) -> dict[str, Any]:
    return {"kind": "person", "given_name": given, "family_name": "Ryan", **more}


def groups(model: MatchModel, level: Level, *records: dict[str, Any]) -> list[tuple[int, ...]]:
    """The groups of records 1, 2, …, the same in whatever order the pairs come."""
    nodes = {
        number: Node((float(number), "c", "customer", str(number), ""), features(record, model))
        for number, record in enumerate(records, 1)
    }
    edges = [(a, b, points(nodes[a].features, nodes[b].features, model)) for a, b in combinations(nodes, 2)]
    found = [cluster(nodes, edges, decisions=(), model=model, level=level).groups]
    found += [
        cluster(nodes, some, decisions=(), model=model, level=level).groups
        for some in list(permutations(edges))[:24]
    ]
    assert all(one == found[0] for one in found)
    return found[0]


def test_a_birth_date_told_of_one_what_another_record_lacks(model: MatchModel) -> None:
    records = (
        person("Emalcene", **SHARED, **BORN),
        person("Joel", **SHARED, **BORN),
        person("Joel", **SHARED),
    )
    assert points(features(records[0], model), features(records[2], model), model) == NEVER
    assert groups(model, "review", *records) == [(1, 2, 3)]
    assert groups(model, "auto", *records) == [(1,), (2, 3)]


def test_without_it_they_are_a_household(model: MatchModel) -> None:
    assert groups(model, "review", person("Emalcene", **SHARED), person("Joel", **SHARED)) == [(1,), (2,)]


def test_a_full_name_unites_its_short_forms_for_review(model: MatchModel) -> None:
    records = (person("Lizzie", **SHARED), person("Elizabeth", **SHARED), person("Beth", **SHARED))
    assert points(features(records[0], model), features(records[2], model), model) == NEVER
    assert groups(model, "review", *records) == [(1, 2, 3)]
    assert (1, 2, 3) not in groups(model, "auto", *records)


@pytest.mark.parametrize("between", ["J", ""])
def test_an_initial_or_a_family_name_alone_does_not_unite_a_household(
    model: MatchModel, between: str
) -> None:
    found = groups(
        model, "review", person("James", **SHARED), person(between, **SHARED), person("Julia", **SHARED)
    )
    assert not any({1, 3} <= set(group) for group in found)


def test_father_and_son_do_not_meet_through_a_record_without_either(model: MatchModel) -> None:
    found = groups(
        model,
        "review",
        person("Robert", suffix="Sr.", **SHARED),
        person("Robert", **SHARED),
        person("Robert", suffix="Jr.", **SHARED),
    )
    assert not any({1, 3} <= set(group) for group in found)


def test_nothing_unites_names_where_the_rest_speaks_against_it(model: MatchModel) -> None:
    far = {
        "tax_id": "3116798",
        "birth_date": "1938-04-07",
        "address.line1": "7 Hawker Place",
        "address.postal_code": "2821",
    }
    near = {
        "tax_id": "9277788",
        "birth_date": "1980-11-21",
        "address.line1": "105 Colebatch",
        "address.postal_code": "4740",
    }
    records = (person("Lizzie", **far), person("Elizabeth"), person("Beth", **near))
    assert not any({1, 3} <= set(group) for group in groups(model, "review", *records))
