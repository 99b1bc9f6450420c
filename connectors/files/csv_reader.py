"""CSV: delimiter and header, then rows; a broken row costs itself and nothing else.

After a quoting error the parser has swallowed lines that may be good rows, or the inside of one long cell that
somebody typed. Lines are given back only where the quotes prove that no cell encloses them: a cell that is properly
closed further down is skipped whole, so that its content can never pass for rows.
"""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import chain

from connectors.files.decode import Encoding
from connectors.files.feed import Feed
from connectors.files.folder import FileBroken, Found, Handle
from connectors.files.table import MAX_ID, Broken, Item, columns, cut, guessed_ids, shortened, unfit
from hub.errors import ConnectionBroken

CANDIDATES = (",", ";", "\t", "|")
_NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_SAMPLE_ROWS = 200
_SAMPLE_LINE = 100_000
_MAX_SCANNED = 5_000_000


class CsvTable:
    """An open CSV file (`table.Table`)."""

    kind = "csv"
    unit = "line"

    def __init__(self, found: Found, handle: Handle, *, feed: Feed, encoding: Encoding) -> None:
        self.found = found
        self.handle = handle
        self.plain = encoding.plain
        self._feed = feed
        self._scanned = 0
        head, start = _head(feed)
        given, self._first = _separator_line(head, start)
        self.delimiter = given or delimiter_name(found.source.delimiter) or sniff(head, found.source.id)
        self.read_as = f"{encoding.codec} ({encoding.why}), delimiter {self.delimiter!r}"
        self.header, self._first = self._read_header()
        self.names = columns(self.header, found.source.id, how=self.read_as)
        self._width = len(self.names)
        self._place = self.names.index(found.source.id)

    def ids(self) -> Iterator[Item]:
        return self._items(content=False)

    def records(self) -> Iterator[Item]:
        return self._items(content=True)

    def _items(self, *, content: bool) -> Iterator[Item]:
        place, names = self._place, self.names
        for line, row, broken in self._rows():
            if broken is not None:
                yield None, broken, line
                continue
            external_id = row[place]
            wrong = unfit(external_id)
            if wrong is None:
                yield external_id, dict(zip(names, row, strict=True)) if content else None, line
            elif any(row):
                yield None, self._without_id(line, row, wrong), line

    def at(self, lines: Iterable[int]) -> Iterator[Item]:
        for line in lines:
            row = next(self._reader(line), None)
            if row is None or len(row) != self._width:
                raise FileBroken("changed while it was read", passing=True)
            yield row[self._place], dict(zip(self.names, row, strict=True)), line

    def _reader(self, line: int) -> csv._reader:  # type: ignore[name-defined]
        lines = chain.from_iterable(self._feed.blocks(line))
        return csv.reader(lines, delimiter=self.delimiter, strict=True)

    def _read_header(self) -> tuple[tuple[str, ...], int]:
        """The header's cells and the line after it."""
        reader = self._reader(self._first)
        try:
            for row in reader:
                if any(row):
                    return tuple(row), self._first + reader.line_num
        except csv.Error as error:
            known = self._feed.poison.get(self._first)
            raise FileBroken(f"the header cannot be read: {known.cause if known else error}") from None
        raise FileBroken("is empty: it has no header")

    def _rows(self) -> Iterator[tuple[int, list[str], Broken | None]]:
        """(line, cells, None) for a good row, (line, [], what is wrong) for a bad one; blank lines are no rows."""
        line: int | None = self._first
        self._scanned = 0
        while line is not None:
            line = yield from self._run(line)

    def _run(self, line: int) -> Generator[tuple[int, list[str], Broken | None], None, int | None]:
        """Rows from `line` to the end (returns None), or to an error after which the lines from N on come again (N)."""
        reader = self._reader(line)
        width, before = self._width, line - 1
        while True:
            try:
                for row in reader:
                    following = before + reader.line_num + 1
                    if len(row) != width:
                        if any(row):
                            yield line, [], self._wrong_width(line, row)
                    elif following - line > 1 and (broken := self._swallowed(line, following, row)):
                        yield line, [], broken
                    else:
                        yield line, row, None
                    line = following
                return None
            except csv.Error as error:
                end = before + reader.line_num
                broken, following = self._after_error(line, end, str(error))
                yield line, [], broken
                if following != end + 1:
                    return following
                line = following

    def _after_error(self, start: int, end: int, error: str) -> tuple[Broken, int]:
        """What to say of the row that began on line `start`, and the line to go on with."""
        poison = next((p for at in range(start, end + 1) if (p := self._feed.poison.get(at))), None)
        if poison or "field limit" in error:
            cause = poison.cause if poison else f"a field is longer than {csv.field_size_limit()} characters"
            closed = self._closing_line(start)
            following = (closed or start) + 1
        elif "unexpected end" in error:
            cause, following = "a quote is opened and never closed", start + 1
        else:
            cause = "a quote is opened and not closed" if end > start else f"quotes are wrong: {error}"
            following = start + 1
        first = self._feed.poison.get(start)
        shown = first.shown if first else next(self._feed.numbered(start))[1].rstrip("\r\n")
        cells = next(csv.reader([shown[:_SAMPLE_LINE]], delimiter=self.delimiter), [])
        ids = guessed_ids(cells, place=self._place, width=self._width)
        return Broken(start, cause, cut(shown, 2_000), ids), following

    def _closing_line(self, start: int) -> int | None:
        """The line on which the row that begins at `start` ends by its quotes; None: never, or not properly."""
        quoted = False
        for number, text in self._feed.numbered(start):
            self._scanned += number > start
            if self._scanned > _MAX_SCANNED:
                raise FileBroken(
                    "has too many quotes that are never closed",
                    fix="export it again, with every quote doubled",
                )
            quoted_after = _scan(text, quoted, self.delimiter)
            if quoted_after is None:
                return None
            quoted = quoted_after
            if not quoted:
                return number
        return None

    def _swallowed(self, line: int, following: int, row: list[str]) -> Broken | None:
        """What is wrong if a cell seems to have swallowed rows: each line of it, read alone, has the header's columns.

        It is rejected whole. To read the lines as rows would let whoever fills a cell write rows.
        """
        delimiter = self.delimiter
        if self._width < 3 or not any("\n" in cell and delimiter in cell for cell in row):
            return None
        ids = []
        for _, text in zip(range(line, following), self._feed.numbered(line), strict=False):
            cells = text[1].rstrip("\r\n").split(delimiter)
            external_id = cells[self._place].strip('"') if len(cells) == self._width else ""
            if not external_id or len(external_id) > MAX_ID or any(map(str.isspace, external_id)):
                return None
            ids.append(external_id)
        cause = f"a cell seems to hold the {following - line - 1} rows after it: a quote that is not closed?"
        return Broken(line, cause, shortened(row), tuple(ids))

    def _wrong_width(self, line: int, row: list[str]) -> Broken:
        cause = f"the row has {len(row)} columns, the header has {self._width}"
        ids = guessed_ids(row, place=self._place, width=self._width)
        return Broken(line, cause, shortened(row), ids)

    def _without_id(self, line: int, row: list[str], wrong: str) -> Broken:
        return Broken(line, f'{wrong} (column "{self.found.source.id}")', shortened(row))


