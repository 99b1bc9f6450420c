"""Money: a decimal and an ISO 4217 code; the exponent comes from the currency; nothing is converted or rounded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from hub.canonical.clean import word
from hub.canonical.unfit import Unfit

_EXPONENTS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
    2: "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE"
    " CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL"
    " HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR"
    " MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK"
    " SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD"
    " XCG YER ZAR ZMW ZWG",
}
CURRENCIES: Mapping[str, int] = {
    code: exponent for exponent, codes in _EXPONENTS.items() for code in codes.split()
}
"""ISO 4217 code → number of decimals."""

_ALIASES = {
    "€": "EUR",
    "£": "GBP",
    "RMB": "CNY",
    "CNH": "CNY",
    "人民币": "CNY",
    "元": "CNY",
    "美元": "USD",
    "欧元": "EUR",
}
_LONGEST = 40
_EXACT = 28  # arithmetic with more digits than this would round


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency."""

    amount: Decimal
    currency: str

    def to_json(self) -> dict[str, str]:
        """As flat values hold it: {"amount": "12.00", "currency": "EUR"}."""
        return {"amount": amount_text(self.amount, self.currency), "currency": self.currency}

    @classmethod
    def from_json(cls, value: Mapping[str, str]) -> Money:
        """The inverse of `to_json`."""
        return cls(Decimal(value["amount"]), value["currency"])


@lru_cache(maxsize=1024)
def _code(text: str) -> str | None:
    code = word(text).upper()
    if not code:
        return None
    code = _ALIASES.get(code, code)
    if code not in CURRENCIES:
        raise Unfit("is no currency", fix="Expected an ISO 4217 code such as EUR, USD, CNY or JPY.")
    return code


def to_currency(value: Any) -> str | None:
    """The ISO 4217 code in `value` (any case; a few unambiguous signs and words); None if blank. Raises Unfit."""
    if value is None:
        return None
    if value.__class__ is not str:
        raise Unfit("is no currency", fix="Expected an ISO 4217 code such as EUR, USD, CNY or JPY.")
    return _code(value)


def decimal_of(value: Any) -> Decimal | None:
    """The finite number in `value`, a decimal point and no grouping; None if blank. Raises Unfit."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise Unfit("is not a number")
    text = word(value) if isinstance(value, str) else repr(value)
    if not text:
        return None
    fix = 'Expected 1234.56; for another form, say so in the map, for example via = ["decimal(,)"].'
    if len(text) > _LONGEST or "_" in text:
        raise Unfit("is not a number", fix=fix)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise Unfit("is not a number", fix=fix) from None
    small = number.is_finite() and -_EXACT < number.adjusted() < _EXACT - 4  # room for a currency's decimals
    if not small or len(number.as_tuple().digits) > _EXACT or len(f"{number:f}") > _LONGEST - 4:
        raise Unfit("is not a number", fix=fix)
    return number


def decimal_text(number: Decimal) -> str:
    """A decimal in its one canonical text: no exponent, no trailing zeros, no minus zero."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def amount_text(number: Decimal, currency: str) -> str:
    """An amount with at least its currency's decimals; further ones are kept, for unit prices have them."""
    text = decimal_text(number)
    exponent = CURRENCIES[currency]
    whole, _dot, fraction = text.partition(".")
    fraction = fraction.ljust(exponent, "0")
    return f"{whole}.{fraction}" if fraction else whole


@lru_cache(maxsize=16_384)
def _money(amount: str, currency: str) -> tuple[str, str] | None:
    number = decimal_of(amount)
    return None if number is None else (amount_text(number, currency), currency)


def to_money(value: Any, currency: str | None = None) -> dict[str, str] | None:
    """{"amount", "currency"} from an amount and its currency, or from such a dict; None if blank. Raises Unfit."""
    if isinstance(value, Mapping):
        if set(value) != {"amount", "currency"}:
            raise Unfit("is not money", fix='Expected {"amount": "12.00", "currency": "EUR"}.')
        value, currency = value["amount"], to_currency(value["currency"]) or currency
    if value is None or (value.__class__ is str and not word(value)):
        return None
    if currency is None:
        raise Unfit(
            "has no currency",
            fix="Set `currency` on the map's line or on the connection, or map the currency column.",
        )
    if value.__class__ is not str:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Unfit("is not an amount")
        value = repr(value)
    read = _money(value, currency)
    return None if read is None else {"amount": read[0], "currency": read[1]}


def from_minor(value: Any, currency: str | None) -> dict[str, str] | None:
    """Money from a whole number of the currency's smallest units; None if blank. Raises Unfit."""
    number = decimal_of(value)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise Unfit("is not a whole number of the smallest unit")
    if currency is None:
        return to_money("0", None)
    return to_money(f"{number.scaleb(-CURRENCIES[currency]):f}", currency)


def to_minor(amount: str, currency: str) -> int:
    """The inverse of `from_minor`. Raises Unfit for a fraction of the smallest unit."""
    number = Decimal(amount).scaleb(CURRENCIES[currency])
    if number != number.to_integral_value():
        raise Unfit(f"has more decimals than {currency}")
    return int(number)
