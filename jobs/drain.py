"""Bring waiting deliveries and creates of one connection and lane to their system, for at most half a minute."""

from __future__ import annotations

from hub.flows.drain import drain
from jobs.worker import bench


def run(id: int, lane: str) -> None:
    """`id`: of the connection."""
    with bench() as at:
        for call in drain(at.db, id, lane, queue=at.queue, settings=at.settings):
            at.queue.dispatch(*call)
