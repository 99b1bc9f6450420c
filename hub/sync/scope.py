"""Which records go where: creation policy, the `where` expression, leaving, and the blast-radius cap (sync.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

CreatePolicy = Literal["never", "referenced", "matching", "all"]
ExitPolicy = Literal["freeze", "unlink"]


class Facts(NamedTuple):
    """What a `where` may ask of a golden: its tags, the connections with a live record, segments, consents by channel."""

    tags: frozenset[str]
    sources: frozenset[str]
    segments: frozenset[str]
    consents: Mapping[str, str]


Where = Callable[[Facts], bool]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which goldens go to one object of one connection. where: set with create = "matching" only."""

    create: CreatePolicy = "never"
    where: Where | None = None
    on_exit: ExitPolicy = "freeze"


class Membership(NamedTuple):
    """create: make a record there. deliver: keep a bound record at golden. unlink: let the bound record go."""

    create: bool
    deliver: bool
    unlink: bool


def parse_where(text: str) -> Where:
    """Compile `tag|source|segment|consent[CHANNEL] = | != value`, joined by and / or (and binds tighter; brackets group).

    Raises WrongUse naming the position and what would be right.
    """
    raise NotImplementedError


def compile_scope(create: str = "never", where: str | None = None, *, on_exit: str = "freeze") -> Scope:
    """The scope from an admin's words. Raises WrongUse on an unknown word, or a `where` without create = "matching"."""
    raise NotImplementedError


def membership(
    scope: Scope, facts: Facts, *, bound: bool, referenced: bool, barred: bool = False
) -> Membership:
    """What the scope says of one golden. referenced: an order or relation needs it there. barred: it was deleted there, so
    it is not created again without a person's word."""
    raise NotImplementedError


def cap(bound: int) -> int:
    """How many records one run may create or change: 500 or 10 % of the bound ones, whichever is larger."""
    raise NotImplementedError
