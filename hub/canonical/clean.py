"""Text as the hub holds it: NFC, no control or invisible formatting characters, single spaces, at most 64 kB."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from hub.canonical.unfit import Unfit

MAX_BYTES = 65_536
"""A field larger than this is refused, never cut."""

_SURE = MAX_BYTES // 4  # no character takes more than four bytes

# controls but tab and line ends; bidi embeddings, overrides, isolates and marks; zero-width but the joiners that
# scripts and emoji need; byte-order mark; interlinear marks; variation in encodings of "nothing"
_NOTHING = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_LONE = re.compile("[\ud800-\udfff]")  # half a surrogate pair: no encoding can carry it
_LINE_END = re.compile("\r\n|[\r\x85\u2028\x0b\x0c]|\u2029")


def _scrub(text: str) -> str:
    if len(text) > _SURE and len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise Unfit(
            f"is longer than {MAX_BYTES // 1024} kB",
            fix="Leave the field out of the map, or shorten it there.",
        )
    text = _NOTHING.sub("", text)
    text = _LONE.sub("\ufffd", text)
    return unicodedata.normalize("NFC", text)


def as_text(value: Any) -> str:
    """A scalar as text, the way JSON would write it. Raises Unfit for a list or an object."""
    if value.__class__ is str:
        return value
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return str(value)
    raise Unfit(
        "is not one value but several",
        fix="Map one part of it (name.part), or every one (name[]) with a join.",
    )


def line(value: Any) -> str | None:
    """One line of text; None if nothing is left. Printable ASCII, the common case, costs no scan."""
    if value.__class__ is str and len(value) <= _SURE and value.isprintable():
        if not (value.isascii() or unicodedata.is_normalized("NFC", value)):
            value = unicodedata.normalize("NFC", value)
        if "  " in value:
            return " ".join(value.split()) or None
        return value.strip() or None
    return " ".join(_scrub(as_text(value)).split()) or None


def word(text: str) -> str:
    """A short text without anything around or invisible in it; "" if nothing is left."""
    return text.strip() if text.isprintable() else line(text) or ""


def lines(value: Any) -> str | None:
    """Text that keeps its line ends (as \\n); trailing spaces and outer blank lines go. None if nothing is left."""
    text = _LINE_END.sub("\n", as_text(value))
    kept = [part.rstrip().replace("\t", " ") for part in _scrub(text).split("\n")]
    return "\n".join(kept).strip() or None


def verbatim(value: Any) -> str | None:
    """An id: exactly as given but for what no store can hold (NUL, half surrogates); None if it is blank."""
    text = as_text(value)
    if not text.strip():
        return None
    if text.isprintable() and len(text) <= _SURE:
        return text
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise Unfit(f"is longer than {MAX_BYTES // 1024} kB")
    return _LONE.sub("\ufffd", text.replace("\x00", "")) or None
