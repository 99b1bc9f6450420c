"""Webhooks as they come in: known to be the system's own, kept, and rung for; all in some milliseconds (DESIGN §5).

What is wrong with one is said to the log and in the inbox, never to who sent it: that may be anybody.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from hub.budget import LocalBucket
from hub.errors import HubError, NotFound, NotSigned, RateLimited, RecordRejected, WrongUse
from hub.flows import connect
from hub.flows.config import from_json
from hub.flows.connection_check import NAME
from hub.queue import JobQueue
from hub.sdk import registry
from hub.sdk.connector import Connector, Hint
from hub.settings import Settings
from hub.store.queries import connections, inbox
from hub.store.queries.connections import BUILT_IN, ConnectionRow
from hub.store.queries.inbox import Said
from hub.store.session import Database

log = logging.getLogger(__name__)

MOST_BYTES = 1024 * 1024
"""A longer body is refused unread."""
RATE, BURST = 100.0, 2_000.0  # good webhooks of one connection a second, and at once
BAD_RATE, BAD_BURST = 1.0, 60.0  # bad ones; beyond, they are only counted
_NOTE_EVERY = 10.0  # seconds; refusals in between are counted together
_LONGEST_ID = 200


class _Place(NamedTuple):
    """A connection as a webhook meets it. built_from: what it was built from; another connection by then is built
    anew."""

    id: int
    state: str
    connector: Connector
    built_from: tuple[object, ...]


class Door:
    """Where one process takes webhooks in. Threads share it."""

    def __init__(
        self, settings: Settings, store: Callable[[], Database], *, queue: JobQueue | None = None
    ) -> None:
        self._settings = settings
        self._store = store
        self._queue = queue or JobQueue(settings.queue_url, private=settings.embedded_queue)
        self._places: dict[str, _Place] = {}
        self._bucket = LocalBucket()
        self._refusals: dict[tuple[int, str], tuple[float, int]] = {}
        self._lock = threading.Lock()

    def challenge(self, name: str, query: Mapping[str, str]) -> bytes | None:
        """What the connector answers to the question in an address; None: it is none. Raises NotFound."""
        return self._place(name).connector.answer_challenge(query)

    def receive(self, name: str, headers: Mapping[str, str], *, body: bytes) -> bool:
        """Take a webhook for a connection. False: all of it was here already, or says nothing to us.

        Raises NotFound for an unknown connection, NotSigned, RecordRejected for a body that is not as agreed,
        RateLimited when more come than the hub takes, WrongUse when our own secret cannot be read.
        """
        place = self._place(name)
        try:
            hints = place.connector.verify_webhook(headers, body)
        except WrongUse as error:
            self._refuse(place, name, error=error)
            raise
        except (
            Exception
        ) as error:  # nothing is proven yet, so whatever the connector met may be a stranger's doing
            known = (
                error if isinstance(error, HubError) else RecordRejected(f"{type(error).__name__}: {error}")
            )
            if known is not error:
                log.exception("the connector of %s failed over a webhook", name)
            self._refuse(place, name, error=known)
            raise known from None
        if not hints:
            return False
        if wait := self._bucket.take(f"good {place.id}", rate=RATE, burst=BURST):
            raise RateLimited(f"{name} sends more than {RATE:.0f} webhooks a second.", after=wait)
        return self._keep(place, hints, body=body)

    def close(self) -> None:
        self._queue.close()

    def _place(self, name: str) -> _Place:
        """The connection, with its connector, which is built again when its configuration has changed."""
        row = None
        if NAME.fullmatch(name):
            with self._store().read() as conn:
                row = connections.by_name(conn, name)
        if row is None or row.state in ("removed", BUILT_IN):
            raise NotFound("There is no such connection.")
        built_from = (row.id, row.connector, row.base_dir, row.config)
        known = self._places.get(name)
        if known is None or known.built_from != built_from:
            known = _Place(row.id, row.state, self._build(row), built_from)
            self._places[name] = known
        return known if known.state == row.state else known._replace(state=row.state)

    def _build(self, row: ConnectionRow) -> Connector:
        _, manifest = registry.load(row.connector)
        if not manifest.webhooks:
            raise NotFound("There is no such connection.", cause=f"{manifest.title} sends no webhooks")
        return connect.build(self._settings, row.name, from_json(row.config), base_dir=Path(row.base_dir))

    def _keep(self, place: _Place, hints: Sequence[Hint], *, body: bytes) -> bool:
        """One row for each message, in one transaction; then the bell."""
        messages: dict[tuple[str, bool], list[Said]] = {}
        for hint in hints:
            messages.setdefault(_delivery_id(hint, body), []).append(
                Said(hint.object, hint.external_id, hint.deleted)
            )
        with self._store().claim() as conn:
            fresh = [
                inbox.put(conn, place.id, id, hints=said, again=again, now=time.time())
                for (id, again), said in messages.items()
            ]
        if not any(fresh):
            return False
        if place.state == "active":
            self._queue.dispatch("webhook", place.id, "realtime")
        return True

    def _refuse(self, place: _Place, name: str, *, error: HubError) -> None:
        """To the log and the inbox, however many come: together, some seconds' worth at a time."""
        key, now = (place.id, error.code), time.monotonic()
        with self._lock:
            noted, count = self._refusals.get(key, (-_NOTE_EVERY, 0))
            count += 1
            due = now - noted >= _NOTE_EVERY
            self._refusals[key] = (now, 0) if due else (noted, count)
        if due:
            log.warning("%d webhook(s) for %s were refused: %s", count, name, error)
            with self._store().claim() as conn:
                inbox.refuse(conn, place.id, code=error.code, cause=str(error), times=count, now=time.time())
        if isinstance(error, NotSigned) and (
            wait := self._bucket.take(f"bad {place.id}", rate=BAD_RATE, burst=BAD_BURST)
        ):
            raise RateLimited("Too many bad webhooks.", after=wait) from None


def _delivery_id(hint: Hint, body: bytes) -> tuple[str, bool]:
    """What a message goes by, and whether that is its bytes alone."""
    named = hint.delivery_id
    if named and len(named) <= _LONGEST_ID and named.isprintable():
        return named, False
    if named:
        return f"sha256:{hashlib.sha256(named.encode(errors='surrogatepass')).hexdigest()}", False
    return f"sha256:{hashlib.sha256(body).hexdigest()}", True
