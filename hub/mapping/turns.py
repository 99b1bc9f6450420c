"""What a transform is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from hub.mapping.spec import Context

Turn = Callable[[Any], Any]


class Pair(NamedTuple):
    """What a transform does to one value on the way in (`read`) and out (`write`)."""

    read: Turn
    write: Turn


Build = Callable[[str | None, Context], Pair]
"""From what stands in the brackets, and the connection's context, to the pair. Raises ValueError for wrong brackets."""


class Transform(NamedTuple):
    """A named transform. `argument`: what its brackets hold (None: it takes none; ending in "?": may be left out).

    invertible: a line that uses it can be pushed as it stands. gathers: it takes all sources of the line at once.
    """

    name: str
    doc: str
    argument: str | None
    build: Build
    invertible: bool
    gathers: bool


def same(value: Any) -> Any:
    """Changes nothing."""
    return value


def whole(argument: str | None) -> int:
    """The whole number in the brackets. Raises ValueError."""
    try:
        return int(argument or "")
    except ValueError:
        raise ValueError("expected a whole number in the brackets") from None
