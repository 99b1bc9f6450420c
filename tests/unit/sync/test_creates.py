"""Creates: once, found before repeated, parked beside; one rule of sync.md per test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.errors import LeaseLost
from hub.sync import rules
from hub.sync.create import (
    Create,
    begin_create,
    claim_create,
    clashes,
    could_be,
    created,
    found,
    likeliest,
    next_step,
    not_found,
    plan_create,
    searchable_from,
)
from hub.sync.policy import Manners, compile_policy
from hub.sync.reading import Reading

PATHS = ("name", "email", "city")
MANNERS = Manners(unique=("email",), lands_late_seconds=40, read_after_write_seconds=5)
POLICY = compile_policy(PATHS, PATHS, manners=MANNERS)
GOLDEN = {"name": "ann", "email": "ann@x"}


def read(at: float, **raw: Any) -> Reading:
    blanks = tuple(path for path, text in raw.items() if not text)
    values = {path: text.lower() for path, text in raw.items() if text}
    return Reading(values, raw, blanks, None, at, at)


def begun() -> Create:
    claimed = claim_create(plan_create(7, GOLDEN, policy=POLICY, marker="m7"), now=20, lease_seconds=15)
    assert claimed is not None
    assert next_step(claimed, POLICY, now=20, has_record=False) == "send"
    return begin_create(claimed, GOLDEN, policy=POLICY, fence=1)


def in_doubt(at: float = 50) -> Create:
    claimed = claim_create(begun(), now=at, lease_seconds=15)
    assert claimed is not None and claimed.doubt
    return claimed


def test_golden_with_a_record_there_gets_no_second_one() -> None:
    row = plan_create(7, GOLDEN, policy=POLICY, marker="m7")
    assert next_step(row, POLICY, now=20, has_record=True) == "drop"
    assert next_step(row, POLICY, now=20, has_record=False, rival=True) == "wait"


def test_defaults_of_theirs_contribute_nothing() -> None:
    answer = read(25, name="Ann", email="ANN@x", city="Default")
    settled = created(begun(), answer, policy=POLICY, fence=1, outcome="done", now=26)
    assert settled.create.state == "bound"
    assert settled.binding is not None
    assert settled.binding.contribution == {}
    assert settled.binding.sent == {"name": "ann", "email": "ann@x", "city": "default"}
    assert settled.binding.created_for == 7


def test_a_create_in_doubt_is_looked_for_after_the_delay() -> None:
    assert next_step(in_doubt(39), POLICY, now=39, has_record=False) == "wait"
    assert next_step(in_doubt(40), POLICY, now=40, has_record=False) == "find"


def test_values_are_frozen_from_the_first_call_on() -> None:
    again = begin_create(in_doubt(), {"name": "bob", "email": "bob@x"}, policy=POLICY, fence=2)
    assert again.values == GOLDEN


def test_found_as_sent_is_bound_without_another_write() -> None:
    settled = found(in_doubt(), read(51, name="ANN", email="ann@x"), policy=POLICY, fence=2, proven=True)
    assert settled.binding is not None
    assert settled.binding.intent is None
    assert settled.binding.sent == GOLDEN
    assert settled.binding.echoes, "the call may still land once more"


def test_found_otherwise_is_written_again_and_compared() -> None:
    settled = found(in_doubt(), read(51, name="Bob", email="ann@x"), policy=POLICY, fence=2, proven=True)
    assert settled.binding is not None
    assert (settled.binding.intent, settled.binding.doubt) == (GOLDEN, True)
    assert settled.binding.suspects["name"][0].value == "bob"


@pytest.mark.parametrize("proven", [True, False])
def test_what_we_did_not_send_is_kept(proven: bool) -> None:
    """Ours by its marker: a default or an early edit, told. By a unique field: maybe a person's, it contributes."""
    reading = read(51, name="Ann", email="ann@x", city="Rome")
    settled = found(in_doubt(), reading, policy=POLICY, fence=2, proven=proven)
    assert settled.binding is not None
    assert ("city" in settled.binding.contribution) is not proven
    assert [entry.theirs for entry in settled.entries] == (["rome"] if proven else [])


def test_not_found_is_sent_once_more_but_not_while_it_may_land() -> None:
    early = not_found(in_doubt(), policy=POLICY, fence=2, searched=60, has_record=False)
    assert (early.retry, early.not_before, early.create.absent) == (True, 75, False)
    late = not_found(in_doubt(), policy=POLICY, fence=2, searched=75, has_record=False)
    assert next_step(late.create, POLICY, now=80, has_record=False) == "send"
    served = not_found(in_doubt(), policy=POLICY, fence=2, searched=75, has_record=True)
    assert served.create.state == "dropped"


