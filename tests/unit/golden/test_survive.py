from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from hub.canonical.contribution import Contribution
from hub.errors import WrongFile
from hub.golden.explain import explain, render
from hub.golden.rules import NAMED, Rules, compile_rules
from hub.golden.survive import new_holds, survive
from hub.golden.values import Golden, Hold, Member, Pin, Why

SHIPPED = compile_rules(tomllib.loads(Path("config/survivorship.toml").read_text(encoding="utf-8")))


def _sight(value: Any, at: float | None = None, *, seen: float = 100.0, live: bool = True) -> Contribution:
    return Contribution(value, value, "first_sight", at, seen, live)


def _edit(value: Any, at: float | None = None, *, seen: float = 100.0, live: bool = True) -> Contribution:
    return Contribution(value, value, "edit", at, seen, live)


def _member(record_id: int, *, system: str | None = None, priority: int = 0, **fields: Any) -> Member:
    """Fields by path with `__` for a dot; a bare value is a first sight."""
    found = {
        path.replace("__", "."): one if isinstance(one, Contribution) else _sight(one)
        for path, one in fields.items()
    }
    return Member(record_id, system or f"c{record_id}", priority, found)


def _golden(
    *members: Member,
    rules: Rules = SHIPPED,
    pins: dict[str, Pin] | None = None,
    holds: dict[str, Hold] | None = None,
) -> Golden:
    found = survive(members, pins=pins or {}, holds=holds or {}, rules=rules)
    assert survive(members[::-1], pins=pins or {}, holds=holds or {}, rules=rules) == found
    assert list(survive(members[::-1], pins=pins or {}, holds=holds or {}, rules=rules).why) == list(
        found.why
    )
    return found


def _rules(owners: dict[str, str] | None = None, **rules: Any) -> Rules:
    return compile_rules({"default": "latest"}, overrides=rules, owners=owners)


def test_one_record_is_its_own_golden() -> None:
    found = _golden(_member(7, kind="person", given_name="Ann", family_name="Lee", email="a@x.org"))
    assert found.fields == {
        "kind": "person",
        "given_name": "Ann",
        "family_name": "Lee",
        "email": "a@x.org",
        "full_name": "Ann Lee",
        "display_name": "Ann Lee",
    }
    assert found.why["email"] == Why(7, "only")
    assert found.why["full_name"] == Why(7, "only", None, True)
    assert found.also == {}


def test_an_edit_outranks_a_later_first_sight() -> None:
    found = _golden(_member(1, job_title=_edit("CEO", 10.0)), _member(2, job_title=_sight("CTO", 90.0)))
    assert (found.fields["job_title"], found.why["job_title"]) == ("CEO", Why(1, "edit"))


def test_the_latest_edit_wins_and_no_time_counts_later_than_its_reading() -> None:
    late = _edit("B", 900.0, seen=50.0)  # a clock that runs ahead
    found = _golden(_member(1, job_title=_edit("A", 60.0)), _member(2, job_title=late))
    assert (found.fields["job_title"], found.why["job_title"].rule) == ("A", "latest")
    assert _golden(
        _member(1, job_title=_edit("A", seen=60.0)), _member(2, job_title=_edit("B", seen=61.0))
    ).fields == {"job_title": "B"}


def test_live_over_retired_and_owner_over_edit() -> None:
    rules = _rules({"job_title": "erp"})
    gone = _member(1, system="erp", job_title=_edit("A", live=False))
    assert _golden(gone, _member(2, job_title="B"), rules=rules).why["job_title"] == Why(2, "live")
    owner = _member(1, system="erp", job_title="A")
    assert _golden(owner, _member(2, job_title=_edit("B")), rules=rules).why["job_title"] == Why(1, "owner")
    assert _golden(gone, rules=rules).fields == {"job_title": "A"}


def test_the_most_restrictive_consent_wins_as_a_whole() -> None:
    granted = {
        "consent[email].status": _edit("granted", 90.0),
        "consent[email].captured_at": _edit("2026-01-01T00:00:00Z", 90.0),
    }
    denied = {"consent[email].status": _sight("denied", 1.0)}
    unsure = {"consent[email].status": _edit("unknown", 99.0)}
    found = _golden(Member(1, "a", 0, granted), Member(2, "b", 0, denied), Member(3, "c", 0, unsure))
    assert found.fields == {"consent[email].status": "denied"}
    assert found.why["consent[email].status"] == Why(2, "restrictive")
    assert (
        _golden(Member(1, "a", 0, granted), Member(3, "c", 0, unsure)).fields["consent[email].status"]
        == "granted"
    )


