"""The store's tables, one file per subject; `metadata` knows them all."""

from __future__ import annotations

from hub.store.tables.access import api_token, oauth_token, oauth_visit
from hub.store.tables.alerts import alert, notice
from hub.store.tables.base import metadata
from hub.store.tables.connections import (
    connection,
    connection_map,
    map_version,
    match_model,
    owner_map,
    stream,
    survivorship_rule,
)
from hub.store.tables.customers import customer, entry, feed, hold, pin
from hub.store.tables.interactions import interaction
from hub.store.tables.matching import common_key, decision, deferral, edge, identity, match_key
from hub.store.tables.operations import audit, counter, heartbeat, inbox, quarantine, run
from hub.store.tables.orders import order
from hub.store.tables.outgoing import creation, delivery, receipt, undo
from hub.store.tables.records import binding, reread, source_record

__all__ = [
    "alert",
    "api_token",
    "audit",
    "binding",
    "common_key",
    "connection",
    "connection_map",
    "counter",
    "creation",
    "customer",
    "decision",
    "deferral",
    "delivery",
    "edge",
    "entry",
    "feed",
    "heartbeat",
    "hold",
    "identity",
    "inbox",
    "interaction",
    "map_version",
    "match_key",
    "match_model",
    "metadata",
    "notice",
    "oauth_token",
    "oauth_visit",
    "order",
    "owner_map",
    "pin",
    "quarantine",
    "receipt",
    "reread",
    "run",
    "source_record",
    "stream",
    "survivorship_rule",
    "undo",
]
