"""Deliveries: what is owed, claim, pre-read, repeat, receipt; one rule of sync.md per test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.errors import LeaseLost
from hub.sync.binding import Binding, Echo
from hub.sync.delivery import begin, claim, give_up, needs_preread, owed, preread, release
from hub.sync.policy import Manners, compile_policy
from hub.sync.reading import Reading, first_sight, take
from hub.sync.receipt import Received, receipt

PATHS = ("name", "phone", "email")
POLICY = compile_policy(PATHS, PATHS, manners=Manners(unique=("email",), lands_late_seconds=40))


def read(at: float, version: str | None = None, **raw: Any) -> Reading:
    blanks = tuple(path for path, text in raw.items() if not text)
    values = {path: text.lower() for path, text in raw.items() if text}
    return Reading(values, raw, blanks, None, at, at, version, b"digest")


def bound(**raw: Any) -> Binding:
    return first_sight(read(10, **raw), POLICY)


def begun(binding: Binding, golden: dict[str, Any], at: float = 20) -> Binding:
    claimed = claim(binding, now=at, lease_seconds=15)
    assert claimed is not None
    write = begin(claimed, owed(claimed, golden, policy=POLICY), fence=claimed.fence)
    assert write is not None
    return write.binding


def answered(
    binding: Binding, outcome: Any, shown: Reading | None = None, golden: dict[str, Any] | None = None
) -> Received:
    return receipt(
        binding, shown, policy=POLICY, fence=binding.fence, outcome=outcome, golden=golden or {}, now=30
    )


def test_owed_is_where_golden_differs() -> None:
    binding = bound(name="Ann", phone="1")
    assert owed(binding, {"name": "ann", "phone": "2", "city": "x"}, policy=POLICY) == {"phone": "2"}
    assert owed(binding, {"phone": "2"}, policy=POLICY, held={"phone"}) == {}
    assert owed(binding, {"phone": "2"}, policy=replace(POLICY, update=False)) == {}
    assert owed(replace(binding, gone=True), {"phone": "2"}, policy=POLICY) == {}


def test_direction_in_is_never_owed() -> None:
    inward = compile_policy(PATHS, PATHS, directions={"phone": "in"})
    assert owed(bound(phone="1"), {"phone": "2"}, policy=inward) == {}


def test_no_value_writes_nothing_but_a_won_emptiness_does() -> None:
    binding = bound(name="Ann", phone="")
    assert owed(binding, {}, policy=POLICY) == {}
    assert owed(binding, {"name": None, "phone": None}, policy=POLICY) == {"name": None}


def test_what_is_unknown_there_is_written() -> None:
    assert owed(replace(bound(name="Ann"), sent={}), {"name": "ann"}, policy=POLICY) == {"name": "ann"}


def test_a_value_of_ours_that_left_golden_gives_back_what_stood_there() -> None:
    got = answered(begun(bound(phone=""), {"phone": "2"}), "done", read(25, phone="2"))
    assert owed(got.binding, {}, policy=POLICY) == {"phone": None}
    edited = take(got.binding, read(40, phone="3"), policy=POLICY, golden={}, now=40).binding
    assert owed(edited, {}, policy=POLICY) == {}, "what stands there now is a person's"


def test_what_a_person_emptied_is_given_back_empty() -> None:
    ours = answered(begun(bound(phone="1"), {"phone": "2"}), "done", read(25, phone="2")).binding
    emptied = take(ours, read(40, phone=""), policy=POLICY, golden={"phone": "2"}, now=40).binding
    again = receipt(
        begun(emptied, {"phone": "3"}, 50),
        read(60, phone="3"),
        policy=POLICY,
        fence=2,
        outcome="done",
        golden={},
        now=60,
    )
    assert owed(again.binding, {}, policy=POLICY) == {"phone": None}


def test_identifying_fields_never_travel_between_records_of_one_golden() -> None:
    first, second = bound(email="A@x"), bound(email="B@x")
    assert owed(second, {"email": "a@x"}, policy=POLICY, siblings=[first], primary=False) == {}
    assert owed(first, {"email": "b@x"}, policy=POLICY, siblings=[second]) == {}
    assert owed(first, {"email": "c@x"}, policy=POLICY, siblings=[second]) == {"email": "c@x"}
    assert owed(second, {"email": "c@x"}, policy=POLICY, siblings=[first], primary=False) == {}


def test_an_identifying_value_of_ours_is_given_back_beside_a_sibling() -> None:
    ours = answered(begun(bound(email="B@x"), {"email": "a@x"}), "done", read(25, email="A@x")).binding
    other = bound(email="B@x")
    assert owed(ours, {"email": "b@x"}, policy=POLICY, siblings=[other]) == {"email": None}
    assert owed(ours, {"email": "b@x"}, policy=POLICY) == {"email": "b@x"}


def test_a_claim_excludes_and_counts() -> None:
    claimed = claim(bound(name="Ann"), now=20, lease_seconds=15)
    assert claimed is not None
    assert (claimed.fence, claimed.lease_until, claimed.doubt) == (1, 35, False)
    assert claim(claimed, now=30, lease_seconds=15) is None
    again = claim(claimed, now=40, lease_seconds=15)
    assert again is not None and again.fence == 2
    with pytest.raises(LeaseLost):
        release(again, fence=1)


def test_a_preread_is_spared_only_by_a_condition() -> None:
    conditional = replace(POLICY, conditional=True)
    binding = replace(bound(name="Ann"), version="1")
    assert needs_preread(binding, POLICY)
    assert not needs_preread(binding, conditional)
    assert needs_preread(replace(binding, doubt=True), conditional)


def test_a_preread_takes_edits() -> None:
    claimed = claim(bound(name="Ann"), now=20, lease_seconds=15)
    assert claimed is not None
    got = preread(claimed, read(21, name="Bob"), policy=POLICY, golden={}, fence=1)
    assert [edit.value for edit in got.edits] == ["bob"]


def test_r3_repeats_unchanged_whatever_golden_says() -> None:
    taken_over = claim(begun(bound(name="Ann"), {"name": "bob"}), now=50, lease_seconds=15)
    assert taken_over is not None and taken_over.doubt
    write = begin(taken_over, {"name": "cid"}, fence=taken_over.fence)
    assert write is not None
    assert (write.values, write.repeat) == ({"name": "bob"}, True)


def test_a_person_in_doubt_is_told_from_our_rendering() -> None:
    """Two things stood there while in doubt; what the repetition shows decides which of them was ours."""
    doubt = claim(begun(bound(name="Ann"), {"name": "bobby"}), now=50, lease_seconds=15)
    assert doubt is not None
    doubt = preread(doubt, read(51, name="Bob"), policy=POLICY, golden={}, fence=2).binding
    doubt = preread(doubt, read(52, name="Zoe"), policy=POLICY, golden={}, fence=2).binding
    got = answered(doubt, "done", read(60, name="Bob"), {"name": "bobby"})
    assert [edit.value for edit in got.edits] == ["zoe"]
    assert [(entry.kind, entry.theirs, entry.ours) for entry in got.entries] == [("conflict", "zoe", "bobby")]
    assert got.binding.sent == {"name": "bobby"}
    assert got.binding.seen == {"name": "Bob"}
    assert got.binding.echoes["name"][0].raw == "Bob"


def test_a_rendering_that_settles_no_suspect_is_learned_again() -> None:
    doubt = claim(begun(bound(name="Ann"), {"name": "bobby"}), now=50, lease_seconds=15)
    assert doubt is not None
    doubt = preread(doubt, read(51, name="Bob"), policy=POLICY, golden={}, fence=2).binding
    got = answered(doubt, "done", read(60, name="Typed"))
    assert (got.edits, got.held, got.retry) == ((), True, True)
    got = answered(got.binding, "done", read(70, name="Bob"))
    assert [edit.value for edit in got.edits] == ["typed"]


def test_a_late_landing_before_the_read_back_is_written_over() -> None:
    """What the read-back of a new write shows is an older write of ours, which landed over it."""
    echoing = replace(bound(name="Ann"), echoes={"name": (Echo("OLD", "old", 99.0),)})
    got = answered(begun(echoing, {"name": "bob"}), "done", read(25, name="OLD"), {"name": "bob"})
    assert (got.binding.seen, got.binding.sent, got.binding.contribution["name"].value) == (
        {"name": "OLD"},
        {},
        "ann",
    )
    assert [entry.kind for entry in got.entries] == ["echo"]
    assert got.follow_up


def test_an_echo_in_doubt_is_known_and_then_forgotten() -> None:
    echoing = replace(
        bound(name="Ann", phone="1"),
        echoes={"name": (Echo("OLD", "old", 40.0),), "phone": (Echo("9", "9", 40.0),)},
    )
    doubt = claim(begun(echoing, {"name": "bob"}), now=50, lease_seconds=15)
    assert doubt is not None
    got = preread(doubt, read(51, name="OLD", phone="1"), policy=POLICY, golden={}, fence=2).binding
    assert (got.seen["name"], got.suspects, got.echoes.keys()) == ("OLD", {}, {"phone"})


def test_an_unchanged_version_proves_that_nothing_landed() -> None:
    versioned = replace(POLICY, version="etag", conditional=True, lands_late_seconds=0)
    binding = begun(replace(bound(name="Ann"), version="1"), {"name": "bob"})
    doubt = claim(binding, now=50, lease_seconds=15)
    assert doubt is not None
    got = preread(doubt, read(51, "1", name="Ann"), policy=versioned, golden={}, fence=2)
    assert got.binding.intent is None
    got = preread(doubt, read(51, "2", name="Ann"), policy=versioned, golden={}, fence=2)
    assert got.binding.intent == {"name": "bob"}


def test_a_receipt_settles_its_own_fields_only() -> None:
    got = answered(
        begun(bound(name="Ann", phone="1"), {"phone": "2"}), "done", read(25, name="Bob", phone="2")
    )
    assert got.binding.seen == {"name": "Ann", "phone": "2"}
    assert got.binding.reread and got.binding.digest is None
    assert got.binding.contribution["phone"].value == "1", "evidence is what people wrote"


def test_a_value_put_back_by_hand_after_our_write_is_seen() -> None:
    written = answered(begun(bound(phone="1"), {"phone": "2"}), "done", read(25, phone="2")).binding
    got = take(written, read(40, phone="1"), policy=POLICY, golden={"phone": "2"}, now=40)
    assert [edit.value for edit in got.edits] == ["1"]


def test_a_write_back_without_an_answer_moves_sent_alone() -> None:
    got = answered(begun(bound(phone="1"), {"phone": "2"}), "done")
    assert (got.binding.sent["phone"], got.binding.seen["phone"], got.binding.digest) == ("2", "1", b"digest")
    again = take(got.binding, read(40, phone="2"), policy=POLICY, golden={"phone": "2"}, now=40)
    assert again.edits == (), "re-importing what was written back is no edit"


def test_golden_moved_meanwhile_gives_one_follow_up() -> None:
    assert answered(
        begun(bound(phone="1"), {"phone": "2"}), "done", read(25, phone="2"), {"phone": "3"}
    ).follow_up


@pytest.mark.parametrize(
    ("outcome", "closed", "dead", "retry"),
    [
        ("refused", True, True, False),
        ("not_landed", True, False, True),
        ("retry", True, False, True),
        ("unknown", False, False, True),
    ],
)
def test_first_attempts(outcome: str, closed: bool, dead: bool, retry: bool) -> None:
    got = answered(begun(bound(phone="1"), {"phone": "2"}), outcome)
    assert ((got.binding.intent is None), got.dead, got.retry) == (closed, dead, retry)
    assert got.binding.sent == {"phone": "1"}
    assert got.binding.lease_until == 0


@pytest.mark.parametrize("outcome", ["refused", "not_landed", "retry", "unknown"])
def test_a_repetition_leaves_the_doubt_open(outcome: str) -> None:
    doubt = claim(begun(bound(phone="1"), {"phone": "2"}), now=50, lease_seconds=15)
    assert doubt is not None
    got = answered(doubt, outcome)
    assert (got.binding.intent, got.held, got.dead) == ({"phone": "2"}, True, outcome == "refused")


def test_a_refused_repetition_is_settled_once_nothing_can_land() -> None:
    doubt = claim(begun(bound(phone="1"), {"phone": "2"}), now=50, lease_seconds=15)
    assert doubt is not None
    held = answered(doubt, "refused").binding
    early = preread(held, read(held.call_ends_at + 39, phone="1"), policy=POLICY, golden={}, fence=2)
    assert early.binding.intent is not None
    late = preread(held, read(held.call_ends_at + 40, phone="1"), policy=POLICY, golden={}, fence=2)
    assert late.binding.intent is None
    assert give_up(held).intent is None


def test_r4_refuses_a_superseded_owner() -> None:
    taken_over = claim(begun(bound(phone="1"), {"phone": "2"}), now=50, lease_seconds=15)
    assert taken_over is not None
    with pytest.raises(LeaseLost):
        receipt(taken_over, None, policy=POLICY, fence=1, outcome="done", golden={}, now=60)


def in_doubt_about(policy: Any, known: str, *shown: str) -> Received:
    """A write of phone 9 whose outcome is unknown; what later pre-reads show; then its repetition lands."""
    binding = begun(bound(name="Ann", phone=known), {"phone": "9"})
    for number, text in enumerate(shown):
        at = 40 + 20 * number
        claimed = claim(replace(binding, lease_until=0.0), now=at, lease_seconds=15)
        assert claimed is not None
        reading = read(at, name="Ann", phone=text)
        binding = preread(claimed, reading, policy=policy, golden={"phone": "9"}, fence=claimed.fence).binding
    return receipt(
        binding,
        read(90, name="Ann", phone="9"),
        policy=policy,
        fence=binding.fence,
        outcome="done",
        golden={"phone": "9"},
        now=90,
    )


def test_what_was_put_back_while_a_write_was_in_doubt_is_the_last_word() -> None:
    assert [edit.value for edit in in_doubt_about(POLICY, "1", "5", "1").edits] == ["1"]
    assert in_doubt_about(POLICY, "1", "1").edits == (), "nobody touched it"


def test_a_suspect_that_would_be_no_edit_in_a_reading_is_none() -> None:
    """A field of direction `out`, found otherwise by the repetition of a write in doubt; an emptied one."""
    outward = compile_policy(PATHS, PATHS, directions={"phone": "out"})
    for policy, shown in ((outward, "5"), (POLICY, "")):
        binding = replace(begun(bound(name="Ann", phone="1"), {"phone": "9"}), doubt=True)
        for at in (40, 60):
            got = receipt(
                binding,
                read(at, name="Ann", phone=shown),
                policy=policy,
                fence=binding.fence,
                outcome="done",
                golden={"phone": "9"},
                now=at,
            )
            binding = got.binding
        assert (got.edits, got.held) == ((), False)
        assert got.binding.contribution["phone"].value == "1"
