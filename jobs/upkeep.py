"""Dispatch again what is due and was not taken: what makes a lost queue, or a dead worker, cost nothing but time."""

from __future__ import annotations

import time

from hub.flows.upkeep import sweep
from jobs.worker import bench


def run(id: str, lane: str) -> None:
    """`id`: "sweep"; there is one upkeep of the whole hub."""
    with bench() as at:
        for call in sweep(at.db, time.time()):
            at.queue.dispatch(*call)
