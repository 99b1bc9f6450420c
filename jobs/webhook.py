"""Take what the webhooks of one connection speak of, as soon as they are in, and bring it where it is owed."""

from __future__ import annotations

import logging
import time

from hub.errors import HubError
from hub.flows import upkeep
from hub.flows.webhook import Worked, work
from hub.flows.wiring import Wiring, load_wiring
from jobs.drain import push
from jobs.worker import Bench, bench

log = logging.getLogger(__name__)

SECONDS = 20.0
GATHER = 0.02  # seconds; a system that sends one webhook often sends more in the same breath


def run(id: int, lane: str) -> None:
    """`id`: of the connection. Batch by batch; what one caused goes out before the next is taken."""
    with bench() as at:
        try:
            wiring = load_wiring(at.db)
        except HubError as error:  # the rows wait until an admin has mended it
            log.warning("no webhook is worked on: %s", error)
            return
        end = time.monotonic() + SECONDS
        goes_on = bool(wiring.of(id))
        while goes_on and time.monotonic() < end:
            time.sleep(GATHER)
            done = work(at.db, at.settings, id, wiring=wiring, bucket=at.queue)
            goes_on = done is not None and done.goes_on
            if done is not None:
                _bring(at, wiring, id=id, done=done)


def _bring(at: Bench, wiring: Wiring, *, id: int, done: Worked) -> None:
    """What a batch caused goes out from here to one system, and by jobs of their own to others."""
    owed = list(upkeep.urgent(at.db, time.time()))
    if done.counts["dropped"] or done.counts["parked"]:  # read again as soon as what blocks them has settled
        at.queue.dispatch("drain", id, "realtime")
    for call in (*done.calls, *owed[1:]):
        at.queue.dispatch(*call)
    for _, connection_id, urgent in owed[:1]:
        push(at, wiring, id=int(connection_id), lane=urgent)
        for call in upkeep.urgent(at.db, time.time()):  # an order that waited for its customer
            at.queue.dispatch(*call)
