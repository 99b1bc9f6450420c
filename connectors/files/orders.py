"""Rows of an order file that share an id are the lines of one order, wherever they stand.

The index says how many rows each order has, so an order is given out with its last row. If too many would be waiting at
a time (a shuffled file), the file is read in several rounds, each for a share of the ids: memory stays bounded.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from connectors.files.index import FileIndex
from connectors.files.table import Broken, Item, Table

HELD_ROWS = 20_000
MAX_LINES = 10_000
_IDS_PER_ROUND = 1_000_000


def order_of(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One order: the first row's columns, and all rows as `lines`."""
    return {**rows[0], "lines": list(rows)}


def in_lines(table: Table, index: FileIndex) -> bool:
    """Whether the file's rows are order lines: always, but for JSON Lines in which no id comes twice."""
    return table.found.source.object == "order" and (table.kind != "jsonl" or bool(index.twice))


def grouped(table: Table, index: FileIndex, *, held_rows: int = HELD_ROWS) -> Iterator[Item]:
    """(order id, order, its first line), or (None, Broken, line)."""
    rounds = _rounds(index.hashes, held_rows)
    for turn in range(rounds):
        hashes = index.hashes if rounds == 1 else [one for one in index.hashes if one % rounds == turn]
        yield from _round(table, index, left=Counter(hashes), first=turn == 0)


def _round(table: Table, index: FileIndex, *, left: Counter[int], first: bool) -> Iterator[Item]:
    """The orders whose hashes are in `left`, which counts the rows still to come; broken rows in the first round."""
    waiting: dict[str, tuple[int, list[dict[str, Any]]]] = {}
    too_long = {one: count for one, count in left.items() if count > MAX_LINES}
    told: set[str] = set()
    for external_id, raw, line in table.records():
        if external_id is None:
            if first:
                yield None, raw, line
            continue
        number = hash(external_id)
        count = left.get(number)
        if count is None:
            continue
        if number in too_long:
            if external_id not in told:
                told.add(external_id)
                yield None, _too_long(external_id, line, too_long[number]), line
            continue
        start, rows = waiting.setdefault(external_id, (line, []))
        rows.append(raw)
        if count > 1:
            left[number] = count - 1
            continue
        del left[number], waiting[external_id]
        yield _judged(external_id, rows, start, index)
    for external_id, (
        start,
        rows,
    ) in waiting.items():  # two ids with one hash: the other one's count was theirs
        yield _judged(external_id, rows, start, index)


def _judged(external_id: str, rows: list[dict[str, Any]], line: int, index: FileIndex) -> Item:
    if hash(external_id) in index.claimed:
        cause = "a row of this order is broken, so its lines are not complete"
        return None, Broken(line, cause, rows[0], (external_id,)), line
    return external_id, order_of(rows), line


def _too_long(external_id: str, line: int, count: int) -> Broken:
    return Broken(
        line, f"the order has {count} rows, more than {MAX_LINES}", {"id": external_id}, (external_id,)
    )


def _rounds(hashes: array[int], held_rows: int) -> int:
    """How many rounds keep the rows waiting at a time under `held_rows`."""
    total = Counter(hashes)
    left = dict(total)
    waiting = most = 0
    for one in hashes:
        waiting += 1
        left[one] -= 1
        if not left[one]:
            most = max(most, waiting)
            waiting -= total[one]
    return max(1 + most // held_rows, 1 + len(total) // _IDS_PER_ROUND)
