"""Pull one stream: the run row says which, from where and how far."""

from __future__ import annotations

from hub.flows.pull import run_pull
from jobs.worker import bench


def run(id: int, lane: str) -> None:
    """`id`: of the run."""
    with bench() as at:
        for call in run_pull(at.db, id, queue=at.queue, settings=at.settings):
            at.queue.dispatch(*call)
