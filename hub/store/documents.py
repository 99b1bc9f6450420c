"""JSON documents of the store as text: one spelling for all tables."""

from __future__ import annotations

from typing import Any

import orjson


def dump(value: Any) -> str:
    """Compact JSON text."""
    return orjson.dumps(value).decode()


def load(text: str | None) -> Any:
    """The value, None for a null column."""
    return None if text is None else orjson.loads(text)
