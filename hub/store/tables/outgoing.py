"""What the hub owes the remotes, and what they answered (sync.md, "A delivery", "A create")."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, PrimaryKeyConstraint, Table, Text, text

from hub.store.tables.base import SERIAL, json, metadata, time

# state: waiting | claimed | held (see cause) | dead | done. One row per binding: a burst of edits is one write.
delivery = Table(
    "delivery",
    metadata,
    Column("record_id", BigInteger, primary_key=True, autoincrement=False),
    Column("connection_id", SERIAL, nullable=False),
    Column("object", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("again", Integer, nullable=False, default=0),  # golden moved while claimed: one follow-up
    Column("attempts", Integer, nullable=False, default=0),
    json("tried"),  # of a dead letter: the values it is about; the same are not sent again unasked
    time("next_at", null=False),
    time("lease_until"),
    Column("cause", Text),
    Column("code", Text),
    time("updated_at", null=False),
    Index(
        "ix_delivery_open",
        "connection_id",
        "lane",
        "next_at",
        sqlite_where=text("state <> 'done'"),
        postgresql_where=text("state <> 'done'"),
    ),
)

# The queue's state as above; step is the create's own: waiting | begun | bound | dropped | refused.
creation = Table(
    "creation",
    metadata,
    Column("customer_id", BigInteger, nullable=False),  # the home id it is made for
    Column("connection_id", SERIAL, nullable=False),
    Column("object", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("lane", Text, nullable=False),
    json("intent", null=False),
    Column("doubt", Boolean, nullable=False),
    Column("absent", Boolean),
    Column("marker", Text, nullable=False),
    Column("record_id", BigInteger),
    Column("attempts", Integer, nullable=False, default=0),
    Column("fence", Integer, nullable=False, default=0),
    time("call_ends_at"),
    time("settled_at"),
    time("next_at", null=False),
    time("lease_until"),
    Column("cause", Text),
    Column("code", Text),
    time("updated_at", null=False),
    PrimaryKeyConstraint("customer_id", "connection_id", "object"),
    Index(
        "ix_creation_open",
        "connection_id",
        "next_at",
        sqlite_where=text("state <> 'done'"),
        postgresql_where=text("state <> 'done'"),
    ),
)

# What a person took back of a run: while golden still has the value, the record keeps what stood there before.
undo = Table(
    "undo",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("run_id", SERIAL, nullable=False),
    Column("record_id", BigInteger, nullable=False, index=True),
    Column("connection_id", SERIAL, nullable=False),
    Column("object", Text, nullable=False),
    Column("path", Text, nullable=False),
    json("wrote", null=False),
    json("before", null=False),
    Column("by", Text, nullable=False),
    time("at", null=False),
    time("ended_at"),
)

# append-only: every answer of a remote to a write of ours
receipt = Table(
    "receipt",
    metadata,
    Column("id", SERIAL, primary_key=True),
    time("at", null=False),
    Column("connection_id", SERIAL, nullable=False),
    Column("object", Text, nullable=False),
    Column("external_id", Text),
    Column("record_id", BigInteger, index=True),
    Column("customer_id", BigInteger),
    Column("kind", Text, nullable=False),  # create | update
    Column("outcome", Text, nullable=False),
    json("wrote"),
    json("before"),
    Column("cause", Text),
)
