"""The scheduler process: asks what is due, and rings for it. Any number may run: each call is rung for once.

Every second it looks for streams whose time has come, every few seconds for all that is due and in nobody's hands: work
whose ring was lost with the queue, that waited its time out, or whose worker died (DESIGN §7). It does that itself,
since
a job for it would wait behind the very work it is to mend.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time

from hub import logging_setup
from hub.flows.schedule import tick
from hub.flows.upkeep import sweep
from hub.queue import JobQueue, open_queue
from hub.settings import Settings
from hub.store.queries import heartbeats
from hub.store.session import Database
from jobs import watch

log = logging.getLogger(__name__)

_EVERY = 1.0
_BEAT_EVERY = 10.0
_SWEEP_EVERY = 5.0
_UPKEEP_EVERY = 600.0
_LONGEST_PAUSE = 30.0


def main(config: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    logging_setup.configure("scheduler", level=config.log_level, style=config.log_format)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    db, queue = Database(config.database_url), open_queue(config)
    watch.start(config, stop)
    try:
        keep_time(db, queue, stop=stop)
        heartbeats.stop(db, f"{socket.gethostname()}:{os.getpid()}")
    finally:
        queue.close()
        db.close()


def keep_time(db: Database, queue: JobQueue, *, stop: threading.Event) -> None:
    """Tick until `stop`. A store that does not answer is asked again, more and more slowly."""
    name = f"{socket.gethostname()}:{os.getpid()}"
    beat_at = sweep_at = upkeep_at = 0.0
    pause = _EVERY
    while not stop.wait(pause):
        now = time.time()
        try:
            if now >= beat_at:
                heartbeats.beat(db, name, kind="scheduler", now=now)
                beat_at = now + _BEAT_EVERY
            for call in tick(db, now):
                queue.dispatch(*call)
            if now >= sweep_at:
                for call in sweep(db, now):
                    queue.dispatch(*call)
                sweep_at = now + _SWEEP_EVERY
            if now >= upkeep_at:
                queue.dispatch("upkeep", "sweep")
                upkeep_at = now + _UPKEEP_EVERY
            pause = _EVERY
        except Exception as error:
            pause = min(pause * 2, _LONGEST_PAUSE)
            log.warning("the scheduler pauses for %.0f s", pause, exc_info=error)
