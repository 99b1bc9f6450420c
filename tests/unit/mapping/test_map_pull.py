from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import RecordRejected, WrongUse
from hub.mapping.engine import ABSENT, CompiledMap, Context, Pulled, compile_map
from hub.mapping.load import load_map

NOWHERE = Context()


def compiled(text: str, *, context: Context = NOWHERE, overlay: str | None = None) -> CompiledMap:
    return compile_map(load_map(text, file="x.toml", overlay=overlay), context=context)


def customer(lines: str, *, context: Context = NOWHERE) -> CompiledMap:
    return compiled(f'object = "customer"\n{lines}', context=context)


def one(found: list[Pulled]) -> Pulled:
    assert len(found) == 1
    return found[0]


def test_absent_null_and_blank_are_three_things() -> None:
    map = customer(
        'blank = ["N/A"]\n[pull]\nemail = "e"\nphone = "p"\ngiven_name = "g"\nfamily_name = "f"\nsuffix = "s"'
    )
    pulled = one(map.pull({"p": None, "g": "  ", "f": "N/A", "s": "Jr"}))
    assert pulled.values == {"suffix": "Jr"}
    assert pulled.seen == {"phone": None, "given_name": "  ", "family_name": "N/A", "suffix": "Jr"}
    assert pulled.blanks == ("phone", "given_name", "family_name")


def test_blank_words_are_compared_by_type() -> None:
    map = customer(
        'blank = [false, 0]\n[pull]\nemail = "e"\nis_customer = "c"\nemployee_count = "n"\nsuffix = "s"'
    )
    pulled = one(map.pull({"e": False, "c": False, "n": 0, "s": "0"}))
    assert pulled.values == {"is_customer": False, "suffix": "0"}
    assert pulled.blanks == ("email", "employee_count")


@pytest.mark.parametrize(
    ("name", "raw", "rendering", "value"),
    [
        ("a.b", {"a": {"b": "x"}}, "x", "x"),
        ("a.b", {"a.b": "literal", "a": {"b": "x"}}, "literal", "literal"),
        ("a.b", {"a": None}, None, None),
        ("a.b", {"a": False}, None, None),
        ("a.b", {"a": {}}, ABSENT, None),
        ("a.b", {}, ABSENT, None),
        ("a.b", {"a": 5}, ABSENT, None),
        ("a.1", {"a": ["x", "y"]}, "y", "y"),
        ("a.2", {"a": ["x", "y"]}, ABSENT, None),
        ("a[].b", {"a": [{"b": "x"}, {}, {"b": "y"}]}, ["x", "y"], "x y"),
        ("a[]", {"a": ["x", None, "y"]}, ["x", None, "y"], "x y"),
        ("a[].b", {"a": []}, [], None),
    ],
)
def test_remote_names_reach_into_nested_records(
    name: str, raw: dict[str, Any], rendering: Any, value: Any
) -> None:
    map = customer(f'[pull]\ngiven_name = {{ from = "{name}", via = ["join"] }}')
    assert map.rendering("given_name", raw) == rendering
    pulled = one(map.pull(raw))
    assert pulled.values.get("given_name") == value
    assert ("given_name" in pulled.seen) is (rendering is not ABSENT)


def test_several_sources_are_seen_as_a_list() -> None:
    map = customer('[pull]\naddress.line1 = { from = ["no", "street"], via = ["join"] }')
    assert one(map.pull({"no": 5, "street": "Main St"})).values == {"address.line1": "5 Main St"}
    pulled = one(map.pull({"street": "Main St"}))
    assert pulled.values == {"address.line1": "Main St"}
    assert pulled.seen == {"address.line1": [None, "Main St"]}
    assert one(map.pull({"no": "", "street": " "})).blanks == ("address.line1",)
    assert one(map.pull({})).seen == {}


def test_a_constant_has_a_value_but_was_not_seen() -> None:
    pulled = one(customer('[pull]\nkind = { const = "person" }').pull({}))
    assert pulled.values == {"kind": "person"}
    assert pulled.seen == {}


def test_words_are_translated_and_unknown_ones_noted() -> None:
    map = customer(
        '[pull]\nkind = "t"\npayment_terms = "p"\n[values.kind]\nP = "person"\n'
        '"1" = "organisation"\n[values.payment_terms]\n30 = "net 30"'
    )
    assert one(map.pull({"t": "p", "p": 30})).values == {"kind": "person", "payment_terms": "net 30"}
    assert one(map.pull({"t": 1, "p": "60"})).values == {"kind": "organisation", "payment_terms": "60"}
    pulled = one(map.pull({"t": "Zebra"}))
    assert pulled.values == {"kind": "unknown"}
    assert pulled.seen == {"kind": "Zebra"}
    assert pulled.notes == ("kind: 'Zebra' has no translation",)
    assert one(map.pull({"t": "company"})).values == {"kind": "organisation"}


