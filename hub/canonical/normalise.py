"""Canonical values by kind of path: one way to write each thing, so that equal means equal (canonical-model.md).

A normaliser takes any JSON value and gives the canonical one, or None if the value is blank. Each is idempotent.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from hub.canonical import clean, moment, money, vocabulary
from hub.canonical.country import to_country
from hub.canonical.language import to_language
from hub.canonical.paths import kind_of, parse
from hub.canonical.phone import to_phone
from hub.canonical.unfit import Unfit, rejected

Normaliser = Callable[[Any], Any]

TRUE_WORDS = frozenset({"true", "yes", "y", "t", "1", "on", "x", "✓", "是", "有", "真"})
FALSE_WORDS = frozenset({"false", "no", "n", "f", "0", "off", "否", "无", "假"})
_TAG_BREAK = re.compile(r"[,;，；、|\n]")
_IN_TAX_ID = re.compile(r"[\s.\-/]")
_HOST = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)?([^/?#]*)")


def _email(text: str) -> str | None:
    folded = unicodedata.normalize("NFKC", text).lower()
    joined = "".join(folded.removeprefix("mailto:").split())
    return clean.line(unicodedata.normalize("NFKC", joined))  # what stood apart may compose now


def to_email(value: Any) -> str | None:
    """Trimmed, NFKC, lower case, no spaces; None if blank. Whether mail arrives there is not judged."""
    if value.__class__ is str and len(value) < 255 and value.isascii() and value.isprintable():
        text = value.strip().lower()
        if " " not in text and text[:7] != "mailto:":
            return text or None
    cleaned = clean.line(value)
    return None if cleaned is None else _email(cleaned)


def to_bool(value: Any) -> bool | None:
    """True or False from a truth value or a word for one; None if blank. Raises Unfit."""
    if value is None or value is True or value is False:
        return value
    word = clean.word(clean.as_text(value)).lower()
    if not word:
        return None
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise Unfit(
        "is neither yes nor no", fix='Expected true or false; name the words in the map: via = ["bool(Y,N)"].'
    )


def to_int(value: Any) -> int | None:
    """A whole number; None if blank. Raises Unfit."""
    if value.__class__ is int:
        return value
    number = money.decimal_of(value)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise Unfit("is not a whole number")
    return int(number)


def to_decimal(value: Any) -> str | None:
    """A decimal as its canonical text; None if blank. Raises Unfit."""
    number = money.decimal_of(value)
    return None if number is None else money.decimal_text(number)


def to_tags(value: Any) -> list[str] | None:
    """A sorted list of different words, from a list or from text with commas or semicolons; None if blank."""
    if value is None:
        return None
    parts = value if isinstance(value, (list, tuple)) else _TAG_BREAK.split(clean.lines(value) or "")
    words = {word for part in parts if (word := clean.line(part))}
    return sorted(words) or None


def to_code(value: Any) -> str | None:
    """A postal code, region code or register number: NFKC, upper case, single spaces; None if blank."""
    text = clean.line(value)
    if text is None:
        return None
    return text.upper() if text.isascii() else clean.line(unicodedata.normalize("NFKC", text).upper())


def to_tax_id(value: Any) -> str | None:
    """Upper case without spaces, dots, dashes and slashes; None if blank."""
    text = to_code(value)
    return None if text is None else to_code(_IN_TAX_ID.sub("", text))


def to_handle(value: Any) -> str | None:
    """An account name in a network, without the @ before it; None if blank."""
    text = clean.line(value)
    return None if text is None else text.lstrip("@ ") or None


def to_url(value: Any) -> str | None:
    """A web address, spaces out, scheme and host in lower case; None if blank. No scheme is invented."""
    text = clean.line(value)
    if text is None:
        return None
    text = clean.line("".join(text.split())) or ""
    return clean.line(_HOST.sub(lambda found: found[0].lower(), text, count=1))


def _enum(words: tuple[str, ...], synonyms: Mapping[str, str]) -> Normaliser:
    known = {**synonyms, **{word: word for word in words}}

    def to_word(value: Any) -> str | None:
        """The canonical word; `unknown` for one we do not know, never an error."""
        if value.__class__ is str and value in known:
            return known[value]
        text = clean.line(value)
        if text is None:
            return None
        word = text.lower().replace(" ", "_").replace("-", "_")
        return known.get(word, "unknown")

    return to_word


def to_pieces(value: Any) -> list[dict[str, str]] | None:
    """How much of which lines, from a list of objects with line, sku and quantity; None if blank. Raises Unfit."""
    if value is None or value == "":
        return None
    if not isinstance(value, (list, tuple)) or not all(isinstance(part, Mapping) for part in value):
        raise Unfit("is not a list of lines", fix='Expected [{"line": …, "sku": …, "quantity": …}].')
    turns = (("line", clean.verbatim), ("sku", clean.line), ("quantity", to_decimal))
    rows = [
        {name: made for name, turn in turns if (made := turn(part.get(name))) is not None} for part in value
    ]
    return [row for row in rows if row] or None


def to_custom(value: Any) -> Any:
    """A custom field keeps its JSON type: text cleaned, numbers with a fraction as decimal text, lists item by item."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return to_decimal(value)
    if isinstance(value, Mapping):
        return {str(key): to_custom(item) for key, item in value.items()} or None
    if isinstance(value, (list, tuple)):
        return [item for part in value if (item := to_custom(part)) is not None] or None
    return clean.lines(value)


def _as_is(value: Any) -> Any:
    return value


_BY_KIND: Mapping[str, Normaliser] = {
    "text": clean.line,
    "timezone": clean.line,
    "multiline": clean.lines,
    "ref": clean.verbatim,
    "email": to_email,
    "date": moment.to_date,
    "currency": money.to_currency,
    "country": to_country,
    "language": to_language,
    "bool": to_bool,
    "int": to_int,
    "decimal": to_decimal,
    "tags": to_tags,
    "pieces": to_pieces,
    "code": to_code,
    "tax_id": to_tax_id,
    "handle": to_handle,
    "url": to_url,
    "custom": to_custom,
    "list": _as_is,
}


@lru_cache(maxsize=4096)
def normaliser(
    path: str,
    *,
    object: str = "customer",
    country: str | None = None,
    currency: str | None = None,
    timezone: str = "UTC",
) -> Normaliser:
    """The normaliser of a path, bound to a connection's context; it raises Unfit. Raises UnknownPath."""
    kind = kind_of(path, object=object)
    if kind == "phone":
        return lambda value: to_phone(value, country)
    if kind == "instant":
        return moment.reader(timezone)
    if kind == "money":
        return lambda value: money.to_money(value, currency)
    if kind == "enum":
        taken = parse(path, object=object)
        name = vocabulary.enum_name(object, taken.field, taken.sub)
        return _enum(vocabulary.ENUMS[name], vocabulary.SYNONYMS.get(name, {}))
    return _BY_KIND[kind]


def normalise(
    path_text: str,
    value: Any,
    *,
    country: str | None = None,
    currency: str | None = None,
    timezone: str = "UTC",
    object: str = "customer",
) -> Any:
    """The canonical value of `value` under `path_text`; None if it is blank.

    `country` (alpha-2) is where phone numbers without a code are dialled, `currency` (ISO 4217) that of amounts without
    one, `timezone` that of naive times. Raises RecordRejected naming path, value and what is expected; UnknownPath.
    """
    work = normaliser(path_text, object=object, country=country, currency=currency, timezone=timezone)
    try:
        return work(value)
    except Unfit as unfit:
        raise rejected(path_text, value, unfit) from None
