"""Phone numbers as E.164 where they are valid numbers, else the trimmed text as given: nothing is lost."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import phonenumbers

from hub.canonical.clean import line

_LONGEST = 40  # phonenumbers itself gives up at 250; no real number with its extension is longer than this


@lru_cache(maxsize=65_536)
def _read(text: str, country: str | None) -> str:
    if len(text) > _LONGEST or sum(map(str.isdigit, text)) < 4:
        return text
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return text
    if not phonenumbers.is_valid_number(number):
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def to_phone(value: Any, country: str | None = None) -> str | None:
    """E.164 if `value`, dialled from `country` (alpha-2), is a valid number; else its text trimmed; None if blank."""
    text = line(value)
    return None if text is None else _read(text, country)
