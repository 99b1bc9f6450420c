"""Which value is right: golden = survive(contributions of the cluster, pins, holds, rules) (DESIGN §4,
sync.md "Choosing the value"). Recomputable at any time from nothing else; the order of the members does not
matter.

Fields of one group (paths.group) win together: they all come from the record that wins the group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from hub.canonical.contribution import Contribution
from hub.canonical.names import complete, kind_of_name
from hub.canonical.paths import NAME_GROUP, SLOTS, group
from hub.canonical.vocabulary import CHANNELS
from hub.golden.rank import (
    Candidate,
    Rank,
    best_of,
    candidate,
    decided_by,
    name_ranks,
    plain,
    plain_ranks,
    ranks,
)
from hub.golden.rules import Rules
from hub.golden.values import Golden, Hold, Member, Pin, Why

__all__ = ["Golden", "Hold", "Member", "Pin", "Why", "new_holds", "survive"]

_PARTS = frozenset({"given_name", "middle_name", "family_name", "prefix", "suffix"})
_WHOLES = frozenset({"full_name", "display_name"})
_NAMES = tuple(sorted(NAME_GROUP))  # one order in every process
_NAMING = ("kind", "legal_name", "trade_name")
_CONSENTS = frozenset(f"consent[{channel}]" for channel in CHANNELS)
Offer = tuple[Member, dict[str, Contribution]]
Offers = dict[str, list[Offer]]


def survive(
    members: Sequence[Member],
    *,
    pins: Mapping[str, Pin],
    holds: Mapping[str, Hold],
    rules: Rules,
) -> Golden:
    """The golden record of a cluster. A pin wins over a hold, a hold over all that records say.

    A contribution of None (the system says there is none) ranks like any other; winning, it leaves the field
    out of `fields` with its reason in `why`. Members must have different record ids.
    """
    if len(members) == 1 and not pins and not holds:
        return _one(members[0])
    fields: dict[str, Any] = {}
    why: dict[str, Why] = {}
    offers = _offers(members)
    reasons: dict[tuple[int, str], Why] = {}
    for name, by_member in sorted(offers.items()):
        record_id, rule, winner = _winner(by_member, name, rules)
        reason = reasons.get((record_id, rule))
        if reason is None:
            reason = reasons[record_id, rule] = Why(record_id, rule)
        for path, found in sorted(winner.items()) if len(winner) > 1 else winner.items():
            why[path] = reason
            if found.value is not None:
                fields[path] = found.value
    if holds or pins:
        _fix(fields, why, holds, pins)
    _complete(fields, why)
    return Golden(fields, why, _also(offers, fields))


def new_holds(
    before: Mapping[str, Any],
    golden: Golden,
    *,
    rules: Rules,
    pins: Mapping[str, Pin],
    holds: Mapping[str, Hold],
) -> dict[str, Any]:
    """Values to hold: fields whose rule is `manual` and that records would now change, with what golden had
    `before`.

    The caller stores them as holds and computes golden again. An absent value is no value to keep: the first
    one is taken.
    """
    found = {}
    for path, value in before.items():
        if value is None or path in holds or path in pins or golden.fields.get(path) == value:
            continue
        reason = golden.why.get(path)
        if rules.of(group(path)) == "manual" and not (reason and reason.derived):
            found[path] = value
    return found


def _one(member: Member) -> Golden:
    """The golden of one record, without pins and holds: what it says."""
    only = Why(member.record_id, "only")
    offered = member.contributions
    fields = {path: found[0] for path, found in offered.items() if found[0] is not None}
    why = dict.fromkeys(sorted(offered), only)
    _complete(fields, why)
    return Golden(fields, why, {})


def _offers(members: Sequence[Member]) -> Offers:
    """group → (member, path → contribution) of each that says something there."""
    offers: Offers = {}
    for member in members:
        for path, found in member.contributions.items():
            name = group(path)
            offered = offers.get(name)
            if offered is None:
                offers[name] = [(member, {path: found})]
            elif offered[-1][0] is member:
                offered[-1][1][path] = found
            else:
                offered.append((member, {path: found}))
    return offers


def _winner(offered: list[Offer], name: str, rules: Rules) -> tuple[int, str, dict[str, Contribution]]:
    """(record, deciding step, what it offers) of the best for a group."""
    if len(offered) == 1:
        return offered[0][0].record_id, "only", offered[0][1]
    rule = rules.of(name)
    if rule == "latest" and name not in rules.owners and (name not in _CONSENTS or _agree(offered)):
        index, step = best_of(name_ranks(offered) if name == "name" else plain_ranks(offered))
        return offered[index][0].record_id, step, offered[index][1]
    (best, winner), (second, _rival) = _ranked(offered, name, rules)[:2]
    return winner.member.record_id, decided_by(best, second, group=name, rule=rule), dict(winner.offered)


def _agree(offered: list[Offer]) -> bool:
    """Whether all say the same: then how restrictive it is decides nothing."""
    first = {path: found[0] for path, found in offered[0][1].items()}
    return all({path: found[0] for path, found in said.items()} == first for _member, said in offered[1:])


def _ranked(offered: list[Offer], name: str, rules: Rules) -> list[tuple[Rank, Candidate]]:
    """Candidates best first. Ranks differ by record id, so that candidates themselves are never compared."""
    candidates = [candidate(member, found) for member, found in offered]
    return sorted(zip(ranks(candidates, name, rules), candidates, strict=True), key=lambda one: one[0])


def _fix(
    fields: dict[str, Any], why: dict[str, Why], holds: Mapping[str, Hold], pins: Mapping[str, Pin]
) -> None:
    fixed = {path: (hold.value, Why(None, "hold")) for path, hold in holds.items()}
    fixed |= {path: (pin.value, Why(None, "pin", pin.by)) for path, pin in pins.items()}
    # parts and whole of a name follow from each other: what is fixed replaces what said the same before
    if not _PARTS.isdisjoint(fixed):
        _drop(fields, why, _WHOLES.difference(fixed))
    elif not _WHOLES.isdisjoint(fixed):
        _drop(fields, why, NAME_GROUP.difference(fixed))
    for path, (value, reason) in sorted(fixed.items()):
        why[path] = reason
        if value is None:
            fields.pop(path, None)
        else:
            fields[path] = value


def _drop(fields: dict[str, Any], why: dict[str, Why], paths: frozenset[str]) -> None:
    for path in paths:
        fields.pop(path, None)
        why.pop(path, None)


def _complete(fields: dict[str, Any], why: dict[str, Why]) -> None:
    """Add the parts of the name that follow from others, and the kind where no record says one; but nothing that was
    cleared or fixed as absent."""
    named = {path: fields[path] for path in _NAMES if path in fields}
    if not named:
        return
    source = why[next(iter(named))]
    for path in _NAMING:
        if path in fields:
            named[path] = fields[path]
    whole, added = complete(named)
    kind_follows = "kind" not in why
    if not added and not kind_follows:
        return
    derived = Why(source.record_id, source.rule, source.pinned_by, True)
    if kind_follows:
        fields["kind"] = kind_of_name(named)
        why["kind"] = derived
    for path in sorted(added):
        if path not in why:
            fields[path] = whole[path]
            why[path] = derived


def _also(offers: Offers, fields: Mapping[str, Any]) -> dict[str, list[list[Any]]]:
    """Further live values of contact-like fields, by normalised value."""
    also: dict[str, list[list[Any]]] = {}
    held: dict[str, set[Any]] | None = None
    for name in sorted(name for name in offers if _field(name) in SLOTS):
        offered = offers[name]
        if all(fields.get(path) == one.value for _member, found in offered for path, one in found.items()):
            continue
        if held is None:
            held = {}
            for slot, value in _values(fields).items():
                held.setdefault(_field(slot), set()).add(plain(value))
        seen = held.setdefault(_field(name), set())
        for _rank, (_member, offers_of) in sorted(
            zip(plain_ranks(offered), offered, strict=True), key=lambda one: one[0]
        ):
            said = {path: found.value for path, found in offers_of.items() if found.live}
            value = _values(said).get(name)
            if value is not None and plain(value) not in seen:
                seen.add(plain(value))
                also.setdefault(_field(name), []).append([name, value])
    return also


def _values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each slot: itself, or for an address its parts."""
    found: dict[str, Any] = {}
    for path, value in fields.items():
        if value is None:
            continue
        stem, dot, part = path.rpartition(".")
        if not dot:
            if _field(path) in SLOTS:
                found[path] = value
        elif _field(stem) == "address" and part != "usage":
            found.setdefault(stem, {})[part] = value
    return found


@lru_cache(maxsize=4096)
def _field(name: str) -> str:
    return name.partition("[")[0].partition(".")[0]
