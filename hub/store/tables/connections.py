"""What the admin configured: connections, their maps, their streams, and the rules of the house."""

from __future__ import annotations

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Table, Text, UniqueConstraint

from hub.store.tables.base import SERIAL, json, metadata, time

# state: active | paused | broken (needs an admin; see reason) | needs_reauth (the same, of its login) | removed
connection = Table(
    "connection",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("connector", Text, nullable=False),
    json("config", null=False),  # as applied; secrets only as env: or file: references
    Column("base_dir", Text, nullable=False),  # what relative paths in config are relative to
    Column("state", Text, nullable=False),
    Column("reason", Text),
    time("confirmed_at"),  # a person has seen the plan of the first run
    time("behind"),  # since when it is owed what was known before it was added or changed; null: it was told
    time("created_at", null=False),
    time("updated_at", null=False),
    time("state_at"),  # since when it is broken or needs_reauth
    time("parked_until"),  # a quota is used up there: nothing is asked of it before
    Column("parked_why", Text),
)

# the admin's map and overlay for one object of one connection, kept as applied
connection_map = Table(
    "connection_map",
    metadata,
    Column("connection_id", SERIAL, nullable=False),
    Column("object", Text, nullable=False),
    Column("file", Text),
    Column("map", Text),  # null: the connector's shipped map
    Column("overlay_file", Text),
    Column("overlay", Text),
    PrimaryKeyConstraint("connection_id", "object"),
)

# every compiled map that records were read with, so that a changed line is told from a changed record
map_version = Table(
    "map_version",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("connection_id", SERIAL, nullable=False),
    Column("object", Text, nullable=False),
    Column("digest", Text, nullable=False),
    json("lines", null=False),
    UniqueConstraint("connection_id", "object", "digest"),
)

stream = Table(
    "stream",
    metadata,
    Column("connection_id", SERIAL, nullable=False),
    Column("object", Text, nullable=False),
    json("cursor"),
    json("deletes_cursor"),
    json("merges_cursor"),
    time("next_due"),
    time("reconcile_due"),
    time("last_success"),
    Column("failures", Integer, nullable=False, default=0),
    PrimaryKeyConstraint("connection_id", "object"),
)

# people of ours as users of a system, as it told them at the last pull
owner_map = Table(
    "owner_map",
    metadata,
    Column("connection_id", SERIAL, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("name", Text),
    Column("email", Text),
    PrimaryKeyConstraint("connection_id", "external_id"),
)

survivorship_rule = Table(
    "survivorship_rule",
    metadata,
    Column("path", Text, primary_key=True),
    Column("rule", Text, nullable=False),
)

# numbered and frozen (DESIGN §4); the newest row is in force
match_model = Table(
    "match_model",
    metadata,
    Column("number", Integer, primary_key=True),
    json("model", null=False),
    time("created_at", null=False),
)
