"""Bring waiting creates and deliveries of one connection and lane to their system, for at most half a minute."""

from __future__ import annotations

import logging

from hub.errors import HubError
from hub.flows.wiring import load_wiring
from hub.flows.work import run_push
from jobs.worker import bench, ring

log = logging.getLogger(__name__)

SECONDS = 30.0


def run(id: int, lane: str) -> None:
    """`id`: of the connection."""
    with bench() as at:
        wiring = load_wiring(at.db)
        streams = [stream for (connection, _), stream in wiring.streams.items() if connection == id]
        if not streams:
            return
        try:
            done = run_push(at.db, at.settings, wiring, streams, lanes=(lane,), seconds=SECONDS)
        except HubError as error:
            log.warning(
                "the push to %s stopped: %s", streams[0].connection, error
            )  # the run's row has it too
            return
        if done:
            ring(at)
