"""Connections to the store: SQLite (embedded default) and PostgreSQL, with the one lock the flows need.

A write takes the hub's matching lock for its whole transaction (DESIGN §8): `BEGIN IMMEDIATE` on SQLite, an advisory
transaction lock on PostgreSQL. `db.claim()` is a write without that lock, for the rows of jobs.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import OperationalError

from hub import guard
from hub.errors import StoreFull

_MATCHING_LOCK = 0x6372_6D68_7562  # any constant: one lock per database
_BUSY_SECONDS = 30
_LOOK_EVERY = 0.004  # seconds
_pause = threading.Event()  # never set
_FULL = ("database or disk is full", "disk i/o error", "no space left", "disk full")


class Database:
    """One store, by URL. Build one per process (engines do not survive a fork); `close()` ends it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine: Engine = _engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one consistent state and writes nothing."""
        with guard.transaction(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction under the matching lock; commits at the end, rolls back on any error. Raises StoreFull."""
        with guard.transaction(), _full_disk_named(), self.engine.connect() as connection:
            self._begin(connection)
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MATCHING_LOCK})
            yield connection
            connection.commit()

    @contextmanager
    def claim(self) -> Iterator[Connection]:
        """One short transaction on job rows, without the matching lock."""
        with guard.transaction(), _full_disk_named(), self.engine.connect() as connection:
            self._begin(connection)
            yield connection
            connection.commit()

    def analyse(self) -> None:
        """Tell PostgreSQL's planner how the tables grew; a first load outruns its own housekeeping."""
        if not self.is_sqlite:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("ANALYZE")
                connection.commit()

    def _begin(self, connection: Connection) -> None:
        connection.begin()  # what goes by the driver alone (COPY) is committed as well
        if self.is_sqlite:
            _begin_immediate(connection)

    def close(self) -> None:
        self.engine.dispose()


def _begin_immediate(connection: Connection) -> None:
    """Become the one writer, asking every few milliseconds: the driver's own waiting sleeps a tenth of a second at a
    time, and through the gaps that a bulk writer leaves."""
    driver: Any = connection.connection.driver_connection
    ends = time.monotonic() + _BUSY_SECONDS
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while time.monotonic() < ends:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
                _pause.wait(_LOOK_EVERY)
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # for its error
    finally:
        driver.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")


@contextmanager
def _full_disk_named() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if any(sign in str(error.orig).lower() for sign in _FULL):
            raise StoreFull(
                "The store has no room left; this page was not taken, nothing of it was written.",
                cause=str(error.orig),
                fix="Free space on the disk of the database, then run the sync again: it resumes where it stopped.",
            ) from error
        raise


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False})
        event.listen(engine, "connect", _tune_sqlite)
        return engine
    if url.startswith("postgresql://"):
        url = "postgresql+psycopg://" + url.removeprefix("postgresql://")
    return create_engine(url, pool_pre_ping=True)


def _tune_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN is deferred and loses to a second writer (stack.md §3.2): we begin ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "page_size=16384",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "cache_size=-65536",
        "mmap_size=0",
        "foreign_keys=ON",
        "wal_autocheckpoint=8000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
