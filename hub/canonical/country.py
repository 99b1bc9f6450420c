"""Countries: ISO 3166-1 alpha-2 from a code or a name in English, Chinese or a few others. Own table, no dependency."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from hub.canonical.clean import line
from hub.canonical.country_table import TABLE


class Country(NamedTuple):
    """One country: its codes and its names in English and Chinese."""

    alpha2: str
    alpha3: str
    english: str
    chinese: str


def _rows() -> list[list[str]]:
    return [row.split("|") for row in TABLE.strip().splitlines()]


COUNTRIES: Mapping[str, Country] = {row[0]: Country(*row[:4]) for row in _rows()}
"""alpha-2 → country, all 249 of ISO 3166-1."""


def _key(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip(" .").removeprefix("the ")


_WORDS: Mapping[str, str] = {_key(word): row[0] for row in reversed(_rows()) for word in reversed(row)}


@lru_cache(maxsize=4096)
def _read(text: str) -> str:
    return _WORDS.get(_key(text), text)


def to_country(value: Any) -> str | None:
    """The alpha-2 code; a word that names no country stays as given, for people wrote it; None if blank."""
    if value.__class__ is str and value in COUNTRIES:
        return value
    text = line(value)
    return _read(text) if text is not None and len(text) <= 80 else text
