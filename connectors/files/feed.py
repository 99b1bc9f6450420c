"""Lines of a file in blocks, from any line on, with bounded memory.

A line that cannot be decoded, or is too long, is replaced by one that no parser accepts (`POISON`); `poison` holds why.
"""

from __future__ import annotations

import io
import os
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from connectors.files.decode import BLOCK
from connectors.files.folder import FileBroken, Handle

MAX_LINE = 4 * 1024 * 1024
POISON = '"x"x\n'
_SHOWN = 100_000
_KEPT = 4 * MAX_LINE


class Poison(NamedTuple):
    """`text` stands for the line where only its quotes matter, `shown` where a person looks."""

    cause: str
    text: str
    shown: str


class Feed:
    """Physical lines, numbered from 1, of an open file in an encoding whose line breaks are those of ASCII."""

    def __init__(self, handle: Handle, *, size: int, start: int, codec: str) -> None:
        self.poison: dict[int, Poison] = {}
        self._poisoned = 0
        self._handle = handle
        self._size = size
        self._codec = codec
        self._lines = array("q", [1])
        self._places = array("q", [start])
        self._last: tuple[int, list[str], int] | None = None

    def blocks(self, line: int = 1) -> Iterator[list[str]]:
        """Lists of lines, with their line ends, beginning at `line`."""
        known = bisect_right(self._lines, line) - 1
        first, place = self._lines[known], self._places[known]
        while place < self._size:
            lines, following = self._block(place, first)
            skip = line - first
            first += len(lines)
            if first > self._lines[-1]:
                self._lines.append(first)
                self._places.append(following)
            place = following
            if skip <= 0:
                yield lines
            elif skip < len(lines):
                yield lines[skip:]

    def numbered(self, line: int) -> Iterator[tuple[int, str]]:
        """(number, line) from `line` on; for a poisoned line, its `text`."""
        number = line
        for block in self.blocks(line):
            for text in block:
                known = self.poison.get(number) if text == POISON else None
                yield number, known.text if known else text
                number += 1

    def _block(self, place: int, first: int) -> tuple[list[str], int]:
        if self._last is not None and self._last[0] == place:
            return self._last[1], self._last[2]
        data = self._read(place)
        if data is None:
            lines, following = self._too_long(place, first)
        else:
            following = place + len(data)
            try:
                lines = io.StringIO(data.decode(self._codec), newline="").readlines()
            except UnicodeDecodeError:
                lines = [self._decoded(line, first + at) for at, line in enumerate(data.splitlines(True))]
        self._last = (place, lines, following)
        return lines, following

    def _read(self, place: int) -> bytes | None:
        """Whole lines from `place` on; None if the first one is too long. Never past the size known at opening."""
        want = BLOCK
        while True:
            data = os.pread(self._handle.fd, min(want, self._size - place), place)
            if not data:
                raise FileBroken("became shorter while it was read", passing=True)
            if place + len(data) >= self._size:
                return data
            cut = data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, -1) + 1
            if cut:
                return data[:cut]
            if want >= MAX_LINE:
                return None
            want = min(want * 4, MAX_LINE)

    def _too_long(self, place: int, first: int) -> tuple[list[str], int]:
        quotes = 0
        shown = os.pread(self._handle.fd, 200, place).decode(self._codec, "replace")
        while place < self._size:
            data = os.pread(self._handle.fd, min(BLOCK, self._size - place), place)
            if not data:
                raise FileBroken("became shorter while it was read", passing=True)
            cut = data.find(b"\n") + 1
            quotes += data[: cut or len(data)].count(b'"')
            place += cut or len(data)
            if cut:
                break
        text = '"\n' if quotes % 2 else "\n"
        self._keep(first, Poison(f"the line is longer than {MAX_LINE >> 20} MB", text, shown))
        return [POISON], place

    def _decoded(self, line: bytes, number: int) -> str:
        try:
            return line.decode(self._codec)
        except UnicodeDecodeError as error:
            text = line.decode(self._codec, "replace")
            cause = f"byte {line[error.start]:#04x} at place {error.start + 1} is not {self._codec}"
            self._keep(number, Poison(cause, text, text.rstrip("\r\n")[:_SHOWN]))
            return POISON

    def _keep(self, number: int, poison: Poison) -> None:
        """Remember it, and forget the oldest ones beyond what a few blocks can hold."""
        if number not in self.poison:
            self._poisoned += len(poison.text)
        self.poison[number] = poison
        while self._poisoned > _KEPT and len(self.poison) > 1:
            oldest = next(iter(self.poison))
            self._poisoned -= len(self.poison.pop(oldest).text)
