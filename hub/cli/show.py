"""How the command talks: records on stdout (a table, or JSON Lines), everything else on stderr."""

from __future__ import annotations

import io
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from hub.cli.office import Office

# Control characters, line ends and marks that turn the writing direction: a value must not drive the terminal.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_WIDEST = 60


def say(text: str) -> None:
    """A word to the person at the terminal."""
    sys.stderr.write(f"{safe(text, keep_lines=True)}\n")
    sys.stderr.flush()


def records(
    office: Office, rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, empty: str = "Nothing."
) -> int:
    """Print rows: all their keys as JSON Lines with --json, else `columns` as a table. Returns how many."""
    if office.as_json:
        count = 0
        for row in rows:
            json_line(row)
            count += 1
        return count
    listed = list(rows)
    if listed:
        table(listed, columns)
    else:
        say(empty)
    return len(listed)


def record(office: Office, row: Mapping[str, Any], *, order: Sequence[str] | None = None) -> None:
    """Print one record: as a JSON line, or a key a line."""
    if office.as_json:
        json_line(row)
        return
    names = [name for name in (order or row) if row.get(name) not in (None, "", [], {})]
    width = max((len(name) for name in names), default=0)
    for name in names:
        print_line(f"{name:<{width}}  {text_of(row[name])}")


def json_line(row: Mapping[str, Any]) -> None:
    """One record as one line of JSON."""
    import orjson

    out = binary()
    out.write(orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE))
    out.flush()


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Aligned columns; at a terminal with a head that stands out."""
    cells = [[text_of(row.get(name)) for name in columns] for row in rows]
    heads = [name.replace("_", " ") for name in columns]
    widths = [
        min(max(wide(heads[at]), *(wide(line[at]) for line in cells)), _WIDEST) for at in range(len(columns))
    ]
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        shown = Table(box=None, pad_edge=False, header_style="bold")
        for head in heads:
            shown.add_column(head, overflow="fold")
        for line in cells:
            shown.add_row(*(Text(cell) for cell in line))
        Console(file=sys.stdout, highlight=False).print(shown)
        return
    for line in [heads, *cells]:
        padded = [
            cell + " " * (width - wide(cell)) for cell, width in zip(line[:-1], widths[:-1], strict=True)
        ]
        print_line("  ".join([*padded, line[-1]]).rstrip())


def print_line(text: str) -> None:
    """One line on stdout."""
    out = binary()
    out.write(f"{safe(text)}\n".encode("utf-8", "replace"))
    out.flush()


def text_of(value: Any) -> str:
    """A value for people, on one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {text_of(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(text_of(one) for one in value)
    return safe(str(value))


def safe(text: str, *, keep_lines: bool = False) -> str:
    """The text with everything a terminal would obey written out."""
    if keep_lines:
        return "\n".join(safe(line) for line in text.split("\n"))
    return _UNSAFE.sub(
        lambda found: f"\\u{ord(found[0]):04x}" if ord(found[0]) > 0xFF else f"\\x{ord(found[0]):02x}", text
    )


def wide(text: str) -> int:
    """Columns a text takes: Chinese characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def instant(seconds: float | None) -> str | None:
    """Epoch seconds as an instant of this hub (UTC), whole seconds."""
    if seconds is None:
        return None
    from hub.canonical.moment import from_epoch

    return from_epoch(float(int(seconds)))


def binary() -> IO[bytes]:
    """stdout as bytes: UTF-8 whatever the locale says."""
    sys.stdout.flush()
    return sys.stdout.buffer


def text_out() -> io.TextIOWrapper:
    """stdout for a csv writer: UTF-8, line ends as written. `detach()` it when done."""
    return io.TextIOWrapper(
        binary(), encoding="utf-8", errors="surrogateescape", newline="", write_through=False
    )
