"""Who may use the API."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table, Text

from hub.store.tables.base import SERIAL, json, metadata, time

# The token itself is shown once and never stored: `key` finds the row, `hash` (SHA-256 of the whole token) proves it.
api_token = Table(
    "api_token",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("name", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("hash", Text, nullable=False),
    json("scopes", null=False),  # of: read, write, export
    Column("per_minute", Integer, nullable=False),
    Column("created_by", Text, nullable=False),
    time("created_at", null=False),
    time("expires_at"),
    time("used_at"),  # to the minute
    time("revoked_at"),
    Column("revoked_by", Text),
)
