"""The closed list of named transforms. Each docstring is what an admin reads; mappings/README.md lists them all.

A *form* says how the remote writes a value: pulling reads that form, pushing writes it, so the line can be turned
round. A *change* does the same to a text in either direction; what it took away cannot be brought back, so a line
with one is not pushed by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from html import unescape
from typing import Any, NamedTuple

from hub.canonical import clean, moment, money
from hub.canonical.unfit import Unfit
from hub.mapping.spec import Context

Turn = Callable[[Any], Any]


class Pair(NamedTuple):
    """What a transform does to one value on the way in (`read`) and out (`write`)."""

    read: Turn
    write: Turn


class Transform(NamedTuple):
    """A named transform. `argument`: what its brackets hold (None: it takes none; ending in "?": may be left out).

    invertible: a line that uses it can be pushed as it stands. gathers: it takes all sources of the line at once.
    """

    name: str
    doc: str
    argument: str | None
    build: Callable[[str | None, Context], Pair]
    invertible: bool
    gathers: bool


def _same(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    return clean.as_text(value)


# --- forms: how the remote writes it --------------------------------------------------------------


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

    return Pair(read, write) if formats else Pair(moment.to_date, _same)


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

    return Pair(read, write) if formats else Pair(moment.reader(zone_name), _same)


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
        count = Decimal(repr(moment.epoch(value))) * unit
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
    return Pair(_same, _same)  # the money line itself knows the currency, and so the unit


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
    return Pair(lambda value: None if _text(value).strip().casefold() in words else value, _same)


# --- changes: the same in either direction --------------------------------------------------------


def _change(work: Turn) -> Pair:
    return Pair(work, work)


def trim(argument: str | None, context: Context) -> Pair:
    """Spaces at both ends go (normalising does that anyway)."""
    return Pair(lambda value: value.strip() if isinstance(value, str) else value, _same)


def lower(argument: str | None, context: Context) -> Pair:
    """All letters small."""
    return _change(lambda value: _text(value).lower())


def upper(argument: str | None, context: Context) -> Pair:
    """All letters capital."""
    return _change(lambda value: _text(value).upper())


def title(argument: str | None, context: Context) -> Pair:
    """A capital at the start of each word, the rest small."""
    return _change(lambda value: re.sub(r"[^\W\d_]+", lambda word: word[0].capitalize(), _text(value)))


def digits(argument: str | None, context: Context) -> Pair:
    """Digits only; everything else goes."""
    return _change(lambda value: re.sub(r"\D", "", _text(value)))


def join(argument: str | None, context: Context) -> Pair:
    """Several sources (or the items of a list) as one text, blanks left out.

    With a space between, or what the brackets say, as in join(, ).
    """
    mark = " " if argument is None else argument

    def work(values: Any) -> Any:
        parts = values if isinstance(values, (list, tuple)) else [values]
        return mark.join(text for part in parts if (text := _text(part).strip()))

    return _change(work)


def first(argument: str | None, context: Context) -> Pair:
    """The first of several sources (or of the items of a list) that is not blank."""

    def work(values: Any) -> Any:
        parts = values if isinstance(values, (list, tuple)) else [values]
        return next(
            (part for part in parts if part is not None and (not isinstance(part, str) or part.strip())), None
        )

    return _change(work)


def word(argument: str | None, context: Context) -> Pair:
    """The n-th word, from 1; word(-1) is the last."""
    return _pick(argument, lambda text: text.split())


def line(argument: str | None, context: Context) -> Pair:
    """The n-th line of a text, from 1; line(-1) is the last."""
    return _pick(argument, lambda text: text.splitlines())


def _pick(argument: str | None, cut: Callable[[str], list[str]]) -> Pair:
    place = _whole(argument)
    if place == 0:
        raise ValueError("counting starts at 1")

    def work(value: Any) -> Any:
        parts = cut(_text(value).strip())
        index = place - 1 if place > 0 else len(parts) + place
        return parts[index] if 0 <= index < len(parts) else None

    return _change(work)


def _whole(argument: str | None) -> int:
    try:
        return int(argument or "")
    except ValueError:
        raise ValueError("expected a whole number in the brackets") from None


def cut(argument: str | None, context: Context) -> Pair:
    """The first n characters, as in cut(40)."""
    size = _whole(argument)
    if size < 1:
        raise ValueError("expected a number above 0")
    return _change(lambda value: _text(value)[:size])


def replace(argument: str | None, context: Context) -> Pair:
    """Each occurrence of one text becomes another, as in replace(–,-)."""
    old, comma, new = (argument or "").partition(",")
    if not old or not comma:
        raise ValueError("expected two texts, as in replace(–,-)")
    return _change(lambda value: _text(value).replace(old, new))


def plain(argument: str | None, context: Context) -> Pair:
    """Text out of HTML: tags go, line breaks stay, entities become letters."""

    def work(value: Any) -> Any:
        text = re.sub(r"(?i)<\s*(br|/p|/div|/li)\b[^>]*>", "\n", _text(value))
        return unescape(re.sub(r"<[^>]{0,2000}>", "", text))

    return _change(work)


def _entry(
    build: Callable[[str | None, Context], Pair],
    argument: str | None = None,
    *,
    back: bool,
    gathers: bool = False,
) -> Transform:
    return Transform(build.__name__.rstrip("_"), build.__doc__ or "", argument, build, back, gathers)


TRANSFORMS: Mapping[str, Transform] = {
    entry.name: entry
    for entry in (
        _entry(date, "format?", back=True),
        _entry(datetime_, "format?", back=True),
        _entry(epoch, back=True),
        _entry(epoch_ms, back=True),
        _entry(bool_, "yes,no", back=True),
        _entry(split, "separator?", back=True),
        _entry(decimal, "sign", back=True),
        _entry(minor, back=True),
        _entry(prefixed, "text", back=True),
        _entry(suffixed, "text", back=True),
        _entry(blank, "words", back=True),
        _entry(trim, back=True),
        _entry(lower, back=False),
        _entry(upper, back=False),
        _entry(title, back=False),
        _entry(digits, back=False),
        _entry(join, "separator?", back=False, gathers=True),
        _entry(first, back=False, gathers=True),
        _entry(word, "number", back=False),
        _entry(line, "number", back=False),
        _entry(cut, "number", back=False),
        _entry(replace, "old,new", back=False),
        _entry(plain, back=False),
    )
}
