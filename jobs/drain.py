"""Bring waiting creates and deliveries of one connection and lane to their system, for at most half a minute."""

from __future__ import annotations

import logging
import time

from hub.errors import HubError
from hub.flows import rails
from hub.flows.wiring import load_wiring
from hub.flows.work import run_push
from jobs.worker import bench, ring

log = logging.getLogger(__name__)

SECONDS = 30.0


def run(id: int, lane: str) -> None:
    """`id`: of the connection."""
    with bench() as at:
        wiring = load_wiring(at.db)
        streams = wiring.of(id)
        if not streams:
            return
        if reason := rails.hold_over_cap(at.db, streams, now=time.time()):
            log.warning("nothing is pushed to %s: %s", streams[0].connection, reason)
            return
        try:
            done = run_push(at.db, at.settings, wiring, of=streams, lanes=(lane,), seconds=SECONDS)
        except HubError as error:
            log.warning(
                "the push to %s stopped: %s", streams[0].connection, error
            )  # the run's row has it too
            return
        if done:
            ring(at)
