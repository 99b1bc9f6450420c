"""Writers that commit to the change feed at the same time, and a reader that must miss none."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from hub.store.queries.customers import FeedRow, append_feed
from hub.store.session import Database

KINDS = ("ADDED", "CHANGED", "MERGED", "UNMERGED", "ERASED")
_ROLLED_BACK = 0.1  # share of the transactions
_MOST = 25  # rows of one


class _Undo(Exception):
    """Ends a transaction without a commit."""


class Race(NamedTuple):
    """committed: what each writer wrote, (customer id, kind) in its order. read: (seq, customer id, kind) in the order
    read. polls: answers of the reader that held something."""

    committed: list[list[tuple[int, str]]]
    read: list[tuple[int, int, str]]
    polls: int
    transactions: int


def write(url: str, number: int, seconds: float) -> tuple[list[tuple[int, str]], int]:
    """One writer: transactions of all lengths, some rolled back; what it committed, and in how many."""
    chance = random.Random(number)
    db = Database(url)
    done: list[tuple[int, str]] = []
    transactions = 0
    ids = iter(range(number << 40, (number + 1) << 40))
    ends = time.monotonic() + seconds
    try:
        while time.monotonic() < ends:
            rows = [
                FeedRow(next(ids), chance.choice(KINDS), chance.choice((None, 7)))
                for _ in range(chance.randint(1, _MOST))
            ]
            try:
                with db.claim() as conn:
                    if not db.is_sqlite:  # transactions that begin in one order and end in another
                        time.sleep(chance.random() * 0.01)
                    append_feed(conn, rows, now=time.time())
                    if chance.random() < 0.3:
                        time.sleep(chance.random() * 0.01)
                    if chance.random() < _ROLLED_BACK:
                        raise _Undo
            except _Undo:
                continue
            transactions += 1
            done += [(row.customer_id, row.kind) for row in rows]
            if db.is_sqlite:
                time.sleep(0.002)  # its lock is taken by trying
    finally:
        db.close()
    return done, transactions


def race(url: str, seconds: float, *, read: Callable[[int], tuple[list[Any], int]], writers: int = 4) -> Race:
    """Let them run. `read(cursor)` → (changes as the API shows them, next cursor)."""
    found: list[tuple[int, int, str]] = []
    polls = cursor = 0
    with multiprocessing.get_context("spawn").Pool(writers) as pool:
        results = pool.starmap_async(write, [(url, number, seconds) for number in range(1, writers + 1)])
        over = False
        while not over:
            over = results.ready()  # asked before the last look, so that the look sees all
            while True:
                changes, cursor = read(cursor)
                if not changes:
                    break
                polls += 1
                found += changes
            time.sleep(0.005)
        ended = results.get()
    return Race([done for done, _ in ended], found, polls, sum(count for _, count in ended))


def faults(result: Race) -> list[str]:
    """What is wrong with a race; empty: no gap, no repeat, no commit missed, nobody's order changed."""
    wrong = []
    numbers = [seq for seq, _, _ in result.read]
    if numbers != list(range(1, len(numbers) + 1)):
        at = next(n for n, seq in enumerate(numbers) if seq != n + 1)
        wrong.append(f"a gap or a repeat at {numbers[max(0, at - 2) : at + 3]}")
    written = sum(map(len, result.committed))
    if written != len(numbers):
        wrong.append(f"{written} committed, {len(numbers)} read")
    for number, mine in enumerate(result.committed, start=1):
        if [(id, kind) for _, id, kind in result.read if id >> 40 == number] != mine:
            wrong.append(f"writer {number}: what was read is not what it committed, in its order")
    return wrong
