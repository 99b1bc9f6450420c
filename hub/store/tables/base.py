"""Column kinds every table shares. Times are epoch seconds UTC; JSON is text, written by the flows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Double, Integer, MetaData, Text

metadata = MetaData()

# SQLite counts rows by itself only in a column that is exactly INTEGER.
SERIAL = BigInteger().with_variant(Integer(), "sqlite")


def time(name: str, *, null: bool = True) -> Column[Any]:
    """Epoch seconds UTC."""
    return Column(name, Double, nullable=null)


def json(name: str, *, null: bool = True) -> Column[Any]:
    """A JSON document as text."""
    return Column(name, Text, nullable=null)
