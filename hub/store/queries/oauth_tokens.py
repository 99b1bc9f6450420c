"""Tokens of connections at their authorisation servers, encrypted; and people on their way there and back."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update

from hub.store.tables import oauth_token as tokens
from hub.store.tables import oauth_visit as visits


class Visit(NamedTuple):
    """Somebody who was sent to say yes for a connection. expires_at: epoch seconds."""

    connection: str
    secret: str
    redirect_uri: str
    by: str
    expires_at: float


def get(conn: Connection, connection: str) -> str | None:
    """The encrypted tokens of a connection."""
    found: str | None = conn.scalar(select(tokens.c.secret).where(tokens.c.connection == connection))
    return found


def held(conn: Connection, connection: str) -> str | None:
    """As `get`, for who will change them in this transaction: others that would wait for its end."""
    query = select(tokens.c.secret).where(tokens.c.connection == connection).with_for_update()
    found: str | None = conn.scalar(query)
    return found


def change(conn: Connection, connection: str, secret: str, *, now: float) -> None:
    """Store others in their place. The caller holds them."""
    values = {"secret": secret, "updated_at": now}
    conn.execute(update(tokens).where(tokens.c.connection == connection).values(values))


def insert(conn: Connection, connection: str, secret: str, *, now: float) -> None:
    """Store the first ones. Raises IntegrityError if somebody was faster."""
    conn.execute(tokens.insert().values(connection=connection, secret=secret, updated_at=now))


def forget(conn: Connection, connection: str) -> None:
    conn.execute(delete(tokens).where(tokens.c.connection == connection))


def depart(conn: Connection, state: str, visit: Visit, *, now: float) -> None:
    """Note a departure; those that never came back are cleared away."""
    conn.execute(delete(visits).where(visits.c.expires_at < now))
    conn.execute(visits.insert().values(state=state, **visit._asdict()))


def arrive(conn: Connection, state: str) -> Visit | None:
    """Who left with this state (its SHA-256); once only."""
    found = conn.execute(select(visits).where(visits.c.state == state)).first()
    if found is None:
        return None
    conn.execute(delete(visits).where(visits.c.state == state))
    values = found._asdict()
    values.pop("state")
    return Visit(**values)
