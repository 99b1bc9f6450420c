"""What goes into survivorship and what comes out: members, pins and holds in; fields with their reasons
out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.canonical.contribution import Contribution


class Member(NamedTuple):
    """A record of the cluster. priority: of its connection, the larger wins. contributions: by canonical
    path."""

    record_id: int
    connection: str
    priority: int
    contributions: Mapping[str, Contribution]


class Pin(NamedTuple):
    """A value a steward fixed; None: fixed as absent. by: who. at: epoch seconds."""

    value: Any
    by: str
    at: float = 0.0


class Hold(NamedTuple):
    """A field kept as it was until someone decides. value: what golden had; None: nothing. since: epoch
    seconds."""

    value: Any
    since: float = 0.0


class Why(NamedTuple):
    """Why a field has its value, or (with no value) why it is absent.

    record_id: whose contribution it is; None for a pin or a hold. rule: the step that decided against the
    best rival: `only` (none), `pin`, `hold`, `live`, `owner`, `restrictive`, `edit`, one of the rules,
    `priority`, `id`. pinned_by: who pinned it. derived: it follows from other parts of the same name.
    """

    record_id: int | None
    rule: str
    pinned_by: str | None = None
    derived: bool = False


class Golden(NamedTuple):
    """fields: flat path dictionary without None. why: by path, cleared ones too. also: per contact-like field
    the further live values that `fields` does not hold, as `[group, value]` (an address as a dictionary of
    its parts), best first."""

    fields: dict[str, Any]
    why: dict[str, Why]
    also: dict[str, list[list[Any]]]
