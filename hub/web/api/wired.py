"""The hub as configured now, for writes by API: compiled once, and again when the configuration changed."""

from __future__ import annotations

import time

from flask import current_app

from hub.flows import writing
from hub.flows.wiring import Wiring, load_wiring
from hub.flows.writing import Origin
from hub.store.queries import connections
from hub.store.session import Database

_EXTENSION = "hub.api.wiring"


def wired(db: Database) -> tuple[Origin, Wiring]:
    """Where writes by API stand, and the wiring that knows it."""
    at = writing.origin(db, now=time.time())
    with db.read() as conn:
        stamp = connections.stamp(conn)
    known: tuple[object, Wiring] | None = current_app.extensions.get(_EXTENSION)
    if known is not None and known[0] == stamp:
        return at, known[1]
    wiring = load_wiring(db)
    current_app.extensions[_EXTENSION] = (stamp, wiring)
    return at, wiring
