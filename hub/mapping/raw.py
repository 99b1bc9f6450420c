"""Reading a remote's raw record by name, and telling what in it is blank."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hub.mapping.spec import ABSENT

Gather = Callable[[Mapping[str, Any]], Any]


def is_flat(name: str) -> bool:
    """True if the name can only be a key of the record itself."""
    return "." not in name and "[]" not in name


def getter(name: str) -> Gather:
    """Reads a remote name: the very name if the record has it, else dotted parts, and `[]` for each of a list."""
    if is_flat(name):
        return lambda raw: raw.get(name, ABSENT)
    parts = name.replace("[]", ".[]").split(".")
    return lambda raw: raw[name] if name in raw else _walk(raw, parts)


def _walk(found: Any, parts: Sequence[str]) -> Any:
    for index, part in enumerate(parts):
        if found is None or found is False or found == "":
            return None
        if part == "[]":
            items = found if isinstance(found, (list, tuple)) else [found]
            rest = parts[index + 1 :]
            return [value for item in items if (value := _walk(item, rest)) is not ABSENT]
        if isinstance(found, Mapping):
            found = found.get(part, ABSENT)
        elif isinstance(found, (list, tuple)) and part.isdecimal() and len(part) < 6:
            found = found[int(part)] if int(part) < len(found) else ABSENT
        else:
            return ABSENT
        if found is ABSENT:
            return ABSENT
    return found


def several(names: Sequence[str], *, count: int) -> Gather:
    """The raws of several names in order, null for one that lacks; absent only if all of the first `count` are."""
    getters = [getter(name) for name in names]

    def gather(raw: Mapping[str, Any]) -> Any:
        found = [get(raw) for get in getters]
        if all(value is ABSENT for value in found[:count]):
            return ABSENT
        return [None if value is ABSENT else value for value in found]

    return gather


def is_blank(value: Any) -> bool:
    """None, an empty or white text, a list or object with nothing in it."""
    if value is None or value == "":
        return True
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, Mapping):
        return all(map(is_blank, value.values()))
    return isinstance(value, (list, tuple)) and all(map(is_blank, value))


class Blanks:
    """The words of the map that mean "there is none", compared by type and value."""

    def __init__(self, words: Sequence[Any]) -> None:
        self.texts = frozenset(word.strip() for word in words if isinstance(word, str))
        self.others = frozenset((type(word), word) for word in words if not isinstance(word, str))

    def __bool__(self) -> bool:
        return bool(self.texts or self.others)

    def has(self, value: Any) -> bool:
        """True if this raw value is one of the words."""
        if isinstance(value, str):
            return value.strip() in self.texts
        return isinstance(value, (bool, int, float)) and (type(value), value) in self.others


def names_in(raw: Mapping[str, Any]) -> set[str]:
    """Every remote name that holds something: dotted for nested objects, `[]` for lists of objects."""
    found: set[str] = set()
    for key, value in raw.items():
        _names(str(key), value, found)
    return found


def _names(name: str, value: Any, found: set[str]) -> None:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            _names(f"{name}.{key}", inner, found)
    elif isinstance(value, (list, tuple)) and any(isinstance(item, Mapping) for item in value):
        for item in value:
            _names(f"{name}[]", item, found)
    else:
        found.add(name)
