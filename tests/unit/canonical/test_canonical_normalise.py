from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.canonical.normalise import normalise
from hub.canonical.paths import kind_of, known
from hub.errors import RecordRejected

ONE_PER_KIND = sorted({kind_of(path): path for path in known()}.values())
ORDER_PATHS = [path for path in known("order") if path not in ("lines", "discounts")]


@pytest.mark.parametrize(
    ("path", "given_value", "value"),
    [
        ("given_name", "  Ann \t Lee\u00a0 ", "Ann Lee"),
        ("given_name", "Zoe\u0308", "Zoë"),
        ("given_name", "a\x00b\u202ec\u200b", "abc"),
        ("given_name", "欧阳\u3000娜娜", "欧阳 娜娜"),
        ("given_name", 42, "42"),
        ("given_name", 4.5, "4.5"),
        ("given_name", True, "true"),
        ("given_name", "\ud83d", "\ufffd"),
        ("given_name", "👩\u200d🚀", "👩\u200d🚀"),
        ("email", " Ann.LEE@Example.ORG ", "ann.lee@example.org"),
        ("email", "ａｎｎ＠ｘ．org", "ann@x.org"),
        ("email", "mailto:a@x.org", "a@x.org"),
        ("email", "a @x.org", "a@x.org"),
        ("birth_date", "2020-2-9", "2020-02-09"),
        ("birth_date", "20200209", "2020-02-09"),
        ("birth_date", 20200209, "2020-02-09"),
        ("birth_date", "2020年2月9日", "2020-02-09"),
        ("birth_date", "2020-02-09T00:00:00Z", "2020-02-09"),
        ("kind", "Company", "organisation"),
        ("kind", "个人", "person"),
        ("kind", "whatever", "unknown"),
        ("gender", "女", "female"),
        ("consent[email].status", True, "granted"),
        ("consent[email].status", "opted-out", "withdrawn"),
        ("language", "EN_us", "en-US"),
        ("language", "zh_hant_tw", "zh-Hant-TW"),
        ("language", "Deutsch", "de"),
        ("language", "中文", "zh"),
        ("language", "Klingonish tongue", "Klingonish tongue"),
        ("is_customer", "是", True),
        ("is_customer", 0, False),
        ("employee_count", "12.0", 12),
        ("membership[gold].points_balance", 1.50, "1.5"),
        ("membership[gold].points_balance", "-0.00", "0"),
        ("tags", "b; a,a ， c", ["a", "b", "c"]),
        ("tags", ["b", " ", "a"], ["a", "b"]),
        ("address.postal_code", " sw1a  1aa ", "SW1A 1AA"),
        ("address.postal_code", "１００-0001", "100-0001"),
        ("tax_id[vat]", "de 123.456-789", "DE123456789"),
        ("social[mastodon]", "@ann@x.org", "ann@x.org"),
        ("website", "HTTPS://Acme.COM/Path", "https://acme.com/Path"),
        ("custom.crm.level", 1.0, "1"),
        ("custom.crm.level", {"a": [" x ", None, 2]}, {"a": ["x", 2]}),
        ("external_ref[shop]", " 12 ", " 12 "),
        ("external_ref[shop]", 12, "12"),
    ],
)
def test_each_kind_has_one_way_to_be_written(path: str, given_value: Any, value: Any) -> None:
    assert normalise(path, given_value) == value
    assert normalise(path, value) == value


@pytest.mark.parametrize("path", [path for path in ONE_PER_KIND if kind_of(path) != "ref"])
@pytest.mark.parametrize("blank", [None, "", "  ", "\t\u3000\u200b"])
def test_a_blank_is_no_value(path: str, blank: str | None) -> None:
    assert normalise(path, blank) is None


