"""What the names of two persons are worth: levels per part, weighed by how common the names are."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from rapidfuzz.distance import OSA, Indel, JaroWinkler

from hub.identity.fold import sound
from hub.identity.han import bare, compare_romanised, is_han, pinyin_parts, surname_length
from hub.identity.nicknames import KNOWN, misspelt_short_form, same_person_names

if TYPE_CHECKING:
    from hub.identity.features import Features
    from hub.identity.model import Frequencies, MatchModel

NameLevel = Literal["exact", "nick", "initial", "close", "far", "other", "differs", "none"]


class Names(NamedTuple):
    """points: what the two names are worth together. given, family: how their parts agree. swapped: one has them the
    other way round."""

    points: int
    given: NameLevel
    family: NameLevel
    swapped: bool = False


NAMELESS = Names(0, "none", "none")
_BAD = ("differs", "other")


def compare_names(a: Features, b: Features, model: MatchModel) -> Names:
    """The names of two persons, the same from both sides."""
    if not a.name or not b.name:
        return NAMELESS
    han_a, han_b = is_han(a.name[0]), is_han(b.name[0])
    if han_a or han_b:
        if han_a and han_b:
            return _chinese(a.name[0], b.name[0], model)
        return _romanised(a, b, model) if han_a else _romanised(b, a, model)
    if not _same_alphabet(a.name[0], b.name[0]):
        return Names(0, "other", "none")
    mine, theirs = parts(a), parts(b)
    if mine == theirs:
        return _same(mine[0], mine[1], model)
    return _parts(mine, theirs, model) if mine <= theirs else _parts(theirs, mine, model)


def parts(one: Features) -> tuple[str, str]:
    """(given words, family words); a single word whose part is not known stands as given name."""
    if one.given or one.family:
        return one.given, one.family
    return (" ".join(one.name[:-1]), one.name[-1]) if len(one.name) > 1 else (one.name[0], "")


def _same_alphabet(a: str, b: str) -> bool:
    return (ord(a[0]) < 0x250) == (ord(b[0]) < 0x250)


def latin_parts(one: Features) -> tuple[str, str]:
    """As `parts`, in pinyin for Chinese names, each run together."""
    if is_han(one.name[0]):
        return pinyin_parts(one.name[0])
    given, family = parts(one)
    return given.partition(" ")[0], family.replace(" ", "")


def _same(given: str, family: str, model: MatchModel) -> Names:
    names, weights = model.names, model.weights
    total = 0
    if given:
        total = weights.given_initial if len(given) == 1 else _given(given, names) + weights.given_exact
    if family:
        total += weights.family_initial if len(family) == 1 else _family(family, names) + weights.family_exact
    return Names(total, _whole(given), _whole(family))


def _whole(part: str) -> NameLevel:
    return "none" if not part else "exact" if len(part) > 1 or not part.isascii() else "initial"


def _given(words: str, names: Frequencies) -> int:
    first, _, rest = words.partition(" ")
    found = names.given.get(first, names.given_unknown)
    return found + 200 if rest else found


def _family(words: str, names: Frequencies) -> int:
    found = names.family.get(words)
    if found is not None:
        return found
    if " " in words:
        return max(names.family.get(word, names.family_unknown) for word in words.split(" "))
    return names.family_unknown


def _parts(mine: tuple[str, str], theirs: tuple[str, str], model: MatchModel) -> Names:
    straight = _aligned(mine, theirs, model)
    if straight.given in ("exact", "nick") and straight.family in ("exact", "close"):
        return straight
    if mine[0] and mine[1] and theirs[0] and theirs[1]:
        if straight.given not in _BAD and straight.family not in _BAD:
            return straight
        turned = _aligned(mine, (theirs[1], theirs[0]), model)
        if turned.points + model.weights.name_swapped > straight.points:
            return turned._replace(points=turned.points + model.weights.name_swapped, swapped=True)
        return straight
    return _halves(mine, theirs, straight, model)


def _halves(mine: tuple[str, str], theirs: tuple[str, str], straight: Names, model: MatchModel) -> Names:
    """One of the two has a single part: it may be either of the other's."""
    if straight.given not in (*_BAD, "none") or straight.family not in (*_BAD, "none"):
        return straight
    turned = _aligned(mine, (theirs[1], theirs[0]), model)
    if turned.points > straight.points or "none" in (straight.given, straight.family) == ("none", "none"):
        return turned._replace(points=turned.points + model.weights.name_swapped, swapped=True)
    return straight


