"""Persons' decisions: which are in force, and which a merge or an unmerge writes and supersedes (DESIGN §4,
sync.md)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal, NamedTuple


class Decision(NamedTuple):
    """A person's judgement that two records are one customer or two. at: epoch seconds; newest first, then
    the larger id."""

    id: int
    a: int
    b: int
    verdict: Literal["same", "different"]
    at: float


class Decided(NamedTuple):
    """groups: records that persons united, each with two or more. apart: pairs (smaller, larger) that persons
    parted. skipped: decisions that contradict newer ones, newest first."""

    groups: list[set[int]]
    apart: set[tuple[int, int]]
    skipped: list[Decision]


class Plan(NamedTuple):
    """What a steward's act writes: pairs (smaller, larger) with one verdict, and the ids of the decisions it
    supersedes."""

    verdict: Literal["same", "different"]
    pairs: list[tuple[int, int]]
    supersedes: list[int]


def in_force(decisions: Iterable[Decision], among: Collection[int] | Mapping[int, object]) -> Decided:
    """Apply decisions newest first, as far as both records are `among` those looked at.

    A "same" across records that newer decisions hold apart, and a "different" within records that newer ones
    united, is skipped.
    """
    group_of: dict[int, set[int]] = {}
    apart: set[tuple[int, int]] = set()
    skipped: list[Decision] = []
    for decision in sorted(decisions, key=lambda one: (-one.at, -one.id)):
        a, b = decision.a, decision.b
        if a == b or a not in among or b not in among:
            continue
        left, right = group_of.get(a) or {a}, group_of.get(b) or {b}
        if decision.verdict == "different":
            if b in left:
                skipped.append(decision)
            else:
                apart.add(pair(a, b))
        elif b not in left:
            if parted(left, right, apart):
                skipped.append(decision)
                continue
            union = left | right
            for member in union:
                group_of[member] = union
    groups = {id(group): group for group in group_of.values()}
    return Decided(sorted(groups.values(), key=min), apart, skipped)


def parted(left: Collection[int], right: Collection[int], apart: Collection[tuple[int, int]]) -> bool:
    """Whether a person parted any record on the left from any on the right."""
    if not apart:
        return False
    if len(apart) < len(left) * len(right):
        return any((a in left and b in right) or (b in left and a in right) for a, b in apart)
    return any(pair(a, b) in apart for a in left for b in right)


def plan_merge(
    left: Mapping[int, str | None],
    right: Mapping[int, str | None],
    decisions: Iterable[Decision],
    *,
    anchors: tuple[int, int],
) -> Plan:
    """What merging two customers writes: "same" between their anchors; every "different" across is
    superseded.

    left, right: the records of each, with the connection that declares unique customers, or None. Two records
    of such a connection need a person's word for themselves, so this merge says it for each pair across.
    """
    pairs = {pair(*anchors)}
    pairs |= {pair(a, b) for a, mine in left.items() if mine for b, theirs in right.items() if mine == theirs}
    return Plan("same", sorted(pairs), _across(decisions, left, right, verdict="different"))


def plan_unmerge(named: Collection[int], rest: Collection[int], decisions: Iterable[Decision]) -> Plan:
    """What taking the named records out of their customer writes: "different" for each pair across; "same" is
    superseded."""
    pairs = sorted(pair(a, b) for a in named for b in rest)
    return Plan("different", pairs, _across(decisions, named, rest, verdict="same"))


def pair(a: int, b: int) -> tuple[int, int]:
    """The two in the order decisions and edges are kept."""
    return (a, b) if a < b else (b, a)


def _across(
    decisions: Iterable[Decision],
    left: Collection[int] | Mapping[int, object],
    right: Collection[int] | Mapping[int, object],
    *,
    verdict: str,
) -> list[int]:
    return sorted(
        one.id
        for one in decisions
        if one.verdict == verdict
        and ((one.a in left and one.b in right) or (one.b in left and one.a in right))
    )
