"""Who is the same: keys, scored pairs, decisions, and the cluster each record is in (DESIGN §4)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, Table, Text

from hub.store.tables.base import SERIAL, json, metadata, time

# narrow, so that looking for candidates never touches wide rows
identity = Table(
    "identity",
    metadata,
    Column("record_id", BigInteger, primary_key=True, autoincrement=False),
    Column("component", BigInteger, nullable=False, index=True),
    Column("customer_id", BigInteger, nullable=False, index=True),
    json("features", null=False),
    Column("tied_to", BigInteger),  # whose it is: the home id we made it for, or what people merged it into
)

match_key = Table(
    "match_key",
    metadata,
    Column("hash", BigInteger, nullable=False),
    Column("record_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("hash", "record_id"),
    sqlite_with_rowid=False,
)

# keys that more records hold than the match model's cap: they find nobody
common_key = Table(
    "common_key",
    metadata,
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# pairs that join or that a person is asked about, a < b
edge = Table(
    "edge",
    metadata,
    Column("a", BigInteger, nullable=False),
    Column("b", BigInteger, nullable=False),
    Column("points", Integer, nullable=False),
    PrimaryKeyConstraint("a", "b"),
    Index("ix_edge_b", "b"),
    sqlite_with_rowid=False,
)

# verdict: same | different; superseded, never overwritten
decision = Table(
    "decision",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("a", BigInteger, nullable=False, index=True),
    Column("b", BigInteger, nullable=False, index=True),
    Column("verdict", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text),
    time("at", null=False),
    time("superseded_at"),
    Column("superseded_by", SERIAL),
)

# a pair a steward put off, with the points it had: it is asked about again after `until`, or once its points changed
deferral = Table(
    "deferral",
    metadata,
    Column("a", BigInteger, nullable=False),
    Column("b", BigInteger, nullable=False),
    Column("points", Integer, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text),
    time("at", null=False),
    time("until", null=False),
    PrimaryKeyConstraint("a", "b"),
)
