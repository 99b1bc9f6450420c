from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.canonical.paths import kind_of
from hub.mapping.engine import Context, compile_map
from hub.mapping.headers import BY_OBJECT
from hub.mapping.load import load_map
from hub.mapping.suggest import HEADER, LIKELY, MAYBE, SURE, Guess, suggest, to_toml

ENGLISH = {
    "ID": "1", "First Name": "Ann", "Surname": "Lee", "E-Mail": "a@x.org", "Mobile No.": "+49 171 2345678",
    "DOB": "31.12.1990", "Billing City": "Bonn", "Ship-to Street": "Main St 5", "Country": "Germany", "Title": "Mr",
    "Credit Limit": "1.234,50", "Tags": "a;b", "Tax ID": "DE123456789", "Newsletter": "yes", "Remarks": "x",
    "Alternative": "b@x.org", "Last Modified": "2026-05-14 10:00:00",
}  # fmt: skip
CHINESE = {
    "客户编号": "1", "姓名": "王伟", "手机号码": "13812345678", "邮箱": "a@x.cn", "出生日期": "1990年1月2日",
    "城市": "北京", "详细地址": "朝阳区1号", "收货地址": "海淀区2号", "统一社会信用代码": "91110108MA01ABCD2X",
    "会员等级": "金", "积分": "120",
    "更新时间": "2026-05-01 10:00:00", "性别": "男", "微信号": "wx1", "国家/地区": "中国",
}  # fmt: skip


def by_column(guesses: list[Guess]) -> dict[str, tuple[str | None, tuple[str, ...]]]:
    return {guess.column: (guess.path, guess.via) for guess in guesses}


def test_english_headers() -> None:
    assert by_column(suggest(list(ENGLISH), [ENGLISH])) == {
        "ID": (None, ()),
        "First Name": ("given_name", ()),
        "Surname": ("family_name", ()),
        "E-Mail": ("email", ()),
        "Mobile No.": ("phone[mobile]", ()),
        "DOB": ("birth_date", ("date(%d.%m.%Y)",)),
        "Billing City": ("address[billing].locality", ()),
        "Ship-to Street": ("address[shipping].line1", ()),
        "Country": ("address.country", ()),
        "Title": ("prefix", ()),
        "Credit Limit": ("credit_limit", ("decimal(,)",)),
        "Tags": ("tags", ("split(;)",)),
        "Tax ID": ("tax_id[vat]", ()),
        "Newsletter": ("consent[email].status", ()),
        "Remarks": (None, ()),
        "Alternative": ("email[other]", ()),
        "Last Modified": ("source_updated_at", ()),
    }


def test_chinese_headers() -> None:
    assert by_column(suggest(list(CHINESE), [CHINESE])) == {
        "客户编号": (None, ()),
        "姓名": ("full_name", ()),
        "手机号码": ("phone[mobile]", ()),
        "邮箱": ("email", ()),
        "出生日期": ("birth_date", ()),
        "城市": ("address.locality", ()),
        "详细地址": ("address.line1", ()),
        "收货地址": ("address[shipping].line1", ()),
        "统一社会信用代码": ("tax_id[uscc]", ()),
        "会员等级": ("membership[main].tier", ()),
        "积分": ("membership[main].points_balance", ()),
        "更新时间": ("source_updated_at", ()),
        "性别": ("gender", ()),
        "微信号": ("messaging[wechat]", ()),
        "国家/地区": ("address.country", ()),
    }


@pytest.mark.parametrize("row", [ENGLISH, CHINESE])
def test_a_suggested_map_works_on_the_rows_it_was_made_from(row: dict[str, str]) -> None:
    guesses = suggest(list(row), [row])
    text = to_toml(guesses)
    context = Context("CN" if row is CHINESE else "DE", "UTC", "EUR")
    map = compile_map(load_map(text, file="suggested.toml"), context=context)
    (pulled,) = map.pull(row)
    wanted = {guess.path for guess in guesses if guess.path} - {"source_updated_at"}
    assert wanted <= set(pulled.values)
    assert pulled.source_at is not None
    assert map.unmapped(row) == set()


