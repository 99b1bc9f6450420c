"""A match model fitted to the admin's own records without labels: expectation–maximisation over compared pairs.

Points are hundredths of bits (Fellegi–Sunter), so a pair's points over an even score are its odds of being one
customer. Each round counts, weighed by these odds, how often the records of one customer agree at each level (m);
together with how often strangers do (u) that is what the level's weight should be, `log2 m/u`. Only pairs that were
found without a feature tell of it: those found by a shared mailbox say nothing of how often mailboxes agree.

How common names are is counted, customer by customer, the shipped table standing for `CUSTOMERS` of them (`worth`). How
widely values are shared is no weight but a live count, so that thresholds keep their meaning at every size; and a
weight for identity rises only as one customer's records agree more
often than the training model had it, since in a small hub strangers hardly ever agree. The training model is worth
some pairs itself (`PRIOR`), so that little data moves little. What persons said counts as many pairs (`WORD`); where
they said different, the agreements that misled count for less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import log2
from typing import NamedTuple

BIT = 100
CUSTOMERS = 2000.0
"""Customers that the present table of name frequencies is worth."""
KNOWN = 20
"""Customers that make a word a name of the table; fewer may all have mistyped it."""
PRIOR = 1000.0
"""Pairs that the present weights of a feature are worth."""
WORD = 20.0
"""Pairs that a person's decision is worth."""
MOST = 100
"""Points by which one training may move a weight."""
ENOUGH = 20
"""Pairs of strangers that must agree at a level before that is believed."""
_ROUNDS = 50
_STILL = 0.5  # points: when no weight moves more, it is done
_SURE = 2.0**-40

Level = tuple[str, str]
"""(feature, level) of `compare.levels`; its weight is `<feature>_<level>`."""


GRADED: frozenset[Level] = frozenset(
    [(part, level) for part in ("given", "family") for level in ("exact", "nick", "close", "far")]
    + [("organisation", "exact"), ("organisation", "close")]
)
"""Levels whose weight is added to what the frequency of the value is worth."""

FOUND_BY: Mapping[str, frozenset[str]] = {
    "email": frozenset({"email"}),
    "mailbox": frozenset({"email"}),
    "phone": frozenset({"phone"}),
    "tax_id": frozenset({"tax_id"}),
    "external_ref": frozenset({"external_ref"}),
    "address": frozenset({"address"}),
    "birth_date": frozenset({"birth_date"}),
    "name": frozenset({"given", "family"}),
    "near": frozenset({"given", "family", "address"}),
    "company": frozenset({"organisation", "company"}),
}
"""By kind of key, the features that a pair found by such a key cannot tell of: it was found because they agree."""


class Seen(NamedTuple):
    """Pairs compared alike. levels: what was compared, and how it agreed. points: under the training model. blind: the
    features they cannot tell of (`FOUND_BY`). same: a person's word, None without.
    times: how many pairs."""

    levels: tuple[Level, ...]
    points: int
    blind: frozenset[str]
    same: bool | None = None
    times: int = 1


class Chance(NamedTuple):
    """How strangers agree at a level: the share of all whose feature can be compared, and how many pairs that was."""

    share: float
    pairs: int


class Shift(NamedTuple):
    """How a level's weight moved. share: how often the records of one customer agree so, of all whose feature was
    compared; pairs: how many that was."""

    before: int
    after: int
    share: float
    pairs: float


class Fitted(NamedTuple):
    """weights: all of them, moved or not. shifts: of those that were seen. matches: how many of the pairs are expected
    to be one customer. rounds: until nothing moved."""

    weights: dict[str, int]
    shifts: dict[str, Shift]
    matches: float
    rounds: int


def worth(table: Mapping[str, int], unknown: int, *, seen: Mapping[str, int], total: int) -> dict[str, int]:
    """What two equal names are worth, by word, to tens of points: the present table corrected by what is here.

    table, unknown: points by word, and of a word that is not in it, which no word exceeds. seen: how many customers
    have the word; total: how many have a name.
    """
    found = {}
    for word in sorted({*table, *(word for word, count in seen.items() if count >= KNOWN)}):
        before = 2.0 ** (-table.get(word, unknown) / BIT)
        share = (seen.get(word, 0) + CUSTOMERS * before) / (total + CUSTOMERS)
        found[word] = max(0, min(unknown, round(-BIT * log2(share) / 10) * 10))
    return found


def fit(
    seen: Iterable[Seen],
    weights: Mapping[str, int],
    *,
    chance: Mapping[Level, Chance],
    even: int,
    graded: Collection[Level] = GRADED,
) -> Fitted:
    """The weights that fit these pairs.

    weights: by `<feature>_<level>`; levels without one do not move. chance: how strangers agree. even: points at which
    a pair is as likely one customer as two. graded: levels whose weight is added to what the frequency of the value is
    worth; that of `exact` is how often it agrees, alone.
    """
    pairs = [one for one in seen if one.levels]
    misled = _misleading(pairs, even)
    shifts: dict[Level, float] = {}
    held: dict[Level, float] = {}
    start = _shares(_held(pairs, {}, even=even))
    rounds = 0
    while rounds < _ROUNDS:
        rounds += 1
        held = _held(pairs, shifts, even=even)
        scale = _Scale(weights, chance, start, frozenset(graded))
        moved = _moved(held, scale, misled=misled)
        largest = max((abs(moved[level] - shifts.get(level, 0.0)) for level in moved), default=0.0)
        shifts = moved
        if largest < _STILL:
            break
    found = {_name(level): shift for level, shift in shifts.items()}
    fitted = {name: _signed(weight, round(weight + found.get(name, 0.0))) for name, weight in weights.items()}
    shares = _shares(held)
    told = {
        _name(level): Shift(weights[_name(level)], fitted[_name(level)], shares[level], held[level])
        for level in sorted(shifts)
    }
    matches = sum(one.times * _odds(one, shifts, even=even) for one in pairs)
    return Fitted(fitted, told, matches, rounds)


