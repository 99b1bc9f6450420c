"""The words of the pages in the reader's language: gettext with types."""

from __future__ import annotations

from typing import cast

import flask_babel
from babel.core import Locale


def gettext(text: str, **values: object) -> str:
    """The text in the reader's language, with its values."""
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    """The text for a number of things; `num` is that number."""
    return str(flask_babel.ngettext(one, many, number, **values))


def lazy_gettext(text: str) -> str:
    """A text that is translated each time it is shown: for tables made at import. Pass it through str() to keep it."""
    return cast(str, flask_babel.lazy_gettext(text))


def locale() -> Locale:
    """The reader's locale; English outside a request."""
    found: Locale | None = flask_babel.get_locale()
    return found or Locale("en")
