"""Forms: how a remote writes a value. Pulling reads the form, pushing writes it, so the line can be turned round."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import phonenumbers

from hub.canonical import moment, money
from hub.canonical.clean import as_text as _text
from hub.canonical.country import COUNTRIES, to_country
from hub.canonical.language import to_language
from hub.canonical.normalise import to_bool
from hub.canonical.unfit import Unfit
from hub.mapping.spec import Context
from hub.mapping.turns import Pair, same, whole


def date(argument: str | None, context: Context) -> Pair:
    """A date in the given format, as in date(%d.%m.%Y).

    Several formats may stand with | between; the first is the one written. Without brackets: ISO 8601.
    """
    formats = tuple(argument.split("|")) if argument else ()
    for shape in formats:
        if not re.search(r"%[dejyYmbBxDFU]", shape):
            raise ValueError(f"'{shape}' is no date format; expected one such as %d.%m.%Y")

    @lru_cache(maxsize=16_384)
    def from_text(text: str) -> str:
        return moment.dated(text, formats)

    def read(value: Any) -> Any:
        text = _text(value).strip()
        return (from_text(text) if len(text) <= 64 else moment.dated(text, formats)) if text else None

    def write(value: Any) -> Any:
        return datetime.fromisoformat(value).strftime(formats[0])

    return Pair(read, write) if formats else Pair(moment.to_date, same)


def datetime_(argument: str | None, context: Context) -> Pair:
    """An instant in the given format, as in datetime(%d.%m.%Y %H:%M).

    Without a zone in it, it is a time of the connection's time zone. Without brackets: ISO 8601.
    """
    zone_name = context.timezone or "UTC"
    formats = tuple(argument.split("|")) if argument else ()

    def read(value: Any) -> Any:
        text = _text(value).strip()
        if not text:
            return None
        for shape in formats:
            try:
                when = datetime.strptime(text, shape)  # noqa: DTZ007  a zone is added below
            except ValueError:
                continue
            return moment.show(when if when.tzinfo else when.replace(tzinfo=moment.zone(zone_name)))
        raise Unfit("is not an instant", fix=f"Expected the format {' or '.join(formats)}.")

    def write(value: Any) -> Any:
        return datetime.fromisoformat(value).astimezone(moment.zone(zone_name)).strftime(formats[0])

    return Pair(read, write) if formats else Pair(moment.reader(zone_name), same)


def epoch(argument: str | None, context: Context) -> Pair:
    """An instant as seconds since 1970 (UTC)."""
    return _epoch(1)


def epoch_ms(argument: str | None, context: Context) -> Pair:
    """An instant as milliseconds since 1970 (UTC)."""
    return _epoch(1000)


def _epoch(unit: int) -> Pair:
    def read(value: Any) -> Any:
        number = money.decimal_of(value)
        return None if number is None else moment.from_epoch(float(number) / unit)

    def write(value: Any) -> Any:
        count = Decimal(repr(moment.seconds(value))) * unit
        return int(count) if count == count.to_integral_value() else float(count)

    return Pair(read, write)


def bool_(argument: str | None, context: Context) -> Pair:
    """Yes and no in the remote's two words, yes first, as in bool(Y,N)."""
    words = [word.strip() for word in (argument or "").split(",")]
    if len(words) != 2 or words[0] == words[1] or not all(words):
        raise ValueError("expected two words, as in bool(Y,N)")
    known = {words[0].casefold(): True, words[1].casefold(): False}

    def read(value: Any) -> Any:
        word = _text(value).strip().casefold()
        if not word:
            return None
        if word not in known:
            raise Unfit(f"is neither {words[0]} nor {words[1]}")
        return known[word]

    return Pair(read, lambda value: words[0] if value else words[1])


def split(argument: str | None, context: Context) -> Pair:
    """A list written as one text with a separator, as in split(;)."""
    mark = argument or ","

    def read(value: Any) -> Any:
        return value if isinstance(value, (list, tuple)) else _text(value).split(mark)

    return Pair(
        read, lambda value: mark.join(map(_text, value)) if isinstance(value, (list, tuple)) else value
    )


