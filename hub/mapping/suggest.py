"""A first map from a file's headers and some of its rows; a person reads it over before it is used."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from hub.canonical import vocabulary
from hub.canonical.country import COUNTRIES, to_country
from hub.canonical.normalise import FALSE_WORDS, TRUE_WORDS, normaliser
from hub.canonical.paths import UnknownPath, kind_of, parse
from hub.canonical.unfit import Unfit
from hub.mapping.headers import BY_OBJECT, ID_WORDS, PREFIXES


class Guess(NamedTuple):
    """What a column may be. path None: left out. via: transforms it needs. confidence: 0 to 1.

    path may be of an order's line: `lines[].sku`.
    """

    column: str
    path: str | None
    via: tuple[str, ...]
    confidence: float


SURE, HEADER, LIKELY, MAYBE = 0.95, 0.8, 0.6, 0.4
"""Header and values agree; header alone; values alone, or header nearly; values that could be something else."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
_PHONE = re.compile(r"\+?[\d\s().\-/]{6,22}(?:\s?(?:x|ext\.?)\s?\d+)?")
_URL = re.compile(r"(?:https?://|www\.)\S+|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/\S*)?", re.IGNORECASE)
_VAT = re.compile(r"[A-Z]{2}[0-9A-Z]{8,12}")
_USCC = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")
_SALUTATION = re.compile(r"(?:mr|mrs|ms|miss|mx|dr|prof|sir|herr|frau|先生|女士|小姐)\.?", re.IGNORECASE)
_DATES = (
    *("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y"),
    *("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%Y.%m.%d"),
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", "T%H:%M:%S")


def suggest(
    headers: Sequence[str], samples: Sequence[Mapping[str, Any]], *, object: str = "customer"
) -> list[Guess]:
    """One guess per header, in their order. `samples`: some rows, header → value; the more, the surer.

    A path is given once: to the column that fits best, the next e-mail, phone or address gets a label or is left out.
    """
    words = _words(object)
    found = [_guess(header, _values(samples, header), words, object) for header in headers]
    taken: set[str] = set()
    settled: dict[int, Guess] = {}
    for index in sorted(range(len(found)), key=lambda index: (-found[index].confidence, index)):
        settled[index] = _settle(found[index], taken)
    return [settled[index] for index in range(len(found))]


_OFTEN_WRONG = frozenset({"birth_date"})
"""Paths that people fill with anything, and that no record should be refused for."""


def to_toml(guesses: Sequence[Guess], *, object: str = "customer") -> str:
    """The text of a map: a line for each guess, doubtful ones marked; what has no path stands in `ignore`."""
    left = [guess.column for guess in guesses if guess.path is None]
    lines = [f'object = "{object}"']
    if left:
        lines.append(f"ignore = [{', '.join(map(_quoted, left))}]")
    lines += ["", "[pull]", *(_line(guess) for guess in guesses if guess.path and "[]." not in guess.path)]
    lists: dict[str, list[Guess]] = {}
    for guess in guesses:
        if guess.path and "[]." in guess.path:
            head, _, sub = guess.path.partition("[].")
            lists.setdefault(head, []).append(guess._replace(path=sub))
    for head, inner in lists.items():
        lines += ["", f'[pull."{head}[]"]', *(_line(guess) for guess in inner)]
    return "\n".join(lines) + "\n"


def _line(guess: Guess) -> str:
    path = guess.path or ""
    key = path if re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", path) else _quoted(path)
    value = _quoted(guess.column)
    if guess.via or path in _OFTEN_WRONG:
        via = f", via = [{', '.join(map(_quoted, guess.via))}]" if guess.via else ""
        wrong = ', wrong = "blank"' if path in _OFTEN_WRONG else ""
        value = f"{{ from = {value}{via}{wrong} }}"
    doubt = "  # not sure" if guess.confidence < HEADER else ""
    return f"{key} = {value}{doubt}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def _values(samples: Sequence[Mapping[str, Any]], header: str) -> list[str]:
    found = [row.get(header) for row in samples]
    return [text for value in found if value is not None and (text := str(value).strip())]


def _key(header: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", header).casefold() if c.isalnum())


def _words(object: str) -> dict[str, str]:
    table = BY_OBJECT.get(object, {})
    words = {_key(word): path for path, listed in table.items() for word in listed.split("|")}
    for path in _own_paths(object):
        words.setdefault(_key(path), path)
    for word in ID_WORDS.split("|"):
        words.setdefault(_key(word), "")
    return words


def _own_paths(object: str) -> list[str]:
    entries = vocabulary.OBJECTS.get(object, {})
    own = [
        field
        for field, entry in entries.items()
        if entry.kind not in (None, "list", "pieces", "custom") and not entry.label_needed
    ]
    return own + [
        f"{field}.{sub}" for field, entry in entries.items() if not entry.label_needed for sub in entry.subs
    ]


def _guess(header: str, values: list[str], words: Mapping[str, str], object: str) -> Guess:
    path = _by_header(header, words, object)
    if path == "":
        return Guess(header, None, (), HEADER)
    if path is None:
        return _by_values(header, values, object)
    path = _corrected(path, values)
    if not values:
        return Guess(header, path, (), HEADER)
    via = _via(path, values, object)
    if via is not None:
        return Guess(header, path, via, LIKELY if _either_order(via, values) else SURE)
    other = _by_values(header, values, object)
    return other if other.path else Guess(header, path, (), MAYBE)


def _either_order(via: tuple[str, ...], values: list[str]) -> bool:
    """True if day and month could also stand the other way round in every value."""
    if not via or not via[0].startswith(("date(", "datetime(")):
        return False
    form = via[0].partition("(")[2][:-1]
    if "%d" not in form or "%m" not in form:
        return False
    other = form.replace("%d", "%0").replace("%m", "%d").replace("%0", "%m")
    return all(_parses(value, other) for value in values)


def _by_header(header: str, words: Mapping[str, str], object: str) -> str | None:
    """The path the header names; "" for an id column; None if it names none."""
    key = _key(header)
    if key in words:
        return words[key]
    for label, listed in PREFIXES.items():
        for prefix in sorted(listed.split("|"), key=len, reverse=True):
            rest = key.removeprefix(prefix)
            if rest != key and (path := words.get(rest)) and (labelled := _labelled(path, label, object)):
                return labelled
    for start in ("customer", "contact", "client", "buyer", "客户", "会员", "买家", "用户"):
        if (rest := key.removeprefix(start)) != key and words.get(rest):
            return words[rest]
    return None


def _labelled(path: str, label: str, object: str) -> str | None:
    field, dot, sub = path.partition(".")
    made = f"{label}_address{dot}{sub}" if object == "order" else f"{field}[{label}]{dot}{sub}"
    if object == "order" and field != "address":
        return None
    try:
        parse(made, object=object)
    except UnknownPath:
        return None
    return made


def _corrected(path: str, values: list[str]) -> str:
    """Headers that mean two things: the values tell which."""
    if path == "job_title" and _most(values, _SALUTATION.fullmatch):
        return "prefix"
    if path.startswith("tax_id["):
        shapes = [re.sub(r"[\s.\-/]", "", value).upper() for value in values]
        for label, shape in (("uscc", _USCC), ("vat", _VAT)):
            if _most(shapes, shape.fullmatch):
                return f"tax_id[{label}]"
    return path


def _most(values: Sequence[str], fits: Callable[[str], Any]) -> bool:
    """At least four in five of the values fit, and there is one."""
    return bool(values) and sum(1 for value in values if fits(value)) * 5 >= len(values) * 4


def _kind(path: str, object: str) -> str:
    head, listed, sub = path.partition("[].")
    return kind_of(sub, object=f"{object}.{head}") if listed else kind_of(path, object=object)


def _via(path: str, values: list[str], object: str) -> tuple[str, ...] | None:
    """The transforms with which the values fit the path; None if they do not fit it."""
    kind = _kind(path, object)
    if kind in ("date", "instant"):
        return _date_via(values, kind)
    if kind in _FORMS:
        return _FORMS[kind](values)
    if kind == "enum":
        return () if _most(values, lambda value: _word(path, value, object) != "unknown") else None
    check = _CHECKS.get(kind)
    if check is None:
        return None if kind == "text" and _most(values, _EMAIL.fullmatch) else ()
    return () if _most(values, check) else None


def _word(path: str, value: str, object: str) -> Any:
    try:
        return normaliser(path, object=object)(value)
    except Unfit:
        return "unknown"


def _is_phone(value: str) -> bool:
    return bool(_PHONE.fullmatch(value)) and 6 <= sum(c.isdigit() for c in value) <= 17


_CHECKS: Mapping[str, Callable[[str], Any]] = {
    "email": _EMAIL.fullmatch,
    "phone": _is_phone,
    "url": _URL.fullmatch,
    "country": lambda value: to_country(value) in COUNTRIES,
    "currency": lambda value: _word("currency", value, "order") != "unknown",
    "code": lambda value: len(value) <= 24,
}


def _date_via(values: list[str], kind: str) -> tuple[str, ...] | None:
    if kind == "instant" and _most(values, lambda value: re.fullmatch(r"1\d{9}(\.\d+)?", value)):
        return ("epoch",)
    if kind == "instant" and _most(values, lambda value: re.fullmatch(r"1\d{12}", value)):
        return ("epoch_ms",)
    plain = normaliser("birth_date" if kind == "date" else "source_updated_at")
    if _most(values, lambda value: _reads(plain, value)):
        return ()
    for shape in _DATES:
        for clock in _TIMES if kind == "instant" else ("",):
            form = f"{shape}{clock}"
            if _most(values, lambda value, form=form: _parses(value, form)):  # type: ignore[misc]
                return (f"{'date' if kind == 'date' else 'datetime'}({form})",)
    return None


def _reads(turn: Callable[[Any], Any], value: str) -> bool:
    try:
        return turn(value) is not None
    except Unfit:
        return False


def _parses(value: str, form: str) -> bool:
    try:
        datetime.strptime(value, form)  # noqa: DTZ007  only whether it fits
    except ValueError:
        return False
    return True


def _number_via(values: list[str]) -> tuple[str, ...] | None:
    if _most(values, re.compile(r"-?\d+(\.\d+)?").fullmatch):
        return ()
    if _most(values, re.compile(r"-?\d{1,3}(,\d{3})*(\.\d+)?").fullmatch):
        return ("decimal(.)",)
    if _most(values, re.compile(r"-?\d{1,3}([. ]?\d{3})*(,\d+)?").fullmatch):
        return ("decimal(,)",)
    return None


def _bool_via(values: list[str]) -> tuple[str, ...] | None:
    found = {value.casefold() for value in values}
    if found <= TRUE_WORDS | FALSE_WORDS:
        return ()
    for yes, no in (("J", "N"), ("Ja", "Nein"), ("O", "N"), ("Oui", "Non"), ("S", "N"), ("Sí", "No")):
        if found <= {yes.casefold(), no.casefold()}:
            return (f"bool({yes},{no})",)
    return None


def _tags_via(values: list[str]) -> tuple[str, ...] | None:
    marks = [mark for mark in (";", "|", ",", "；", "、") if any(mark in value for value in values)]
    return (f"split({marks[0]})",) if marks else ()


_FORMS: Mapping[str, Callable[[list[str]], tuple[str, ...] | None]] = {
    "money": _number_via,
    "decimal": _number_via,
    "int": _number_via,
    "bool": _bool_via,
    "tags": _tags_via,
}


def _by_values(header: str, values: list[str], object: str) -> Guess:
    """The header says nothing (or something else): only what cannot be mistaken is taken from the values."""
    fields = vocabulary.OBJECTS.get(object, {})
    if "email" in fields and _most(values, _EMAIL.fullmatch):
        return Guess(header, "email", (), LIKELY)
    if "phone" in fields and _most(values, lambda v: _is_phone(v) and v.startswith(("+", "00"))):
        return Guess(header, "phone", (), LIKELY)
    return Guess(header, None, (), MAYBE)


def _settle(guess: Guess, taken: set[str]) -> Guess:
    """The guess with a path nobody has yet: another label of the same kind, else none."""
    if guess.path is None:
        return guess
    choices = [guess.path]
    if guess.path in ("email", "phone"):
        choices += [f"{guess.path}[{label}]" for label in ("other", "work", "home")]
    for path in choices:
        if path not in taken:
            taken.add(path)
            return guess._replace(path=path)
    return Guess(guess.column, None, (), MAYBE)