def test_a_person_at_an_organisation_is_two_parts() -> None:
    map = customer(
        '[pull]\ngiven_name = "g"\nsource_updated_at = "u"\n[pull.organisation]\n'
        'name = "company"\n"phone[work]" = "tel"'
    )
    raw = {"g": "Ann", "company": "Acme", "u": "2026-05-14T00:00:00Z"}
    person, organisation = map.pull(raw)
    assert (person.part, person.values) == ("", {"kind": "person", "given_name": "Ann"})
    assert (organisation.part, organisation.values) == (
        "organisation",
        {"kind": "organisation", "name": "Acme"},
    )
    assert organisation.source_at == person.source_at == 1778716800.0
    assert len(map.pull({"g": "Ann", "company": " "})) == 1
    assert map.parts["organisation"].pull_paths == {"kind", "name", "phone[work]"}
    assert map.push({"name": "New"}, create=False, part="organisation") == {"company": "New"}


def test_the_record_s_own_time_is_no_field() -> None:
    map = customer('[pull]\nemail = "e"\nsource_updated_at = "u"', context=Context(timezone="Europe/Berlin"))
    pulled = one(map.pull({"e": "a@x.org", "u": "2026-05-14 02:00"}))
    assert pulled.source_at == 1778716800.0
    assert "source_updated_at" not in {**pulled.values, **pulled.seen}
    assert "source_updated_at" not in map.pull_paths
    assert one(map.pull({"e": "a", "u": ""})).source_at is None
    assert one(map.pull({"e": "a"})).source_at is None


def test_the_context_fills_in_country_zone_and_currency() -> None:
    lines = (
        '[pull]\nphone = "p"\n"phone[mobile]" = { from = "m", country = "cc" }\n'
        'credit_limit = "l"\naddress.line1 = "a"'
    )
    map = customer(lines, context=Context("de", "Europe/Berlin", "eur"))
    pulled = one(map.pull({"p": "0171 2345678", "m": "13812345678", "cc": "中国", "l": "12", "a": "Main St"}))
    assert pulled.values == {
        "phone": "+491712345678",
        "phone[mobile]": "+8613812345678",
        "credit_limit": {"amount": "12.00", "currency": "EUR"},
        "address.line1": "Main St",
        "address.country": "DE",
    }
    assert pulled.seen["phone[mobile]"] == ["13812345678", "中国"]
    assert one(map.pull({"p": "1"})).values == {"phone": "1"}


@pytest.mark.parametrize(
    ("context", "told"),
    [
        (Context(currency="EURO"), "currency: 'EURO' is no currency"),
        (Context(timezone="Mars"), "timezone: 'Mars' is no time zone"),
        (Context(country="Narnia"), "country: 'Narnia' is no country"),
    ],
)
def test_a_context_that_does_not_exist_is_refused(context: Context, told: str) -> None:
    with pytest.raises(WrongUse, match=told):
        customer('[pull]\nemail = "e"', context=context)


def test_money_takes_the_currency_beside_it_or_the_connection_s() -> None:
    map = customer(
        '[pull]\ncredit_limit = { from = "l", currency = "c", via = ["decimal(,)"] }',
        context=Context(currency="EUR"),
    )
    assert one(map.pull({"l": "1.234,5", "c": "usd"})).values == {
        "credit_limit": {"amount": "1234.50", "currency": "USD"}
    }
    pulled = one(map.pull({"l": "1", "c": ""}))
    assert pulled.values == {"credit_limit": {"amount": "1.00", "currency": "EUR"}}
    assert pulled.seen == {"credit_limit": ["1", ""]}
    with pytest.raises(RecordRejected, match="credit_limit: 'EURO' is no currency"):
        map.pull({"l": "1", "c": "EURO"})


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({"dob": "31.02.1990"}, "birth_date: '31.02.1990' is not a date. Fix: Expected the format %d.%m.%Y."),
        ({"u": "soon"}, "source_updated_at: 'soon' is not an instant."),
        ({"e": ["a"]}, "email: '['a']' is not one value but several."),
        ({"e": "x" * 5_000_000}, "is longer than 64 kB"),
        ({"n": "many"}, "employee_count: 'many' is not a number."),
    ],
)
def test_a_record_that_cannot_be_taken_is_rejected_with_its_cause(raw: dict[str, Any], told: str) -> None:
    map = customer(
        '[pull]\nbirth_date = { from = "dob", via = ["date(%d.%m.%Y)"] }\nemail = "e"\n'
        'employee_count = "n"\nsource_updated_at = "u"'
    )
    with pytest.raises(RecordRejected) as caught:
        map.pull(raw)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_time_the_clock_showed_twice_is_noted() -> None:
    map = compiled('object = "order"\n[pull]\nplaced_at = "at"', context=Context(timezone="Europe/Berlin"))
    pulled = one(map.pull({"at": "2026-10-25 02:30"}))
    assert pulled.values == {"placed_at": "2026-10-25T00:30:00Z"}
    assert "the earlier is taken" in pulled.notes[0]
    for text in ("2026-10-25 02:30+01:00", "2026-10-25T01:30:00Z", "2026-10-25 04:30"):
        assert one(map.pull({"at": text})).notes == ()


