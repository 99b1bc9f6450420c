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
    "company": lazy_gettext("Company"),
    "name": lazy_gettext("Name"),
    "given": lazy_gettext("Given name"),
    "family": lazy_gettext("Family name"),
    "birth_date": lazy_gettext("Birth date"),
    "address": lazy_gettext("Address"),
    "domain": lazy_gettext("Internet domain"),
    "rivals": lazy_gettext("Shared by many"),
    "alone": lazy_gettext("Without a name"),
    "limit": lazy_gettext("Contradiction"),
}
LEVELS: Mapping[str, str] = {
    "exact": lazy_gettext("the same"),
    "near": lazy_gettext("nearly the same"),
    "close": lazy_gettext("a typing error apart"),
    "far": lazy_gettext("somewhat alike"),
    "nick": lazy_gettext("a short form"),
    "initial": lazy_gettext("the same initial"),
    "none": lazy_gettext("missing"),
    "shared": lazy_gettext("the same, but nobody's name"),
    "local": lazy_gettext("the same before the @"),
    "other": lazy_gettext("of somebody else"),
    "differs": lazy_gettext("different"),
    "generation": lazy_gettext("another generation"),
    "part": lazy_gettext("partly the same"),
    "first": lazy_gettext("the same, the first of January"),
    "off": lazy_gettext("off by little"),
    "moved": lazy_gettext("the same house, another place"),
    "street": lazy_gettext("the same street"),
    "area": lazy_gettext("the same postal code"),
    "locality": lazy_gettext("the same town"),
    "the other way round": lazy_gettext("the other way round"),
}
SENTENCES: Mapping[str, str] = {
    "what contradicts keeps the pair below what the machine joins": lazy_gettext(
        "kept below what the machine joins"
    ),
    "an identifier, and a name is missing": lazy_gettext("an identifier, and a name is missing"),
    "a person decided that they are different": lazy_gettext("a person decided that they are different"),
    "one is a person, the other an organisation": lazy_gettext("one is a person, the other an organisation"),
    "their names differ": lazy_gettext("their names differ"),
    "their names, birth dates or mailboxes differ": lazy_gettext(
        "their names, birth dates or mailboxes differ"
    ),
}
_WHOLE = "given exact, family exact"
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
            words(one["detail"]),
            one["points"],
            round(abs(one["points"]) / most * _WIDEST),
            "for" if one["points"] > 0 else "against" if one["points"] < 0 else "neither",
            one["meaning"],
        )
        for one in listed
    ]


def words(detail: str) -> str:
    """What a reason says, in the reader's language: `exact: a@x.org` → the same: a@x.org."""
    if detail in SENTENCES:
        return str(SENTENCES[detail])
    level, colon, values = detail.partition(": ")
    parts = [_level(part) for part in level.split(", ")]
    if not colon or not all(parts):
        return detail
    told = str(LEVELS["exact"]) if level == _WHOLE else gettext(", ").join(str(part) for part in parts)
    return gettext("%(level)s: %(values)s", level=told, values=values.replace(" | ", " / "))


def _level(part: str) -> str | None:
    """`exact`, or `given nick`."""
    if part in LEVELS:
        return str(LEVELS[part])
    feature, _, level = part.partition(" ")
    if feature in FEATURES and level in LEVELS:
        return f"{FEATURES[feature]} {LEVELS[level]}"
    return None


def strength(points: int | None, auto: int) -> str:
    """What a score means, in words. auto: points from which the machine joins."""
    if points is None:
        return gettext("a person said so")
    if points >= auto * 1.5:
        return gettext("beyond doubt")
    return gettext("very likely") if points >= auto * 1.2 else gettext("likely")


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
