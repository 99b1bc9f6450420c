"""A map as data: what load.py makes of the TOML text and engine.py compiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

ABSENT: Final = type("Absent", (), {"__repr__": lambda self: "ABSENT", "__bool__": lambda self: False})()
"""The raw record lacks this name: different from null and from empty (canonical-model.md, "Values")."""

MAIN = ""
ORGANISATION = "organisation"


class Context(NamedTuple):
    """What a connection says once for all its records: alpha-2 country, IANA time zone, ISO 4217 currency."""

    country: str | None = None
    timezone: str | None = None
    currency: str | None = None


class Step(NamedTuple):
    """One word of `via`: a transform and what stands in its brackets."""

    name: str
    argument: str | None = None


class PullLine(NamedTuple):
    """One line of [pull]. `beside`: the source of the currency (money) or country (phone) that belongs to the value.

    `lenient`: a value that cannot be read counts as blank, and is noted, instead of refusing the record.
    """

    path: str
    sources: tuple[str, ...] = ()
    via: tuple[Step, ...] = ()
    const: Any = None
    beside: str | None = None
    push: bool = True
    lenient: bool = False


class PushLine(NamedTuple):
    """One line of [push] or [push.only_on_create]: the remote's name, and the paths or constant it is written from.

    `beside` (in a list only): the remote's name of the currency that is written beside the amount.
    """

    remote: str
    paths: tuple[str, ...] = ()
    via: tuple[Step, ...] = ()
    const: Any = None
    beside: str | None = None


class ListLines(NamedTuple):
    """A sub-map for a list of objects: `lines[]` read from the list at `source` and written to the one at `target`.

    Without `pull` it is only written; `push` is written always, `create` when the record is made there. `needs`: the
    paths that are written along whenever the list is.
    """

    path: str
    source: str
    pull: tuple[PullLine, ...]
    target: str = ""
    push: tuple[PushLine, ...] = ()
    create: tuple[PushLine, ...] = ()
    needs: tuple[str, ...] = ()


class Part(NamedTuple):
    """The lines of one part of a record: the main one, or the organisation it belongs to."""

    name: str
    pull: tuple[PullLine, ...]
    push: tuple[PushLine, ...] = ()
    create: tuple[PushLine, ...] = ()


@dataclass(frozen=True, slots=True)
class MapSpec:
    """A whole map with its overlay merged in. `values`: per path (or `lines[].path`), remote word → canonical value."""

    object: str
    parts: tuple[Part, ...]
    lists: tuple[ListLines, ...] = ()
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    blank: tuple[Any, ...] = ()
    blank_as: str | bool | None = ""
