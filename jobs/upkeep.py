"""Housekeeping of the whole hub, some times an hour. (What mends lost work is the scheduler's sweep.)"""

from __future__ import annotations

import time

from hub.flows import feed, webhook_upkeep
from hub.store.queries import heartbeats, inbox
from jobs.worker import bench


def run(id: str, lane: str) -> None:
    """`id`: "sweep"; there is one upkeep of the whole hub."""
    with bench() as at:
        heartbeats.forget(at.db, now=time.time())
        with at.db.claim() as conn:
            inbox.trim(conn, before=time.time() - at.settings.inbox_days * 86400.0)
        feed.trim(at.db, before=time.time() - at.settings.feed_days * 86400.0)
        webhook_upkeep.renew_due(at.db, at.settings, now=time.time())
