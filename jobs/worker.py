"""The worker process: serves one queue, and gives each job its settings, store and queue."""

from __future__ import annotations

import logging
import os
import pkgutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from hub import logging_setup, settings
from hub.errors import HubError
from hub.flows import upkeep
from hub.flows.wiring import load_wiring
from hub.queue import JOBS, JobQueue, open_queue, run_worker
from hub.settings import Settings
from hub.store.queries import connections, heartbeats
from hub.store.session import Database

log = logging.getLogger(__name__)

# Set before jobs are forked; a job called without a worker (a test, a shell) finds its home as a command would.
_settings: ContextVar[Settings | None] = ContextVar("settings", default=None)


class Bench(NamedTuple):
    """What a job works with."""

    settings: Settings
    db: Database
    queue: JobQueue


def main(config: Settings, queue: str) -> None:
    """Serve one queue until SIGTERM or SIGINT. Raises RemoteUnavailable when the queue does not answer."""
    logging_setup.configure(f"worker {queue}", level=config.log_level, style=config.log_format)
    _settings.set(config)
    for job in JOBS.values():
        if queue in job.queues.values():
            pkgutil.resolve_name(job.entry)  # once here, instead of in each process forked for a job
    name = f"{socket.gethostname()}:{os.getpid()}"
    ready = _Ready()

    def beat() -> None:
        with _store(config) as db:
            heartbeats.beat(db, name, kind=f"worker {queue}", now=time.time())
            ready.make(db)

    beat()
    try:
        run_worker(config, queue, on_beat=beat)
    finally:
        with _store(config) as db:
            heartbeats.stop(db, name)


class _Ready:
    """Maps compiled and connectors imported in the worker, so that the processes forked for jobs need not."""

    def __init__(self) -> None:
        self._stamp: object = None

    def make(self, db: Database) -> None:
        """As configured now. What is wrong with it, each job says for itself."""
        with db.read() as conn:
            stamp = connections.stamp(conn)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                load_wiring(db)
            except HubError:
                log.debug("the configuration cannot be compiled", exc_info=True)


@contextmanager
def bench() -> Iterator[Bench]:
    """Open what one job needs, and close it after."""
    config = _settings.get() or settings.load()
    queue = open_queue(config)
    with _store(config) as db:
        try:
            yield Bench(config, db, queue)
        finally:
            queue.close()


def ring(at: Bench) -> None:
    """Dispatch what is due now: what this job caused, and what a lost queue forgot."""
    for call in upkeep.sweep(at.db, time.time()):
        at.queue.dispatch(*call)


@contextmanager
def _store(config: Settings) -> Iterator[Database]:
    """A store for a moment: an engine must not be shared with the processes forked for jobs."""
    db = Database(config.database_url)
    try:
        yield db
    finally:
        db.close()
