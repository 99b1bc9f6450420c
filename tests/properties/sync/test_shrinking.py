"""The same machine with Hypothesis choosing the events: where a law breaks, it finds the shortest story that breaks it.

Each event has its own luck, so that leaving one out changes no other.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sync_machine.history import History, names

EXAMPLES = max(10, round(100 * float(os.environ.get("HUB_TEST_HISTORIES", "1"))))
STEP = st.tuples(st.sampled_from(names()), st.integers(0, 2**16))


@given(seed=st.integers(0, 3), steps=st.lists(STEP, min_size=60, max_size=100))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
def test_every_story_holds(seed: int, steps: list[tuple[str, int]]) -> None:
    History(seed).play(steps)