class _Scale(NamedTuple):
    """What a share of agreement is worth as a weight."""

    weights: Mapping[str, int]
    chance: Mapping[Level, Chance]
    start: Mapping[Level, float]
    graded: frozenset[Level]

    def target(self, level: Level, share: float) -> float | None:
        """The weight that the share of one customer's records and that of strangers give; None where strangers were not
        seen to agree so, or the weight is not that kind of number."""
        weight = self.weights[_name(level)]
        strangers = self.chance.get(level)
        if level in self.graded:
            exact = self.chance.get((level[0], "exact"))
            if level[1] == "exact":
                return BIT * log2(share)
            if strangers is None or exact is None or min(strangers.pairs, exact.pairs) < ENOUGH:
                return None
            return BIT * log2(share * exact.share / strangers.share)
        if strangers is None or strangers.pairs < ENOUGH:
            return None
        found = BIT * log2(share / strangers.share)
        return found if weight < 0 or found < weight else None

    def drift(self, level: Level, share: float) -> float:
        """How far the share has moved from where the training model's own odds put it (points)."""
        before = self.start.get(level, 0.0)
        return BIT * log2(share / before) if before and share else 0.0


def _held(pairs: Iterable[Seen], shifts: Mapping[Level, float], *, even: int) -> dict[Level, float]:
    """How many pairs of one customer agree at each level, as far as the level may be counted there."""
    found: defaultdict[Level, float] = defaultdict(float)
    for one in pairs:
        share = _odds(one, shifts, even=even)
        if share < _SURE:
            continue
        weight = share * (WORD if one.same is not None else 1.0) * one.times
        for level in one.levels:
            if level[0] not in one.blind or one.same is not None:
                found[level] += weight
    return dict(found)


def _moved(
    held: Mapping[Level, float], scale: _Scale, *, misled: Mapping[Level, float]
) -> dict[Level, float]:
    total: defaultdict[str, float] = defaultdict(float)
    for (feature, _), mass in held.items():
        total[feature] += mass
    found = {}
    for level, mass in held.items():
        weight = scale.weights.get(_name(level))
        if weight is None or not mass:
            continue
        target = scale.target(level, (mass + 0.5) / (total[level[0]] + 1))
        shift = scale.drift(level, mass / total[level[0]]) if target is None else target - weight
        shift *= total[level[0]] / (total[level[0]] + PRIOR)
        shift -= BIT * misled.get(level, 0.0)
        found[level] = max(-float(MOST), min(float(MOST), shift))
    return found


def _shares(held: Mapping[Level, float]) -> dict[Level, float]:
    total: defaultdict[str, float] = defaultdict(float)
    for (feature, _), mass in held.items():
        total[feature] += mass
    return {level: mass / total[level[0]] for level, mass in held.items() if total[level[0]]}


def _misleading(pairs: Sequence[Seen], even: int) -> dict[Level, float]:
    """How much likelier than among other close pairs a level is where persons said different (bits)."""
    close: defaultdict[Level, float] = defaultdict(float)
    wrong: defaultdict[Level, float] = defaultdict(float)
    of_close: defaultdict[str, float] = defaultdict(float)
    of_wrong: defaultdict[str, float] = defaultdict(float)
    for one in pairs:
        if one.same is True:
            continue
        into, of, worth = (
            (wrong, of_wrong, 1.0) if one.same is False else (close, of_close, 1 - _odds(one, {}, even=even))
        )
        for level in one.levels:
            into[level] += worth * one.times
            of[level[0]] += worth * one.times
    found = {}
    for level, count in wrong.items():
        usual = (close[level] + 1) / (of_close[level[0]] + 2)
        here = (count + WORD * usual) / (of_wrong[level[0]] + WORD)
        found[level] = log2(here / usual)
    return found


def _odds(one: Seen, shifts: Mapping[Level, float], *, even: int) -> float:
    """How likely these are one customer."""
    if one.same is not None:
        return 1.0 if one.same else 0.0
    points = one.points + sum(shifts.get(level, 0.0) for level in one.levels)
    bits = max(-60.0, min(60.0, (points - even) / BIT))
    return 1.0 / (1.0 + float(2.0**-bits))


def _signed(before: int, after: int) -> int:
    """A weight for stays one for, a weight against one against."""
    return max(0, after) if before > 0 else min(0, after) if before < 0 else before


def _name(level: Level) -> str:
    return f"{level[0]}_{level[1]}"
