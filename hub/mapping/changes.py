"""Changes: the same to a text in either direction. What one takes away cannot be brought back."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

from hub.canonical.clean import as_text as _text
from hub.mapping.spec import Context
from hub.mapping.turns import Pair, Turn, same, whole


def _change(work: Turn) -> Pair:
    return Pair(work, work)


def trim(argument: str | None, context: Context) -> Pair:
    """Spaces at both ends go (normalising does that anyway)."""
    return Pair(lambda value: value.strip() if isinstance(value, str) else value, same)


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
    place = whole(argument)
    if place == 0:
        raise ValueError("counting starts at 1")

    def work(value: Any) -> Any:
        parts = cut(_text(value).strip())
        index = place - 1 if place > 0 else len(parts) + place
        return parts[index] if 0 <= index < len(parts) else None

    return _change(work)


def cut(argument: str | None, context: Context) -> Pair:
    """The first n characters, as in cut(40)."""
    size = whole(argument)
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
