"""The golden records, what persons fixed or left open about them, and the numbered list of what happened."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from hub.store.tables.base import SERIAL, json, metadata, time

# derived: recomputable at any time (DESIGN §4.2). id is the home id of the cluster's anchor.
customer = Table(
    "customer",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("merged_into", BigInteger),
    json("doc", null=False),
    json("why", null=False),
    time("created_at", null=False),
    time("updated_at", null=False),
)

pin = Table(
    "pin",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("customer_id", BigInteger, nullable=False, index=True),  # a home id
    Column("path", Text, nullable=False),
    json("value", null=False),
    Column("by", Text, nullable=False),
    Column("reason", Text),
    # a choice between what systems say now: over as soon as one of them says something else
    Column("once", Boolean, nullable=False, default=False),
    time("at", null=False),
    time("removed_at"),
)

hold = Table(
    "hold",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("customer_id", BigInteger, nullable=False, index=True),
    Column("path", Text, nullable=False),
    json("value"),
    time("at", null=False),
    time("decided_at"),
    Column("decided_by", Text),
)

# the note left when an edit was overruled or in conflict
entry = Table(
    "entry",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("record_id", BigInteger, nullable=False),
    Column("customer_id", BigInteger, nullable=False, index=True),
    Column("path", Text, nullable=False),
    Column("kind", Text, nullable=False),
    json("detail", null=False),
    time("at", null=False),
)

# seq comes from one counter row, taken as the last statement of each transaction: gap-free
feed = Table(
    "feed",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("customer_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("other_id", BigInteger),
    time("at", null=False),
    Index("ix_feed_customer", "customer_id"),
)
