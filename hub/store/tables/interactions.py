"""Interactions: what was said or done between us and somebody; whose they are is derived through the customer's
record."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from hub.store.tables.base import SERIAL, json, metadata, time

interaction = Table(
    "interaction_document",
    metadata,
    # the source record's id; of one that we send: minted when it was asked for, and what its create is made for
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("connection_id", SERIAL, nullable=False),
    Column("record_id", BigInteger, unique=True),  # null: of ours, and not sent yet
    Column("external_id", Text),
    Column("direction", Text, nullable=False),
    Column("customer_ref", Text),  # external id of the person in the same connection
    Column("customer_record_id", BigInteger),  # null: nobody, or somebody who has not come yet
    time("occurred_at", null=False),  # of one that is not sent: when it was asked for
    time("gone_at"),  # deleted there
    Column("version", Integer, nullable=False),
    json("doc", null=False),
    Column("asked_by", Text),  # of ours: who wants it sent
    Column("asked_as", Text),  # of ours: the asker's own key, so that asking twice sends once
    time("updated_at", null=False),
    Index("ix_interaction_person", "customer_record_id", "occurred_at", "id"),
    Index("ix_interaction_ref", "connection_id", "customer_ref"),
    Index("ix_interaction_external", "connection_id", "external_id"),
    Index("ix_interaction_asked", "connection_id", "asked_as", unique=True),
)
