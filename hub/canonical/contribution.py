"""What a system itself said about one field: the only evidence for matching and survivorship (DESIGN §4)."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Kind = Literal["first_sight", "edit"]


class Contribution(NamedTuple):
    """A value that really originated in a system.

    value: canonical value (JSON types; None = the system says there is none, and the blank rule is `clear`).
    raw: the remote's rendering it was read from. kind: `first_sight` or `edit` (a real edit outranks a first sight).
    source_at: the remote's own time, epoch seconds UTC, or None. seen_at: when we read it. live: False once retired.
    """

    value: Any
    raw: Any
    kind: Kind
    source_at: float | None
    seen_at: float
    live: bool = True
