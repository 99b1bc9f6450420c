"""Reads tables of a TOML file into dataclasses; an unknown key is refused with its line and the nearest right word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from hub.errors import WrongFile

_WANTED = {
    "str": "a text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "Mapping": "a table of texts",
}


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word that `word` was probably meant to be, or None."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


class TableReader:
    """Checks the keys and types of one table against a dataclass, and knows on which line a key stands."""

    def __init__(self, text: str, file: str) -> None:
        self._lines = text.splitlines()
        self._file = file

    def values(
        self,
        data: Any,
        shape: type,
        *,
        table: str,
        skip: Collection[str] = (),
        extra: Collection[str] = (),
    ) -> dict[str, Any]:
        """The arguments for `shape`. `skip`: its fields that are no keys; `extra`: further keys, for suggestions only.

        Raises WrongFile.
        """
        if not isinstance(data, Mapping):
            raise self.wrong(f"{table} must be a table", table.rpartition(".")[2], table.rpartition(".")[0])
        known = {one.name: one for one in fields(shape) if one.name not in skip}
        for key in data:
            if key not in known:
                guess = nearest(key, [*known, *extra])
                fix = f'did you mean "{guess}"?' if guess else f"known keys: {', '.join(sorted(known))}"
                raise self.wrong(f'unknown key "{key}"', key, table, fix=fix)
        kinds = get_type_hints(shape)
        result: dict[str, Any] = {}
        for key, one in known.items():
            if key in data:
                result[key] = self._typed(data[key], kinds[key], key, table)
            elif one.default is MISSING and one.default_factory is MISSING:
                where = f" in [{table}]" if table else ""
                raise WrongFile(f'the key "{key}" is missing{where}', file=self._file)
        return result

    def _typed(self, value: Any, kind: Any, key: str, table: str) -> Any:
        if get_origin(kind) is Literal:
            words = get_args(kind)
            if value in words:
                return value
            guess = nearest(str(value), words)
            fix = f'did you mean "{guess}"?' if guess else None
            raise self.wrong(f'{key} must be one of {", ".join(words)}, not "{value}"', key, table, fix=fix)
        if kind is str and isinstance(value, str):
            if value or table:
                return value
            raise self.wrong(f"{key} must not be empty", key, table)
        if kind is bool and isinstance(value, bool):
            return value
        if kind is int and isinstance(value, int) and not isinstance(value, bool):
            return value
        if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        texts = list(value.values()) if isinstance(value, Mapping) else value
        name = getattr(get_origin(kind) or kind, "__name__", "")
        if (
            name in {"tuple", "Mapping"}
            and isinstance(value, Mapping if name == "Mapping" else list)
            and all(isinstance(one, str) for one in texts)
        ):
            return MappingProxyType(dict(value)) if name == "Mapping" else tuple(value)
        raise self.wrong(f"{key} must be {_WANTED.get(name, 'a list of texts')}", key, table)

    def wrong(self, message: str, key: str, table: str, *, fix: str | None = None) -> WrongFile:
        """The error for `key` of `table`, with its line."""
        return WrongFile(message, file=self._file, line=self._line(key, table), fix=fix)

    def _line(self, key: str, table: str) -> int | None:
        here = ""
        headed = None
        for number, line in enumerate(self._lines, start=1):
            header = re.match(r"\s*\[([^\[\]]+)\]", line)
            if header:
                here = header[1].replace(" ", "").replace('"', "")
                if here == (f"{table}.{key}" if table else key):
                    headed = number
            elif here == table and re.match(rf'\s*"?{re.escape(key)}"?\s*[=.]', line):
                return number
        return headed
