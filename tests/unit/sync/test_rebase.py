"""A changed map is never an edit."""

from __future__ import annotations

from dataclasses import replace

from hub.sync.binding import MISSING, Binding
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
