"""The change feed: what happened to golden records, in order and without a gap."""

from __future__ import annotations

import threading
import time
from typing import Any

import orjson
from flask import Response

from hub.flows import feed
from hub.web.api import document, schemas
from hub.web.api.part import json, part, view

blueprint = part("changes", "The change feed.")

_LOOK_EVERY = 0.5  # seconds, while a reader waits
_waiting = threading.BoundedSemaphore(3)  # of the web part's threads; more readers are answered at once


@view(blueprint, "/changes", needs="read", takes=schemas.ChangeQuery, gives=schemas.Changes, problems=(410,))
def changes(asked: dict[str, Any]) -> Response:
    """The changes after a number.

    Begin with an export (its header Feed-Position is your first cursor) or with 0, then ask again and again with
    `after` = `next`. A cursor that is older than the feed goes back is 410. A customer may be named more than once;
    read it when you come to it. With `wait` an empty answer comes only after so many seconds.
    """
    from hub.web.app import store

    db = store()
    found = feed.read(db, asked["after"], limit=asked["limit"])
    if not found.changes and asked["wait"] and _waiting.acquire(blocking=False):
        try:
            ends = time.monotonic() + asked["wait"]
            while not found.changes and time.monotonic() < ends:
                time.sleep(_LOOK_EVERY)
                found = feed.read(db, asked["after"], limit=asked["limit"])
        finally:
            _waiting.release()
    body = {
        "changes": [document.change(one) for one in found.changes],
        "next": found.next,
        "latest": found.latest,
    }
    return json(orjson.dumps(body).decode())
