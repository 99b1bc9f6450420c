"""Dispatch again what is due and was not taken: what makes a lost queue, or a dead worker, cost nothing but time."""

from __future__ import annotations

from jobs.worker import bench, ring


def run(id: str, lane: str) -> None:
    """`id`: "sweep"; there is one upkeep of the whole hub."""
    with bench() as at:
        ring(at)
