"""What may travel which way between golden and one object of one connection; compiled once, read in every
transition."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from hub.errors import WrongUse

VersionKind = Literal["none", "etag", "modified"]

DIRECTIONS = ("in", "out", "both")
BLANK_RULES = ("ignore", "clear", "refill")


class Manners(NamedTuple):
    """What the manifest says of how a system behaves; the same words as there.

    identifying, unique: paths never copied from one record to another; unique: kept unique by the system
    itself. marker: a record we create carries our id. lands_late_seconds: how long after we gave it up a call
    may still take effect there. read_after_write_seconds: how long a find may miss a new record.
    """

    identifying: Collection[str] = ()
    unique: Collection[str] = ()
    conditional: bool = False
    version: VersionKind = "none"
    marker: bool = False
    lands_late_seconds: float = 0.0
    read_after_write_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Policy:
    """The manners of one system and the admin's rules for one object there.

    pushable: paths written on update; creatable: paths given at a create; `in` ones are left out of both.
    outward: paths of direction `out`. clear, refill: paths whose blank rule is that, all others `ignore`.
    own: identifying or unique paths. The rest as in `Manners`.
    """

    pushable: frozenset[str]
    creatable: frozenset[str]
    outward: frozenset[str] = frozenset()
    clear: frozenset[str] = frozenset()
    refill: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    unique: frozenset[str] = frozenset()
    update: bool = True
    conditional: bool = False
    version: VersionKind = "none"
    marker: bool = False
    lands_late_seconds: float = 0.0
    read_after_write_seconds: float = 0.0


def compile_policy(
    push_paths: Collection[str],
    create_paths: Collection[str],
    *,
    directions: Mapping[str, str] | None = None,
    blanks: Mapping[str, str] | None = None,
    manners: Manners = Manners(),  # noqa: B008  # a NamedTuple cannot change
    update: bool = True,
) -> Policy:
    """The policy of one object of one connection, from its map (push, create), its admin and its manifest.

    directions: path → in | out | both; blanks: path → ignore | clear | refill; both hold the result of
    "overlay beats connection beats map", and a path not named is `both` and `ignore`. Raises WrongUse on an
    unknown word.
    """
    by_direction = _sorted_by_word(directions or {}, DIRECTIONS, what="direction")
    by_blank = _sorted_by_word(blanks or {}, BLANK_RULES, what="blank rule")
    return Policy(
        pushable=frozenset(push_paths) - by_direction["in"],
        creatable=frozenset(create_paths) - by_direction["in"],
        outward=by_direction["out"],
        clear=by_blank["clear"],
        refill=by_blank["refill"],
        own=frozenset(manners.identifying) | frozenset(manners.unique),
        unique=frozenset(manners.unique),
        update=update,
        conditional=manners.conditional,
        version=manners.version,
        marker=manners.marker,
        lands_late_seconds=manners.lands_late_seconds,
        read_after_write_seconds=manners.read_after_write_seconds,
    )


def _sorted_by_word(
    words: Mapping[str, str], allowed: tuple[str, ...], *, what: str
) -> dict[str, frozenset[str]]:
    for path, word in words.items():
        if word not in allowed:
            raise WrongUse(f"The {what} of {path} is {word!r}.", fix=f"Use one of: {', '.join(allowed)}.")
    return {word: frozenset(path for path, said in words.items() if said == word) for word in allowed}
