"""A changed map is never an edit."""

from __future__ import annotations

from dataclasses import replace

from hub.sync.binding import MISSING, Binding, Echo
from hub.sync.policy import compile_policy
from hub.sync.reading import Reading, first_sight, take
from hub.sync.rebase import rebase

POLICY = compile_policy(("name", "city"), ("name", "city"))


def read(values: dict[str, str], seen: dict[str, str], at: float = 10) -> Reading:
    return Reading(values, seen, (), 5.0, at, at)


def bound() -> Binding:
    return first_sight(read({"name": "ann"}, {"name": "Ann"}), POLICY)


def test_a_new_field_is_a_first_sight() -> None:
    new = read({"name": "ann", "city": "rome"}, {"name": "Ann", "city": "Rome"})
    got = rebase(bound(), new, policy=POLICY, changed_paths=["city"], now=20)
    assert (got.outcome, got.edits) == ("taken", ())
    assert got.binding.contribution["city"][:3] == ("rome", "Rome", "first_sight")
    assert got.binding.sent == {"name": "ann", "city": "rome"}


def test_a_changed_line_maps_the_contribution_again_and_sent_follows() -> None:
    edited = take(
        bound(), read({"name": "bob"}, {"name": "Bob"}, 12), policy=POLICY, golden={}, now=12
    ).binding
    got = rebase(
        edited, read({"name": "BOB"}, {"name": "Bob"}, 12), policy=POLICY, changed_paths=["name"], now=20
    )
    assert got.binding.contribution["name"][:3] == ("BOB", "Bob", "edit")
    assert got.binding.contribution["name"].seen_at == edited.contribution["name"].seen_at
    assert got.binding.sent == {"name": "BOB"}


def test_a_contribution_we_wrote_over_is_mapped_from_its_own_raw() -> None:
    ours = replace(bound(), seen={"name": "Ours"}, sent={"name": "ours"}, before={"name": "ann"})
    new = read({"name": "OURS"}, {"name": "Ours"})
    for again, value in ((lambda _, raw: raw.upper(), "ANN"), (lambda *_: MISSING, "ann"), (None, "ann")):
        got = rebase(ours, new, policy=POLICY, changed_paths=["name"], now=20, again=again)
        assert got.binding.contribution["name"].value == value
        assert got.binding.sent == {"name": "ours"}


def test_a_path_that_left_the_map_is_forgotten() -> None:
    got = rebase(bound(), read({}, {}), policy=POLICY, changed_paths=["name"], now=20)
    assert (got.binding.seen, got.binding.sent, got.binding.contribution) == ({}, {}, {})


def test_raw_older_than_what_is_known_is_read_again() -> None:
    got = rebase(bound(), read({}, {}, 5), policy=POLICY, changed_paths=["name"], now=20)
    assert (got.outcome, got.binding.reread) == ("dropped", True)


def test_what_stands_there_otherwise_since_is_told_and_counts_but_is_no_edit() -> None:
    """Whether somebody edited it or the line reads other fields cannot be told: it is neither lost nor overwritten."""
    ours = replace(
        bound(), contribution={}, sent={"name": "ours"}, seen={"name": "Ours"}, before={"name": "ann"}
    )
    got = rebase(
        ours, read({"name": "BOB"}, {"name": "Bob"}, 12), policy=POLICY, changed_paths=["name"], now=20
    )
    assert got.binding.contribution["name"][:3] == ("BOB", "Bob", "first_sight")
    assert (got.binding.sent, got.binding.before) == ({"name": "BOB"}, {})
    assert [(entry.kind, entry.theirs, entry.ours) for entry in got.entries] == [("conflict", "BOB", "ours")]
    stale = take(got.binding, read({"name": "OURS"}, {"name": "Ours"}, 11), policy=POLICY, golden={}, now=21)
    assert stale.outcome == "dropped", "what was read before the map was applied shows less than is known"


def test_a_blank_and_a_late_landing_are_no_statement_under_a_new_map() -> None:
    refill = compile_policy(("name",), ("name",), blanks={"name": "refill"})
    for policy, sent in ((POLICY, {"name": "ann"}), (refill, {"name": None})):
        blank = Reading({}, {"name": ""}, ("name",), 5.0, 12, 12)
        got = rebase(bound(), blank, policy=policy, changed_paths=["name"], now=20)
        assert (got.binding.sent, got.entries) == (sent, ())
        assert got.binding.contribution["name"].value == "ann"
    late = replace(bound(), echoes={"name": (Echo("Old", "old", 50),)})
    got = rebase(
        late, read({"name": "OLD"}, {"name": "Old"}, 12), policy=POLICY, changed_paths=["name"], now=20
    )
    assert ("name" in got.binding.sent, got.binding.contribution["name"].value) == (False, "ann")


def constant(value: str | None, at: float = 10) -> Reading:
    return Reading({} if value is None else {"name": value}, {}, (), 5.0, at, at)


def test_a_changed_constant_is_the_value_of_known_records_too() -> None:
    before = first_sight(constant("note"), POLICY)
    got = rebase(
        before, constant("ticket"), policy=POLICY, changed_paths=["name"], now=20, again=lambda *_: MISSING
    )
    said = got.binding.contribution["name"]
    assert (said.value, said.raw, said.kind) == ("ticket", None, "first_sight")
    assert (said.source_at, said.seen_at) == before.contribution["name"][3:5]
    assert (got.binding.sent, got.binding.seen, got.edits, got.entries) == ({"name": "ticket"}, {}, (), ())


def test_a_field_that_becomes_a_constant_is_said_by_nobody() -> None:
    edited = take(
        bound(), read({"name": "bob"}, {"name": "Bob"}, 12), policy=POLICY, golden={}, now=12
    ).binding
    ours = replace(edited, seen={"name": "Ours"}, sent={"name": "ours"})
    for before, sent in ((edited, "x"), (ours, "ours")):
        got = rebase(before, constant("x", 12), policy=POLICY, changed_paths=["name"], now=20)
        assert got.binding.contribution["name"][:3] == ("x", None, "first_sight")
        assert (got.binding.seen, got.binding.sent) == ({}, {"name": sent})


def test_a_constant_that_becomes_a_field_is_what_stands_there() -> None:
    before = first_sight(constant("note"), POLICY)
    new = read({"name": "ann"}, {"name": "Ann"})
    for again in (None, lambda *_: None):
        got = rebase(before, new, policy=POLICY, changed_paths=["name"], now=20, again=again)
        assert got.binding.contribution["name"][:3] == ("ann", "Ann", "first_sight")
        assert (got.binding.seen, got.binding.sent) == ({"name": "Ann"}, {"name": "ann"})


def test_a_constant_that_becomes_a_blank_field_is_no_statement() -> None:
    before = first_sight(constant("note"), POLICY)
    blank = Reading({}, {"name": ""}, ("name",), 5.0, 10, 10)
    got = rebase(before, blank, policy=POLICY, changed_paths=["name"], now=20)
    assert (got.binding.contribution, got.binding.sent) == ({}, {"name": None})
    clears = compile_policy(("name",), ("name",), blanks={"name": "clear"})
    got = rebase(before, blank, policy=clears, changed_paths=["name"], now=20)
    assert got.binding.contribution["name"][:3] == (None, "", "first_sight")
