"""Orders: one origin each, matched by reference only; whose they are is derived through the customer's record."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from hub.store.tables.base import SERIAL, json, metadata, time

order = Table(
    "order_document",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # the source record's id
    Column("connection_id", SERIAL, nullable=False),
    Column("external_id", Text, nullable=False),
    # the record of the system it was placed in; other records of it only say what became of it there
    Column("origin_id", BigInteger, nullable=False, index=True),
    Column("customer_ref", Text),  # external id of the customer in the same connection
    Column("customer_record_id", BigInteger, index=True),  # null: the order waits for its customer
    Column("placed_at", Text),
    Column("totals_difference", Text),  # not null: totals_mismatch, not pushed on
    Column("version", Integer, nullable=False),
    json("doc", null=False),
    time("updated_at", null=False),
    Index("ix_order_customer_ref", "connection_id", "customer_ref"),
)
