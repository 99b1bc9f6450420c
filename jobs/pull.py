"""Pull one stream: the run's row says which, from where and how far."""

from __future__ import annotations

from hub.flows.work import run_pull
from jobs.worker import bench, ring


def run(id: int, lane: str) -> None:
    """`id`: of the run."""
    with bench() as at:
        run_pull(at.db, at.settings, id)
        ring(at)
