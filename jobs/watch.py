"""The watch beside the scheduler: every minute it looks what is wrong, and sends what is to be told (flows/alerts.py).

A thread of its own, so that a mail server that does not answer holds up no pull; and in the scheduler, so that it
also speaks when every worker, or the queue, is gone.
"""

from __future__ import annotations

import logging
import threading
import time

from hub.flows import alert_sending, alerts
from hub.settings import Settings
from hub.store.session import Database

log = logging.getLogger(__name__)

_FIRST = 20.0  # seconds after the start: the other parts are just starting
_SEND_EVERY = 10.0


def start(config: Settings, stop: threading.Event) -> threading.Thread:
    """Watch until `stop`."""
    thread = threading.Thread(target=_watch, args=(config, stop), name="watch", daemon=True)
    thread.start()
    return thread


def _watch(config: Settings, stop: threading.Event) -> None:
    db = Database(config.database_url)
    look_at = time.time() + _FIRST
    try:
        while not stop.wait(_SEND_EVERY):
            try:
                if time.time() >= look_at:
                    alerts.look(db, config, now=time.time())
                    look_at = time.time() + alerts.EVERY
                alert_sending.send_due(db, config)
            except Exception:
                log.warning("the watch missed a turn", exc_info=True)
    finally:
        db.close()
