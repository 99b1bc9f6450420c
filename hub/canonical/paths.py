"""The names every map, rule, pin, entry and API field uses (canonical-model.md, "Paths")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple

from hub.canonical import vocabulary
from hub.errors import WrongUse

SLOTS = frozenset({"email", "phone", "address", "social", "web", "messaging", "tax_id"})
"""Contact-like fields: several per customer, told apart by a label; without label: the main one."""

NAME_GROUP = frozenset(
    {
        "name",
        "prefix",
        "given_name",
        "middle_name",
        "family_name",
        "suffix",
        "full_name",
        "display_name",
    }
)

_SHAPE = re.compile(r"([a-z][a-z0-9_]*)(?:\[([^\[\]]+)\])?(?:\.([a-z][a-z0-9_]*))?")
_CUSTOM = re.compile(r"custom\.([^\s.\[\]]+)\.([^\s.\[\]]+)")
_OPEN_LABEL = re.compile(r"[^\s\[\]][^\[\]]*")


class UnknownPath(WrongUse):
    """A path that no object has. `nearest`: the right word it is closest to, if any."""

    code = "unknown_path"

    def __init__(self, message: str, *, nearest: str | None = None, fix: str | None = None) -> None:
        super().__init__(message, fix=fix or (f"Did you mean '{nearest}'?" if nearest else None))
        self.nearest = nearest


class Path(NamedTuple):
    """A path taken apart. For `custom.<namespace>.<key>`: label = namespace, sub = key."""

    text: str
    field: str
    label: str | None
    sub: str | None


def nearest(word: str, words: Mapping[str, object] | tuple[str, ...] | frozenset[str]) -> str | None:
    """The right word most like `word`, or None if none is near."""
    close = get_close_matches(word.lower(), list(words), n=1, cutoff=0.6)
    return close[0] if close else None


@lru_cache(maxsize=4096)
def parse(text: str, *, object: str = "customer") -> Path:
    """Take `text` apart as a path of `object` (customer, order, interaction, order.lines, …). Raises UnknownPath."""
    table = vocabulary.OBJECTS.get(object)
    if table is None:
        raise UnknownPath(f"no object '{object}'", nearest=nearest(object, vocabulary.OBJECTS))
    if text == "custom" or text.startswith("custom."):
        if "custom" in table and (found := _CUSTOM.fullmatch(text)):
            return Path(text, "custom", found[1], found[2])
        raise UnknownPath(f"'{text}' is no custom field", fix="Write custom.<namespace>.<key>.")
    found = _SHAPE.fullmatch(text)
    entry = table.get(found[1]) if found else None
    if found is None or entry is None:
        raise UnknownPath(f"no path '{text}' in {object}", nearest=_nearest_path(text, object))
    path = Path(text, *found.groups())
    _check_label(path, entry)
    _check_sub(path, entry)
    return path


def _nearest_path(text: str, object: str) -> str | None:
    """Near as a whole, or else near in its field with the rest kept."""
    whole = nearest(text, known(object))
    head = re.split(r"[\[.]", text, maxsplit=1)[0]
    field = nearest(head, vocabulary.OBJECTS[object])
    if field and len(head) < len(text):
        return field + text[len(head) :]
    return whole or field


def _check_label(path: Path, entry: vocabulary.Entry) -> None:
    if path.label is None:
        if entry.labels is not None and entry.label_needed:
            raise UnknownPath(
                f"'{path.text}' needs a label", fix=f"Write {path.field}[{_some(entry.labels)}]."
            )
        return
    if entry.labels is None:
        raise UnknownPath(f"'{path.field}' takes no label, as in '{path.text}'", nearest=path.field)
    if not entry.labels:
        if not _OPEN_LABEL.fullmatch(path.label):
            raise UnknownPath(f"'{path.label}' is no label, as in '{path.text}'")
        return
    if path.label.rstrip("0123456789") not in entry.labels:
        near = nearest(path.label, entry.labels)
        tail = f".{path.sub}" if path.sub else ""
        raise UnknownPath(
            f"'{path.field}' has no label '{path.label}'",
            nearest=f"{path.field}[{near}]{tail}" if near else None,
            fix=None if near else f"Labels: {', '.join(sorted(entry.labels))}.",
        )


def _some(labels: frozenset[str]) -> str:
    return "|".join(sorted(labels)) if labels else "…"


def _check_sub(path: Path, entry: vocabulary.Entry) -> None:
    stem = path.text if path.sub is None else path.text[: -len(path.sub) - 1]
    if path.sub is None:
        if entry.kind is None:
            first = next(iter(entry.subs))
            raise UnknownPath(f"'{path.text}' needs a part", fix=f"For example {path.text}.{first}.")
        return
    if path.sub not in entry.subs:
        near = nearest(path.sub, entry.subs)
        raise UnknownPath(
            f"'{stem}' has no part '{path.sub}'",
            nearest=f"{stem}.{near}" if near else None,
            fix=None if near or not entry.subs else f"Parts: {', '.join(entry.subs)}.",
        )


@lru_cache(maxsize=4096)
def group(text: str) -> str:
    """The name of the fields that win together with `text` (sync.md, "Choosing the value").

    "name" for a person's or organisation's name; "address[billing]" for its parts; "consent[email]", "tax_id[vat]",
    "social[x]"; otherwise the path itself.
    """
    if text in NAME_GROUP:
        return "name"
    head, dot, _sub = text.rpartition(".")
    field = text.split("[", 1)[0].split(".", 1)[0]
    together = field in SLOTS or field in ("consent", "billing_address", "shipping_address")
    return head if dot and together else text


@lru_cache(maxsize=4096)
def kind_of(text: str, *, object: str = "customer") -> str:
    """What a value under this path is: text, email, phone, date, instant, money, enum, … Raises UnknownPath."""
    path = parse(text, object=object)
    entry = vocabulary.OBJECTS[object][path.field]
    if path.field == "custom":
        return "custom"
    kind = entry.subs[path.sub] if path.sub else entry.kind
    assert kind is not None
    return kind


@lru_cache(maxsize=64)
def known(object: str = "customer") -> tuple[str, ...]:
    """Every path of `object`, open labels left out, sorted: for messages, completion and suggestions."""
    found: list[str] = []
    for field, entry in vocabulary.OBJECTS.get(object, {}).items():
        if field == "custom":
            continue
        stems = [] if entry.label_needed else [field]
        stems += [f"{field}[{label}]" for label in sorted(entry.labels or ())]
        for stem in stems:
            found += [stem] if entry.kind else []
            found += [f"{stem}.{sub}" for sub in entry.subs]
    return tuple(sorted(found))
