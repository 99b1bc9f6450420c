"""Take what the webhooks of one connection speak of, as soon as they are in."""

from __future__ import annotations

import time

from hub.flows import upkeep
from hub.flows.webhook import work
from hub.flows.wiring import load_wiring
from jobs.worker import bench

SECONDS = 20.0
GATHER = 0.02  # seconds; a system that sends one webhook often sends more in the same breath


def run(id: int, lane: str) -> None:
    """`id`: of the connection."""
    with bench() as at:
        wiring = load_wiring(at.db)
        if not wiring.of(id):
            return
        time.sleep(GATHER)
        done = work(at.db, at.settings, id, wiring=wiring, bucket=at.queue, seconds=SECONDS)
        for call in (*done.calls, *upkeep.urgent(at.db, time.time())):
            at.queue.dispatch(*call)