@pytest.mark.parametrize(
    ("path", "wrong", "told"),
    [
        ("birth_date", "31.02.1990", "birth_date: '31.02.1990' is not a date. Fix: Expected 2026-02-28"),
        ("birth_date", "1990-02-31", "a day that no calendar has"),
        ("birth_date", "x" * 5000, "x…' is not a date"),
        ("source_updated_at", 1700000000, "is not an instant"),
        ("source_updated_at", "yesterday", "is not an instant"),
        ("credit_limit", "12", "has no currency"),
        ("credit_limit", {"amount": "12", "currency": "EURO"}, "is no currency"),
        ("credit_limit", {"amount": "12"}, "is not money"),
        ("employee_count", "12.5", "is not a whole number"),
        ("employee_count", "many", "is not a number"),
        ("is_customer", "perhaps", "is neither yes nor no"),
        ("given_name", ["a"], "is not one value but several"),
        ("given_name", {"a": 1}, "is not one value but several"),
        ("given_name", "x" * 70_000, "is longer than 64 kB"),
        ("given_name", "汉" * 30_000, "is longer than 64 kB"),
        ("custom.crm.note", "x" * 70_000, "is longer than 64 kB"),
        ("external_ref[shop]", "x" * 70_000, "is longer than 64 kB"),
    ],
)
def test_what_cannot_be_taken_is_rejected_with_path_value_and_fix(path: str, wrong: Any, told: str) -> None:
    with pytest.raises(RecordRejected) as caught:
        normalise(path, wrong)
    assert told in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value)) < 400


def test_a_field_of_64_kb_is_still_taken() -> None:
    assert normalise("given_name", "x" * 65_536) == "x" * 65_536


def test_multi_line_text_keeps_its_lines() -> None:
    text = " a  \r\nb\tc\x0b\r\x00d \n\n"
    assert normalise("note", text, object="order") == "a\nb c\n\nd"


@pytest.mark.parametrize(
    "hostile",
    [
        "\u202eevil\u202c" * 700,
        "a\x00b" * 1700,
        "=cmd|' /C calc'!A0",
        "+49 171 2345678\u202e",
        "\u202e \u2066 \u200f",
        "\ud800\udfff",
        "A\u0301" * 2500,
        "'; DROP TABLE customer; --",
        "１２３４－５６",
        "\n\r\x85\u2028\u2029",
        "-" * 5000,
        "9" * 5000,
    ],
)
@pytest.mark.parametrize("path", [*ONE_PER_KIND, "custom.a.b"])
def test_hostile_text_is_normalised_the_same_way_each_time_or_rejected(path: str, hostile: str) -> None:
    def once() -> Any:
        try:
            return normalise(path, hostile, country="DE", currency="EUR")
        except RecordRejected as rejected:
            return str(rejected)

    assert once() == once()
    found = once()
    if isinstance(found, str):
        found.encode()
        assert "\x00" not in found
        assert "\u202e" not in found or kind_of(path) == "ref"  # ids stay verbatim


def test_a_formula_is_kept_as_text() -> None:
    assert normalise("given_name", "=1+1") == "=1+1"


JSON = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
    st.lists(st.text(max_size=5), max_size=3),
    st.sampled_from(["2026-10-25 02:30", "1.50", "CN", "+86 138 1234 5678", "王伟", "a@b.c"]),
)


@settings(max_examples=400, deadline=None)
@given(path=st.sampled_from([*known(), "custom.a.b", "external_ref[x]"]), value=JSON)
def test_normalising_twice_is_normalising_once(path: str, value: Any) -> None:
    def run(given_value: Any) -> Any:
        return normalise(path, given_value, country="CN", currency="CNY", timezone="Europe/Berlin")

    try:
        once = run(value)
    except RecordRejected:
        return
    assert run(once) == once


@settings(max_examples=200, deadline=None)
@given(path=st.sampled_from(ORDER_PATHS), value=JSON)
def test_normalising_an_order_twice_is_normalising_it_once(path: str, value: Any) -> None:
    try:
        once = normalise(path, value, object="order", currency="EUR")
    except RecordRejected:
        return
    assert normalise(path, once, object="order", currency="EUR") == once
