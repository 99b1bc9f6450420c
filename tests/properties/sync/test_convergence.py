"""The proof of two-way sync: random histories through the pure transitions, judged by what really happened.

HUB_HISTORIES sets how many histories are run and HUB_FIRST_SEED where they start. A failing seed is replayed with
`History(seed).run()`; its `trace.log` tells the story.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
from sync_machine.history import STEPS, History
from sync_machine.trace import Broken

from hub.sync import rules

HISTORIES = int(os.environ.get("HUB_HISTORIES", "1000"))
FIRST_SEED = int(os.environ.get("HUB_FIRST_SEED", "0"))
ENOUGH_TO_BREAK = 400

RULES = {
    "R1 readings are ordered by when they were read": "predates",
    "R2 what is read while our write is open is no evidence": "under_way",
    "R3 a write in doubt is repeated unchanged": "in_doubt",
    "R4 receipts of a superseded owner are refused": "superseded",
    "R5 what could be our create is parked": "parks",
}


def test_histories_hold() -> None:
    """No value of ours counted as somebody's, none created twice, all agree, no edit gone unseen, nothing waits."""
    broken: dict[int, str] = {}
    counts: Counter[str] = Counter()
    for seed in range(FIRST_SEED, FIRST_SEED + HISTORIES):
        history = History(seed)
        try:
            counts += history.run().counts
        except Broken as reason:
            broken[seed] = str(reason)
    print(f"{HISTORIES} histories of {STEPS} steps, seeds from {FIRST_SEED}: {len(broken)} broken")
    for name, count in sorted(counts.items()):
        print(f"  {count:8} {name}")
    assert not broken, f"broken seeds: {broken}"
    assert counts["repeats"] and counts["killed"] and counts["lease lost"] and counts["parked"]


def test_the_windows_are_rare() -> None:
    """Edits that fell into a window of "Honest limits", each proven from the trace, are few even at this fault rate."""
    counts: Counter[str] = Counter()
    for seed in range(FIRST_SEED, FIRST_SEED + 100):
        counts += History(seed).run().counts
    windows = sum(count for name, count in counts.items() if name.startswith("window"))
    assert windows <= counts["edits"] * 0.02, counts


@pytest.mark.parametrize(("rule", "predicate"), RULES.items(), ids=RULES.values())
def test_each_rule_is_needed(rule: str, predicate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one rule switched off the same histories break."""
    monkeypatch.setattr(rules, predicate, lambda *_: False)
    for seed in range(FIRST_SEED, FIRST_SEED + ENOUGH_TO_BREAK):
        try:
            History(seed).run()
        except Broken as reason:
            print(f"without {rule}: seed {seed}: {reason}")
            return
    pytest.fail(f"{ENOUGH_TO_BREAK} histories hold without {rule}")


def test_a_history_is_its_seed() -> None:
    """The same seed tells the same story, so a printed seed is enough to find a fault again."""
    assert History(7).run().log == History(7).run().log
