"""What the remotes said, and how far each of their records agrees with the hub (sync.md, "State of a binding")."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from hub.store.tables.base import SERIAL, json, metadata, time

# id is also the home id: the customer id minted for this record when it first came (DESIGN §4)
source_record = Table(
    "source_record",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("connection_id", SERIAL, nullable=False),
    Column("object", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("digest", LargeBinary(16)),  # of the last reading taken; null makes the next one count as new
    Column("map_id", Integer, nullable=False),
    time("first_seen", null=False),
    time("read_at", null=False),
    time("gone_at"),
    json("raw", null=False),
    UniqueConstraint("connection_id", "object", "external_id", "part"),
)

binding = Table(
    "binding",
    metadata,
    Column("record_id", BigInteger, primary_key=True, autoincrement=False),
    json("seen", null=False),
    json("sent"),  # null: every field as contributed
    json("contribution", null=False),
    Column("version", Text),
    Column("created_for", BigInteger),
    time("settled_at", null=False),
    json("intent"),
    Column("doubt", Boolean),
    time("call_ends_at"),
    Column("refused", Boolean),
    json("suspects"),
    json("echoes"),
    json("before"),
    time("lease_until"),
    Column("fence", Integer),
    Column("reread", Boolean),
    Column("gone", Boolean),
    json("former"),  # what edits replaced: still evidence of who this is
)

# records to read again once what blocked them has settled (sync.md R1, R2, R5)
reread = Table(
    "reread",
    metadata,
    Column("connection_id", SERIAL, nullable=False),
    Column("object", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("why", Text, nullable=False),
    time("since", null=False),
    PrimaryKeyConstraint("connection_id", "object", "external_id"),
)