@pytest.mark.parametrize(
    ("outcome", "state", "dead"),
    [("refused", "refused", True), ("retry", "waiting", False), ("unknown", "begun", False)],
)
def test_first_attempts(outcome: Any, state: str, dead: bool) -> None:
    settled = created(begun(), None, policy=POLICY, fence=1, outcome=outcome, now=26)
    assert (settled.create.state, settled.dead) == (state, dead)


def test_a_refused_repetition_is_looked_for_again() -> None:
    settled = created(in_doubt(), None, policy=POLICY, fence=2, outcome="refused", now=52)
    assert (settled.create.state, settled.dead, settled.retry) == ("begun", False, True)


def test_r4_refuses_a_superseded_owner() -> None:
    with pytest.raises(LeaseLost):
        created(in_doubt(), None, policy=POLICY, fence=1, outcome="done", now=52)


def test_r5_parks_what_could_be_it_until_settled() -> None:
    reading = read(22, name="Ann", email="ann@x")
    row = begun()
    assert rules.parks(row, reading)
    settled = created(row, reading, policy=POLICY, fence=1, outcome="done", now=26).create
    assert rules.parks(settled, reading), "read before it was settled"
    assert not rules.parks(settled, read(27, name="Ann"))
    assert not rules.parks(plan_create(7, GOLDEN, policy=POLICY, marker="m7"), reading)


def test_could_be_goes_by_marker_then_by_unique_field() -> None:
    row = begun()
    assert could_be(row, read(22, email="ann@x"), policy=POLICY)
    assert could_be(row, read(22, email="an"), policy=POLICY), "a system may cut values"
    assert not could_be(row, read(22, email="bob@x"), policy=POLICY)
    marked = compile_policy(PATHS, PATHS, manners=MANNERS._replace(marker=True))
    assert could_be(row, read(22, email="bob@x"), policy=marked, marker="m7")
    assert not could_be(row, read(22, email="ann@x"), policy=marked, marker="m8")


def test_two_begun_creates_with_one_unique_value_clash() -> None:
    twin = plan_create(8, {"email": "ann@x"}, policy=POLICY, marker="m8")
    other = plan_create(9, {"email": "bob@x"}, policy=POLICY, marker="m9")
    assert clashes(twin, begun(), POLICY)
    assert not clashes(other, begun(), POLICY)
    assert not clashes(begun(), twin, POLICY), "one that is not begun makes no record"


def test_a_search_proves_the_first_call_dead_so_a_later_refusal_is_definite() -> None:
    absent = not_found(in_doubt(), policy=POLICY, fence=2, searched=75, has_record=False).create
    claimed = claim_create(absent, now=80, lease_seconds=15)
    assert claimed is not None
    again = begin_create(claimed, {}, policy=POLICY, fence=3)
    assert again.values == GOLDEN
    assert created(again, None, policy=POLICY, fence=3, outcome="refused", now=81).create.state == "refused"


def test_without_marker_or_unique_field_a_search_waits_until_ours_would_be_there() -> None:
    bare = replace(POLICY, marker=False, unique=frozenset())
    assert searchable_from(in_doubt(), POLICY) < searchable_from(in_doubt(), bare)
    assert next_step(in_doubt(), bare, now=searchable_from(in_doubt(), bare) - 1, has_record=False) == "wait"
    assert next_step(in_doubt(), bare, now=searchable_from(in_doubt(), bare), has_record=False) == "find"


def test_of_several_records_the_one_like_what_was_sent_is_ours() -> None:
    theirs = read(51, name="Somebody", email="ann@x")
    assert likeliest(in_doubt(), [theirs, read(51, name="ANN", email="ann@x")]) == 1
    assert likeliest(in_doubt(), [read(51, name="An", email="ann@x"), theirs]) == 0, "cut short"


def test_without_marker_or_unique_field_creates_of_one_identifying_value_wait_for_each_other() -> None:
    bare = replace(POLICY, marker=False, unique=frozenset(), own=frozenset({"email"}))
    other = replace(begun(), home_id=8)
    assert clashes(begun(), other, bare)
    assert not clashes(begun(), other, replace(bare, marker=True))
