"""What a file holds, compactly: a hash and a line for each row. Made by one pass before the rows themselves are read.

Hashes are Python's own of the id, 64 bits, keyed anew in each process: two different ids fall together about once in
ten million runs over a million ids, and then for that run only. Duplicates are confirmed on the ids themselves.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from connectors.files.folder import FileBroken
from connectors.files.table import Broken, Table

_HOPELESS = 1_000
_ROUND = 500_000


class FileIndex(NamedTuple):
    """`hashes[i]` and `lines[i]` belong to the i-th good row; `twice`: hashes that come more than once; `claimed`:
    hashes of ids that broken rows may have had."""

    hashes: array[int]
    lines: array[int]
    broken: int
    twice: frozenset[int]
    claimed: frozenset[int]

    def positions(self, wanted: Collection[int]) -> list[int]:
        """The rows whose hash is wanted."""
        return [at for at, one in enumerate(self.hashes) if one in wanted]


def build_index(table: Table) -> FileIndex:
    """Read all ids. Raises FileBroken for a file most of whose rows are broken."""
    hashes, lines = array("q"), array("q")
    claimed: set[int] = set()
    broken = 0
    for external_id, trouble, line in table.ids():
        if external_id is not None:
            hashes.append(hash(external_id))
            lines.append(line)
            continue
        broken += 1
        claimed.update(hash(one) for one in trouble.ids)
        if broken > _HOPELESS and broken > len(hashes):
            raise _hopeless(trouble, broken, len(hashes))
    return FileIndex(hashes, lines, broken, frozenset(repeated(hashes)), frozenset(claimed))


def repeated(hashes: array[int]) -> set[int]:
    """The hashes that occur more than once, in as many rounds as keep the memory low."""
    rounds = 1 + len(hashes) // _ROUND
    twice: set[int] = set()
    for turn in range(rounds):
        seen: set[int] = set()
        part = hashes if rounds == 1 else [one for one in hashes if one % rounds == turn]
        if rounds > 1 and len(set(part)) == len(part):
            continue
        for one in part:
            if one in seen:
                twice.add(one)
            else:
                seen.add(one)
    return twice


def duplicates(table: Table, index: FileIndex) -> dict[str, list[int]]:
    """Ids that stand in more than one row of the file, with the lines of those rows."""
    if not index.twice:
        return {}
    lines: dict[str, list[int]] = {}
    for external_id, _, line in table.at(index.lines[at] for at in index.positions(index.twice)):
        if external_id is not None:
            lines.setdefault(external_id, []).append(line)
    return {external_id: places for external_id, places in lines.items() if len(places) > 1}


def rows_at(table: Table, index: FileIndex, wanted: Collection[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of these ids, in the file's order."""
    positions = index.positions({hash(one) for one in wanted})
    for external_id, raw, _ in table.at(index.lines[at] for at in positions):
        if external_id is not None and external_id in wanted:
            yield external_id, raw


def _hopeless(trouble: Broken, broken: int, good: int) -> FileBroken:
    return FileBroken(
        f"has {broken} broken rows among its first {broken + good}: nothing of it is taken",
        fix=f"the last one, {trouble.line}: {trouble.cause}",
    )