def test_unmapped_fields_are_reported_not_dropped() -> None:
    map = customer(
        'ignore = ["id", "meta", "x_*"]\n[pull]\nemail = "e"\naddress.line1 = "a.street"\n'
        'tags = "labels[].name"'
    )
    raw = {
        "id": 1, "e": "x", "a": {"street": "s", "city": "c"}, "labels": [{"name": "n", "colour": "red"}],
        "meta": {"deep": {"er": 1}}, "x_1": 2, "new": "?", "empty": {},
    }  # fmt: skip
    assert map.unmapped(raw) == {"a.city", "labels[].colour", "new", "empty"}
    assert map.unmapped({"id": 1, "e": 2}) == set()


def test_a_value_is_made_again_from_its_rendering() -> None:
    map = customer(
        '[pull]\nbirth_date = { from = "dob", via = ["date(%d.%m.%Y)"] }\n'
        'address.line1 = { from = ["a", "b"], via = ["join"] }'
    )
    raw = {"dob": "01.02.1990", "a": "x", "b": "y"}
    for path, value in one(map.pull(raw)).values.items():
        assert map.value(path, map.rendering(path, raw)) == value
    with pytest.raises(RecordRejected, match="birth_date"):
        map.value("birth_date", "soon")


def test_digests_follow_what_makes_a_value() -> None:
    base = '[pull]\nphone = "p"\nemail = "e"\ncredit_limit = "l"\nkind = "k"'
    first = customer(base)
    assert first.digest == customer(base).digest
    assert len(first.digest) == 16
    assert customer(f'ignore = ["id"]\n{base}').line_digest == first.line_digest

    def changed(other: CompiledMap) -> set[str]:
        assert other.digest != first.digest
        return {path for path in first.line_digest if other.line_digest.get(path) != first.line_digest[path]}

    assert changed(customer(base, context=Context(country="DE"))) == {"phone"}
    assert changed(customer(base, context=Context(currency="EUR"))) == {"credit_limit"}
    assert changed(customer(base.replace('"e"', '"mail"'))) == {"email"}
    assert changed(customer(f'{base}\n[values.kind]\nP = "person"')) == {"kind"}
    assert changed(customer(f'{base}\nbirth_date = "d"')) == set()
    assert changed(customer(f'blank = ["-"]\n{base}')) == {"phone", "email", "credit_limit", "kind"}


def test_an_overlay_s_custom_field_travels_both_ways() -> None:
    text = 'object = "customer"\n[pull]\nemail = "e"'
    overlay = (
        '[pull]\ncustom.crm.level = { from = "lvl", via = ["prefixed(L-)"] }\n'
        '[values.custom.crm.level]\n1 = "gold"'
    )
    map = compiled(text, overlay=overlay)
    assert one(map.pull({"e": "a@x.org", "lvl": "L-1"})).values == {
        "email": "a@x.org",
        "custom.crm.level": "gold",
    }
    assert map.push({"custom.crm.level": "gold"}, create=False) == {"lvl": "L-1"}
    assert map.digest != compiled(text).digest


HOSTILE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["\x00", "\u202ex", "=1+1", "x" * 5000, "\ud800"]),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
)
RAW = st.recursive(
    HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)
EVERYTHING = customer(
    '[pull]\ngiven_name = "a"\nemail = "b"\nphone = "c"\nbirth_date = "d"\ntags = "e"\nis_customer = "f"\n'
    'credit_limit = { from = "g", currency = "h" }\naddress.country = "i.x"\ncustom.a.b = "j"\nkind = "k"\n'
    'full_name = { from = ["l", "m[].x"], via = ["upper", "join"] }\nlanguage = "n"\nwebsite = "o"\n'
    'employee_count = "p"\n"tax_id[vat]" = "q"\nsource_updated_at = "r"',
    context=Context("DE", "Europe/Berlin", "EUR"),
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from("abcdefghijklmnopqr"), RAW))
def test_whatever_a_remote_says_is_taken_or_rejected_always_alike(raw: dict[str, Any]) -> None:
    def run() -> Any:
        try:
            return EVERYTHING.pull(raw)
        except RecordRejected as rejected:
            return str(rejected)

    found = run()
    assert repr(run()) == repr(found)
    if not isinstance(found, str):
        assert set(found[0].blanks) <= set(found[0].seen)
        assert set(found[0].blanks).isdisjoint(found[0].values)
        assert set(found[0].values) <= EVERYTHING.pull_paths
    assert not any(name in EVERYTHING.unmapped(raw) for name in "abcdefgh")