def test_an_address_is_never_mixed_from_two() -> None:
    first = _member(1, address__line1="1 Old Rd", address__locality="Rome", address__country="IT")
    moved = _member(2, address__line1=_edit("2 New St"), address__locality="Oslo")
    found = _golden(first, moved)
    assert found.fields == {"address.line1": "2 New St", "address.locality": "Oslo"}
    assert found.also == {
        "address": [["address", {"line1": "1 Old Rd", "locality": "Rome", "country": "IT"}]]
    }


def test_the_most_complete_first_name_wins_but_an_edit_beats_it() -> None:
    short = _member(1, given_name=_sight("J.", 90.0), family_name=_sight("Smith", 90.0))
    whole = _member(2, given_name=_sight("John", 10.0), family_name=_sight("Smith", 10.0))
    found = _golden(short, whole)
    assert (found.fields["full_name"], found.why["given_name"]) == ("John Smith", Why(2, "complete"))
    edited = _member(3, family_name=_edit("Smythe"), given_name="J.")
    assert _golden(short, whole, edited).fields["display_name"] == "J. Smythe"


def test_an_initial_never_stands_in_for_a_name_in_whatever_letters() -> None:
    full = _member(1, given_name=_sight("Anna", 10.0), family_name=_sight("Müller", 10.0))
    later = _member(2, given_name=_sight("A.", 20.0), family_name=_sight("Müller", 20.0))
    assert _golden(full, later).fields["given_name"] == "Anna"


def test_the_kind_comes_from_another_record_and_shapes_the_name() -> None:
    shown = _member(1, display_name="Orion")
    assert _golden(shown, _member(2, kind="organisation")).fields["name"] == "Orion"
    assert "name" not in _golden(shown, _member(2, kind="person")).fields


def test_a_kind_nobody_says_follows_from_a_legal_form() -> None:
    found = _golden(_member(1, display_name="Orion GmbH"))
    assert (found.fields["kind"], found.fields["name"]) == ("organisation", "Orion GmbH")
    assert found.why["kind"].derived
    assert _golden(_member(1, display_name="Ann Lee")).fields["kind"] == "person"
    assert "kind" not in _golden(_member(1, email="a@x.org")).fields


def test_a_cleared_value_ranks_like_any_and_keeps_its_reason() -> None:
    found = _golden(_member(1, job_title="CEO"), _member(2, job_title=_edit(None)))
    assert found.fields == {}
    assert found.why["job_title"] == Why(2, "edit")
    assert _golden(_member(1, job_title=_sight(None))).why == {"job_title": Why(1, "only")}
    kept = _golden(_member(1, full_name="Ann Lee", family_name=_edit(None)))
    assert "family_name" not in kept.fields


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("latest", "c@x.org"),
        ("priority", "b@x.org"),
        ("frequent", "a@x.org"),
        ("verified", "b@x.org"),
        ("manual", "c@x.org"),
        (["c9", "c2"], "b@x.org"),
    ],
)
def test_each_rule(rule: Any, expected: str) -> None:
    members = [
        _member(1, email=_sight("a@x.org", 1.0)),
        Member(
            2,
            "c2",
            5,
            {"email": _sight("b@x.org", 2.0), "email.verified_at": _sight("2026-01-01T00:00:00Z", 2.0)},
        ),
        _member(3, email=_sight("c@x.org", 4.0)),
        _member(4, email=_sight("A@x.org", 3.0)),
    ]
    found = _golden(*members, rules=_rules(email=rule))
    assert str(found.fields["email"]).lower() == expected
    assert {str(value).lower() for _slot, value in found.also["email"]} == {
        "a@x.org",
        "b@x.org",
        "c@x.org",
    } - {expected}


def test_the_most_complete_address() -> None:
    long = _member(1, address__line1=_sight("1 Old Rd", 50.0), address__locality=_sight("Rome", 50.0))
    short = _member(2, address__locality=_sight("Oslo", 99.0))
    assert _golden(long, short).fields == {"address.locality": "Oslo"}
    assert _golden(long, short, rules=_rules(address="complete")).fields["address.locality"] == "Rome"


def test_slots_take_values_from_the_same_slot_and_the_rest_is_kept_beside() -> None:
    one = Member(
        1,
        "a",
        0,
        {"email": _sight("a@x.org"), "email[work]": _sight("w@x.org"), "phone": _sight("+4930901820")},
    )
    two = Member(
        2,
        "b",
        0,
        {"email": _edit("b@x.org"), "email[home]": _sight("w@x.org"), "phone": _sight("+4930901820")},
    )
    gone = Member(3, "c", 0, {"email": _sight("old@x.org", live=False)})
    found = _golden(one, two, gone)
    assert found.fields["email"] == "b@x.org"
    assert (found.fields["email[work]"], found.fields["email[home]"]) == ("w@x.org", "w@x.org")
    assert found.also == {"email": [["email", "a@x.org"]]}


