"""XLSX: the first sheet, its first non-blank row the header. Cells become the text a CSV export would have.

The sheet is read once, row by row, into a nameless temporary file of JSON lists, one a sheet row, from which rows can
then be read as often as needed. Limits stand before anything is unpacked.
"""

from __future__ import annotations

import datetime as dt
import math
import tempfile
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from io import FileIO
from os import dup
from typing import IO, Any

import orjson

from connectors.files.feed import MAX_LINE, Feed
from connectors.files.folder import FileBroken, Found, Handle
from connectors.files.table import MAX_COLUMNS, Broken, Item, columns, shortened, unfit

_MAX_ROWS = 1_048_576
_MAX_CELL = 128 * 1024
_ERRORS = {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"}


class XlsxTable:
    """An open XLSX file (`table.Table`)."""

    kind = "xlsx"
    unit = "row"
    delimiter = ","
    plain = True

    def __init__(self, found: Found, handle: Handle, *, max_unpacked: int) -> None:
        self.found = found
        self.handle = handle
        with FileIO(dup(handle.fd), "rb") as file, tempfile.TemporaryFile() as copy:
            title, self.header, self._first = _spool(file, copy, max_unpacked)
            size = copy.tell()
            copy.flush()
            spool = Handle(dup(copy.fileno()))
        self._feed = Feed(spool, size=size, start=0, codec="utf-8")
        self.read_as = f'XLSX, sheet "{title}"'
        self.names = columns(self.header, found.source.id, how=self.read_as)
        self._place = self.names.index(found.source.id)

    def ids(self) -> Iterator[Item]:
        for external_id, raw, line in self.records():
            yield external_id, (raw if external_id is None else None), line

    def records(self) -> Iterator[Item]:
        line = self._first - 1
        for block in self._feed.blocks(self._first):
            for text in block:
                line += 1
                if text != "\n":
                    yield self._item(text, line)

    def at(self, lines: Iterable[int]) -> Iterator[Item]:
        for line in lines:
            yield self._item(next(self._feed.blocks(line))[0], line)

    def _item(self, text: str, line: int) -> Item:
        row = orjson.loads(text)
        if isinstance(row, dict):
            cells = row["cells"]
            ids = (cells[self._place],) if self._place < len(cells) else ()
            return None, Broken(line, row["wrong"], shortened(cells), ids), line
        external_id = row[self._place]
        wrong = unfit(external_id)
        if wrong:
            return None, Broken(line, f'{wrong} (column "{self.found.source.id}")', shortened(row)), line
        return external_id, dict(zip(self.names, row, strict=True)), line


def _spool(file: FileIO, copy: IO[bytes], max_unpacked: int) -> tuple[str, tuple[str, ...], int]:
    """Write the sheet's rows to `copy`; (sheet title, header cells, number of the first row after it)."""
    _refuse_bombs(file, max_unpacked)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _copy_rows(file, copy)
    except FileBroken:
        raise
    except Exception as error:  # the parser meets whatever is in the file, and raises whatever it likes
        raise FileBroken(f"is not a readable XLSX file: {type(error).__name__}") from None


def _refuse_bombs(file: FileIO, max_unpacked: int) -> None:
    try:
        parts = zipfile.ZipFile(file).infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise FileBroken(
            "is not an XLSX file", fix="save it as XLSX without a password, or as CSV (old .xls is not read)"
        ) from None
    unpacked = sum(part.file_size for part in parts)
    shared = sum(part.file_size for part in parts if part.filename.lower().endswith("sharedstrings.xml"))
    if len(parts) > 5_000 or unpacked > max_unpacked or shared > max_unpacked // 4:
        raise FileBroken(
            f"unpacks to {unpacked >> 20} MB ({shared >> 20} MB of texts), more than allowed",
            fix="save it as CSV, or raise max_xlsx_mb",
        )


def _copy_rows(file: FileIO, copy: IO[bytes]) -> tuple[str, tuple[str, ...], int]:
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    if not book.worksheets:
        raise FileBroken("has no sheet")
    sheet = book.worksheets[0]
    sheet.reset_dimensions()
    header, header_row = _header(sheet)
    width = len(header)
    for count, values in enumerate(sheet.iter_rows(max_col=width + 1, values_only=True), start=1):
        if count > _MAX_ROWS:
            raise FileBroken(f"has more than {_MAX_ROWS} rows")
        copy.write(b"\n" if count <= header_row else _line(values, width, count))
    book.close()
    return sheet.title, header, header_row + 1


def _header(sheet: Any) -> tuple[tuple[str, ...], int]:
    for number, values in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS + 1, values_only=True), start=1):
        cells = [text_of(one) for one in values]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            return tuple(cells), number
        if number > _MAX_ROWS:
            break
    raise FileBroken("is empty: its first sheet has no header")


def _line(values: tuple[Any, ...], width: int, number: int) -> bytes:
    cells = ["" if one is None else one if type(one) is str else text_of(one) for one in values]
    if not any(cells):
        return b"\n"
    cells += [""] * (width - len(cells))
    wrong = None
    for place, cell in enumerate(cells):
        if place >= width and cell:
            wrong = f"the row has a cell to the right of the header's {width} columns"
        elif cell in _ERRORS:
            wrong = f"cell {place + 1} of row {number} holds the error {cell}"
        elif len(cell) > _MAX_CELL:
            wrong = f"cell {place + 1} of row {number} is longer than {_MAX_CELL} characters"
    line = orjson.dumps(cells[:width]) + b"\n"
    if len(line) > MAX_LINE:
        wrong = f"row {number} is longer than {MAX_LINE >> 20} MB"
    return orjson.dumps({"wrong": wrong, "cells": shortened(cells)}) + b"\n" if wrong else line


def text_of(value: Any) -> str:
    """A cell as text: whole numbers without .0, dates and times in ISO 8601, true and false in lower case."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    if isinstance(value, dt.date | dt.time):
        return _moment(value) if isinstance(value, dt.datetime) else value.isoformat()
    if isinstance(value, dt.timedelta):
        seconds = round(value.total_seconds())
        sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
        return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return str(value)


def _moment(value: dt.datetime) -> str:
    """A day alone as a date; to the second, for the sheet keeps days as fractions."""
    rounded = (value + dt.timedelta(milliseconds=500)).replace(microsecond=0)
    if rounded.hour == rounded.minute == rounded.second == 0:
        return rounded.date().isoformat()
    return rounded.isoformat()
