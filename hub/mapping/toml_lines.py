"""Where each key of a TOML text stands: the parser tells no line numbers, and people need them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from hub.errors import WrongFile

Where = Mapping[tuple[str, ...], int]

_KEY = r"(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[A-Za-z0-9_-]+)"
_DOTTED = re.compile(rf"\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*")
_ONE = re.compile(_KEY)
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(
        tomllib.loads(f"k = {part}")["k"] if part[0] == '"' else part.strip("'")
        for part in _ONE.findall(dotted)
    )


class _Value:
    """Follows a value over its lines: open brackets and multi-line strings."""

    def __init__(self) -> None:
        self.depth = 0
        self.quote = ""

    def feed(self, text: str) -> None:
        at = 0
        while at < len(text):
            if self.quote:
                at = self._skip_string(text, at)
                continue
            char = text[at]
            if char == "#":
                return
            if char in "\"'":
                self.quote = char * 3 if text.startswith(char * 3, at) else char
                at += len(self.quote)
                continue
            self.depth += (char in "[{") - (char in "]}")
            at += 1
        if len(self.quote) == 1:
            self.quote = ""

    def _skip_string(self, text: str, at: int) -> int:
        while at < len(text):
            if text[at] == "\\" and self.quote[0] == '"':
                at += 2
            elif text.startswith(self.quote, at):
                at += len(self.quote)
                self.quote = ""
                return at
            else:
                at += 1
        return at

    @property
    def open(self) -> bool:
        return self.depth > 0 or bool(self.quote)


def locate(text: str) -> Where:
    """(table, …, key) → line number, from 1. Written for valid TOML; inline tables have the line of their key only."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    value = _Value()
    for number, line in enumerate(text.split("\n"), start=1):
        if value.open:
            value.feed(line)
            continue
        stripped = line.strip()
        if stripped.startswith("["):
            if heading := _DOTTED.match(stripped.lstrip("[")):
                table = _names(heading[1])
                found.setdefault(table, number)
        elif (key := _DOTTED.match(line)) and line[key.end() :].startswith("="):
            found.setdefault((*table, *_names(key[1])), number)
            value.feed(line[key.end() + 1 :])
    return found


def line_of(where: Where, keys: tuple[str, ...]) -> int | None:
    """The line of `keys`, or of the nearest table or key around it."""
    for end in range(len(keys), 0, -1):
        if keys[:end] in where:
            return where[keys[:end]]
    inside = [number for found, number in where.items() if found[: len(keys)] == keys]
    return min(inside) if inside else None


def parse(text: str, *, file: str) -> tuple[dict[str, Any], Where]:
    """The TOML document and where its keys stand. Raises WrongFile with the line of a syntax error."""
    try:
        document = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        reason = str(error).split(" (at ", 1)[0]
        raise WrongFile(f"not valid TOML: {reason}", file=file, line=line, fix=_hint(text, line)) from None
    return document, locate(text.removeprefix("\ufeff"))


def _hint(text: str, line: int) -> str | None:
    rows = text.split("\n")
    row = rows[line - 1].strip() if 0 < line <= len(rows) else ""
    if re.match(r"[\w.]*\[\w*\][\w.]*\s*=", row) or re.match(r"[^\"'#=]*[^\x00-\x7f\"'#=]+[^\"'#=]*=", row):
        return 'Put names with brackets, spaces or other letters in quotes, as in "phone[mobile]" = "cell".'
    return None