def delimiter_name(wanted: str) -> str | None:
    """The configured delimiter; None for "auto". Raises ConnectionBroken for one that cannot be."""
    if wanted == "auto":
        return None
    found = _NAMED.get(wanted.lower(), wanted)
    if len(found) != 1 or found in '"\r\n':
        raise ConnectionBroken(
            f'delimiter = "{wanted}" is no single character', fix='write "auto", ",", ";", "|" or "tab"'
        )
    return found


def sniff(lines: Sequence[str], id_column: str) -> str:
    """The delimiter under which the header holds the id column and the first rows have as many cells as the header."""
    short = [one[:_SAMPLE_LINE] for one in lines]
    best, delimiter = (False, False, 0.0, 0), ","
    for candidate in CANDIDATES:
        rows: list[list[str]] = []
        try:
            rows.extend(row for row in csv.reader(short, delimiter=candidate, strict=True) if row)
        except csv.Error:
            rows = rows or [row for one in short if (row := next(csv.reader([one], delimiter=candidate), []))]
        if not rows:
            continue
        width = len(rows[0])
        steady = sum(len(row) == width for row in rows) / len(rows)
        score = (id_column in [cell.strip() for cell in rows[0]], width > 1, round(steady, 2), width)
        if score > best:
            best, delimiter = score, candidate
    return delimiter


def _head(feed: Feed) -> tuple[list[str], int]:
    """The first lines from the first that is not blank on, and that one's number."""
    for number, line in feed.numbered(1):
        if line.strip():
            block = next(feed.blocks(number))
            return block[: _SAMPLE_ROWS + 1], number
    raise FileBroken("is empty: it has no header")


def _separator_line(lines: list[str], start: int) -> tuple[str | None, int]:
    """Excel's own hint, a first line `sep=;`: the delimiter it gives and the line after it."""
    first = lines[0].rstrip("\r\n")
    if len(first) == 5 and first.lower().startswith("sep="):
        return first[4], start + 1
    return None, start


def _scan(text: str, quoted: bool, delimiter: str) -> bool | None:
    """Whether a cell is still open after this line, or None if a quote closes where no cell may end."""
    at, end = 0, len(text.rstrip("\r\n"))
    while True:
        if quoted:
            at = text.find('"', at)
            if at < 0:
                return True
            if text.startswith('"', at + 1):
                at += 2
                continue
            at, quoted = at + 1, False
            if at < end and text[at] != delimiter:
                return None
        elif text.startswith('"', at):
            at, quoted = at + 1, True
            continue
        at = text.find(delimiter, at)
        if at < 0 or at >= end:
            return False
        at += 1
