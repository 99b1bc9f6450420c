"""Golden is a function of contributions, pins, holds and rules: not of the order of members or fields."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.canonical.contribution import Contribution
from hub.canonical.paths import group
from hub.golden.explain import explain
from hub.golden.rules import NAMED, compile_rules
from hub.golden.survive import survive
from hub.golden.values import Hold, Member, Pin

PATHS = [
    *(
        "kind",
        "given_name",
        "family_name",
        "full_name",
        "display_name",
        "name",
        "suffix",
        "email",
        "email[work]",
    ),
    *(
        "phone",
        "address.line1",
        "address.locality",
        "address[billing].line1",
        "consent[email].status",
        "job_title",
    ),
    *("tags", "tax_id[vat]"),
]
_TIMES = st.sampled_from([1.0, 2.0, 3.0])
_WORDS = st.sampled_from(
    [None, "Ann", "ann", "Ann Lee", "Lee, Ann", "王小明", "Orion GmbH", "granted", "denied", "J."]
)
CONTRIBUTION = st.builds(
    Contribution,
    _WORDS,
    st.just("raw"),
    st.sampled_from(["first_sight", "edit"]),
    _TIMES | st.none(),
    _TIMES,
    st.booleans(),
)
FIELDS = st.dictionaries(st.sampled_from(PATHS), CONTRIBUTION, max_size=8)
MEMBERS = st.lists(
    st.tuples(FIELDS, st.sampled_from(["crm", "erp"]), st.integers(0, 1)), min_size=1, max_size=4
)
RULES = st.builds(
    lambda rules, owners: compile_rules({}, overrides=rules, owners=owners),
    st.dictionaries(st.sampled_from(PATHS), st.sampled_from([*NAMED, ["erp", "crm"]]), max_size=3),
    st.dictionaries(st.sampled_from(PATHS), st.sampled_from(["crm", "erp"]), max_size=2),
)


@settings(max_examples=400, deadline=None)
@given(
    made=MEMBERS,
    rules=RULES,
    pins=st.dictionaries(st.sampled_from(PATHS), st.builds(Pin, _WORDS, st.just("eve")), max_size=2),
    holds=st.dictionaries(st.sampled_from(PATHS), st.builds(Hold, _WORDS), max_size=2),
    data=st.data(),
)
def test_golden_does_not_depend_on_any_order(
    made: Any, rules: Any, pins: Any, holds: Any, data: st.DataObject
) -> None:
    members = [Member(10 + i, name, priority, fields) for i, (fields, name, priority) in enumerate(made)]
    found = survive(members, pins=pins, holds=holds, rules=rules)
    shuffled = [
        one._replace(contributions=dict(data.draw(st.permutations(sorted(one.contributions.items())))))
        for one in data.draw(st.permutations(members))
    ]
    again = survive(shuffled, pins=pins, holds=holds, rules=rules)
    assert again == found
    assert list(again.why) == list(found.why)
    assert all(value is not None for value in found.fields.values())
    assert set(found.fields) <= set(found.why)
    assert len(explain(found, members, pins=pins, holds=holds, rules=rules)) == len(found.why)
    for path, pin in pins.items():
        assert found.fields.get(path) == pin.value


@settings(max_examples=300, deadline=None)
@given(made=MEMBERS, rules=RULES)
def test_fields_of_a_group_come_from_one_record(made: Any, rules: Any) -> None:
    members = [Member(10 + i, name, priority, fields) for i, (fields, name, priority) in enumerate(made)]
    found = survive(members, pins={}, holds={}, rules=rules)
    sources: dict[str, set[Any]] = {}
    for path, why in found.why.items():
        if not (why.derived and path == "kind"):
            sources.setdefault(group(path), set()).add(why.record_id)
    assert all(len(records) == 1 for records in sources.values())


@settings(max_examples=200, deadline=None)
@given(fields=FIELDS, rules=RULES)
def test_one_record_comes_out_the_same_by_the_short_way_and_the_long_one(fields: Any, rules: Any) -> None:
    """A second record that says nothing changes nothing."""
    one = Member(1, "crm", 0, fields)
    assert survive([one], pins={}, holds={}, rules=rules) == survive(
        [one, Member(2, "erp", 0, {})], pins={}, holds={}, rules=rules
    )
