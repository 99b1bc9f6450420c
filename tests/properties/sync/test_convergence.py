"""The proof of two-way sync: random histories through the pure transitions, judged by what really happened.

HUB_TEST_HISTORIES scales how many histories are run (1: as in CI), HUB_TEST_FIRST_SEED says where they start. A failing
seed is replayed with `History(seed).run()`; its `trace.log` tells the story. `many.py` beside this file runs as many as
one likes.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
from mutants import MUTANTS, hunt
from sync_machine.calm import Calm
from sync_machine.history import STEPS, History
from sync_machine.trace import Broken

HISTORIES = round(4000 * float(os.environ.get("HUB_TEST_HISTORIES", "1")))
FIRST_SEED = int(os.environ.get("HUB_TEST_FIRST_SEED", "0"))
CALM = 60


def test_histories_hold() -> None:
    """No value of ours counted as somebody's, none created twice, all agree, no edit gone unseen, nothing waits."""
    broken: dict[int, str] = {}
    counts: Counter[str] = Counter()
    print(f"{HISTORIES} histories of {STEPS} steps, seeds from {FIRST_SEED}")
    for seed in range(FIRST_SEED, FIRST_SEED + HISTORIES):
        history = History(seed)
        try:
            history.run()
        except Broken as reason:
            broken[seed] = str(reason)
        counts += history.trace.counts
    print(f"{len(broken)} broken")
    for name, count in sorted(counts.items()):
        print(f"  {count:8} {name}")
    assert not broken, f"broken seeds: {broken}"
    happened = (
        "repeats",
        "killed",
        "lease lost",
        "parked",
        "maps changed",
        "held for a person",
        "tokens expired",
    )
    assert [name for name in happened if not counts[name]] == []
    windows = sum(count for name, count in counts.items() if name.startswith("window"))
    assert windows < HISTORIES / 5, counts


def test_a_change_costs_no_more_writes_than_there_are_other_systems() -> None:
    """Without faults, at rest after each change."""
    for seed in range(FIRST_SEED, FIRST_SEED + CALM):
        Calm(seed, steps=12).run()


@pytest.mark.parametrize("mutant", MUTANTS)
def test_each_thing_is_needed(mutant: str) -> None:
    """With one thing left out the same histories break."""
    caught = hunt(mutant, first=FIRST_SEED)
    assert caught is not None, f"2,000 histories hold without {mutant}"
    print(f"without {mutant}: after {caught.after}, {caught.what}")


def test_a_history_is_its_seed() -> None:
    """The same seed tells the same story, so a printed seed is enough to find a fault again."""
    assert History(7).run().trace.log == History(7).run().trace.log
