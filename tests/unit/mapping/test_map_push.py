from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.canonical.country import COUNTRIES
from hub.canonical.moment import from_epoch
from hub.canonical.money import decimal_text, from_minor
from hub.errors import RecordRejected, WrongUse
from hub.mapping.engine import CompiledMap, Context, compile_map
from hub.mapping.load import load_map

NOWHERE = Context()


def customer(lines: str, *, context: Context = NOWHERE) -> CompiledMap:
    return compile_map(load_map(f'object = "customer"\n{lines}', file="x.toml"), context=context)


def test_a_line_is_turned_round_unless_it_says_otherwise() -> None:
    map = customer(
        '[pull]\nemail = "e"\nbirth_date = { from = "dob", via = ["date(%d.%m.%Y)"] }\naddress.locality = "a.city"\n'
        'given_name = { from = "g", via = ["title"] }\nfull_name = { from = ["g", "f"], via = ["join"] }\n'
        'kind = { const = "person" }\nlanguage = { from = "lang", push = false }\nphone = "tels.0"\n'
        'tags = "labels[]"\ndisplay_name = "e"\nsource_updated_at = "u"'
    )
    assert map.push_paths == map.create_paths == {"email", "birth_date", "address.locality"}
    assert map.not_pushed == {
        "given_name": "title cannot be turned round",
        "full_name": "join cannot be turned round",
        "kind": "a constant",
        "language": "the map says push = false",
        "phone": "tels.0 is a place in a list",
        "tags": "labels[] is a place in a list",
        "display_name": "e is written by another line",
    }
    values = {"email": "a@x.org", "birth_date": "1990-02-01", "address.locality": "Bonn", "given_name": "Ann"}
    assert map.push(values, create=False) == {"e": "a@x.org", "dob": "01.02.1990", "a.city": "Bonn"}


def test_an_explicit_line_takes_the_place_of_the_reverse() -> None:
    map = customer(
        '[pull]\nemail = "e"\nfamily_name = "f"\ngiven_name = "g"\n[push]\nmail = { from = "email", via = ["upper"] }\n'
        'f = { from = ["family_name", "suffix"], via = ["join(, )"] }'
    )
    assert map.push({"email": "a@x.org", "given_name": "Ann"}, create=False) == {
        "mail": "A@X.ORG",
        "g": "Ann",
    }
    assert map.push_needs == {"family_name": ("suffix",), "suffix": ("family_name",)}
    assert map.push({"family_name": "Lee", "suffix": "Jr"}, create=False) == {"f": "Lee, Jr"}
    assert map.push({"family_name": "Lee", "suffix": None}, create=False) == {"f": "Lee"}
    assert map.push({"family_name": None, "suffix": None}, create=False) == {"f": ""}
    assert map.push({"family_name": "Lee"}, create=True) == {"f": "Lee"}
    with pytest.raises(WrongUse, match="suffix must be given too"):
        map.push({"family_name": "Lee"}, create=False)


def test_some_fields_are_written_on_create_only() -> None:
    map = customer(
        '[pull]\nemail = "e"\nkind = "k"\n[push.only_on_create]\nk = "kind"\nsource = { const = "hub" }'
    )
    assert map.push_paths == {"email"}
    assert map.create_paths == {"email", "kind"}
    assert map.not_pushed == {"kind": "written on create only"}
    assert map.push({"email": "a", "kind": "person"}, create=False) == {"e": "a"}
    assert map.push({"email": "a", "kind": "person"}, create=True) == {
        "source": "hub",
        "e": "a",
        "k": "person",
    }
    assert map.push({}, create=True) == {"source": "hub"}


@pytest.mark.parametrize(("written", "blank"), [("empty", ""), ("null", None), ("false", False)])
def test_none_is_written_as_the_remote_says_it(written: str, blank: Any) -> None:
    map = customer(
        f'blank_as = "{written}"\n[pull]\nemail = "e"\ncredit_limit = {{ from = "l", currency = "c" }}'
    )
    assert map.push({"email": None, "credit_limit": None}, create=False) == {
        "e": blank,
        "l": blank,
        "c": blank,
    }


def test_a_value_without_translation_parks_the_record() -> None:
    map = customer(
        '[pull]\nkind = "k"\npayment_terms = "p"\naddress.country = "c"\n[values.kind]\nP = "person"\nX = "person"\n'
        '[values.payment_terms]\n30 = "net 30"\n[values.address.country]\nUK = "GB"'
    )
    assert map.push({"kind": "person", "payment_terms": "net 30"}, create=False) == {"k": "P", "p": "30"}
    assert map.push({"address.country": "GB"}, create=False) == {"c": "UK"}
    assert map.push({"address.country": "DE"}, create=False) == {"c": "DE"}
    assert map.push({"kind": "unknown"}, create=False) == {}
    with pytest.raises(
        RecordRejected, match=r"kind: 'organisation' has no word there. Fix: Add it to \[values.kind\]"
    ):
        map.push({"kind": "organisation"}, create=False)
    with pytest.raises(RecordRejected, match="payment_terms"):
        map.push({"payment_terms": "net 60"}, create=False)


def test_an_enumeration_s_unknown_is_not_written() -> None:
    assert customer('[pull]\nkind = "k"').push({"kind": "unknown"}, create=True) == {}


