"""Who may use the API, and what opens the connected systems to us."""

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

# What an authorisation server gave us for a connection: JSON of hub/sdk/tokens.py, encrypted with the home's key.
oauth_token = Table(
    "oauth_token",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("secret", Text, nullable=False),
    time("updated_at", null=False),
)

# A person was sent to an authorisation server and has not come back yet. `state` is kept as its SHA-256.
oauth_visit = Table(
    "oauth_visit",
    metadata,
    Column("state", Text, primary_key=True),
    Column("connection", Text, nullable=False),
    Column("secret", Text, nullable=False),  # the verifier, encrypted
    Column("redirect_uri", Text, nullable=False),
    Column("by", Text, nullable=False),
    time("expires_at", null=False),
)
