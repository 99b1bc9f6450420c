"""One connection looked at from outside its jobs: does it work (`check`), and what has it got (`discover`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hub.errors import HubError, Unsupported
from hub.flows import connection_probe
from hub.flows.configure import load_stored, named
from hub.flows.connect import Lease, build
from hub.sdk.connector import Connector, Finding, ObjectShape
from hub.settings import Settings
from hub.store.queries import connections, listings
from hub.store.session import Database

_PATIENCE = 60.0  # seconds a check or discovery may take


def check(db: Database, settings: Settings, name: str) -> Iterator[Finding]:
    """Prove step by step that a connection works; the last finding is the first that failed, if any."""
    try:
        with db.read() as conn:
            allow_private = named(load_stored(conn), name).config.allow_private
        yield from connection_probe.steps(
            connector_of(db, settings, name), settings, name, allow_private=allow_private
        )
    except HubError as error:
        yield Finding("connection", False, error.message, error.fix or error.cause)


def discover(db: Database, settings: Settings, name: str) -> Sequence[ObjectShape]:
    """The record types and fields of the account. Raises Unsupported where the system cannot tell."""
    connector = connector_of(db, settings, name)
    if not connector.manifest.discover:
        raise Unsupported(f"The connector {connector.manifest.name} cannot list fields.")
    return connector.discover()


def overview(db: Database) -> list[dict[str, Any]]:
    """Every connection with its health, as the CLI and the pages show it."""
    with db.read() as conn:
        stored = load_stored(conn)
        standings = connections.standings(conn)
        quarantined = listings.quarantine_counts(conn)
        waiting = listings.waiting_counts(conn)
    rows = []
    for name, one in stored.items():
        mine = [s for s in standings if s.connection_id == one.row.id]
        success = [s.last_success for s in mine if s.last_success is not None]
        due = [s.next_due for s in mine if s.next_due is not None]
        open_work = waiting.get(one.row.id, {})
        rows.append(
            {
                "name": name,
                "connector": one.row.connector,
                "state": one.row.state,
                "reason": one.row.reason,
                "since": one.row.state_at,
                "parked_until": one.row.parked_until,
                "parked_why": one.row.parked_why,
                "objects": list(one.config.objects),
                "records": sum(s.records for s in mine),
                "confirmed": one.row.confirmed_at is not None,
                "last_success": max(success, default=None),
                "next_due": min(due, default=None),
                "waiting": sum(open_work.get(state, 0) for state in ("waiting", "claimed")),
                "held": open_work.get("held", 0),
                "dead": open_work.get("dead", 0),
                "quarantined": quarantined.get(one.row.id, 0),
            }
        )
    return rows


def connector_of(db: Database, settings: Settings, name: str) -> Connector:
    """The connector of a connection, for a minute of a person's time. Raises NotFound, ConnectionBroken, WrongUse."""
    with db.read() as conn:
        one = named(load_stored(conn), name)
    return build(settings, name, one.config, base_dir=Path(one.row.base_dir), lease=Lease(_PATIENCE))
