"""The order among the values that records offer for one group of fields (sync.md, "Choosing the value").

live over retired > owner > most restrictive (consent) > edit over first sight > the field's rule > latest >
connection priority > id. Pins and holds stand above all of it (survive.py). A rank is a tuple; the smallest
wins; no two are equal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hub.canonical.contribution import Contribution
from hub.golden.rules import Rule, Rules
from hub.golden.values import Member

Rank = tuple[Any, ...]

_NEVER = float("-inf")
_RULE = 4
_STEPS = ("live", "owner", "restrictive", "edit", "rule", "latest", "priority", "id")
_PLAIN_STEPS = ("live", "edit", "latest", "priority", "id")
_NAME_STEPS = ("live", "edit", "complete", "latest", "priority", "id")
_FIRST_CJK = "\u2e80"
# Who says "no" is believed; who does not know says nothing.
_RESTRICTIVE = {"granted": 1, "pending": 2, "denied": 3, "withdrawn": 4}


class Candidate(NamedTuple):
    """What one record offers for a group. at: epoch seconds, source time capped at the time of reading."""

    member: Member
    offered: Mapping[str, Contribution]
    live: bool
    edit: bool
    at: float


def candidate(member: Member, offered: Mapping[str, Contribution]) -> Candidate:
    """A record's offer for a group, with what counts of it: the time of its latest edit, or else of its first
    sight."""
    live = edit = False
    at = edited_at = _NEVER
    for _value, _raw, kind, source_at, seen_at, alive in offered.values():
        when = seen_at if source_at is None or source_at > seen_at else source_at
        at = max(at, when)
        live = live or alive
        if kind == "edit":
            edit = True
            edited_at = max(edited_at, when)
    return Candidate(member, offered, live, edit, edited_at if edit else at)


def ranks(candidates: Sequence[Candidate], group: str, rules: Rules) -> list[Rank]:
    """The rank of each candidate, in their order."""
    rule = rules.of(group)
    owner = rules.owners.get(group)
    consent = f"{group}.status" if group.startswith("consent[") else None
    if group == "name" and rule == "latest":
        scores: list[Any] = [(0, 0) if one.edit else _named(one.offered) for one in candidates]
    elif rule in ("latest", "manual"):
        scores = [0] * len(candidates)
    else:
        scores = _scores(candidates, rule)
    return [
        (
            not one.live,
            owner is not None and one.member.connection != owner,
            -_restriction(one.offered, consent) if consent else 0,
            not one.edit,
            score,
            -one.at,
            -one.member.priority,
            one.member.record_id,
        )
        for one, score in zip(candidates, scores, strict=True)
    ]


def plain_ranks(offered: Sequence[tuple[Member, Mapping[str, Contribution]]]) -> list[Rank]:
    """The rank of each offer under `latest` without owner, consent or name: the same order as `ranks` without what
    plays no part there. Most fields of most customers go this way, so that it makes no candidates."""
    found: list[Rank] = []
    for member, offers in offered:
        retired = sighted = True
        at = edited_at = _NEVER
        for _value, _raw, kind, source_at, seen_at, live in offers.values():
            when = seen_at if source_at is None or source_at > seen_at else source_at
            if live:
                retired = False
            if kind == "edit":
                sighted = False
                edited_at = max(edited_at, when)
            elif when > at:
                at = when
        found.append((retired, sighted, -(at if sighted else edited_at), -member.priority, member.record_id))
    return found


def name_ranks(offered: Sequence[tuple[Member, Mapping[str, Contribution]]]) -> list[Rank]:
    """The rank of each name under `latest` without owner: `plain_ranks`, with the most complete of first sights."""
    return [
        (retired, sighted, _named(offers) if sighted else (0, 0), *rest)
        for (retired, sighted, *rest), (_member, offers) in zip(plain_ranks(offered), offered, strict=True)
    ]


def best_of(ranked: Sequence[Rank]) -> tuple[int, str]:
    """(index of the best, the step that decided against the next) of two or more ranks of the short kinds."""
    order = sorted(ranked)
    best, rival = order[0], order[1]
    steps = _PLAIN_STEPS if len(best) == len(_PLAIN_STEPS) else _NAME_STEPS
    step = 0
    while best[step] == rival[step] and step < len(steps) - 1:
        step += 1
    return ranked.index(best), steps[step]


def decided_by(winner: Rank, rival: Rank, *, group: str, rule: Rule) -> str:
    """The step at which the winner left the rival behind."""
    step = next((i for i, (mine, theirs) in enumerate(zip(winner, rival, strict=True)) if mine != theirs), 7)
    if step != _RULE:
        return _STEPS[step]
    if isinstance(rule, tuple):
        return "priority"
    return "complete" if group == "name" and rule == "latest" else rule


def plain(value: Any) -> Any:
    """A value as it is compared with others: text without case and spacing, dictionaries and lists by
    content."""
    if isinstance(value, str):
        return " ".join(value.casefold().split())
    if isinstance(value, Mapping):
        return tuple(sorted((key, plain(part)) for key, part in value.items()))
    if isinstance(value, list):
        return tuple(map(plain, value))
    return value


def _restriction(offered: Mapping[str, Contribution], status: str) -> int:
    found = offered.get(status)
    return _RESTRICTIVE.get(found.value, 0) if found is not None else 0


def _scores(candidates: Sequence[Candidate], rule: Rule) -> list[Any]:
    if isinstance(rule, tuple):
        place = {connection: index for index, connection in enumerate(rule)}
        return [place.get(one.member.connection, len(rule)) for one in candidates]
    if rule == "priority":
        return [-one.member.priority for one in candidates]
    if rule == "frequent":
        said = [_said(one.offered) for one in candidates]
        votes = Counter(what for what, one in zip(said, candidates, strict=True) if one.live) or Counter(said)
        return [-votes[what] for what in said]
    if rule == "complete":
        return [_size(one.offered) for one in candidates]
    return [-_verified(one.offered) for one in candidates]


def _said(offered: Mapping[str, Contribution]) -> tuple[Any, ...]:
    return tuple(sorted((path, repr(plain(one.value))) for path, one in offered.items()))


def _size(offered: Mapping[str, Contribution]) -> tuple[int, int]:
    values = [one.value for one in offered.values() if one.value is not None]
    return -len(values), -sum(len(value) for value in values if isinstance(value, (str, list)))


def _verified(offered: Mapping[str, Contribution]) -> bool:
    return any(
        (path.endswith(".verified_at") and one.value) or (path.endswith(".status") and one.value == "valid")
        for path, one in offered.items()
    )


def _named(offered: Mapping[str, Contribution]) -> tuple[int, int]:
    """How complete a name is: words that are not initials (in the parts, else in the whole), then parts."""
    parts = [
        one.value
        for path in ("given_name", "middle_name", "family_name", "name")
        if (one := offered.get(path)) is not None and one.value
    ]
    whole = [one.value for path in ("full_name", "display_name") if (one := offered.get(path)) and one.value]
    words = max(map(_words, [" ".join(parts), *whole]))
    return -min(words, 4), -len(parts) - len(whole)


def _words(text: str) -> int:
    """Words of a name that are not initials; a name in a script without spaces between words counts by its
    characters."""
    found = sum(len(word.rstrip(".")) > 1 for word in text.split())
    if found > 1 or text.isascii() or max(text, default="") < _FIRST_CJK:
        return found
    return min(len(text), 2)
