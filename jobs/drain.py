"""Bring waiting creates and deliveries of one connection and lane to their system, for at most half a minute."""

from __future__ import annotations

import logging
import time

from hub.errors import HubError
from hub.flows import rails
from hub.flows.wiring import Wiring, load_wiring
from hub.flows.work import run_push
from jobs.worker import Bench, bench, ring

log = logging.getLogger(__name__)

SECONDS = 30.0


def run(id: int, lane: str) -> None:
    """`id`: of the connection."""
    with bench() as at:
        if push(at, load_wiring(at.db), id=id, lane=lane):
            ring(at)


def push(at: Bench, wiring: Wiring, *, id: int, lane: str) -> bool:
    """Bring out what is due to a connection in this lane. Whether anything was."""
    streams = wiring.of(id)
    if not streams:
        return False
    if reason := rails.hold_over_cap(at.db, streams, now=time.time()):
        log.warning("nothing is pushed to %s: %s", streams[0].connection, reason)
        return False
    try:
        return bool(run_push(at.db, at.settings, wiring, of=streams, lanes=(lane,), seconds=SECONDS))
    except HubError as error:  # the run's row has it too
        log.warning("the push to %s stopped: %s", streams[0].connection, error)
        return False
