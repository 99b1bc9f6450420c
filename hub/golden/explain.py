"""Why a golden record is as it is, field by field, with what lost and to what: for `hub customer explain`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hub.canonical.paths import group
from hub.golden.rank import candidate, decided_by, plain, ranks
from hub.golden.rules import Rules
from hub.golden.values import Golden, Hold, Member, Pin, Why

_WORDS = {
    "only": "no other record says anything here",
    "pin": "pinned",
    "hold": "held as it was until someone decides",
    "live": "the others are retired",
    "owner": "its system owns the field",
    "archived": "it was deleted there, and no record of it is left",
    "restrictive": "the most restrictive consent",
    "edit": "somebody edited it there; the others are first sights",
    "latest": "the latest",
    "priority": "its connection is preferred",
    "frequent": "most records say so",
    "complete": "the most complete",
    "verified": "verified",
    "manual": "a person decides; until then the latest",
    "id": "all else equal, the older record",
}


class Other(NamedTuple):
    """A value that lost. kind: first_sight or edit. at: epoch seconds. lost_by: the step at which it lost."""

    value: Any
    record_id: int
    connection: str
    kind: str
    at: float
    live: bool
    lost_by: str


class Line(NamedTuple):
    """One field. value: None where it was cleared or pinned as absent. connection: None for a pin or a
    hold."""

    path: str
    value: Any
    why: Why
    connection: str | None
    others: tuple[Other, ...]


def explain(
    golden: Golden,
    members: Sequence[Member],
    *,
    pins: Mapping[str, Pin],
    holds: Mapping[str, Hold],
    rules: Rules,
) -> list[Line]:
    """A line per field of golden, cleared ones too, sorted by path. Takes what `survive` was given."""
    connection = {member.record_id: member.connection for member in members}
    lines = []
    for path in sorted(golden.why):
        why = golden.why[path]
        source = connection.get(why.record_id) if why.record_id is not None else None
        others = () if why.derived else _others(path, why, members, rules)
        lines.append(Line(path, golden.fields.get(path), why, source, others))
    return lines


def render(lines: Sequence[Line]) -> str:
    """The lines as text, one field a paragraph."""
    return "\n".join(_text(line) for line in lines)


def _others(path: str, why: Why, members: Sequence[Member], rules: Rules) -> tuple[Other, ...]:
    name = group(path)
    offers = [
        candidate(member, {one: found for one, found in member.contributions.items() if group(one) == name})
        for member in members
        if any(group(one) == name for one in member.contributions)
    ]
    ranked = sorted(zip(ranks(offers, name, rules), offers, strict=True), key=lambda one: one[0])
    others = []
    for rank, one in ranked:
        found = one.offered.get(path)
        if one.member.record_id == why.record_id or found is None:
            continue
        lost = (
            why.rule
            if why.record_id is None
            else decided_by(ranked[0][0], rank, group=name, rule=rules.of(name))
        )
        others.append(
            Other(
                found.value, one.member.record_id, one.member.connection, found.kind, one.at, found.live, lost
            )
        )
    return tuple(others)


def _text(line: Line) -> str:
    shown = "(nothing)" if line.value is None else str(line.value)
    why = line.why
    source = f"from {line.connection}, record {why.record_id}: " if line.connection else ""
    words = _WORDS.get(why.rule, why.rule)
    if why.pinned_by:
        words = f"pinned by {why.pinned_by}"
    if why.derived:
        words = "follows from the other parts of the name"
    text = f"{line.path} = {shown}\n    {source}{words}"
    same = sum(plain(other.value) == plain(line.value) for other in line.others)
    if same:
        text += f"\n    {same} more say the same"
    for other in line.others:
        if plain(other.value) != plain(line.value):
            text += f"\n    not {_lost(other)}"
    return text


def _lost(other: Other) -> str:
    said = "(nothing)" if other.value is None else other.value
    sort = "edited" if other.kind == "edit" else "first sight"
    state = "" if other.live else ", retired"
    words = _WORDS.get(other.lost_by, other.lost_by)
    return f"{said} ({other.connection}, record {other.record_id}, {sort}{state}): {words}"
