"""Where the keys of a connections file stand, and what a connection's table becomes once it is checked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from hub.canonical import paths
from hub.errors import WrongFile, WrongUse
from hub.flows.config import ConnectionConfig
from hub.mapping.toml_lines import Where, line_of, locate

_ARRAY = re.compile(r"^(\s*)\[\[(.+?)\]\]", re.MULTILINE)


class Place(NamedTuple):
    """Where the keys stand, so that a refusal can say it. file None: a command line."""

    file: str | None
    where: Where

    def refuse(self, keys: Sequence[str], message: str, *, fix: str | None = None) -> NoReturn:
        """Raise WrongFile with the line of `keys`, or WrongUse for a command line."""
        if self.file is None:
            raise WrongUse(message, fix=fix)
        raise WrongFile(message, file=self.file, line=line_of(self.where, tuple(keys)), fix=fix)


class MapText(NamedTuple):
    """The map and overlay of one object as texts, with the files they came from; None: the shipped map, no overlay."""

    file: str | None = None
    map: str | None = None
    overlay_file: str | None = None
    overlay: str | None = None


class Wanted(NamedTuple):
    """A connection as somebody wants it. paused None: leave its state. base_dir: where relative paths begin."""

    name: str
    config: ConnectionConfig
    maps: Mapping[str, MapText]
    base_dir: Path
    paused: bool | None


def refuse_unknown(
    word: str, known: Sequence[str], keys: Sequence[str], *, place: Place, what: str
) -> NoReturn:
    """Refuse a word that is not among those known, with the nearest that is."""
    near = paths.nearest(word, tuple(known))
    fix = f'Did you mean "{near}"?' if near else f"Known: {', '.join(known)}."
    place.refuse(keys, f'unknown {what} "{word}"', fix=fix)


def by_path(table: Mapping[str, Any], before: tuple[str, ...] = ()) -> list[tuple[str, Any, tuple[str, ...]]]:
    """(path, value, keys as written) of a table of paths."""
    found: list[tuple[str, Any, tuple[str, ...]]] = []
    for key, value in table.items():
        keys = (*before, key)
        found += by_path(value, keys) if isinstance(value, dict) else [(".".join(keys), value, keys)]
    return found


def place_of(text: str, *, file: str) -> Place:
    """The place of a file's keys. The n-th of several `[[…]]` tables has its number (from 0) as one more key."""
    seen: Counter[str] = Counter()

    def numbered(found: re.Match[str]) -> str:
        seen[found[2]] += 1
        return f"{found[1]}[{found[2]}.{seen[found[2]] - 1}]"

    return Place(file, locate(_ARRAY.sub(numbered, text)))
