"""Candidate keys: two records that share one are compared. Only what is not blocked gives keys; the realm is part of
each.

Identifiers give a key each. Names give keys of their sounds, so that typing errors still meet: alone (which a common
name
makes useless: such a key is withdrawn) and refined by postal code, town and birth date. The last four bits of a key
say of
which kind it is.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from hub.identity.contacts import dashed
from hub.identity.features import Features, features
from hub.identity.fold import sound
from hub.identity.han import is_han, pinyin_parts
from hub.identity.nicknames import root
from hub.identity.places import place

if TYPE_CHECKING:
    from hub.identity.model import MatchModel

__all__ = ["KINDS", "Features", "cap_of", "features", "key", "keys", "kind_of"]

KINDS = (
    "email",
    "phone",
    "tax_id",
    "external_ref",
    "address",
    "birth_date",
    "name",
    "mailbox",
    "near",
    "company",
)
"""The kinds of keys. email, phone, tax_id, external_ref: the value. mailbox: what stands before the @. address:
house and
street. birth_date: with an initial. name: its sounds. near: a name's sounds with where they live. company: of an
organisation."""
_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}
_MASK = (1 << 63) - 16
_TAIL = 9  # digits of a telephone number that tell it apart whether its country was written or not


def keys(found: Features, *, realm: str) -> tuple[int, ...]:
    """The keys of a record: numbers from 0 to 2**63 - 1, in no order that means anything. Records of
    different realms never meet."""
    made = [key("tax_id", tax_id, realm=realm) for tax_id in found.tax_ids]
    made += [key("external_ref", ref, realm=realm) for ref in found.refs]
    for mailbox in found.emails:
        made.append(key("email", mailbox, realm=realm))
        local, _, domain = mailbox.rpartition("@")
        rough = local if len(local) > 5 else f"{local}@{sound(domain.partition('.')[0])}"
        made.append(key("mailbox", rough, realm=realm))
    made += [key("phone", phone, realm=realm) for phone in found.phones]
    if found.org and found.kind != "person":
        made += [key(kind, text, realm=realm) for kind, text in _of_organisation(found)]
    first, last = sounds(found) if found.name else ("", "")
    initials = {first[:1], last[:1]} - {""}
    if found.birth_date:
        born = dashed(found.birth_date)
        made += [key("birth_date", f"{born} {sign}", realm=realm) for sign in sorted(initials)]
    if first and last:
        made.append(key("name", f"{first} {last}" if first < last else f"{last} {first}", realm=realm))
    for text in found.places:
        made += [key(kind, text, realm=realm) for kind, text in _of_place(text, first, last)]
    return tuple(dict.fromkeys(made)) if len(made) > 1 else tuple(made)


def _of_place(text: str, first: str, last: str) -> list[tuple[str, str]]:
    where = place(text)
    made = []
    if where.street and where.number:
        made.append(
            ("address", f"{where.number} {where.street} {where.postal_code[:2] or where.locality[:3]}")
        )
    elif where.street and where.postal_code:
        made.append(("near", f"{where.street} {where.postal_code}"))
    town = where.locality[:5]
    if where.postal_code and (last or first):
        made.append(("near", f"{last or first} {where.postal_code}"))
    elif town:
        made += [("near", f"{part} {town}") for part in {first, last} - {""}]
    if town and first and last:
        made.append(("near", f"{first} {last[:2]} {town}"))
    return made


def _of_organisation(found: Features) -> list[tuple[str, str]]:
    made = [("name", " ".join(found.org))]
    longest = max(found.org, key=lambda word: (len(word), word))
    made.append(("company", f"* {sound(longest)}"))
    return made + [("company", domain) for domain in found.domains]


def sounds(found: Features) -> tuple[str, str]:
    """(sounds of the given name or its full form, sounds of the family name), "" where not known."""
    if is_han(found.name[0]):
        given, family = pinyin_parts(found.name[0])
    elif found.given or found.family:
        given, family = found.given, found.family
    elif len(found.name) > 1:
        given, family = found.name[0], found.name[-1]
    else:
        given, family = "", found.name[0]
    first = given.partition(" ")[0]
    return sound(root(first)) if first else "", sound(family.replace(" ", "")) if family else ""


def key(kind: str, value: str, *, realm: str) -> int:
    """The key of one value as it stands in Features. kind: one of KINDS."""
    if kind == "tax_id":
        value = value.partition(":")[2]  # one system knows the type of a number, another does not
    elif kind == "phone":
        value = value[-_TAIL:].lstrip("+")
    digest = blake2b(f"{kind}\0{realm}\0{value}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") & _MASK | _NUMBERS[kind]


def kind_of(hash: int) -> str:
    """The kind of a key."""
    return KINDS[hash & 15]


def cap_of(hash: int, model: MatchModel) -> int:
    """How many records may hold a key before it finds nobody any more; a name alone soon says too little."""
    kind = hash & 15
    return model.name_cap if kind == _NAME else model.near_cap if kind in _NEAR else model.key_cap


_NAME = _NUMBERS["name"]
_NEAR = frozenset(_NUMBERS[kind] for kind in ("near", "birth_date", "company"))
