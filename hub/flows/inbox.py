"""The inbox as an admin meets it: webhooks of which something went wrong are taken again."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

from hub.flows import rails, webhook
from hub.flows.wiring import load_wiring
from hub.queue import open_queue
from hub.settings import Settings
from hub.store.queries import heartbeats, inbox
from hub.store.session import Database


class Replayed(NamedTuple):
    """How many rows wait again, and what became of them here: by state; empty if the workers take them."""

    rows: int
    became: dict[str, int]


def replay(db: Database, settings: Settings, ids: Iterable[int], *, confirm: bool = False) -> Replayed:
    """Take these webhooks again: by the workers while one lives, else here.

    confirm: a person has said that the records they call deleted may go, however many.
    """
    listed = list(ids)
    with db.claim() as conn:
        again = [row for id in listed if (row := inbox.get(conn, id)) is not None]
        cause = rails.CONFIRMED if confirm else None
        count = inbox.replay(conn, [row.id for row in again], cause=cause, now=time.time())
    connections = sorted({row.connection_id for row in again})
    if heartbeats.alive(db, now=time.time(), kind="worker realtime"):
        queue = open_queue(settings)
        for id in connections:
            queue.dispatch("webhook", id, "realtime")
        queue.close()
        return Replayed(count, {})
    wiring = load_wiring(db)
    for id in connections:
        goes_on = bool(wiring.of(id))
        while goes_on:
            worked = webhook.work(db, settings, id, wiring=wiring, bucket=None)
            goes_on = worked is not None and worked.goes_on
    became: dict[str, int] = {}
    with db.read() as conn:
        for row in again:
            found = inbox.get(conn, row.id)
            if found is not None:
                became[found.state] = became.get(found.state, 0) + 1
    return Replayed(count, became)
