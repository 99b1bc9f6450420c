"""Comparing the names of two persons: alike, partial (they agree as far as they go), doubtful, or unlike.

Conservative on purpose: two people behind one mailbox are usually of one family, so that a likeness of
spelling counts only where it cannot be another given name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from rapidfuzz.distance import JaroWinkler

from hub.identity.han import Likeness, bare, compare_romanised, is_han
from hub.identity.nicknames import KNOWN, same_person_names

if TYPE_CHECKING:
    from hub.identity.features import Features

TYPO = 0.92  # Jaro–Winkler, per word
_DOUBLED = re.compile(r"(.)\1+")
_VOWELS = frozenset("aeiouy")


def compare_persons(a: Features, b: Features) -> Likeness:
    """How the names of two persons agree; "none" where one of them has no name."""
    mine, theirs = a.name, b.name
    if not mine or not theirs:
        return "none"
    if mine == theirs and a.generation == b.generation:
        return "alike"
    if a.generation and b.generation and a.generation != b.generation:
        return "unlike"
    found = _by_script(a, b)
    if found == "alike" and a.generation != b.generation:
        return "partial"  # "John Smith" may be the father or the son
    return found


def _by_script(a: Features, b: Features) -> Likeness:
    han_a, han_b = is_han(a.name[0]), is_han(b.name[0])
    if han_a and han_b:
        return _chinese("".join(a.name), "".join(b.name))
    if han_a or han_b:
        chinese, latin = (a, b) if han_a else (b, a)
        if not all(word.isascii() for word in latin.name):
            return "doubtful"
        return _romanised("".join(chinese.name), latin.name)
    if a.name[0].isascii() != b.name[0].isascii() and not _same_alphabet(a.name[0], b.name[0]):
        return "doubtful"
    return _words(a, b)


def _same_alphabet(a: str, b: str) -> bool:
    return (ord(a[0]) < 0x250) == (ord(b[0]) < 0x250)


@lru_cache(maxsize=20_000)
def _romanised(chinese: str, latin: tuple[str, ...]) -> Likeness:
    name, short = bare(chinese)
    found = compare_romanised(name, latin)
    return "partial" if short and found == "alike" else found


def _chinese(a: str, b: str) -> Likeness:
    """Equal characters; a name without its surname, or a surname with a form of address, is a part."""
    (a, short_a), (b, short_b) = bare(a), bare(b)
    if a == b:
        return "partial" if short_a or short_b else "alike"
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    if len(shorter) < len(longer) and (longer.endswith(shorter) or longer.startswith(shorter)):
        return "partial"
    return "unlike"


def _words(a: Features, b: Features) -> Likeness:
    """Each word of the shorter name needs a partner of its own in the longer one."""
    first = (len(a.name), a.name) <= (len(b.name), b.name)  # the same way round whichever is given first
    shorter, longer = (a, b) if first else (b, a)
    rest = list(longer.name)
    full = 0  # words that agree as words, not by an initial
    strange = []
    for word in shorter.name:  # exact ones first, so that no looser partner takes theirs
        if word in rest:
            rest.remove(word)
            full += len(word) > 1
        else:
            strange.append(word)
    families = (shorter.family.split(), longer.family.split()) if strange else ((), ())
    unmatched = 0
    for word in strange:
        family = word in families[0]
        partner = next((one for one in rest if word_alike(word, one, family and one in families[1])), None)
        if partner is None:
            unmatched += 1
            continue
        rest.remove(partner)
        full += len(word) > 1 and len(partner) > 1
    if not unmatched:
        return "alike" if len(shorter.name) > 1 and full else "partial"
    if _run_together(a) == _run_together(b):
        return "alike"
    return _partly(shorter, longer, full, unmatched)


def _partly(shorter: Features, longer: Features, full: int, unmatched: int) -> Likeness:
    """Given and family name agree and only further words differ (Anna Maria Schmidt, Anna Schmidt-Wolf): for
    a person to say."""
    if full < 2 or unmatched > 1 or not (shorter.given and longer.given and shorter.family and longer.family):
        return "unlike"
    given = word_alike(shorter.given.split()[0], longer.given.split()[0], False)
    family = not set(shorter.family.split()).isdisjoint(longer.family.split())
    return "doubtful" if given and family else "unlike"


def _run_together(features: Features) -> str:
    """ "Mary Ann De La Cruz" as "delacruzmaryann"; sorted words where the parts are not known."""
    if features.given and features.family:
        return (features.family + features.given).replace(" ", "")
    return "".join(features.name)


@lru_cache(maxsize=50_000)
def word_alike(a: str, b: str, family: bool) -> bool:
    """Whether two words of a name are the same word: equal, an initial, a short form, or a typing error.

    family: both are known to be family names; then endings (Ivanov, Ivanova) and known given names do not
    matter.
    """
    if a == b:
        return True
    if len(a) == 1 or len(b) == 1:
        return a[0] == b[0] and a.isascii() and b.isascii()
    if not family and same_person_names(a, b):
        return True
    if _DOUBLED.sub(r"\1", a) == _DOUBLED.sub(r"\1", b):
        return True
    if min(len(a), len(b)) < 4 or JaroWinkler.similarity(a, b, score_cutoff=TYPO) < TYPO:
        return False
    return family or not _another_given_name(a, b)


def _another_given_name(a: str, b: str) -> bool:
    """Whether two similar words are rather two names: both are known ones, or they differ in their ending
    (Mario, Maria; Martin, Martina; Christian, Christina; Carl, Carol)."""
    if a in KNOWN and b in KNOWN:
        return True
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    mine, theirs = a[start : len(a) - end], b[start : len(b) - end]
    if end > 1 or _VOWELS.isdisjoint(mine + theirs):
        return False
    return not (end == 1 and len(mine) == 2 and mine == theirs[::-1])
