"""What speaks for and against two being one, as people read it: words, bars, and differences to the letter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from hub.web import fields
from hub.web.say import gettext, lazy_gettext
from hub.web.words import plain, word

FEATURES: Mapping[str, str] = {
    "kind": lazy_gettext("Kind"),
    "email": lazy_gettext("E-mail"),
    "phone": lazy_gettext("Phone"),
    "tax_id": lazy_gettext("Tax id"),
    "external_ref": lazy_gettext("Reference to each other"),
    "social": lazy_gettext("Social account"),
    "name": lazy_gettext("Name"),
    "given": lazy_gettext("Given name"),
    "family": lazy_gettext("Family name"),
    "org": lazy_gettext("Name of the organisation"),
    "generation": lazy_gettext("Generation"),
    "birth_date": lazy_gettext("Birth date"),
    "address": lazy_gettext("Address"),
    "street": lazy_gettext("Street"),
    "postcode": lazy_gettext("Postal code"),
    "place": lazy_gettext("Town"),
    "rivals": lazy_gettext("Shared by many"),
    "limit": lazy_gettext("Contradiction"),
}
_WIDEST = 40  # of a bar


class Weight(NamedTuple):
    """A reason. width: of its bar; speaks: for, against, or neither."""

    label: str
    detail: str
    points: int
    width: int
    speaks: str
    meaning: str


class Row(NamedTuple):
    """A field of both. a, b: (text, whether it differs) one after the other; empty: it says nothing."""

    path: str
    label: str
    same: bool
    a: list[tuple[str, bool]]
    b: list[tuple[str, bool]]


def weights(reasons: Iterable[Mapping[str, Any]]) -> list[Weight]:
    """The reasons, the heaviest first; bars share one scale."""
    listed = sorted(reasons, key=lambda one: -abs(one["points"]))
    most = max((abs(one["points"]) for one in listed), default=1) or 1
    return [
        Weight(
            str(FEATURES.get(one["feature"], one["feature"])),
            one["detail"],
            one["points"],
            round(abs(one["points"]) / most * _WIDEST),
            "for" if one["points"] > 0 else "against" if one["points"] < 0 else "neither",
            one["meaning"],
        )
        for one in listed
    ]


def rows(compared: Iterable[Mapping[str, Any]]) -> list[Row]:
    """The fields of both side by side, the parts of an address in one row; what differs is marked to the letter."""
    both: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for one in compared:
        parts = both.setdefault(fields.row_of(one["path"]), ({}, {}))
        for side, name in zip(parts, ("a", "b"), strict=True):
            if one[name] is not None:
                side[one["path"]] = one[name]
    if _values(both, "full_name") == _values(both, "display_name"):
        both.pop("full_name", None)
    found = []
    for path, (mine, theirs) in both.items():
        left, right = _text(path, mine), _text(path, theirs)
        if left or right:
            found.append(Row(path, fields.label(path), left == right, *spans(left, right)))
    return sorted(found, key=lambda row: fields.place(row.path))


def spans(a: str, b: str) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Both texts cut where they differ. Texts that have little in common differ as a whole: letters that happen to be
    in both say nothing."""
    if not a or not b:
        return ([(a, False)] if a else []), ([(b, False)] if b else [])
    matcher = SequenceMatcher(None, a.casefold(), b.casefold(), autojunk=False)
    if a == b or len(a.casefold()) != len(a) or len(b.casefold()) != len(b) or matcher.ratio() < 0.5:
        return [(a, a != b)], [(b, a != b)]
    left: list[tuple[str, bool]] = []
    right: list[tuple[str, bool]] = []
    for tag, one, one_end, other, other_end in matcher.get_opcodes():
        if one_end > one:
            left.append((a[one:one_end], tag != "equal"))
        if other_end > other:
            right.append((b[other:other_end], tag != "equal"))
    return left, right


def sentence(row: Mapping[str, Any]) -> str:
    """Why a person is asked."""
    if row["points"] >= row["auto"]:
        return gettext(
            "The evidence would do, but: %(why)s.", why=row["against"] or gettext("others stand between")
        )
    return gettext(
        "%(points)s points; the machine joins from %(auto)s on, so %(missing)s are missing.",
        points=row["points"],
        auto=row["auto"],
        missing=row["missing"],
    )


def _values(both: Mapping[str, tuple[dict[str, Any], dict[str, Any]]], path: str) -> list[Any]:
    return [list(side.values()) for side in both.get(path, ())]


def _text(path: str, parts: Mapping[str, Any]) -> str:
    if not parts:
        return ""
    if path.startswith("address"):
        return fields.address({name.rpartition(".")[2]: value for name, value in parts.items() if value})
    value = plain(next(iter(parts.values())))
    return word(value) if path == "kind" else value
