"""What the readers of all formats give: items, and words for what is wrong with one."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from connectors.files.folder import FileBroken, Found, Handle

MAX_ID = 255
MAX_COLUMNS = 1_000
_SHOWN_CELL = 200
_SHOWN_ALL = 4_000


class Broken(NamedTuple):
    """A row that cannot be read. `ids`: external ids it may have had; `raw`: what stood there, shortened."""

    line: int
    cause: str
    raw: Any
    ids: tuple[str, ...] = ()


# (external id, raw, line), or (None, Broken, line). A bare tuple: this is made once or twice for every row.
Item = tuple[str | None, Any, int]


class Table(Protocol):
    """An open file. `names`: its columns ((): each record has its own); `header`: as they are written there."""

    found: Found
    handle: Handle
    kind: str
    unit: str
    names: tuple[str, ...]
    header: tuple[str, ...]
    delimiter: str
    plain: bool
    read_as: str

    def ids(self) -> Iterator[Item]:
        """Every row without its content: (external id, None, line)."""

    def records(self) -> Iterator[Item]:
        """Every row: (external id, raw, line)."""

    def at(self, lines: Iterable[int]) -> Iterator[Item]:
        """The rows that begin on these lines, in their order."""


def unfit(external_id: str) -> str | None:
    """What is wrong with an external id, or None."""
    if not external_id or external_id.isspace():
        return "the id is empty"
    if len(external_id) > MAX_ID:
        return f"the id is longer than {MAX_ID} characters"
    if external_id.isprintable():
        return None
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in external_id):
        return "the id has a control character"
    return None


def shortened(cells: Sequence[Any]) -> list[str]:
    """Cells fit to be kept in quarantine."""
    room = _SHOWN_ALL
    result = []
    for cell in cells:
        text = cut(str(cell), min(_SHOWN_CELL, max(room, 0)))
        result.append(text)
        room -= len(text)
        if room <= 0:
            result.append("…")
            break
    return result


def cut(text: str, length: int = _SHOWN_CELL) -> str:
    """`text`, with an ellipsis if it was longer."""
    return text if len(text) <= length else text[:length] + "…"


def guessed_ids(cells: Sequence[str], *, place: int, width: int) -> tuple[str, ...]:
    """The ids a row with too many or too few cells may have had: counted from the left and from the right.

    A stray delimiter moves what stands to the right of it, so a first or last column has one place only.
    """
    right = len(cells) - (width - place)
    places = (place,) if place == 0 else (right,) if place == width - 1 else (place, right)
    return tuple(
        sorted({cells[at] for at in places if 0 <= at < len(cells) and 0 < len(cells[at]) <= MAX_ID})
    )


def columns(header: Sequence[str], id_column: str, *, how: str) -> tuple[str, ...]:
    """The columns' names without surrounding spaces. Raises FileBroken for a header that cannot serve."""
    names = tuple(cell.strip() or f"column {at}" for at, cell in enumerate(header, start=1))
    if len(names) > MAX_COLUMNS:
        raise FileBroken(f"has more than {MAX_COLUMNS} columns")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FileBroken(
            f"the header has {_listed(twice)} more than once", fix="give each column a name of its own"
        )
    require_id(names, id_column, how=how)
    return names


def require_id(names: Sequence[str], id_column: str, *, how: str) -> None:
    """Raises FileBroken, with the nearest right word, if the id column is not there."""
    if id_column not in names:
        close = nearest(id_column, names)
        fix = f'did you mean id = "{close}"?' if close else f"columns: {cut(', '.join(names), 300)}"
        raise FileBroken(f'has no column "{id_column}" for the id (read as {how})', fix=fix)


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The column that was probably meant."""
    plain = {_bare(one): one for one in known}
    if _bare(word) in plain:
        return plain[_bare(word)]
    close = difflib.get_close_matches(_bare(word), list(plain), n=1, cutoff=0.6)
    return plain[close[0]] if close else None


def _bare(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum()) or word


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{cut(one, 40)}"' for one in names[:5])
