"""The match model: every weight, threshold, frequency and blocked value that decides who is the same (DESIGN §4).

A model is numbered and frozen. Nothing about likeness stands anywhere else, so that clusters are a function of records,
model and decisions alone. The shipped one is `config/matching.toml` with `config/names.toml`; the caller parses them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any, NamedTuple

from hub.errors import WrongFile
from hub.identity.fold import fold, words

_SECTIONS = ("number", "thresholds", "weights", "rivals", "blocked", "names")
_THRESHOLDS = ("auto", "review", "guard", "cap", "key_cap", "near_cap", "name_cap")
STEPS = (3, 5, 8, 16, 32)
"""How many records may share a key before the next step: up to the first it says nothing against a match."""
NO_CEILING = 1_000_000


class Weights(NamedTuple):
    """Whole points, hundredths of bits, by feature and level (`compare.py`, `naming.py`). Missing values give 0.

    given_*, family_*: `exact`, `nick`, `close`, `far` are added to what the frequency of the name is worth; the others
    stand alone.
    """

    given_exact: int
    given_nick: int
    given_close: int
    given_far: int
    given_initial: int
    given_other: int
    given_differs: int
    family_exact: int
    family_close: int
    family_far: int
    family_initial: int
    family_differs: int
    name_most: int
    name_differs: int
    name_swapped: int
    name_romanised: int
    name_generation: int
    organisation_exact: int
    organisation_close: int
    organisation_part: int
    organisation_differs: int
    email_exact: int
    email_shared: int
    email_near: int
    email_local: int
    email_alike: int
    email_differs: int
    email_other: int
    phone_exact: int
    phone_near: int
    phone_differs: int
    address_exact: int
    address_near: int
    address_moved: int
    address_street: int
    address_area: int
    address_locality: int
    address_differs: int
    birth_date_exact: int
    birth_date_first: int
    birth_date_near: int
    birth_date_part: int
    birth_date_off: int
    birth_date_differs: int
    tax_id_exact: int
    tax_id_near: int
    tax_id_differs: int
    external_ref_exact: int
    company_exact: int
    domain_exact: int
    domain_differs: int
    identifier_alone: int


@dataclass(frozen=True, slots=True)
class Blocked:
    """Values that are nobody's: they give neither a key nor points.

    mailboxes: local parts; domains: whole domains (with their subdomains); emails: whole addresses;
    phone_endings: digits a phone may not end with; tax_ids: whole values; names: folded words in any order;
    birth_dates: `YYYY-MM-DD`.
    """

    mailboxes: frozenset[str]
    domains: frozenset[str]
    emails: frozenset[str]
    phone_endings: tuple[str, ...]
    tax_ids: frozenset[str]
    names: frozenset[tuple[str, ...]]
    birth_dates: frozenset[str]


@dataclass(frozen=True, slots=True)
class Frequencies:
    """What two equal names are worth, in hundredths of bits, by folded word; `unknown` for one not in the table."""

    given: Mapping[str, int]
    family: Mapping[str, int]
    given_unknown: int = 1100
    family_unknown: int = 1300


@dataclass(frozen=True, slots=True)
class MatchModel:
    """number: which model this is. auto, review: points from which a pair joins, or is shown to a steward. guard: the
    least mean of all cross scores at which two groups still join. cap: how many different records one component may
    hold. key_cap: how many records a key may have before it finds nobody any more; near_cap: that of a name with a
    place, a birth date with an initial, a company's longest word; name_cap: that of a name alone. rivals: by kind of
    key, the points to take off at each step of `STEPS` and, last, over the cap; for "name", the most that names may
    then be worth."""

    number: int
    auto: int
    review: int
    guard: int
    cap: int
    key_cap: int
    near_cap: int
    name_cap: int
    weights: Weights
    rivals: Mapping[str, tuple[int, ...]]
    blocked: Blocked
    names: Frequencies = field(default_factory=lambda: Frequencies({}, {}))


def load_model(data: Mapping[str, Any], *, file: str = "config/matching.toml") -> MatchModel:
    """The model a parsed `matching.toml` describes, with the parsed `names.toml` under "names" (without: all names
    rare).

    Raises WrongFile for a key that is unknown (with the nearest right one), missing, or of the wrong type.
    """
    _only(data, _SECTIONS, file=file, where="")
    thresholds = _section(data, "thresholds", file=file)
    _only(thresholds, _THRESHOLDS, file=file, where="thresholds.")
    weights = _section(data, "weights", file=file)
    _only(weights, Weights._fields, file=file, where="weights.")
    limits = {name: _whole(thresholds, name, file=file, where="thresholds.") for name in _THRESHOLDS}
    if not 0 < limits["review"] <= limits["auto"]:
        raise WrongFile(
            f"thresholds: review ({limits['review']}) must lie between 1 and auto ({limits['auto']})",
            file=file,
            fix="lower review or raise auto",
        )
    return MatchModel(
        number=_whole(data, "number", file=file),
        **limits,
        weights=Weights(
            **{name: _whole(weights, name, file=file, where="weights.") for name in Weights._fields}
        ),
        rivals=_rivals(_section(data, "rivals", file=file), file=file),
        blocked=_blocked(_section(data, "blocked", file=file), file=file),
        names=_names(data.get("names", {}), file=file),
    )


def step(count: int, cap: int) -> int:
    """The step of a key that so many records hold: 0 up to the first of `STEPS`, one more past each, the last over the
    cap."""
    return bisect_left(STEPS, count) if count <= cap else len(STEPS) + 1


def _rivals(data: Mapping[str, Any], *, file: str) -> dict[str, tuple[int, ...]]:
    _only(data, ("email", "phone", "address", "birth_date", "name"), file=file, where="rivals.")
    found = {}
    for kind, taken in data.items():
        if (
            not isinstance(taken, list)
            or len(taken) != len(STEPS) + 1
            or not all(isinstance(n, int) for n in taken)
        ):
            raise WrongFile(f"rivals.{kind} must be a list of {len(STEPS) + 1} whole numbers", file=file)
        found[kind] = (NO_CEILING if kind == "name" else 0, *taken)
    return found


def _names(data: Mapping[str, Any], *, file: str) -> Frequencies:
    _only(data, ("given", "family"), file=file, where="names.")
    tables: dict[str, dict[str, int]] = {}
    unknown = {}
    for part, rows in data.items():
        unknown[f"{part}_unknown"] = _whole(rows, "unknown", file=file, where=f"names.{part}.")
        tables[part] = {}
        for points, text in rows.items():
            if points == "unknown":
                continue
            if not points.isdigit() or not isinstance(text, str):
                raise WrongFile(f"names.{part}: {points} must be points = names", file=file)
            tables[part].update(dict.fromkeys(text.split(), int(points)))
    return Frequencies(tables.get("given", {}), tables.get("family", {}), **unknown)


def _blocked(data: Mapping[str, Any], *, file: str) -> Blocked:
    _only(data, tuple(one.name for one in fields(Blocked)), file=file, where="blocked.")

    def lines(key: str) -> list[str]:
        found = data.get(key, [])
        if not isinstance(found, list) or not all(isinstance(line, str) for line in found):
            raise WrongFile(f"blocked.{key} must be a list of texts", file=file)
        return found

    return Blocked(
        mailboxes=frozenset(fold(line) for line in lines("mailboxes")),
        domains=frozenset(fold(line) for line in lines("domains")),
        emails=frozenset(fold(line) for line in lines("emails")),
        phone_endings=tuple(sorted(lines("phone_endings"))),
        tax_ids=frozenset(line.upper() for line in lines("tax_ids")),
        names=frozenset(tuple(sorted(words(line))) for line in lines("names")),
        birth_dates=frozenset(lines("birth_dates")),
    )


def _section(data: Mapping[str, Any], key: str, *, file: str) -> Mapping[str, Any]:
    found = data.get(key)
    if not isinstance(found, Mapping):
        raise WrongFile(f"[{key}] is missing", file=file, fix=f"add a section [{key}]")
    return found


def _whole(data: Mapping[str, Any], key: str, *, file: str, where: str = "") -> int:
    found = data.get(key)
    if not isinstance(found, int) or isinstance(found, bool):
        raise WrongFile(f"{where}{key} must be a whole number, not {found!r}", file=file)
    return found


def _only(data: Mapping[str, Any], known: tuple[str, ...], *, file: str, where: str) -> None:
    for key in data:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            raise WrongFile(
                f"unknown key {where}{key}",
                file=file,
                fix=f"did you mean {where}{near[0]}?" if near else None,
            )
