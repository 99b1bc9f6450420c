"""Readings: first sight, edits, blanks, directions, echoes, deletes; one rule of sync.md per test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.errors import WrongUse
from hub.sync.binding import Binding, Echo
from hub.sync.conflict import overruled
from hub.sync.policy import Manners, Policy, compile_policy
from hub.sync.reading import Reading, Taken, first_sight, gone, take
from hub.sync.written import written

PATHS = ("name", "phone", "city")


def policy(**options: Any) -> Policy:
    return compile_policy(PATHS, PATHS, **options)


def read(at: float, version: str | None = None, source_at: float | None = None, **raw: Any) -> Reading:
    """A reading in which the canonical value is the raw one in lower case."""
    blanks = tuple(path for path, text in raw.items() if not text)
    values = {path: text.lower() for path, text in raw.items() if text}
    return Reading(values, raw, blanks, source_at, at, at + 1, version, f"{raw}".encode())


def taken(
    binding: Binding, reading: Reading, rules: Policy | None = None, golden: dict[str, Any] | None = None
) -> Taken:
    return take(binding, reading, policy=rules or policy(), golden=golden or {}, now=reading.finished)


def test_first_sight_takes_every_value_as_such_and_caps_its_time() -> None:
    binding = first_sight(read(10, source_at=99.0, name="Ann", phone=""), policy())
    assert binding.seen == {"name": "Ann", "phone": ""}
    assert binding.sent == {"name": "ann", "phone": None}
    assert binding.contribution["name"] == ("ann", "Ann", "first_sight", 11, 11, True)
    assert "phone" not in binding.contribution
    assert binding.settled_at == 11


def test_first_sight_of_a_blank_says_nothing_there_where_the_rule_is_clear() -> None:
    binding = first_sight(read(10, phone=""), policy(blanks={"phone": "clear"}))
    assert binding.contribution["phone"].value is None


def test_a_record_that_names_its_home_is_no_evidence() -> None:
    binding = first_sight(read(10, name="Ann"), policy(), created_for=7)
    assert (binding.contribution, binding.sent, binding.created_for) == ({}, {"name": "ann"}, 7)


def test_direction_out_never_contributes() -> None:
    outward = policy(directions={"name": "out"})
    binding = first_sight(read(10, name="Ann"), outward)
    assert binding.contribution == {}
    got = taken(binding, read(20, name="Bob"), outward, {"name": "ann"})
    assert got.edits == ()
    assert [entry.kind for entry in got.entries] == ["out"]
    assert got.binding.sent["name"] == "bob"


def test_unchanged_changes_nothing() -> None:
    binding = first_sight(read(10, name="Ann", city="X"), policy())
    got = taken(binding, read(20, name="Ann"))
    assert got == (binding, "unchanged", (), (), False)


def test_a_reformatted_value_is_no_edit() -> None:
    binding = first_sight(read(10, name="Ann"), policy())
    got = taken(binding, read(20, name="ANN"))
    assert got.edits == ()
    assert got.binding.seen == {"name": "ANN"}


def test_an_edit_contributes_and_stores_the_digest() -> None:
    binding = first_sight(read(10, name="Ann"), policy())
    got = taken(binding, read(20, name="Bob", source_at=15.0))
    assert [(edit.path, edit.value, edit.at) for edit in got.edits] == [("name", "bob", 15.0)]
    assert got.binding.contribution["name"].kind == "edit"
    assert got.binding.sent == {"name": "bob"}
    assert got.binding.digest == b"{'name': 'Bob'}"


def test_an_edit_that_met_an_undelivered_value_leaves_a_conflict() -> None:
    binding = first_sight(read(10, name="Ann"), policy())
    got = taken(binding, read(20, name="Bob"), golden={"name": "cid"})
    assert [(entry.kind, entry.theirs, entry.ours) for entry in got.entries] == [("conflict", "bob", "cid")]
    assert overruled(got.edits, {"name": "cid"}, told=got.entries) == ()


def test_an_edit_that_loses_leaves_an_entry() -> None:
    got = taken(first_sight(read(10, name="Ann"), policy()), read(20, name="Bob"), golden={"name": "ann"})
    (entry,) = overruled(got.edits, {"name": "cid"}, since={"name": 5.0}, rules={"name": "owner"})
    assert (entry.kind, entry.theirs, entry.ours, entry.ours_at, entry.rule) == (
        "overruled",
        "bob",
        "cid",
        5.0,
        "owner",
    )
    assert overruled(got.edits, {"name": "bob"}) == ()


@pytest.mark.parametrize("word", ["ignore", "refill", "clear"])
def test_a_blank_by_its_rule(word: str) -> None:
    rules = policy(blanks={"phone": word})
    binding = first_sight(read(10, phone="1"), rules)
    got = taken(binding, read(20, phone=""), rules, {"phone": "1"})
    assert got.binding.sent["phone"] == {"ignore": "1", "refill": None, "clear": None}[word]
    assert [edit.value for edit in got.edits] == ([None] if word == "clear" else [])
    assert got.binding.contribution["phone"].value == (None if word == "clear" else "1")


def test_a_field_without_base_is_a_first_sight() -> None:
    got = taken(first_sight(read(10, name="Ann"), policy()), read(20, name="Ann", city="X"))
    assert got.edits == ()
    assert got.binding.contribution["city"].kind == "first_sight"


def test_r1_drops_what_was_read_before() -> None:
    binding = first_sight(read(10, name="Ann"), policy())
    got = taken(binding, read(5, name="Bob"))
    assert (got.outcome, got.binding.reread, got.binding.seen) == ("dropped", True, {"name": "Ann"})


def test_r1_lets_versions_decide_where_they_order() -> None:
    rules = policy(manners=Manners(version="modified"))
    binding = first_sight(read(10, version="2026-01-01T00:00:09Z", name="Ann"), rules)
    late = read(5, version="2026-01-01T00:00:09.5Z", name="Bob")
    early = read(20, version="2026-01-01T00:00:08Z", name="Bob")
    assert taken(binding, late, rules).outcome == "taken"
    assert taken(binding, early, rules).outcome == "dropped"


def test_r2_drops_what_was_read_while_a_write_was_open() -> None:
    binding = first_sight(read(10, name="Ann"), policy())
    assert taken(replace(binding, lease_until=99.0), read(20, name="Bob")).outcome == "dropped"
    assert taken(replace(binding, intent={"name": "cid"}), read(20, name="Bob")).outcome == "dropped"


def test_an_echo_is_written_over_and_told() -> None:
    binding = replace(
        first_sight(read(10, name="Ann"), policy()), echoes={"name": (Echo("CI", "cid", 50.0),)}
    )
    got = taken(binding, read(60, name="CI"), golden={"name": "ann"})
    assert got.edits == ()
    assert "name" not in got.binding.sent
    assert [entry.kind for entry in got.entries] == ["echo"]
    assert got.binding.echoes == {}, "a state read after the window was compared"


def test_a_reread_that_shows_nothing_new_ends_it() -> None:
    binding = taken(first_sight(read(10, name="Ann"), policy()), read(5, name="Bob")).binding
    got = taken(binding, read(20, name="Ann"))
    assert (got.outcome, got.changed, got.binding.reread) == ("unchanged", True, False)


def test_deleted_then_seen_again_lives_again() -> None:
    binding = gone(first_sight(read(10, name="Ann"), policy()), policy=policy(), now=20)
    assert not binding.contribution["name"].live
    assert taken(binding, read(15, name="Ann")).outcome == "dropped", "read before it was deleted"
    got = taken(binding, read(30, name="Ann"))
    assert (got.outcome, got.binding.gone) == ("taken", False)
    assert got.binding.contribution["name"].live


def test_a_write_by_api_is_an_edit_of_what_it_gives() -> None:
    one = written(None, {"name": "Ann", "city": "X"}, now=5)
    two = written(one.binding, {"city": None}, now=6)
    assert [(edit.path, edit.value) for edit in two.edits] == [("city", None)]
    assert {path: said.value for path, said in two.binding.contribution.items()} == {
        "name": "Ann",
        "city": None,
    }


def test_an_unknown_direction_is_refused_with_what_is_right() -> None:
    with pytest.raises(WrongUse, match="in, out, both"):
        policy(directions={"name": "inwards"})
