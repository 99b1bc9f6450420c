"""Mailboxes, telephone numbers, birth dates and tax ids of two records, compared: exact, nearly, or different."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from rapidfuzz.distance import OSA, Indel

Level = Literal["exact", "shared", "near", "local", "first", "part", "off", "other", "differs"]


def compare_emails(mine: tuple[str, ...], theirs: tuple[str, ...]) -> Level:
    """exact: one mailbox in common. near: a typing error apart. local: the same before the @ (six signs or more)."""
    for one in mine:
        if one in theirs:
            return "exact"
    found: Level = "differs"
    for one in mine:
        for other in theirs:
            level = _mailboxes(one, other) if one <= other else _mailboxes(other, one)
            if level == "near":
                return "near"
            if level == "local":
                found = "local"
    return found


# Providers with many customers: the same name at two of them is not rarely two people.
_PROVIDER_WORDS = """
gmail gmx googlemail hotmail yahoo outlook live msn aol icloud me mac mail web freenet t-online orange wanadoo free
laposte
libero bigpond optusnet qq 163 126 sina sohu foxmail yandex protonmail proton comcast verizon sbcglobal att btinternet
"""
_PROVIDERS = frozenset(_PROVIDER_WORDS.split())


@lru_cache(maxsize=50_000)
def _mailboxes(a: str, b: str) -> Level:
    local_a, _, domain_a = a.rpartition("@")
    local_b, _, domain_b = b.rpartition("@")
    if _digits(local_a) != _digits(local_b):
        return "differs"
    provided = domain_a.partition(".")[0] in _PROVIDERS and domain_b.partition(".")[0] in _PROVIDERS
    near = _digits(domain_a) == _digits(domain_b) and OSA.distance(domain_a, domain_b, score_cutoff=2) <= 2
    if local_a == local_b:
        if near and (len(local_a) > 3 or not provided):
            return "near"
        return "local" if len(local_a) > 5 or not provided else "differs"
    shortest = min(len(local_a), len(local_b))
    if not provided and min(len(a), len(b)) > 15 and Indel.normalized_similarity(a, b) >= 0.85:
        return "near" if domain_a == domain_b and shortest > 5 else "local"
    if shortest < 5 or OSA.distance(local_a, local_b, score_cutoff=2) > (1 if shortest < 8 else 2):
        return "differs"
    return "near" if domain_a == domain_b else "local" if near else "differs"


@lru_cache(maxsize=20_000)
def own_domain(address: str) -> str:
    """The domain of an organisation's own in a mailbox or web address; "" if it is a provider's or none."""
    host = address.rpartition("@")[2].rpartition("//")[2].partition("/")[0].lower().removeprefix("www.")
    if "." not in host or host.partition(".")[0] in _PROVIDERS or host.startswith(_HOSTS):
        return ""
    return host


_HOSTS = (
    "facebook.",
    "linkedin.",
    "instagram.",
    "twitter.",
    "x.com",
    "youtube.",
    "sites.google.",
    "example.",
)


Owner = Literal["own", "other", "unsure"]
_BREAK = re.compile(r"[^a-z]+")


@lru_cache(maxsize=50_000)
def owner(mailbox: str, given: str, family: str) -> Owner:
    """Whether what stands before the @ names the person of this name (own), or nobody and nothing of it (other).

    given, family: folded, Latin letters. own: the given name or three letters of it at the start of a word, or the
    family
    name beside the initial. A family name alone may be a relative's: unsure.
    """
    found = [word for word in _BREAK.split(mailbox.rpartition("@")[0]) if word]
    solid = "".join(found)
    if len(solid) < 3 or not (given or family):
        return "unsure"
    start = given[: 4 if len(given) > 4 else 3]
    if len(start) > 2 and (
        any(word.startswith(start) for word in found) or (len(given) > 3 and given in solid)
    ):
        return "own"
    stem = family[: max(4, len(family) - 2)]
    if len(stem) > 2 and stem in solid:
        return "own" if given and given[0] in (solid[0], solid[-1]) else "unsure"
    return "unsure" if given and given[0] == solid[0] else "other"


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())


def compare_phones(mine: tuple[str, ...], theirs: tuple[str, ...]) -> Level:
    """exact: one number in common, however its country was written. near: one digit apart."""
    for one in mine:
        if one in theirs:
            return "exact"
    found: Level = "differs"
    for one in mine:
        for other in theirs:
            tail, tail_other = one[-9:], other[-9:]
            if tail == tail_other and (one[0] != "+" or other[0] != "+"):
                return "exact"
            if len(tail) == len(tail_other) and OSA.distance(tail, tail_other, score_cutoff=1) <= 1:
                found = "near"
    return found


def birth_text(raw: object) -> str:
    """The digits of a birth date that is no date, as its year, month and day would stand: `19182115`. "" where they do
    not tell anybody apart: too few, one repeated, or a month or day that nobody knew."""
    found = _NUMBERS.findall(str(raw))
    if len(found) == 3 and len(found[2]) == 4:
        found.reverse()
    text = "".join(part.zfill(2) for part in found)
    if len(text) != 8 or len(set(text)) < 3 or {text[4:6], text[6:]} & {"00", "99"}:
        return ""
    return text


_NUMBERS = re.compile(r"[0-9]+")


def dashed(date: str) -> str:
    """A birth date, or the text of one that is none, as `YYYY-MM-DD`."""
    return date if len(date) != 8 else f"{date[:4]}-{date[4:6]}-{date[6:]}"


def compare_birth_dates(a: str, b: str) -> Level | None:
    """exact; first: both the first of January, which many are given; near: day and month swapped, or one digit;
    part: two of
    year, month and day agree, or a few weeks lie between; off: that, and a year or ten; else they contradict each
    other. Where one is the text of no date (`birth_text`), they agree or say nothing (None)."""
    if len(a) == 8 or len(b) == 8:
        level = compare_birth_dates(dashed(a), dashed(b))
        return level if level in ("exact", "near") else None
    if a == b:
        return "first" if a.endswith("-01-01") else "exact"
    if a[:4] == b[:4] and a[5:7] == b[8:10] and a[8:10] == b[5:7]:
        return "near"
    if len(a) == len(b) and (
        sum(x != y for x, y in zip(a, b, strict=True)) == 1 or OSA.distance(a, b, score_cutoff=1) <= 1
    ):
        return "near"
    if (a[:4] == b[:4]) + (a[5:7] == b[5:7]) + (a[8:] == b[8:]) == 2 or abs(_day(a) - _day(b)) <= _WEEKS:
        return "part"
    apart = abs(int_of(a[:4]) - int_of(b[:4])), abs(_day(a) % 365 - _day(b) % 365)
    return "off" if apart[0] in (0, 1, 10) and (apart[1] <= _WEEKS or apart[1] >= 365 - _WEEKS) else "differs"


_WEEKS = 45  # days


def int_of(digits: str) -> int:
    return int(digits) if digits.isdigit() else 0


@lru_cache(maxsize=20_000)
def _day(date: str) -> int:
    """A number that grows by one a day, nearly."""
    try:
        return int(date[:4]) * 365 + int(date[5:7]) * 30 + int(date[8:10])
    except ValueError:
        return 0


def compare_tax_ids(mine: tuple[str, ...], theirs: tuple[str, ...]) -> Level | None:
    """exact: the same number where its types agree or one is unnamed. near: one typing error in seven signs or more.
    differs: two numbers of one type and country."""
    found: Level | None = None
    for one in mine:
        if one in theirs:
            return "exact"
        kind, _, value = one.partition(":")
        for other in theirs:
            other_kind, _, other_value = other.partition(":")
            open_kind = kind in ("", "other") or other_kind in ("", "other")
            if not (open_kind or kind == other_kind):
                continue
            if value == other_value:
                return "exact"
            if (
                min(len(value), len(other_value)) > 6
                and OSA.distance(value, other_value, score_cutoff=1) <= 1
            ):
                found = "near"
            elif found is None and value[:2].isalpha() == other_value[:2].isalpha():
                same_country = not value[:2].isalpha() or value[:2] == other_value[:2]
                found = "differs" if same_country else None
    return found
