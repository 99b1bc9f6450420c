"""Phone numbers as E.164 where they are valid numbers, else the trimmed text as given: nothing is lost.

`phonenumbers` decides. Texts of digits and plain punctuation, nearly all there are, take a shorter way through the same
metadata and the same steps (5 instead of 25 µs); a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata
from phonenumbers.phonenumberutil import region_code_for_country_code

from hub.canonical.clean import line

_LONGEST = 40  # no real number with its extension is longer than this
_PLAIN = re.compile(r"\+?[0-9(][0-9 ().-]+")
_DROP = str.maketrans("", "", "+ ().-")
_UNSURE: Final = ""

_KINDS = (
    *("mobile", "fixed_line", "toll_free", "voip", "shared_cost"),
    *("premium_rate", "personal_number", "pager", "uan", "voicemail"),
)


class _Pattern(NamedTuple):
    """A kind of number: possible lengths of the national number (empty: any) and its form."""

    lengths: frozenset[int]
    form: re.Pattern[str]

    def fits(self, number: str) -> bool:
        return (not self.lengths or len(number) in self.lengths) and self.form.fullmatch(number) is not None


class _Plan(NamedTuple):
    """The numbering plan of a region, as `phonenumbers` holds it."""

    code: str
    abroad: re.Pattern[str] | None
    prefix: re.Pattern[str] | None
    transforms: bool
    general: _Pattern
    local: frozenset[int]
    leading: re.Pattern[str] | None
    kinds: tuple[_Pattern, ...]

    def valid(self, number: str) -> bool:
        return self.general.fits(number) and any(kind.fits(number) for kind in self.kinds)


def _pattern(description: Any) -> _Pattern | None:
    form = description.national_number_pattern if description else None
    return _Pattern(frozenset(description.possible_length), re.compile(form)) if form else None


def _compiled(text: str | None) -> re.Pattern[str] | None:
    return re.compile(text) if text else None


@lru_cache(maxsize=512)
def _plan(code: int, region: str) -> _Plan | None:
    data: Any = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    general = _pattern(data.general_desc) if data else None
    if data is None or general is None:
        return None
    return _Plan(
        str(data.country_code),
        _compiled(data.international_prefix),
        _compiled(data.national_prefix_for_parsing),
        bool(data.national_prefix_transform_rule),
        general,
        frozenset(data.general_desc.possible_length_local_only),
        _compiled(data.leading_digits),
        tuple(found for kind in _KINDS if (found := _pattern(getattr(data, kind)))),
    )


@lru_cache(maxsize=512)
def _of_country(country: str) -> _Plan | None:
    data = PhoneMetadata.metadata_for_region(country, None)
    return _plan(data.country_code, country) if data and data.country_code else None


@lru_cache(maxsize=512)
def _of_code(code: str) -> tuple[_Plan, tuple[_Plan, ...]] | None:
    """The leading plan of a calling code, and all plans under it in their order."""
    regions: Sequence[str] = COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    main = _plan(int(code), region_code_for_country_code(int(code))) if regions else None
    plans = tuple(found for region in regions if (found := _plan(int(code), region)))
    return (main, plans) if main else None


def _quick(text: str, country: str | None) -> str | None:
    """E.164, None if the number is not valid, or _UNSURE where only the long way can tell."""
    digits = text.translate(_DROP)
    home = _of_country(country) if country else None
    dialled = home.abroad.match(digits) if text[0] != "+" and home and home.abroad else None
    if text[0] == "+" or dialled:
        digits = digits[dialled.end() :] if dialled else digits
        if len(digits) < 4:
            return _UNSURE
        found = next((of for size in (1, 2, 3) if (of := _of_code(digits[:size]))), None)
        if found is None or digits[0] == "0":
            return _UNSURE
        main, plans = found
        number = digits[len(main.code) :]
    else:
        known = _of_code(home.code) if home else None
        if home is None or known is None or digits.startswith(home.code):
            return _UNSURE
        main, plans, number = home, known[1], digits
    bare = _without_prefix(main, number)
    if bare == _UNSURE or not 2 < len(bare) <= 17:
        return _UNSURE
    return f"+{main.code}{bare}" if _valid(plans, bare) else None


def _without_prefix(plan: _Plan, number: str) -> str:
    """The national number without its trunk prefix, unless it would be none then."""
    cut = plan.prefix.match(number) if plan.prefix else None
    if cut is None:
        return number
    if plan.transforms and cut.re.groups and cut.group(cut.re.groups) is not None:
        return _UNSURE
    bare = number[cut.end() :]
    if plan.general.form.fullmatch(number) and not plan.general.form.fullmatch(bare):
        return number
    return bare if len(bare) in plan.general.lengths and len(bare) not in plan.local else _UNSURE


def _valid(plans: Sequence[_Plan], number: str) -> bool:
    if len(plans) == 1:
        return plans[0].valid(number)
    for plan in plans:
        if plan.leading is not None:
            if plan.leading.match(number):
                return plan.valid(number)
        elif plan.valid(number):
            return True
    return False


def by_library(text: str, country: str | None) -> str | None:
    """E.164 by `phonenumbers` alone; None if it is no valid number."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=32_768)
def _read(text: str, country: str | None) -> str:
    found: str | None = _UNSURE
    if text.isascii() and _PLAIN.fullmatch(text):
        found = _quick(text, country)
    if found == _UNSURE:
        found = by_library(text, country)
    if not found and text.startswith("00"):
        # Most of the world dials abroad with 00, and people write it so where their own country does not.
        found = by_library(f"+{text[2:].lstrip()}", None)
    return found or text


def to_phone(value: Any, country: str | None = None) -> str | None:
    """E.164 if `value`, dialled from `country` (alpha-2), is a valid number; else its text trimmed; None if blank."""
    text = line(value)
    if text is None or len(text) > _LONGEST:
        return text
    return _read(text, country)