def test_money_is_never_written_in_another_currency() -> None:
    map = customer(
        '[pull]\ncredit_limit = { from = "l", via = ["decimal(,)"] }', context=Context(currency="EUR")
    )
    assert map.push({"credit_limit": {"amount": "1234.50", "currency": "EUR"}}, create=False) == {
        "l": "1234,50"
    }
    with pytest.raises(RecordRejected, match="is not in EUR"):
        map.push({"credit_limit": {"amount": "1.00", "currency": "USD"}}, create=False)
    beside = customer('[pull]\ncredit_limit = { from = "l", currency = "c", via = ["minor"] }')
    written = beside.push({"credit_limit": {"amount": "12.99", "currency": "USD"}}, create=False)
    assert written == {"l": 1299, "c": "USD"}
    assert beside.pull(written)[0].values == {"credit_limit": {"amount": "12.99", "currency": "USD"}}
    with pytest.raises(RecordRejected, match="has more decimals than USD"):
        beside.push({"credit_limit": {"amount": "12.999", "currency": "USD"}}, create=False)


DATES = st.dates(min_value=date(1000, 1, 1)).map(str)
WORDS = st.text("abcXYZ 09é汉", min_size=1, max_size=12).map(lambda text: " ".join(text.split())).filter(bool)
INSTANTS = st.integers(0, 4_000_000_000).map(from_epoch)
DECIMALS = st.decimals(-(10**9), 10**9, places=4).map(decimal_text)
PHONES = st.sampled_from(["+491712345678", "+8613812345678", "+12125550123", "as given"])

LINES = [
    ("birth_date", [], DATES),
    ("birth_date", ["date"], DATES),
    ("birth_date", ["date(%d.%m.%Y)"], DATES),
    ("birth_date", ["date(%m/%d/%Y|%Y)", "blank(never)"], DATES),
    ("consent[email].captured_at", [], INSTANTS),
    ("consent[email].captured_at", ["datetime(%d.%m.%Y %H:%M:%S %z)"], INSTANTS),
    ("consent[email].captured_at", ["epoch"], INSTANTS),
    ("consent[email].captured_at", ["epoch_ms"], INSTANTS),
    ("is_customer", [], st.booleans()),
    ("is_customer", ["bool(J,N)"], st.booleans()),
    ("is_customer", ["flip"], st.booleans()),
    ("tags", [], st.lists(WORDS, min_size=1).map(lambda words: sorted(set(words)))),
    ("tags", ["split(;)"], st.lists(WORDS, min_size=1).map(lambda words: sorted(set(words)))),
    ("membership[m].points_balance", [], DECIMALS),
    ("membership[m].points_balance", ["decimal(,)"], DECIMALS),
    ("membership[m].points_balance", ["negate", "decimal(.)"], DECIMALS),
    ("membership[m].points_balance", ["scale(100)"], DECIMALS),
    ("employee_count", ["number"], st.integers(-(10**12), 10**12)),
    ("given_name", [], WORDS),
    ("given_name", ["trim", "prefixed(CUST-)", "suffixed(!)"], WORDS),
    ("address.postal_code", ["zeros(5)"], st.from_regex(r"[0-9]{5}", fullmatch=True)),
    ("address.country", [], st.sampled_from(sorted(COUNTRIES))),
    ("address.country", ["country(name)"], st.sampled_from(sorted(COUNTRIES))),
    ("address.country", ["country(name_zh)"], st.sampled_from(sorted(COUNTRIES))),
    ("address.country", ["country(alpha3)"], st.sampled_from(sorted(COUNTRIES))),
    ("language", ["language(_)"], st.sampled_from(["de", "en-US", "zh-Hant-TW"])),
    ("phone", [], PHONES),
    ("phone", ["phone(national)"], PHONES),
    ("phone", ["phone(international)"], PHONES),
    ("phone", ["phone(digits)"], PHONES),
    ("kind", [], st.sampled_from(["person", "organisation"])),
    ("custom.a.b", [], st.one_of(WORDS, st.booleans(), st.integers())),
]


@pytest.mark.parametrize(("path", "via", "values"), LINES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_what_is_written_reads_back_as_it_was(
    path: str, via: list[str], values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    steps = ", ".join(f'"{step}"' for step in via)
    map = customer(
        f'[pull]\n"{path}" = {{ from = "x", via = [{steps}] }}', context=Context("DE", "Europe/Berlin", "EUR")
    )
    value = data.draw(values)
    assert map.push_paths == {path}
    written = map.push({path: value}, create=False)
    assert map.pull(written)[0].values.get(path) == value


MONEY = st.tuples(st.integers(0, 10**9), st.sampled_from(["EUR", "JPY", "KWD"]))


@settings(max_examples=60, deadline=None)
@given(MONEY, st.sampled_from([[], ["minor"], ["decimal(,)"], ["negate"], ["blank(-)"], ["number"]]))
def test_money_reads_back_as_it_was(money: tuple[int, str], via: list[str]) -> None:
    steps = ", ".join(f'"{step}"' for step in via)
    map = customer(f'[pull]\ncredit_limit = {{ from = "l", currency = "c", via = [{steps}] }}')
    value = from_minor(*money)
    assert map.pull(map.push({"credit_limit": value}, create=False))[0].values == {"credit_limit": value}
