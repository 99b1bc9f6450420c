from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.canonical import money
from hub.canonical.money import Money, to_currency, to_minor, to_money
from hub.canonical.unfit import Unfit


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("12", "EUR", "12.00"),
        ("12.5", "EUR", "12.50"),
        ("12.3456", "EUR", "12.3456"),
        ("12.340000", "EUR", "12.34"),
        ("0012", "JPY", "12"),
        ("1", "KWD", "1.000"),
        ("-0", "EUR", "0.00"),
        ("1E3", "EUR", "1000.00"),
        (12.1, "EUR", "12.10"),
        (0.1 + 0.2, "EUR", "0.30000000000000004"),
        (7, "JPY", "7"),
    ],
)
def test_an_amount_has_its_currency_s_decimals_and_loses_none(
    amount: object, currency: str, text: str
) -> None:
    found = to_money(amount, currency)
    assert found == {"amount": text, "currency": currency}
    assert to_money(found) == found
    assert Money.from_json(found).to_json() == found


@pytest.mark.parametrize(
    "wrong", ["1,5", "1.234,50", "12 EUR", "NaN", "Infinity", "1_000", True, [], "9" * 50, "1E99"]
)
def test_what_is_no_amount_is_unfit(wrong: object) -> None:
    with pytest.raises(Unfit):
        to_money(wrong, "EUR")


def test_an_amount_without_currency_says_how_to_mend_it() -> None:
    with pytest.raises(Unfit) as caught:
        to_money("12")
    assert "currency" in str(caught.value.fix)


@pytest.mark.parametrize(
    ("word", "code"), [("eur", "EUR"), (" € ", "EUR"), ("RMB", "CNY"), ("人民币", "CNY"), ("", None)]
)
def test_currencies_are_iso_codes(word: str, code: str | None) -> None:
    assert to_currency(word) == code


@pytest.mark.parametrize("wrong", ["EURO", "XXX", "$", 5])
def test_an_unknown_currency_is_unfit(wrong: object) -> None:
    with pytest.raises(Unfit, match="is no currency"):
        to_currency(wrong)


@given(st.integers(-(10**12), 10**12), st.sampled_from(sorted(money.CURRENCIES)))
def test_minor_units_come_back(units: int, currency: str) -> None:
    made = money.from_minor(units, currency)
    assert made is not None
    assert to_minor(made["amount"], currency) == units


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6))
def test_a_decimal_has_one_text(number: Decimal) -> None:
    text = money.decimal_text(number)
    assert Decimal(text) == number
    assert money.decimal_text(Decimal(text)) == text


def test_minor_units_are_whole() -> None:
    with pytest.raises(Unfit):
        money.from_minor("1.5", "EUR")
    with pytest.raises(Unfit):
        to_minor("1.005", "EUR")
    with pytest.raises(Unfit, match="has no currency"):
        money.from_minor("5", None)
