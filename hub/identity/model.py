"""The match model: every weight, threshold and blocked value that decides who is the same (DESIGN §4).

A model is numbered and frozen. Nothing about likeness stands anywhere else, so that clusters are a function
of records, model and decisions alone. The shipped one is `config/matching.toml`; the caller parses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, NamedTuple

from hub.errors import WrongFile
from hub.identity.fold import fold, words

_SECTIONS = ("number", "thresholds", "weights", "blocked")


class Weights(NamedTuple):
    """Whole points per piece of evidence; 100 is what joins two records. Missing values give 0."""

    email: int
    phone: int
    tax_id: int
    external_ref: int
    name: int
    birth_date: int
    name_doubtful: int
    birth_date_differs: int
    tax_id_differs: int


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
class MatchModel:
    """number: which model this is. auto, review: points from which a pair joins, or is shown to a steward.
    guard: the least mean of all cross scores at which two groups still join. cap: how many different records
    one component may hold."""

    number: int
    auto: int
    review: int
    guard: int
    cap: int
    weights: Weights
    blocked: Blocked


def load_model(data: Mapping[str, Any], *, file: str = "config/matching.toml") -> MatchModel:
    """The model a parsed `matching.toml` describes.

    Raises WrongFile for a key that is unknown (with the nearest right one), missing, or of the wrong type.
    """
    _only(data, _SECTIONS, file=file, where="")
    thresholds = _section(data, "thresholds", file=file)
    _only(thresholds, ("auto", "review", "guard", "cap"), file=file, where="thresholds.")
    weights = _section(data, "weights", file=file)
    _only(weights, Weights._fields, file=file, where="weights.")
    model = MatchModel(
        number=_whole(data, "number", file=file),
        auto=_whole(thresholds, "auto", file=file, where="thresholds."),
        review=_whole(thresholds, "review", file=file, where="thresholds."),
        guard=_whole(thresholds, "guard", file=file, where="thresholds."),
        cap=_whole(thresholds, "cap", file=file, where="thresholds."),
        weights=Weights(
            **{name: _whole(weights, name, file=file, where="weights.") for name in Weights._fields}
        ),
        blocked=_blocked(_section(data, "blocked", file=file), file=file),
    )
    if not 0 < model.review <= model.auto:
        raise WrongFile(
            f"thresholds: review ({model.review}) must lie between 1 and auto ({model.auto})",
            file=file,
            fix="lower review or raise auto",
        )
    return model


def _blocked(data: Mapping[str, Any], *, file: str) -> Blocked:
    _only(data, tuple(field.name for field in fields(Blocked)), file=file, where="blocked.")

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
