from __future__ import annotations

import pytest

from hub.canonical import paths, vocabulary
from hub.canonical.paths import Path, UnknownPath, group, kind_of, known, parse
from hub.errors import WrongUse


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("given_name", Path("given_name", "given_name", None, None)),
        ("phone[mobile]", Path("phone[mobile]", "phone", "mobile", None)),
        ("phone[work2]", Path("phone[work2]", "phone", "work2", None)),
        (
            "address[billing].postal_code",
            Path("address[billing].postal_code", "address", "billing", "postal_code"),
        ),
        ("address.line1", Path("address.line1", "address", None, "line1")),
        (
            "consent[email].captured_at",
            Path("consent[email].captured_at", "consent", "email", "captured_at"),
        ),
        ("external_ref[my shop]", Path("external_ref[my shop]", "external_ref", "my shop", None)),
        ("custom.crm.level", Path("custom.crm.level", "custom", "crm", "level")),
        ("custom.crm.客户等级", Path("custom.crm.客户等级", "custom", "crm", "客户等级")),
    ],
)
def test_a_path_is_taken_apart(text: str, path: Path) -> None:
    assert parse(text) == path


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("emial", "email"),
        ("phone[moble]", "phone[mobile]"),
        ("address.localty", "address.locality"),
        ("adress[billing].line1", "address[billing].line1"),
        ("tax_id[vta].country", "tax_id[vat].country"),
        ("given_name[x]", "given_name"),
    ],
)
def test_an_unknown_path_names_the_nearest_right_one(text: str, nearest: str) -> None:
    with pytest.raises(UnknownPath) as caught:
        parse(text)
    assert caught.value.nearest == nearest
    assert f"Did you mean '{nearest}'?" in str(caught.value)
    assert isinstance(caught.value, WrongUse)


@pytest.mark.parametrize(
    "text",
    ["", ".", "address", "address[billing]", "consent.status", "custom", "custom.x", "custom.a.b.c", "a b"],
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(UnknownPath):
        parse(text)


def test_an_order_has_its_own_paths() -> None:
    assert parse("totals.grand_total", object="order").sub == "grand_total"
    assert kind_of("unit_price", object="order.lines") == "money"
    with pytest.raises(UnknownPath):
        parse("given_name", object="order")
    with pytest.raises(UnknownPath, match="no object 'ordre'"):
        parse("number", object="ordre")


@pytest.mark.parametrize(
    ("text", "together"),
    [
        ("given_name", "name"),
        ("display_name", "name"),
        ("suffix", "name"),
        ("address.line1", "address"),
        ("address[billing].line1", "address[billing]"),
        ("email", "email"),
        ("email.status", "email"),
        ("email[work]", "email[work]"),
        ("consent[email].status", "consent[email]"),
        ("tax_id[vat].country", "tax_id[vat]"),
        ("social[x].profile_url", "social[x]"),
        ("credit_limit", "credit_limit"),
        ("custom.crm.level", "custom.crm.level"),
        ("membership[gold].tier", "membership[gold].tier"),
    ],
)
def test_fields_that_belong_together_share_a_group(text: str, together: str) -> None:
    assert group(text) == together


@pytest.mark.parametrize("object", list(vocabulary.OBJECTS))
def test_every_known_path_parses_and_has_a_kind(object: str) -> None:
    assert known(object)
    for text in known(object):
        assert parse(text, object=object).text == text
        assert kind_of(text, object=object)


def test_every_closed_enumeration_belongs_to_a_field() -> None:
    for name in vocabulary.ENUMS:
        object, _, rest = name.rpartition(".")
        if name in ("customer.consent.status", "customer.email.status"):
            object, rest = "customer", name.split(".")[1] + "[email].status"
            rest = rest if "consent" in rest else "email.status"
        assert kind_of(rest, object=object) == "enum", name
    assert set(vocabulary.SYNONYMS) <= set(vocabulary.ENUMS)
    for name, words in vocabulary.SYNONYMS.items():
        assert set(words.values()) <= set(vocabulary.ENUMS[name])
        assert not set(words) & set(vocabulary.ENUMS[name])


def test_slots_take_labels() -> None:
    for field in paths.SLOTS:
        assert vocabulary.CUSTOMER[field].labels is not None
