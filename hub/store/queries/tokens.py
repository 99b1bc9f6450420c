"""Tokens of the API: the rows by which they are known and proved."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, select, update

from hub.store.documents import dump, load
from hub.store.tables import api_token as table


class TokenRow(NamedTuple):
    """A token as stored. hash: SHA-256 of its text, in hex. Times: epoch seconds UTC."""

    id: int
    name: str
    key: str
    hash: str
    scopes: tuple[str, ...]
    per_minute: int
    created_by: str
    created_at: float
    expires_at: float | None
    used_at: float | None
    revoked_at: float | None
    revoked_by: str | None

    def in_force(self, now: float) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def insert(conn: Connection, *, scopes: tuple[str, ...], **values: Any) -> None:
    """A new token; `values`: the other columns of TokenRow that a new one has."""
    conn.execute(table.insert().values(scopes=dump(scopes), **values))


def by_key(conn: Connection, key: str) -> TokenRow | None:
    """The token with this public part, in force or not."""
    found = conn.execute(select(table).where(table.c.key == key)).first()
    return _row(found) if found else None


def rows(conn: Connection) -> list[TokenRow]:
    """Every token there ever was, the newest first."""
    return [_row(found) for found in conn.execute(select(table).order_by(table.c.id.desc()))]


def revoke(conn: Connection, id: int, *, by: str, now: float) -> None:
    """It opens nothing any more."""
    conn.execute(update(table).where(table.c.id == id).values(revoked_at=now, revoked_by=by))


def used(conn: Connection, id: int, *, now: float) -> None:
    """Note that it was used."""
    conn.execute(update(table).where(table.c.id == id).values(used_at=now))


def _row(found: Any) -> TokenRow:
    values = found._asdict()
    return TokenRow(**{**values, "scopes": tuple(load(values["scopes"]))})
