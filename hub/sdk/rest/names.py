"""Names with dots, as tables.py explains them: what they reach in an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def reach(found: Any, name: str) -> Any:
    """The value at `name`, or None; the empty name is all of it."""
    values = reach_all(found, name)
    return values[0] if values else None


def reach_all(found: Any, name: str) -> list[Any]:
    """Every value at `name`: more than one only through `[]`."""
    values = [found]
    for piece in name.split(".") if name else ():
        each = piece.endswith("[]")
        key = piece.removesuffix("[]")
        if key:
            values = [one[key] for one in values if isinstance(one, Mapping) and key in one]
        if each:
            values = [part for one in values if isinstance(one, list) for part in one]
    return values
