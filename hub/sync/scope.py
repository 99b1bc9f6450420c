"""Which records go where: creation policy, leaving, and the blast-radius cap (sync.md, "Which records go
where")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from hub.errors import WrongUse
from hub.sync.where import Facts, Where, parse_where

CreatePolicy = Literal["never", "referenced", "matching", "all"]
ExitPolicy = Literal["freeze", "unlink"]

CREATE_POLICIES = ("never", "referenced", "matching", "all")
EXIT_POLICIES = ("freeze", "unlink")
CAP_RECORDS = 500
CAP_SHARE = 0.10


@dataclass(frozen=True, slots=True)
class Scope:
    """Which goldens go to one object of one connection. where: only with create = "matching"."""

    create: CreatePolicy = "never"
    where: Where | None = None
    on_exit: ExitPolicy = "freeze"


class Membership(NamedTuple):
    """create: make a record there. deliver: keep the bound record at golden. unlink: let the bound record
    go."""

    create: bool
    deliver: bool
    unlink: bool


def compile_scope(create: str = "never", where: str | None = None, *, on_exit: str = "freeze") -> Scope:
    """The scope in an admin's words. Raises WrongUse on an unknown word, or if `where` and `create` do not
    fit."""
    if create not in CREATE_POLICIES:
        raise WrongUse(f"create is {create!r}.", fix=f"Use one of: {', '.join(CREATE_POLICIES)}.")
    if on_exit not in EXIT_POLICIES:
        raise WrongUse(f"on_exit is {on_exit!r}.", fix=f"Use one of: {', '.join(EXIT_POLICIES)}.")
    if (create == "matching") != (where is not None):
        raise WrongUse(
            f"create is {create!r}, and there is {'a' if where else 'no'} where.",
            fix='A where belongs to create = "matching", and only to it.',
        )
    condition = None if where is None else parse_where(where)
    return Scope(create, condition, on_exit)  # type: ignore[arg-type]  # both words were checked


def membership(
    scope: Scope, facts: Facts, *, bound: bool, referenced: bool = False, barred: bool = False
) -> Membership:
    """What the scope says of one golden.

    bound: it has a live record there. referenced: an order or relation needs it there. barred: its record was
    deleted there, and no person has asked for a new one. Only `matching` can be left again: `freeze` keeps
    the binding and stops deliveries, `unlink` lets it go.
    """
    inside = scope.where is None or scope.where(facts)
    if bound:
        return Membership(create=False, deliver=inside, unlink=not inside and scope.on_exit == "unlink")
    asked = {
        "never": False,
        "referenced": referenced,
        "matching": inside,
        "all": True,
    }[scope.create]
    return Membership(create=asked and not barred, deliver=False, unlink=False)


def cap(bound: int) -> int:
    """How many records one run may create or change unconfirmed, with so many bound: 500 or 10 %, the
    larger."""
    return max(CAP_RECORDS, int(bound * CAP_SHARE))
