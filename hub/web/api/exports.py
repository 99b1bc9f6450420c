"""Everything at once, a line each (NDJSON): for a first load, and after too long an absence."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flask import Response

from hub.canonical import ids
from hub.errors import RateLimited
from hub.flows import feed
from hub.store.queries import interactions as heard
from hub.store.queries import readers
from hub.store.session import Database
from hub.web.api import document, schemas
from hub.web.api.interactions import Interaction, shown
from hub.web.api.part import part, view

blueprint = part("exports", "Everything at once, as NDJSON.")

NDJSON = "application/x-ndjson"
_BATCH = 1_000
_AGAIN = 30.0  # seconds
_running = threading.BoundedSemaphore(2)  # of the web part's threads
_POSITION = {"schema": {"type": "string"}, "description": "The feed's number when the export began."}


@view(
    blueprint,
    "/exports/customers",
    needs="export",
    takes=schemas.ExportQuery,
    gives=schemas.Customer,
    content_type=NDJSON,
    headers={"Feed-Position": _POSITION},
)
def customers(asked: dict[str, Any]) -> Response:
    """Every living customer, oldest id first, each a line as GET /customers/{id} has it.

    Go on in the feed from Feed-Position: it names also what changed while the export ran. One that was cut short goes
    on with `after` = the last whole line's id, and keeps the first one's Feed-Position.
    """
    return _export("cus", asked, readers.customers_after, document.customer)


@view(
    blueprint,
    "/exports/orders",
    needs="export",
    takes=schemas.ExportQuery,
    gives=schemas.Order,
    content_type=NDJSON,
)
def orders(asked: dict[str, Any]) -> Response:
    """Every order, oldest id first, each a line as GET /orders/{id} has it."""
    return _export("ord", asked, readers.orders_after, document.order)


@view(
    blueprint,
    "/exports/interactions",
    needs="export",
    takes=schemas.ExportQuery,
    gives=Interaction,
    content_type=NDJSON,
)
def interactions(asked: dict[str, Any]) -> Response:
    """Every interaction, oldest id first, each a line as GET /interactions/{id} has it."""
    return _export("int", asked, heard.after, shown)


def _export(
    prefix: str,
    asked: dict[str, Any],
    read: Callable[..., Sequence[Any]],
    shown: Callable[[Any], str],
) -> Response:
    from hub.web.app import store

    after = ids.read(prefix, asked["after"]) if "after" in asked else -1
    if not _running.acquire(blocking=False):
        raise RateLimited("Two exports run already.", after=_AGAIN)
    try:
        db = store()
        position = feed.latest(db)
        lines = _Lines(_batches(db, read, shown, after=after), _running.release)
    except BaseException:
        _running.release()
        raise
    return Response(lines, headers={"Feed-Position": str(position)}, content_type=NDJSON)


class _Lines:
    """The lines of an export. However it ends (at its end, by `close` of the server, unread), its place is given free
    once."""

    def __init__(self, batches: Iterator[bytes], free: Callable[[], None]) -> None:
        self._batches = batches
        self._free: Callable[[], None] | None = free

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._batches
        finally:
            self.close()

    def close(self) -> None:
        free, self._free = self._free, None
        if free is not None:
            free()

    def __del__(self) -> None:
        self.close()


def _batches(
    db: Database,
    read: Callable[..., Sequence[Any]],
    shown: Callable[[Any], str],
    *,
    after: int,
) -> Iterator[bytes]:
    """A batch at a time, each read for itself: a slow reader holds no transaction open."""
    while True:
        with db.read() as conn:
            rows = read(conn, after, limit=_BATCH)
        if not rows:
            return
        yield "".join(f"{shown(row)}\n" for row in rows).encode()
        if len(rows) < _BATCH:
            return
        after = rows[-1].id
