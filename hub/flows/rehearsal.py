"""The store as it would become: everything runs for real against it, and nothing of it remains (`sync --dry-run`)."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text

from hub import guard
from hub.store.session import Database


@contextmanager
def rehearse(db: Database) -> Iterator[Database]:
    """A Database that sees what `db` holds and whose writes vanish.

    SQLite: a copy in a temporary folder. PostgreSQL: one transaction that is rolled back; it holds the matching
    lock, so
    other writers wait while a rehearsal runs.
    """
    if db.is_sqlite:
        with tempfile.TemporaryDirectory(prefix="hub-dry-run-") as folder:
            copy = Path(folder) / "copy.sqlite"
            _copy(db, copy)
            rehearsal = Database(f"sqlite:///{copy}")
            try:
                yield rehearsal
            finally:
                rehearsal.close()
        return
    with db.engine.connect() as connection:
        try:
            yield _Undone(db, connection)
        finally:
            connection.rollback()


def _copy(db: Database, target: Path) -> None:
    with db.engine.connect() as connection, sqlite3.connect(target) as copy:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.backup(copy)


class _Undone(Database):
    """All transactions as savepoints of one that is never committed."""

    def __init__(self, db: Database, connection: Connection) -> None:
        self.url, self.engine, self.is_sqlite = db.url, db.engine, False
        self._connection = connection
        connection.execute(text("SELECT 1"))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with guard.transaction():
            yield self._connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with guard.transaction(), self._connection.begin_nested():
            yield self._connection

    claim = write

    def close(self) -> None:
        """The outer transaction ends with the rehearsal."""
