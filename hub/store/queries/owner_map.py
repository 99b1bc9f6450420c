"""People of ours as each system told them: kept from pull to pull."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select, update

from hub.store.tables import connection as connection_table
from hub.store.tables import owner_map

Person = tuple[str, str | None, str | None]


def rows(conn: Connection) -> dict[int, list[Person]]:
    """(id there, name, e-mail) of each, by connection."""
    found: dict[int, list[Person]] = {}
    for row in conn.execute(select(owner_map)):
        found.setdefault(row.connection_id, []).append((row.external_id, row.name, row.email))
    return found


def put(conn: Connection, connection_id: int, people: Iterable[Person], *, now: float) -> None:
    """Keep exactly these of a connection, which is then `behind` (flows/catching_up.py)."""
    conn.execute(delete(owner_map).where(owner_map.c.connection_id == connection_id))
    for id, name, email in people:
        row = {"connection_id": connection_id, "external_id": id, "name": name, "email": email}
        conn.execute(owner_map.insert().values(**row))
    mine = connection_table.c.id == connection_id
    conn.execute(update(connection_table).where(mine).values(behind=now))
