"""What an admin is told of without asking: alerts, and their way out by mail and webhook."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text, UniqueConstraint, text

from hub.store.tables.base import SERIAL, json, metadata, time

# One row from begin to end of a trouble. kind: of flows/alert_conditions.py; subject: what it is about, one open row
# for each. level: how bad, in steps; it only rises. quiet_since: it was not found any more since then.
alert = Table(
    "alert",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("connection", Text),
    Column("level", Integer, nullable=False),
    json("facts", null=False),  # the numbers of its sentence
    Column("cause", Text),
    time("begun_at", null=False),
    time("changed_at", null=False),
    time("quiet_since"),
    time("ended_at"),
    time("silenced_until"),
    Column("silenced_by", Text),
    Index(
        "ix_alert_open",
        "kind",
        "subject",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

# One message to send by one channel (mail | webhook). event: begun | worse | over. state: waiting | sent | dead
notice = Table(
    "notice",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("alert_id", SERIAL, nullable=False),
    Column("event", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    json("facts", null=False),
    Column("attempts", Integer, nullable=False),
    time("made_at", null=False),
    time("next_at", null=False),
    time("lease_until"),
    time("sent_at"),
    Column("cause", Text),
    UniqueConstraint("alert_id", "event", "level", "channel"),
)
