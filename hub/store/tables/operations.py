"""Runs, what could not be taken, and the rows that keep processes honest."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from hub.store.tables.base import SERIAL, json, metadata, time

# kind: pull | push. state: queued | running | done | failed | held | cancelled
run = Table(
    "run",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("connection_id", SERIAL, nullable=False),
    Column("object", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("state", Text, nullable=False),
    json("options"),
    json("counts"),
    Column("cause", Text),
    Column("code", Text),
    Column("attempts", Integer, nullable=False, default=0),
    Column("fence", Integer, nullable=False, default=0),
    time("requested_at", null=False),
    time("next_at", null=False),
    time("started_at"),
    time("finished_at"),
    time("lease_until"),
    Column("stop", Text),  # who asked to cancel it while it was at work: it ends with its page
    Index("ix_run_state", "state", "next_at"),
)

# state: open | resolved. One row per record and stream: a cause seen again is the same row.
quarantine = Table(
    "quarantine",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("connection_id", SERIAL, nullable=False),
    Column("object", Text, nullable=False),
    Column("ident", Text, nullable=False),  # external id, or a digest where the record has none
    Column("external_id", Text),
    json("raw", null=False),
    Column("code", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("times", Integer, nullable=False),
    time("first_at", null=False),
    time("last_at", null=False),
    UniqueConstraint("connection_id", "object", "ident"),
)

# Received webhooks, unique by the provider's delivery id. times: how often it came. owner: the batch it is claimed by.
# state: waiting | claimed | held (see cause) | dead | done | refused (nothing was taken: one row for each cause)
inbox = Table(
    "inbox",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("connection_id", SERIAL, nullable=False),
    Column("delivery_id", Text, nullable=False),
    json("hints", null=False),  # [[object, external id, deleted], …]
    Column("state", Text, nullable=False),
    Column("times", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("owner", Text),
    time("received_at", null=False),
    time("updated_at", null=False),
    time("next_at", null=False),
    time("lease_until"),
    Column("cause", Text),
    Column("code", Text),
    UniqueConstraint("connection_id", "delivery_id"),
    Index(
        "ix_inbox_open",
        "connection_id",
        "next_at",
        sqlite_where=text("state <> 'done'"),
        postgresql_where=text("state <> 'done'"),
    ),
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    time("at", null=False),
    PrimaryKeyConstraint("name"),
)

counter = Table(
    "counter",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", SERIAL, primary_key=True),
    time("at", null=False),
    Column("by", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("subject", Text, nullable=False),
    json("detail"),
)
