"""Fetch what received webhooks hint at; a few milliseconds' worth are gathered into one fetch."""

from __future__ import annotations

from hub.flows.webhook import take_inbox
from jobs.worker import bench


def run(id: int, lane: str) -> None:
    """`id`: of the connection whose inbox has rows."""
    with bench() as at:
        for call in take_inbox(at.db, id, queue=at.queue, settings=at.settings):
            at.queue.dispatch(*call)