def decimal(argument: str | None, context: Context) -> Pair:
    """A number with this decimal sign and any grouping: decimal(,) reads 1.234,56 and decimal(.) reads 1,234.56."""
    if argument not in (",", "."):
        raise ValueError("expected decimal(,) or decimal(.)")
    drop = re.compile(r"[\s\u00a0'’_" + ("." if argument == "," else ",") + "]")

    def read(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return drop.sub("", value).replace(argument, ".")

    return Pair(read, lambda value: _text(value).replace(".", argument))


def minor(argument: str | None, context: Context) -> Pair:
    """Money in the currency's smallest unit: 1299 is 12.99 EUR, but 1299 JPY."""
    return Pair(same, same)  # the money line itself knows the currency, and so the unit


def prefixed(argument: str | None, context: Context) -> Pair:
    """The remote writes this text before the value, as in prefixed(CUST-)."""
    mark = argument or ""
    return Pair(lambda value: _text(value).strip().removeprefix(mark), lambda value: mark + _text(value))


def suffixed(argument: str | None, context: Context) -> Pair:
    """The remote writes this text behind the value, as in suffixed( days)."""
    mark = argument or ""
    return Pair(lambda value: _text(value).removesuffix(mark), lambda value: _text(value) + mark)


def blank(argument: str | None, context: Context) -> Pair:
    """These words mean that there is none, as in blank(N/A,-). Nothing is changed in what is written."""
    words = frozenset(word.strip().casefold() for word in (argument or "").split(","))
    return Pair(lambda value: None if _text(value).strip().casefold() in words else value, same)


def number(argument: str | None, context: Context) -> Pair:
    """Written as a number, not as text, where the remote insists on it; read like any."""

    def write(value: Any) -> Any:
        found = money.decimal_of(value)
        if found is None:
            return None
        return int(found) if found == found.to_integral_value() else float(found)

    return Pair(same, write)


def negate(argument: str | None, context: Context) -> Pair:
    """A number with the other sign: for a remote that writes discounts below zero."""

    def turn(value: Any) -> Any:
        found = money.decimal_of(value)
        return None if found is None else money.decimal_text(-found)

    return Pair(turn, turn)


def scale(argument: str | None, context: Context) -> Pair:
    """The remote's number is so many times ours: scale(100) reads 19 as 0.19."""
    factor = Decimal(whole(argument))
    if factor < 2 or set(str(factor)) - {"1", "0"} or str(factor)[0] != "1" or str(factor).count("1") > 1:
        raise ValueError("expected 10, 100, 1000 and so on")

    def read(value: Any) -> Any:
        found = money.decimal_of(value)
        return None if found is None else money.decimal_text(found / factor)

    def write(value: Any) -> Any:
        found = money.decimal_of(value)
        return None if found is None else money.decimal_text(found * factor)

    return Pair(read, write)


def zeros(argument: str | None, context: Context) -> Pair:
    """Leading zeros that a spreadsheet has dropped come back: zeros(5) reads 1067 as 01067."""
    size = whole(argument)
    if not 1 < size < 40:
        raise ValueError("expected a number from 2 to 39")

    def read(value: Any) -> Any:
        text = _text(value).strip()
        return text.zfill(size) if text else None

    return Pair(read, same)


def flip(argument: str | None, context: Context) -> Pair:
    """Yes for no and no for yes: for a remote that asks "do not mail?"."""
    return Pair(_flipped, lambda value: not value)


def _flipped(value: Any) -> Any:
    found = to_bool(value)
    return None if found is None else not found


def country(argument: str | None, context: Context) -> Pair:
    """A country as the remote writes it: country(name), country(name_zh) or country(alpha3). Any writing is read."""
    words = {"name": "english", "name_zh": "chinese", "alpha3": "alpha3"}
    if argument not in words:
        raise ValueError(f"expected one of {', '.join(words)}")

    def write(value: Any) -> Any:
        if value not in COUNTRIES:
            raise Unfit("is no country of ISO 3166", fix="Expected an alpha-2 code such as DE.")
        return getattr(COUNTRIES[value], words[argument])

    return Pair(to_country, write)


def language(argument: str | None, context: Context) -> Pair:
    """A language tag in the remote's writing: language(_) for en_US. Any writing is read."""
    if argument != "_":
        raise ValueError("expected language(_)")
    return Pair(to_language, lambda value: _text(value).replace("-", "_"))


def phone(argument: str | None, context: Context) -> Pair:
    """A phone number in the remote's writing: phone(national), phone(international) or phone(digits). Any is read."""
    if argument not in ("national", "international", "digits"):
        raise ValueError("expected phone(national), phone(international) or phone(digits)")
    bare, home = argument == "digits", context.country
    shapes = phonenumbers.PhoneNumberFormat
    shape = shapes.NATIONAL if argument == "national" else shapes.INTERNATIONAL

    @lru_cache(maxsize=4096)
    def formed(text: str) -> str:
        try:
            parsed = phonenumbers.parse(text)
        except phonenumbers.NumberParseException:
            return text
        if argument == "national" and phonenumbers.region_code_for_number(parsed) != home:
            return text  # dialled from abroad: only the whole number says where it is
        return phonenumbers.format_number(parsed, shape)

    def write(value: Any) -> Any:
        text = _text(value)
        if not text.startswith("+") or len(text) > 40:
            return text
        return text[1:] if bare else formed(text)

    def read(value: Any) -> Any:
        text = _text(value).strip()
        return f"+{text}" if bare and text.isdecimal() and not text.startswith("0") else text

    return Pair(read, write)