def _aligned(mine: tuple[str, str], theirs: tuple[str, str], model: MatchModel) -> Names:
    names, weights = model.names, model.weights
    given = given_level(mine[0], theirs[0], names) if mine[0] and theirs[0] else "none"
    family = family_level(mine[1], theirs[1]) if mine[1] and theirs[1] else "none"
    total = 0
    if given == "exact":
        total = _given(mine[0], names) + weights.given_exact
    elif given in ("nick", "close", "far"):
        worth = min(_given(mine[0], names), _given(theirs[0], names))
        total = max(0, worth + getattr(weights, f"given_{given}"))
    elif given != "none":
        total = getattr(weights, f"given_{given}")
    if family == "exact":
        total += _family(mine[1], names) + weights.family_exact
    elif family in ("close", "far"):
        worth = min(_family(mine[1], names), _family(theirs[1], names))
        total += max(0, worth + getattr(weights, f"family_{family}"))
    elif family != "none":
        total += getattr(weights, f"family_{family}")
    return Names(max(total, weights.name_differs), given, family)


def given_level(a: str, b: str, names: Frequencies) -> NameLevel:
    """How two given names agree (`_given_level`); two similar ones that are both in the table are two names."""
    if a == b:
        return "exact"
    found = _given_level(a, b)
    if found in ("far", "close") and a in names.given and b in names.given:
        return found if _respelt(a, b) else "other"
    return found


@lru_cache(maxsize=100_000)
def _given_level(a: str, b: str) -> NameLevel:
    """How two different given names agree; of several words the first, or all run together."""
    if " " in a or " " in b:
        return _several(a, b)
    if len(a) == 1 or len(b) == 1:
        return "initial" if a[0] == b[0] else "differs"
    if same_person_names(a, b):
        return "nick"
    level = _spelling(a, b, given=True)
    return "far" if level == "differs" and misspelt_short_form(a, b) else level


def _several(a: str, b: str) -> NameLevel:
    first_a, first_b = a.partition(" ")[0], b.partition(" ")[0]
    if a.replace(" ", "") == b.replace(" ", ""):
        return "exact"
    level = "nick" if first_a == first_b else _given_level(first_a, first_b)
    return "nick" if level in _BAD and set(a.split()) & set(b.split()) else level


@lru_cache(maxsize=100_000)
def family_level(a: str, b: str) -> NameLevel:
    """How two family names agree; a double name agrees closely with either half."""
    if a == b:
        return "exact"
    if " " in a or " " in b:
        solid_a, solid_b = a.replace(" ", ""), b.replace(" ", "")
        if solid_a == solid_b:
            return "exact"
        if set(a.split()) & set(b.split()):
            return "close"
        return _spelling(solid_a, solid_b, given=False)
    if len(a) == 1 or len(b) == 1:
        return "initial" if a[0] == b[0] else "differs"
    return _spelling(a, b, given=False)


def _spelling(a: str, b: str, *, given: bool) -> NameLevel:
    distance = OSA.distance(a, b, score_cutoff=3)
    begins = a.startswith(b) or b.startswith(a)
    if min(len(a), len(b)) < 3:
        return "nick" if given and begins else "far" if distance == 1 and a[0] == b[0] else "differs"
    if given and distance <= 2 and _another(a, b):
        return "other"
    if distance == 1:
        return "close"
    if given and (begins or _pet_form(a, b) or _pet_form(b, a)):
        return "nick"
    return "far" if _loosely(a, b, distance) else "differs"