def test_a_pin_stands_above_a_hold_and_a_hold_above_all() -> None:
    member = _member(1, job_title=_edit("CEO"), department="Sales")
    pins = {"job_title": Pin("CFO", "eve"), "department": Pin(None, "eve")}
    found = _golden(member, pins=pins, holds={"job_title": Hold("COO")})
    assert found.fields == {"job_title": "CFO"}
    assert found.why == {"job_title": Why(None, "pin", "eve"), "department": Why(None, "pin", "eve")}
    assert _golden(member, holds={"job_title": Hold("COO")}).fields["job_title"] == "COO"


def test_a_pinned_part_of_a_name_is_seen_in_the_whole_and_the_other_way_round() -> None:
    member = _member(
        1, kind="person", given_name="Ann", family_name="Lee", full_name="Ann Lee", display_name="Ann Lee"
    )
    assert _golden(member, pins={"family_name": Pin("King", "eve")}).fields["display_name"] == "Ann King"
    found = _golden(member, pins={"full_name": Pin("Eve King", "eve")})
    assert (found.fields["given_name"], found.fields["family_name"]) == ("Eve", "King")
    assert found.why["given_name"].derived


def test_a_pinned_slot_leaves_what_it_hides_beside_it() -> None:
    found = _golden(_member(1, email="a@x.org"), pins={"email": Pin("p@x.org", "eve")})
    assert (found.fields["email"], found.also) == ("p@x.org", {"email": [["email", "a@x.org"]]})


def test_manual_asks_for_a_hold_and_then_keeps_it() -> None:
    rules = _rules(job_title="manual")
    members = [_member(1, job_title=_sight("CEO")), _member(2, job_title=_edit("CTO"))]
    changed = _golden(*members, rules=rules)
    wanted = new_holds({"job_title": "CEO", "email": "a@x.org"}, changed, rules=rules, pins={}, holds={})
    assert wanted == {"job_title": "CEO"}
    held = _golden(*members, rules=rules, holds={"job_title": Hold("CEO")})
    assert held.fields == {"job_title": "CEO"}
    assert new_holds(held.fields, held, rules=rules, pins={}, holds={"job_title": Hold("CEO")}) == {}
    assert new_holds({}, changed, rules=rules, pins={}, holds={}) == {}


def test_connection_priority_then_the_older_record_settle_a_tie() -> None:
    assert _golden(_member(1, job_title="A"), _member(2, priority=5, job_title="B")).why["job_title"] == Why(
        2, "priority"
    )
    assert _golden(_member(9, job_title="A"), _member(2, job_title="B")).why["job_title"] == Why(2, "id")


def test_explain_says_what_lost_and_to_what() -> None:
    members = [
        _member(1, system="crm", job_title=_edit("CEO")),
        _member(2, system="erp", job_title="CTO", email="a@x.org"),
    ]
    pins = {"email": Pin("p@x.org", "eve")}
    found = _golden(*members, pins=pins)
    lines = {line.path: line for line in explain(found, members, pins=pins, holds={}, rules=SHIPPED)}
    assert lines["job_title"].connection == "crm"
    assert [(one.value, one.connection, one.lost_by) for one in lines["job_title"].others] == [
        ("CTO", "erp", "edit")
    ]
    text = render(list(lines.values()))
    assert "job_title = CEO\n    from crm, record 1:" in text
    assert "pinned by eve" in text and "not a@x.org (erp, record 2" in text


@pytest.mark.parametrize(
    ("data", "overrides", "message"),
    [
        ({"defualt": "latest"}, {}, "did you mean default"),
        ({"default": "newest"}, {}, "one of latest, priority"),
        ({"rules": {"phome": "latest"}}, {}, "phone"),
        ({}, {"email": "frequnt"}, "did you mean frequent"),
        ({}, {"address[biling]": "latest"}, "billing"),
    ],
)
def test_a_wrong_rule_is_refused_with_the_right_word(data: Any, overrides: Any, message: str) -> None:
    with pytest.raises(WrongFile, match=message):
        compile_rules(data, overrides=overrides)


def test_a_rule_of_a_field_holds_for_its_slots_until_one_has_its_own() -> None:
    rules = _rules(
        phone="priority", name="complete", **{"phone[mobile]": "frequent", "given_name": "verified"}
    )
    assert [rules.of(one) for one in ("phone", "phone[work]", "phone[mobile]", "email", "name")] == [
        *("priority", "priority", "frequent", "latest", "verified")
    ]
    assert (
        rules.version
        != SHIPPED.version
        == compile_rules(tomllib.loads(Path("config/survivorship.toml").read_text())).version
    )


def test_every_rule_and_key_is_documented() -> None:
    text = Path("config/README.md").read_text(encoding="utf-8")
    assert [rule for rule in (*NAMED, "default", "version", "rules.PATH") if f"`{rule}`" not in text] == []
