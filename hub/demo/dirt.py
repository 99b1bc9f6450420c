"""How data goes bad in real systems: typing errors, careless cases, telephone numbers in many ways, blanks."""

from __future__ import annotations

from random import Random

import phonenumbers
from phonenumbers import PhoneNumberFormat

BLANKS = ("", "", "", " ", "-", "n/a")
NO_MAIL = ("noreply@shop.example", "keine@nomail.com", "info@info.example")
_OTHER_PREFIX = (1, 886)  # countries that do not dial 00 for abroad
NO_PHONE = ("000000", "1234567", "+49 000000", "unbekannt")


def chance(rng: Random, percent: float) -> bool:
    return rng.random() * 100 < percent


def mistyped(rng: Random, text: str) -> str:
    """Two neighbours swapped, a letter doubled or one left out; never the first, and no digits."""
    places = [
        at for at in range(1, len(text) - 1) if text[at : at + 2].isalpha() and text[at : at + 2].isascii()
    ]
    if len(text) < 5 or not places:
        return text
    at = rng.choice(places)
    kind = rng.randrange(3)
    if kind == 0:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + text[at] * kind * 2 + text[at + 1 :] if kind == 1 else text[:at] + text[at + 1 :]


def cased(rng: Random, text: str) -> str:
    """As somebody with caps lock, or in a hurry, types it; stray blanks around."""
    return rng.choice((text.upper(), text.lower(), f" {text}", f"{text} ", text.replace(" ", "  ")))


def family_first(given: str, family: str) -> str:
    return f"{family}, {given}"


def phone(rng: Random, number: str) -> str:
    """An E.164 number in one of the ways people write it; national ones only make sense beside their country."""
    if not number:
        return ""
    parsed = phonenumbers.parse(number)
    national = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
    abroad = phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
    return rng.choice(
        (
            number,
            abroad,
            abroad.replace(" ", "-"),
            abroad if parsed.country_code in _OTHER_PREFIX else "00" + number[1:],
            national,
            national.replace(" ", ""),
            f"Tel. {abroad}" if chance(rng, 5) else abroad,
        )
    )
