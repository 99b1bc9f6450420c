"""How strongly two records speak for being one customer: whole points, with a verdict and the reasons.

Identifiers speak for it (e-mail, phone, tax id, external reference), names and birth dates decide whether
that may be believed. A pair that is "never" one may not end in one cluster by the machine's doing, whatever
third record stands between; a person may still say so.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from hub.identity.compare import FEATURES, Reason, likeness, same_birth_date, tax_points
from hub.identity.features import Features
from hub.identity.model import MatchModel

NEVER = -10_000
"""The points of a pair that is never one customer by the machine's doing."""

Verdict = Literal["match", "possible", "no", "never"]


class Score(NamedTuple):
    """points: the sum, or NEVER. reasons: one per feature that spoke, in the order of `compare.FEATURES`."""

    points: int
    verdict: Verdict
    reasons: tuple[Reason, ...]


def points(a: Features, b: Features, model: MatchModel) -> int:
    """The points of a pair; symmetric. The same sum as `score`, without its reasons."""
    if a.kind != b.kind and a.kind and b.kind:
        return NEVER
    weights = model.weights
    total = strong = 0
    if a.emails and b.emails and _meet(a.emails, b.emails):
        total = weights.email
    if a.phones and b.phones and _meet(a.phones, b.phones):
        total += weights.phone
    if a.refs and b.refs and _meet(a.refs, b.refs):
        total += weights.external_ref
        strong = 1
    if a.tax_ids and b.tax_ids:
        met = tax_points(a.tax_ids, b.tax_ids, model)
        total += met
        strong |= met > 0
    found = "alike" if a.name and a.name == b.name and a.generation == b.generation else likeness(a, b)
    limited = False
    if found == "alike":
        total += weights.name
    elif found in ("unlike", "doubtful"):
        if found == "unlike" and not strong:
            return NEVER
        total += weights.name_doubtful
        limited = True
    if a.birth_date and b.birth_date:
        same = same_birth_date(a.birth_date, b.birth_date)
        if same:
            total += weights.birth_date
        elif same is False:
            total += weights.birth_date_differs
            limited = True
    return min(total, model.auto - 1) if limited else total


def score(a: Features, b: Features, model: MatchModel) -> Score:
    """The points of a pair with what each feature said; `verdict` compares them with the model's
    thresholds."""
    reasons = [reason for feature in FEATURES if (reason := feature(a, b, model)) is not None]
    total = points(a, b, model)
    held = total - sum(reason.points for reason in reasons)
    if held and total != NEVER:
        reasons.append(Reason("limit", "what contradicts keeps the pair below what the machine joins", held))
    return Score(total, verdict(total, model), tuple(reasons))


def verdict(total: int, model: MatchModel) -> Verdict:
    """What points mean under a model: match (the machine joins), possible (a steward is asked), no, never."""
    if total >= model.auto:
        return "match"
    if total >= model.review:
        return "possible"
    return "never" if total == NEVER else "no"


def forbidden(a: Features, b: Features, model: MatchModel) -> str | None:
    """Why the machine may not have both records in one cluster, even by way of others; None where it may.

    Kinds differ, names differ or are too different for a machine to call them one, or birth dates contradict
    each other.
    """
    if a.kind != b.kind and a.kind and b.kind:
        return "one is a person, the other an organisation"
    found = "alike" if a.name and a.name == b.name and a.generation == b.generation else likeness(a, b)
    if found == "unlike":
        return "their names differ"
    if found == "doubtful":
        return "their names differ too much for the machine"
    if a.birth_date and b.birth_date and same_birth_date(a.birth_date, b.birth_date) is False:
        return "their birth dates differ"
    return None


def _meet(mine: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    return any(value in theirs for value in mine)