def test_orders_get_their_lines() -> None:
    row = {
        "订单号": "1", "客户编号": "C1", "下单时间": "2026/05/01 10:00", "总金额": "1,200.00",
        "商品名称": "杯", "数量": "2", "单价": "600", "币种": "CNY",
    }  # fmt: skip
    text = to_toml(suggest(list(row), [row], object="order"), object="order")
    (order,) = compile_map(load_map(text, file="x.toml"), context=Context()).pull({**row, "lines": [row]})
    assert order.values["lines"] == [
        {"name": "杯", "quantity": "2", "unit_price": {"amount": "600.00", "currency": "CNY"}}
    ]
    assert order.values["totals.grand_total"] == {"amount": "1200.00", "currency": "CNY"}
    assert order.customer_record == "C1"


@pytest.mark.parametrize(
    ("header", "values", "path", "via", "confidence"),
    [
        ("Email", ["a@x.org"], "email", (), SURE),
        ("Email", [], "email", (), HEADER),
        ("Email", ["x", "y"], "email", (), MAYBE),
        ("Phone", ["a@x.org", "b@x.org"], "email", (), LIKELY),
        ("Given", ["a@x.org"], "email", (), LIKELY),
        ("col7", ["a@x.org", "", "b@x.org"], "email", (), LIKELY),
        ("col7", ["+49 171 2345678"], "phone", (), LIKELY),
        ("col7", ["1234567"], None, (), MAYBE),
        ("Birthday", ["03/04/1990"], "birth_date", ("date(%d/%m/%Y)",), LIKELY),
        ("Birthday", ["03/04/1990", "25/12/1990"], "birth_date", ("date(%d/%m/%Y)",), SURE),
        ("Birthday", ["03/04/1990", "12/25/1990"], "birth_date", ("date(%m/%d/%Y)",), SURE),
        ("Birthday", ["12/25/1990"], "birth_date", ("date(%m/%d/%Y)",), SURE),
        ("Birthday", ["1 Jan 1990"], "birth_date", ("date(%d %b %Y)",), SURE),
        ("updated", ["1700000000"], "source_updated_at", ("epoch",), SURE),
        ("updated", ["1700000000123"], "source_updated_at", ("epoch_ms",), SURE),
        ("updated", ["14.05.2026 10:00"], "source_updated_at", ("datetime(%d.%m.%Y %H:%M)",), SURE),
        ("tax exempt", ["J", "N"], "tax_exempt", ("bool(J,N)",), SURE),
        ("tax exempt", ["true"], "tax_exempt", (), SURE),
        ("type", ["Company", "person"], "kind", (), SURE),
        ("type", ["gold", "silver"], "kind", (), MAYBE),
        ("address[billing].locality", ["Bonn"], None, (), MAYBE),
        ("given_name", ["Ann"], "given_name", (), SURE),
        ("客户 邮箱", ["a@x.org"], "email", (), SURE),
    ],
)
def test_header_and_values_make_the_confidence(
    header: str, values: list[str], path: str | None, via: tuple[str, ...], confidence: float
) -> None:
    (guess,) = suggest([header], [{header: value} for value in values])
    assert guess == Guess(header, path, via, confidence)


def test_a_path_is_given_once() -> None:
    guesses = suggest(["mail", "email", "e-mail", "email address", "emailid", "city", "town"], [])
    assert [guess.path for guess in guesses] == [
        "email", "email[other]", "email[work]", "email[home]", None, "address.locality", None,
    ]  # fmt: skip


@pytest.mark.parametrize("object", list(BY_OBJECT))
def test_every_path_of_the_word_lists_exists(object: str) -> None:
    for path in BY_OBJECT[object]:
        head, listed, sub = path.partition("[].")
        assert kind_of(sub, object=f"{object}.{head}") if listed else kind_of(path, object=object)


def test_a_word_means_one_path_only() -> None:
    for table in BY_OBJECT.values():
        words = [word for listed in table.values() for word in listed.split("|")]
        assert sorted(words) == sorted(set(words))


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.lists(TEXT, unique=True, max_size=6), st.lists(st.text(max_size=12), max_size=4))
def test_any_header_makes_a_map_that_loads(headers: list[str], values: list[Any]) -> None:
    rows = [dict.fromkeys(headers, value) for value in values]
    guesses = suggest(headers, rows)
    assert [guess.column for guess in guesses] == headers
    text = to_toml(guesses)
    found = tomllib.loads(text)
    assert set(found.get("ignore", [])) == {guess.column for guess in guesses if guess.path is None}
    if "" not in headers and all(header.strip() for header in headers):
        load_map(text, file="x.toml")
