"""How strongly two records speak for being one customer: whole points, with a verdict and the reasons.

Points are hundredths of bits (Fellegi–Sunter): the sum over features of how much likelier their agreement is for one
customer than for two. A pair that is "never" one may not end in one cluster by the machine's doing, whatever third
record stands between; a person may still say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from hub.identity import compare
from hub.identity.compare import NameFound, Reason
from hub.identity.features import Features
from hub.identity.model import MatchModel, step

NEVER = -100_000
"""The points of a pair that is never one customer by the machine's doing."""

NAMES_DIFFER = "their names differ"
"""Why two may not meet: their given names are two names, or they are father and son."""

Verdict = Literal["match", "possible", "no", "never"]
Level = Literal["auto", "review"]
Rivals = Mapping[str, int]
"""By kind of key, how many records hold the least shared of the keys of that kind that two records both hold."""


class Score(NamedTuple):
    """points: the sum, or NEVER. reasons: one per feature that spoke, in the order of `compare.FEATURES`; then what
    was taken off or added beside them."""

    points: int
    verdict: Verdict
    reasons: tuple[Reason, ...]


class _Measured(NamedTuple):
    """total: NEVER where the two are never one. limited: whether it must stay below what the machine joins. against:
    why the two may not meet through others either. name: what of the total the names are worth."""

    total: int
    limited: bool
    against: str | None
    name: int = 0


class _Further(NamedTuple):
    """Evidence that others in a household or an office may share. meet: some of it agrees and tells by itself. alone: a
    mailbox or telephone agrees and nothing differs. foreign: a mailbox names somebody else."""

    points: int
    meet: bool
    alone: bool
    foreign: bool


def points(a: Features, b: Features, model: MatchModel, *, rivals: Rivals | None = None) -> int:
    """The points of a pair; symmetric. The same sum as `score`, without its reasons."""
    found = _measure(a, b, model)
    total = found.total
    if total == NEVER:
        return NEVER
    if rivals:
        total -= taken(rivals, model, name=found.name)
    return min(total, model.auto - 1) if found.limited else total


def taken(rivals: Rivals, model: MatchModel, *, name: int) -> int:
    """The points to take off because many records share what these two do. name: what their names are worth."""
    found = 0
    for kind, count in rivals.items():
        steps = model.rivals.get(kind)
        if steps is None:
            continue
        at = steps[step(count, model.key_cap)]
        found += max(0, name - at) if kind == "name" else at
    return found


_NOT_ONE = ("given other", "part")
_OWN_TAX = {"exact": 2, "near": 1, "differs": 0}
_OWN_BIRTH = ("exact", "near", "first", "part")
_AT = Features._fields.index
_IDENTIFIERS = (compare.email, compare.phone)
_FURTHER: tuple[tuple[int, compare.Feature, frozenset[str]], ...] = (
    (_AT("emails"), compare.email, frozenset({"exact", "shared", "near", "local"})),
    (_AT("phones"), compare.phone, frozenset({"exact"})),
    (
        _AT("places"),
        compare.address,
        frozenset({"exact", "near", "moved"}),
    ),  # not where mailbox or telephone differ
    (_AT("company"), compare.company, frozenset({"exact"})),
    (_AT("domains"), compare.domain, frozenset()),  # a group's, a franchise's
)
"""Features, by the place of their values, with the levels that let a pair of equal names be joined."""


