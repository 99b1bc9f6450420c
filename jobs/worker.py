"""The worker process: serves one queue, and gives each job its settings, store and queue."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from hub import logging_setup, settings
from hub.flows import upkeep
from hub.queue import JobQueue, open_queue, run_worker
from hub.settings import Settings
from hub.store.session import Database

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
    name = f"{socket.gethostname()}:{os.getpid()}"

    def beat() -> None:
        # Its own connection, closed at once: an engine must not be shared with the jobs forked from here.
        db = Database(config.database_url)
        try:
            upkeep.beat(db, name=name, kind=f"worker:{queue}", now=time.time())
        finally:
            db.close()

    run_worker(config, queue, on_beat=beat)


@contextmanager
def bench() -> Iterator[Bench]:
    """Open what one job needs, and close it after."""
    config = _settings.get() or settings.load()
    db, queue = Database(config.database_url), open_queue(config)
    try:
        yield Bench(config, db, queue)
    finally:
        queue.close()
        db.close()