def _loosely(a: str, b: str, distance: int) -> bool:
    shortest = min(len(a), len(b))
    if shortest > 3 and (distance <= (2 if shortest < 8 else 3) or JaroWinkler.similarity(a, b) >= 0.9):
        return True
    return _same_letters(a, b)


def _pet_form(short: str, full: str) -> bool:
    """A beginning with -y, -i or -ie (Caity, Caitlin)."""
    if short[-1] not in "yie":
        return False
    stem = short[:-2] if short.endswith("ie") else short[:-1]
    if len(stem) > 3 and stem[-1] == stem[-2]:
        stem = stem[:-1]
    return len(stem) > 2 and full.startswith(stem)


def _same_letters(a: str, b: str) -> bool:
    """Whether they are nearly the same letters in another order (jayden, jyadenn)."""
    return abs(len(a) - len(b)) <= 1 and Indel.distance("".join(sorted(a)), "".join(sorted(b))) <= (
        1 if max(len(a), len(b)) < 6 else 2
    )


def _another(a: str, b: str) -> bool:
    """Whether two similar given names are two names: both known, or with another vowel at the end (Mario, Maria)."""
    if a in KNOWN and b in KNOWN:
        return not _respelt(a, b)
    stem = min(len(a), len(b)) - 1
    return stem > 2 and a[:stem] == b[:stem] and a[-1] != b[-1] and {a[-1], b[-1]} <= set("aeo")


def _respelt(a: str, b: str) -> bool:
    """Whether two known names are one in two spellings (Rachel, Rachael; Michael, Micheal), not two (Francis,
    Frances)."""
    if sound(a) != sound(b) or a[-1] != b[-1] or min(len(a), len(b)) < 5 or OSA.distance(a, b) > 1:
        return False
    return len(a) != len(b) or sorted(a) == sorted(b)


def _chinese(a: str, b: str, model: MatchModel) -> Names:
    (a, short_a), (b, short_b) = bare(a), bare(b)
    names, weights = model.names, model.weights
    cut_a, cut_b = surname_length(a), surname_length(b)
    family = _family(a[:cut_a], names) + weights.family_exact
    if a == b:
        if short_a or short_b or len(a) <= 1:
            return Names(family, "none", "exact")
        given = names.given.get(a[cut_a:], names.given_unknown - 100) + weights.given_exact
        return Names(family + given, "exact", "exact")
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    if len(shorter) < len(longer):
        rest = longer[surname_length(longer) :]
        if shorter == rest:
            return Names(names.given.get(rest, names.given_unknown - 100), "exact", "none")
        if shorter == longer[: surname_length(longer)]:
            return Names(family, "none", "exact")
    if len(a) == len(b) and (a[cut_a:] + a[:cut_a] == b or b[cut_b:] + b[:cut_b] == a):
        given = names.given.get(a[cut_a:], names.given_unknown - 100)
        return Names(family + given + weights.name_swapped, "exact", "exact", True)
    same = a[:cut_a] == b[:cut_b]
    given_same = a[cut_a:] == b[cut_b:]
    total = (family if same else weights.family_differs) + (
        names.given.get(a[cut_a:], names.given_unknown - 100) if given_same else weights.given_differs
    )
    return Names(total, "exact" if given_same and same else "differs", "exact" if same else "differs")


def _romanised(chinese: Features, latin: Features, model: MatchModel) -> Names:
    if not all(word.isascii() for word in latin.name):
        return Names(0, "none", "none")
    return _across(chinese.name[0], latin.name, model)


def _across(chinese: str, latin: tuple[str, ...], model: MatchModel) -> Names:
    name, short = bare(chinese)
    names, weights = model.names, model.weights
    found = compare_romanised(name, latin)
    family = _family(name[: surname_length(name)], names)
    if found == "alike" and not short:
        return Names(family + names.given_unknown - 100 + weights.name_romanised, "exact", "exact")
    if found in ("alike", "partial"):
        return Names(max(0, family + weights.name_romanised), "none", "exact")
    if found == "doubtful":
        return Names(0, "other", "exact")
    return Names(weights.given_differs + weights.family_differs, "differs", "differs")
