"""Postal addresses: taken apart into number, street, postal code and locality, and compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from rapidfuzz.distance import OSA, JaroWinkler

from hub.identity.fold import words

AddressLevel = Literal["exact", "near", "moved", "street", "area", "locality", "differs"]

# Kinds of street, which people write, shorten or leave out.
_KIND_WORDS = """
street st str strasse straat road rd avenue ave av avenida lane ln drive dr drv court ct crt place pl plaza square sq
circuit cct crct crescent cres cr crs close cl terrace tce ter parade pde highway hwy boulevard blvd bvd bd way wy grove
gr gve gardens gdns rise row mews walk track trk loop link view vista esplanade esp quay rue allee allée chemin ch
impasse
route rte via viale piazza corso calle c weg gasse platz ring ul ulica gate parkway pkwy lu jie dadao the de la du
des der
n s e w north south east west
"""
_KINDS = frozenset(_KIND_WORDS.split())
_UNIT_WORDS = """
unit u flat fl apt apartment suite ste shop level lvl floor room rm no nr number lot po box postbox postfach villa house
"""
_UNITS = frozenset(_UNIT_WORDS.split())
_ENDINGS = ("strasse", "straße", "straat", "str")
_HAN_NUMBER = re.compile(r"(\d+)(?:号|號|弄|室|楼|樓|层|座|栋|幢)?")
_MAX = 3  # addresses of one record that are compared


class Place(NamedTuple):
    """number: of the house, with its letter. street: its folded words without the kind of street. postal_code,
    locality:
    folded, without spaces; "" where not known."""

    number: str
    street: str
    postal_code: str
    locality: str


def places(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses of a record as texts `number|street|postal code|locality`, sorted."""
    found: dict[str, dict[str, str]] = {}
    for path, value in values.items():
        if value and path.startswith("address") and value.__class__ is str:
            head, _, sub = path.partition(".")
            found.setdefault(head, {})[sub] = value
    made = {text for parts in found.values() if (text := _text(parts))}
    return tuple(sorted(made)[:_MAX]) if len(made) > 1 else tuple(made)


def _text(parts: Mapping[str, str]) -> str:
    lines = " , ".join(parts[sub] for sub in ("line1", "line2", "line3") if sub in parts)
    number, street = _street(lines) if lines else ("", "")
    postal_code = "".join(words(parts.get("postal_code", "")))
    locality = "".join(words(parts.get("locality", "")))
    if not (street or locality or postal_code):
        return ""
    return f"{number}|{street}|{postal_code}|{locality}"


@lru_cache(maxsize=20_000)
def _street(lines: str) -> tuple[str, str]:
    """(number, street) of an address's lines; further lines count only while no street was found."""
    number = street = ""
    for line in lines.split(" , "):
        found = words(line.replace("/", " / "))
        numbers = [word for word in found if word[0].isdigit()]
        number = number or (numbers[-1] if numbers else "")
        if not street:
            kept = [word for word in found if not word[0].isdigit() and word not in _UNITS]
            bare = [_bare(word) for word in kept if word not in _KINDS]
            street = " ".join(bare or kept)
    if not number and not street.isascii() and (met := _HAN_NUMBER.search(street)):
        number = met[1]
    return number, street


def _bare(word: str) -> str:
    for ending in _ENDINGS:
        if len(word) > len(ending) + 2 and word.endswith(ending):
            return word[: -len(ending)]
    return word


@lru_cache(maxsize=50_000)
def place(text: str) -> Place:
    """The parts of a text that `places` made."""
    number, street, postal_code, locality = text.split("|")
    return Place(number, street, postal_code, locality)


_ORDER: tuple[AddressLevel, ...] = ("exact", "near", "moved", "street", "area", "locality", "differs")


def compare_addresses(mine: tuple[str, ...], theirs: tuple[str, ...]) -> AddressLevel | None:
    """How near the nearest two of two records' addresses are; None where nothing can be compared."""
    if len(mine) == 1 and len(theirs) == 1:
        return _compare(mine[0], theirs[0])
    found = [level for one in mine for other in theirs if (level := _compare(one, other))]
    return min(found, key=_ORDER.index) if found else None


def _compare(one: str, other: str) -> AddressLevel | None:
    if one == other:
        a = place(one)
        return (
            "exact"
            if a.street and a.number
            else "street"
            if a.street
            else "area"
            if a.postal_code
            else "locality"
        )
    return _apart(place(one), place(other))


def _apart(a: Place, b: Place) -> AddressLevel | None:
    codes = a.postal_code == b.postal_code if a.postal_code and b.postal_code else None
    towns = _alike(a.locality, b.locality, 0.9) if a.locality and b.locality else None
    if a.street and b.street and (same := _same_street(a, b)) is not None:
        if codes or towns or (codes is None and towns is None):
            return same
        if same != "street":
            return "near" if codes is not None and _one_off(a.postal_code, b.postal_code) else "moved"
    if codes:
        return "area"
    if towns:
        return "locality"
    return None if codes is None and towns is None and not (a.street and b.street) else "differs"


def _same_street(a: Place, b: Place) -> AddressLevel | None:
    numbers = a.number == b.number
    if a.street == b.street:
        if numbers:
            return "exact" if a.number else "street"
        return "near" if a.number and b.number and _one_off(a.number, b.number) else "street"
    if not _alike(a.street, b.street, 0.88):
        return None
    return "near" if numbers and a.number else "street"


def _alike(a: str, b: str, least: float) -> bool:
    if a == b:
        return True
    if min(len(a), len(b)) < 3:
        return False
    if JaroWinkler.similarity(a, b, score_cutoff=least) >= least:
        return True
    longest = max(len(a), len(b))
    return longest > 5 and OSA.distance(a, b, score_cutoff=2) <= (2 if longest > 8 else 1)


def _one_off(a: str, b: str) -> bool:
    return OSA.distance(a, b, score_cutoff=1) <= 1
