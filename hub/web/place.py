"""What a request stands on: the store of this process, and the hub as configured."""

from __future__ import annotations

from flask import current_app

from hub.errors import HubError
from hub.flows.wiring import Wiring, load_wiring
from hub.store.queries import connections
from hub.store.session import Database

_STORE = "hub.store"
_WIRING = "hub.web.wiring"


def store() -> Database:
    """The store of this process, opened with the first request."""
    found: Database | None = current_app.extensions.get(_STORE)
    if found is None:
        found = Database(current_app.config["HUB"].database_url)
        current_app.extensions[_STORE] = found
    return found


def compiled() -> tuple[Wiring | None, HubError | None]:
    """The hub as configured, or why it cannot be compiled: what a page shows that has more to say."""
    try:
        return wiring(), None
    except HubError as error:
        return None, error


def wiring() -> Wiring:
    """The hub as configured now: compiled once, and again when the configuration changed. Raises WrongFile."""
    with store().read() as conn:
        stamp = connections.stamp(conn)
    known: tuple[object, Wiring] | None = current_app.extensions.get(_WIRING)
    if known is None or known[0] != stamp:
        known = (stamp, load_wiring(store()))
        current_app.extensions[_WIRING] = known
    return known[1]
