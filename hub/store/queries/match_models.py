"""The numbered match models of this hub, newest last; the shipped one has no row."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, func, select

from hub.store.tables import match_model


class ModelRow(NamedTuple):
    """A stored model. model: JSON text of the dictionary it was made from; created_at: epoch seconds."""

    number: int
    model: str
    created_at: float


def newest(conn: Connection) -> int | None:
    """The number of the newest stored model, None while only the shipped one is there."""
    found: int | None = conn.scalar(select(func.max(match_model.c.number)))
    return found


def get(conn: Connection, number: int) -> ModelRow | None:
    """One model by its number."""
    row = conn.execute(select(match_model).where(match_model.c.number == number)).first()
    return None if row is None else ModelRow(row.number, row.model, row.created_at)


def every(conn: Connection) -> list[ModelRow]:
    """All stored models, the oldest first."""
    rows = conn.execute(select(match_model).order_by(match_model.c.number))
    return [ModelRow(row.number, row.model, row.created_at) for row in rows]


def insert(conn: Connection, number: int, model: str, *, now: float) -> None:
    """Add a model; an existing number is an IntegrityError."""
    conn.execute(match_model.insert().values(number=number, model=model, created_at=now))
