"""Rows to raw records and payloads to writes, without a server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.tryton import party, write
from connectors.tryton.rest import decode, encode
from hub.errors import RecordRejected

AT = "2026-01-02T03:04:05Z"


class Known(write.References):
    def country(self, code: str) -> int:
        return {"DE": 49, "CN": 86}[code]

    def language(self, code: str) -> int:
        return 7

    def subdivision(self, country: str | None, word: str) -> int:
        return 5


def child(id: int, **values: Any) -> dict[str, Any]:
    return {"id": id, "active": True, "create_date": AT, "write_date": None, **values}


def place(id: int, **values: Any) -> dict[str, Any]:
    blank = dict.fromkeys(("street", "postal_code", "city", "country", "attn", "party_name", "subdivision"))
    return child(id, **{**blank, **dict.fromkeys(party.STREET_PARTS), **values})


def row(**values: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"addresses": [], "contact_mechanisms": [], "identifiers": [], "categories": []}
    own = {"name": "Ann", "code": "1", "active": 1, "lang": None, "replaced_by": None}
    return {"id": 3, "create_date": AT, "write_date": None, **own, **empty, **values}


def values(payload: dict[str, Any], current: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    return write.values(payload, current, references=Known(), extra={}, **options)


def mails(*found: str) -> list[dict[str, Any]]:
    return [child(10 + n, type="email", value=value) for n, value in enumerate(found)]


def test_first_of_a_kind_is_main_and_further_ones_are_shown() -> None:
    raw = party.raw(
        row(contact_mechanisms=[*mails("a@x.org", "b@x.org"), child(20, type="irc", value="ann")])
    )
    assert raw["email"] == "a@x.org"
    assert raw["also"] == {"email": ["b@x.org"], "contact": ["irc:ann"]}


def test_a_deactivated_child_is_not_there() -> None:
    first, second = mails("a@x.org", "b@x.org")
    assert party.raw(row(contact_mechanisms=[{**first, "active": 0}, second]))["email"] == "b@x.org"


@pytest.mark.parametrize(
    ("street", "lines"),
    [
        (None, [None, None, None]),
        ("A", ["A", None, None]),
        ("A\n\nB", ["A", "B", None]),
        ("A\nB\nC\nD", ["A", "B", "C\nD"]),
    ],
)
def test_street_in_lines(street: str | None, lines: list[str | None]) -> None:
    raw = party.raw(row(addresses=[place(1, street=street)]))
    assert [raw["address"][name] for name in party.LINES] == lines


def test_tax_ids_by_kind_and_our_mark_hidden() -> None:
    found = [
        ("de_vat", "DE1"),
        ("eu_vat", "DE2"),
        ("cn_vat", "91"),
        ("us_ein", "12"),
        (None, "crmhub:cus_1"),
        (None, "X"),
    ]
    raw = party.raw(row(identifiers=[child(n, type=kind, code=code) for n, (kind, code) in enumerate(found)]))
    assert raw["identifier"] == {"vat": "DE1", "uscc": "91", "gst": None, "ein": "12"}
    assert raw["also"] == {"vat": ["DE2"], "identifier": ["other:X"]}


def test_version_moves_with_every_write_and_with_a_child_that_goes() -> None:
    first, second = mails("a@x.org", "b@x.org")
    base = row(contact_mechanisms=[first, second])
    seen = {
        party.version(one)
        for one in (
            base,
            {**base, "write_date": "2026-01-03T00:00:00Z"},
            {**base, "contact_mechanisms": [first, {**second, "write_date": "2026-01-03T00:00:00Z"}]},
            {**base, "contact_mechanisms": [first]},
        )
    }
    assert len(seen) == 4
    assert party.version({**base, "contact_mechanisms": [second, first]}) == party.version(base)


def test_only_the_changed_child_is_written() -> None:
    current = row(contact_mechanisms=[*mails("a@x.org"), child(20, type="phone", value="1")])
    assert values({"email": "c@x.org"}, current) == {
        "contact_mechanisms": [["write", [10], {"value": "c@x.org"}]]
    }


def test_a_value_that_vanishes_deactivates_and_comes_back_awake() -> None:
    current = row(contact_mechanisms=mails("a@x.org"))
    assert values({"email": ""}, current) == {"contact_mechanisms": [["write", [10], {"active": False}]]}
    asleep = row(contact_mechanisms=[{**mails("a@x.org")[0], "active": False}])
    assert values({"email": "a@x.org"}, asleep) == {"contact_mechanisms": [["write", [10], {"active": True}]]}
    assert values({"email": None}, row()) == {}


def test_one_address_line_keeps_the_others_and_replaces_a_structured_street() -> None:
    current = row(
        addresses=[place(4, street="Main 5\nPO 9", street_name="Main", building_number="5", post_box="9")]
    )
    assert values({"address.line1": "Side 1"}, current) == {
        "addresses": [
            [
                "write",
                [4],
                {
                    "street_unstructured": "Side 1\nPO 9",
                    "street_name": None,
                    "building_number": None,
                    "post_box": None,
                },
            ]
        ]
    }


def test_a_country_change_drops_the_subdivision_of_the_old_one() -> None:
    current = row(
        addresses=[
            place(4, city="X", country={"code": "DE"}, subdivision={"code": "DE-BY", "name": "Bayern"})
        ]
    )
    assert values({"address.country": "CN"}, current) == {
        "addresses": [["write", [4], {"country": 86, "subdivision": None}]]
    }


def test_an_emptied_address_is_deactivated() -> None:
    current = row(addresses=[place(4, city="X")])
    assert values({"address": {"city": ""}}, current) == {"addresses": [["write", [4], {"active": False}]]}


def test_create_carries_the_mark_and_nests() -> None:
    made = values({"name": "Ann\tB\0", "address": {"city": "X"}, "identifier.vat": "DE1"}, marker="cus_1")
    assert made == {
        "name": "Ann B",
        "addresses": [["create", [{"city": "X"}]]],
        "identifiers": [
            ["create", [{"type": "eu_vat", "code": "DE1"}]],
            ["create", [{"type": None, "code": "crmhub:cus_1"}]],
        ],
    }


@pytest.mark.parametrize(
    ("code", "country", "kind"),
    [
        ("DE136695976", None, "eu_vat"),
        ("GB1", None, "gb_vat"),
        ("123", "CH", "ch_vat"),
        ("XI9", None, "eu_vat"),
    ],
)
def test_type_of_a_new_tax_number(code: str, country: str | None, kind: str) -> None:
    known = row(addresses=[place(1, country={"code": country})]) if country else row()
    assert values({"identifier.vat": code}, known)["identifiers"] == [
        ["create", [{"type": kind, "code": code}]]
    ]


@pytest.mark.parametrize(
    "payload", [{"full_name": "x"}, {"address.usage": "x"}, {"identifier.vat": "123"}, {"name": ["x"]}]
)
def test_what_cannot_be_written_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(RecordRejected):
        values(payload)


def test_typed_values_both_ways() -> None:
    at = datetime(2026, 5, 14, 9, 51, 40, 1, UTC).isoformat()
    assert decode(encode(at, "datetime")) == "2026-05-14T09:51:40.000001Z"
    assert decode(encode("2026-05-14", "date")) == "2026-05-14"
    assert decode(encode("19.90", "numeric")) == "19.90"
    assert (encode("", "char"), encode(None, "boolean"), encode("7", "integer")) == (None, False, 7)
    for value, kind in (("x", "numeric"), ("14.5.2026", "date"), ("x", "integer"), ({"a": 1}, "char")):
        with pytest.raises(RecordRejected):
            encode(value, kind)
