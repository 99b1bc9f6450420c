"""JSON documents of the store as text: one spelling for all tables."""

from __future__ import annotations

from typing import Any

import orjson


def dump(value: Any) -> str:
    """Compact JSON text; named tuples as lists."""
    return orjson.dumps(value, default=_plain).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


def load(text: str | None) -> Any:
    """The value, None for a null column."""
    return None if text is None else orjson.loads(text)
