"""What may travel which way between golden and one object of one connection; compiled once, read in every transition."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from hub.errors import WrongUse

Direction = Literal["in", "out", "both"]
BlankRule = Literal["ignore", "clear", "refill"]
VersionKind = Literal["none", "etag", "modified"]

_DIRECTIONS = ("in", "out", "both")
_BLANK_RULES = ("ignore", "clear", "refill")
_VERSION_KINDS = ("none", "etag", "modified")


@dataclass(frozen=True, slots=True)
class Policy:
    """The manners of one system and the admin's rules for one object there.

    outward: paths of direction `out` (readings never contribute). clear, refill: paths whose blank rule is that; all
    others `ignore`. pushable: paths written on update, `in` ones already left out. creatable: paths given at a create.
    own: identifying or unique paths, never copied from one record of a golden to another; unique: those the system
    itself keeps unique. marker: a record we create carries our id. lands_late_seconds: how long after its start a call
    without an answer may still take effect. read_after_write_seconds: how long a find may miss a new record.
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
    identifying: Collection[str] = (),
    unique: Collection[str] = (),
    update: bool = True,
    conditional: bool = False,
    version: str = "none",
    marker: bool = False,
    lands_late_seconds: float = 0.0,
    read_after_write_seconds: float = 0.0,
) -> Policy:
    """The policy of one object of one connection, from its map (push, create), its admin and its manifest.

    directions: path → in | out | both, blanks: path → ignore | clear | refill; both hold the result of "overlay beats
    connection beats map", and a path not named is `both` and `ignore`. Raises WrongUse on an unknown word.
    """
    directions, blanks = directions or {}, blanks or {}
    for path, word in directions.items():
        _one_of(word, _DIRECTIONS, f"direction of {path}")
    for path, word in blanks.items():
        _one_of(word, _BLANK_RULES, f"blank rule of {path}")
    _one_of(version, _VERSION_KINDS, "version")
    inward = {path for path, word in directions.items() if word == "in"}
    return Policy(
        pushable=frozenset(push_paths) - inward,
        creatable=frozenset(create_paths) - inward,
        outward=frozenset(path for path, word in directions.items() if word == "out"),
        clear=frozenset(path for path, word in blanks.items() if word == "clear"),
        refill=frozenset(path for path, word in blanks.items() if word == "refill"),
        own=frozenset(identifying) | frozenset(unique),
        unique=frozenset(unique),
        update=update,
        conditional=conditional,
        version=version,  # type: ignore[arg-type]  # checked by _one_of
        marker=marker,
        lands_late_seconds=lands_late_seconds,
        read_after_write_seconds=read_after_write_seconds,
    )


def _one_of(word: str, words: Collection[str], what: str) -> None:
    if word not in words:
        raise WrongUse(f"{what} is {word!r}", fix=f"Use one of: {', '.join(words)}.")
