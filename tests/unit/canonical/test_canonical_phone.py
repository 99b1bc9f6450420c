from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.canonical import phone
from hub.canonical.phone import to_phone


@pytest.mark.parametrize(
    ("given_value", "country", "value"),
    [
        ("0171 2345678", "DE", "+491712345678"),
        ("+49 (171) 234-5678", None, "+491712345678"),
        ("0049 171 2345678", "DE", "+491712345678"),
        ("138 1234 5678", "CN", "+8613812345678"),
        ("+86 138 1234 5678", "US", "+8613812345678"),
        ("(212) 555-0123 ext. 7", "US", "+12125550123"),
        ("tel:+1-212-555-0123", None, "+12125550123"),
        ("06 698 12345", "IT", "+390669812345"),
        ("0412 345 678", "AU", "+61412345678"),
        ("0171 2345678", None, "0171 2345678"),
        ("12", "DE", "12"),
        ("call reception", "DE", "call reception"),
        ("+999 123 456 789", None, "+999 123 456 789"),
        ("000000", "DE", "000000"),
        ("0.0", "CN", "0.0"),
        ("00", "DE", "00"),
        ("+1", None, "+1"),
        ("  0171\u00a02345678 ", "DE", "+491712345678"),
        (1712345678, "DE", "+491712345678"),
        ("9" * 5000, "DE", "9" * 5000),
        ("+4917١2345678", None, "+491712345678"),
        (None, "DE", None),
        (" ", "DE", None),
    ],
)
def test_valid_numbers_become_e164_and_others_stay(
    given_value: object, country: str | None, value: str | None
) -> None:
    assert to_phone(given_value, country) == value
    assert to_phone(value, country) == value


REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
EXAMPLES = [
    (region, number)
    for region in REGIONS
    for kind in range(11)
    if (number := phonenumbers.example_number_for_type(region, kind)) is not None
]


@st.composite
def numbers(draw: st.DrawFn) -> tuple[str, str | None]:
    """Real numbers of all countries in three writings, some with a digit changed; and mere digits."""
    region, number = draw(st.sampled_from(EXAMPLES))
    country = draw(st.sampled_from([region, region, None, *REGIONS]))
    if draw(st.booleans()):
        text = phonenumbers.format_number(number, draw(st.sampled_from([0, 1, 2])))
        if draw(st.booleans()):
            at = draw(st.integers(0, len(text) - 1))
            text = text[:at] + draw(st.sampled_from("0123456789 ")) + text[at + 1 :]
    else:
        start = draw(st.sampled_from(["1", "+", "0", "00", "011", "0011"]))
        text = start + draw(st.text("0123456789 .", max_size=13))
    return text.strip(), country


@settings(max_examples=1500, deadline=None)
@given(numbers())
def test_the_short_way_says_what_the_library_says(found: tuple[str, str | None]) -> None:
    text, country = found
    quick = phone._quick(text, country) if phone._PLAIN.fullmatch(text) else ""
    if quick != "":
        assert quick == phone.by_library(text, country)


def test_the_short_way_is_taken_by_what_people_write() -> None:
    for text, country in (("0171 2345678", "DE"), ("+1 (212) 555-0123", None), ("0061 412 345 678", "DE")):
        assert phone._quick(text, country) == phone.by_library(text, country) != ""


def test_00_means_abroad_also_where_the_country_dials_otherwise() -> None:
    assert to_phone("0049 30 1234567", "US") == "+49301234567"
    assert to_phone("00886 2 2345 6789", "TW") == "+886223456789"
    assert to_phone("0049 30 1234567", "DE") == "+49301234567"
    assert to_phone("00 1", "US") == "00 1"
