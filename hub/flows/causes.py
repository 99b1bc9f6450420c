"""Causes by their common words: what differs from record to record is left out when they are grouped."""

from __future__ import annotations

import re

_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"[^\"]*\"")
_NUMBERS = re.compile(r"(?<![\w.])\d+(?:, \d+)*")


def common(cause: str) -> str:
    """The cause with … for what is quoted and for numbers; the fix stays whole."""
    why, fix, rest = cause.partition(" Fix: ")
    return _NUMBERS.sub("…", _QUOTED.sub("…", why)) + fix + rest
