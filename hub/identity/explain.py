"""Why two records are one customer to the machine, or are not, and what would be needed: for stewards and
`hub match explain`."""

from __future__ import annotations

from typing import NamedTuple

from hub.identity.compare import FEATURES
from hub.identity.features import Features
from hub.identity.model import MatchModel
from hub.identity.score import Score, Verdict, forbidden, score

_MEANINGS = {feature.__name__: " ".join((feature.__doc__ or "").split()) for feature in FEATURES}
_MEANINGS["limit"] = (
    "Where something contradicts, points stay below what the machine joins; a person may join them."
)
_MEANINGS["alone"] = (
    "One of the two has no name, and nothing contradicts: then a shared mailbox or telephone says more."
)
_MEANINGS["rivals"] = (
    "Many records share what speaks for this pair, so that it says less: a name among thousands, "
    "the telephone of an office."
)
_VERDICTS = {
    "match": "the machine joins them",
    "possible": "a steward should look",
    "no": "not enough speaks for it",
    "never": "the machine never joins them",
}


class PairLine(NamedTuple):
    """What one feature said. meaning: what the feature is, for a reader who does not know it."""

    feature: str
    detail: str
    points: int
    meaning: str


class PairWhy(NamedTuple):
    """verdict, points: as `score`. lines: one per feature that spoke. forbidden: why the two may not even
    meet through others, or None. needed: points missing for a match, 0 if none. blocked: values of either
    record that count for nothing."""

    verdict: Verdict
    points: int
    lines: tuple[PairLine, ...]
    forbidden: str | None
    needed: int
    blocked: tuple[str, ...]


def meaning(feature: str) -> str:
    """What a feature named in a reason is, for a reader who does not know it; empty for an unknown one."""
    return _MEANINGS.get(feature, "")


def explain_pair(a: Features, b: Features, model: MatchModel) -> PairWhy:
    """The score of a pair with the meaning of each reason."""
    found: Score = score(a, b, model)
    lines = tuple(
        PairLine(reason.feature, reason.detail, reason.points, _MEANINGS[reason.feature])
        for reason in found.reasons
    )
    return PairWhy(
        found.verdict,
        found.points,
        lines,
        forbidden(a, b, model),
        max(0, model.auto - found.points) if found.verdict != "never" else 0,
        tuple(sorted({*a.blocked, *b.blocked})),
    )


def render_pair(why: PairWhy) -> str:
    """The explanation as text."""
    total = "" if why.verdict == "never" else f" ({why.points} points)"
    lines = [f"{why.verdict}: {_VERDICTS[why.verdict]}{total}"]
    lines += [
        f"  {line.points:+5d}  {line.feature}: {line.detail}\n         {line.meaning}" for line in why.lines
    ]
    if not why.lines:
        lines.append("  nothing the two say can be compared")
    if why.forbidden:
        lines.append(f"  {why.forbidden}: they do not meet through other records either")
    if why.needed:
        lines.append(f"  {why.needed} points are missing for a match")
    if why.blocked:
        lines.append(f"  counts for nothing: {', '.join(why.blocked)}")
    return "\n".join(lines)