def _measure(a: Features, b: Features, model: MatchModel) -> _Measured:
    if a.kind != b.kind and a.kind and b.kind:
        return _Measured(NEVER, False, "one is a person, the other an organisation")
    total = own = 0  # own: evidence that is the person's and not their household's or office's
    if a.refs and b.refs and (found := compare.external_ref(a, b, model)) is not None:
        total, own = found.points, 2
    if a.tax_ids and b.tax_ids and (found := compare.tax_id(a, b, model)) is not None:
        total += found.points
        own += _OWN_TAX[found.level]
    contradicts = False
    if a.birth_date and b.birth_date and (found := compare.birth_date(a, b, model)) is not None:
        total += found.points
        own += found.level in _OWN_BIRTH
        contradicts = found.level == "differs" and own < 2
    name = compare.name(a, b, model)
    if name is not None:
        if name.likeness == "unlike" and own < (1 if name.level != "generation" else 2):
            return _Measured(NEVER, False, NAMES_DIFFER)
        total += name.points
        contradicts |= _names_contradict(name, own)
    further = _further(a, b, model)
    total += further.points
    contradicts |= further.foreign and not own
    if name is None:
        total += model.weights.identifier_alone if further.alone and not contradicts else 0
        limited = contradicts
    else:
        doubtful = name.likeness == "doubtful" and not own
        limited = contradicts or doubtful or not (own or further.meet)
    against = "their names, birth dates or mailboxes differ" if contradicts else None
    return _Measured(total, limited, against, name.points if name is not None else 0)


def _names_contradict(name: NameFound, own: int) -> bool:
    if name.likeness == "unlike":
        return own < 3
    return name.likeness == "doubtful" and own < 2 and name.level.startswith(_NOT_ONE)


def _further(a: Features, b: Features, model: MatchModel) -> _Further:
    total, meet, clash, alone, foreign = 0, False, False, False, False
    for place, feature, levels in _FURTHER:
        if not (a[place] and b[place]) or (found := feature(a, b, model)) is None:
            continue
        total += found.points
        if found.level in levels:
            meet |= not (clash and feature is compare.address)
            alone |= found.level == "exact" and feature in _IDENTIFIERS
        elif found.level in ("differs", "other"):
            clash = True
            foreign |= found.level == "other"
    return _Further(total, meet, alone and not clash, foreign)


def score(a: Features, b: Features, model: MatchModel, *, rivals: Rivals | None = None) -> Score:
    """The points of a pair with what each feature said; `verdict` compares them with the model's thresholds."""
    reasons = []
    names = 0
    for feature in compare.FEATURES:
        if (found := feature(a, b, model)) is not None:
            shown = f"{found.level}: {compare.detail(feature.__name__, a, b)}"
            reasons.append(Reason(feature.__name__, shown, found.points))
            names = found.points if feature is compare.name else names
    total = points(a, b, model, rivals=rivals)
    if rivals and (off := taken(rivals, model, name=names)):
        shared = ", ".join(
            f"{kind} by {count}" for kind, count in rivals.items() if step(count, model.key_cap)
        )
        reasons.append(Reason("rivals", f"shared: {shared}", -off))
    held = total - sum(reason.points for reason in reasons)
    if held and total != NEVER:
        reasons.append(
            Reason("alone", "an identifier, and a name is missing", held)
            if held > 0
            else Reason("limit", "what contradicts keeps the pair below what the machine joins", held)
        )
    return Score(total, verdict(total, model), tuple(reasons))


def verdict(total: int, model: MatchModel) -> Verdict:
    """What points mean under a model: match (the machine joins), possible (a steward is asked), no, never."""
    if total >= model.auto:
        return "match"
    if total >= model.review:
        return "possible"
    return "never" if total == NEVER else "no"


def together(a: Features, b: Features, model: MatchModel) -> int:
    """The sum of all features, whatever their names forbid."""
    return sum(found.points for one in compare.FEATURES if (found := one(a, b, model)) is not None)


def forbidden(a: Features, b: Features, model: MatchModel, *, level: Level = "auto") -> str | None:
    """Why the machine may not have both records in one cluster, even by way of others; None where it may.

    Kinds differ, given names are different names, or birth dates contradict each other. For review, what
    contradicts may still be asked of a person where the rest speaks for it (points of the guard and more).
    """
    found = _measure(a, b, model)
    if found.against and level == "review" and found.total >= model.guard:
        return None
    return found.against
