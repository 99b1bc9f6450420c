"""The read-back cannot be fooled: a difference is unequal unless a rule of the configuration excuses it by name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from hub.demo import proof
from hub.sync.scope import compile_scope

PATHS = frozenset({"email", "phone", "display_name", "tags", "source_updated_at"})


def stream(where: str | None = 'tag = "b2b"') -> Any:
    scope = compile_scope("matching", where) if where else compile_scope("all")
    writable = frozenset({"email", "phone", "display_name"})
    policy = SimpleNamespace(pushable=writable, creatable=writable, own=frozenset({"email"}))
    return SimpleNamespace(policy=policy, scope=scope, map=SimpleNamespace(pull_paths=PATHS))


GOLDEN = {"display_name": "Ann Li", "email": "ann@x.org", "phone": "+4930901820", "tags": "b2b; vip"}
PARTY = {"display_name": "Ann Li", "email": "Ann@X.org", "phone": "+49 30 901820", "tags": []}


def compare(
    parties: dict[str, dict[str, Any]], golden: dict[str, str] = GOLDEN, *, where: Any = 'tag = "b2b"'
) -> Any:
    return proof.compare(
        parties, customer_of=dict.fromkeys(parties, "cus_1"), goldens={"cus_1": golden}, stream=stream(where)
    )


def test_the_erps_own_way_of_writing_a_value_is_equal() -> None:
    found = compare({"1": PARTY})
    assert {path: one.equal for path, one in found.items()} == {
        "display_name": 1,
        "email": 1,
        "phone": 1,
        "tags": 0,
    }
    assert found["tags"].excused == {proof.READ_ONLY: 1}
    assert "source_updated_at" not in found


@pytest.mark.parametrize("phone", [None, "", "+49 30 901821"])
def test_a_value_that_did_not_arrive_is_unequal(phone: str | None) -> None:
    found = compare({"1": PARTY | {"phone": phone}})["phone"]
    assert (found.equal, found.excused, len(found.unequal)) == (0, {}, 1)


def test_a_value_that_golden_lacks_is_unequal() -> None:
    found = compare({"1": PARTY}, {**GOLDEN, "phone": ""})["phone"]
    assert found.unequal == [("1", "", "+4930901820")]


def test_nothing_on_both_sides_counts_as_neither_and_not_as_equal() -> None:
    found = compare({"1": PARTY | {"phone": None}}, {**GOLDEN, "phone": ""})["phone"]
    assert (found.compared, found.neither) == (0, 1)


def test_a_customer_outside_the_scope_is_frozen_by_name() -> None:
    golden = {**GOLDEN, "tags": "vip"}
    assert compare({"1": PARTY | {"phone": None}}, golden)["phone"].excused == {proof.FROZEN: 1}
    assert compare({"1": PARTY | {"phone": None}}, golden, where=None)["phone"].unequal


def test_only_a_second_party_may_keep_an_identifying_value() -> None:
    other = PARTY | {"email": "other@x.org"}
    assert compare({"1": PARTY, "2": other})["email"].excused == {proof.SECOND: 1}
    assert compare({"2": PARTY, "10": other})["email"].excused == {proof.SECOND: 1}
    assert compare({"1": other, "2": PARTY})["email"].unequal == [("1", "ann@x.org", "other@x.org")]


def test_the_table_names_what_was_excused() -> None:
    rows = {row[0]: row[1:] for row in proof.table(compare({"1": PARTY}))}
    assert rows["tags"] == (1, 0, 1, 0, 0, f"1 {proof.READ_ONLY}")
    assert all(len(row) + 1 == len(proof.COLUMNS) for row in rows.values())
