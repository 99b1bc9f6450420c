"""Databases for the tests: each test that asks for `db` or `db_url` runs on SQLite and on PostgreSQL, on a fresh one.

`db_url`  the URL of a fresh, migrated database          `db`        a `hub.store.session.Database` on it
`blank_db_url`  the URL of a fresh database with nothing in it (for the migrations themselves)
"""

from __future__ import annotations

import itertools
import logging
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import postgres_server
import pytest

KINDS = ("sqlite", "postgres")
REQUIRE_POSTGRES = bool(os.environ.get("CI")) or os.environ.get("HUB_TEST_REQUIRE_POSTGRES") == "1"
_ran: Counter[str] = Counter()

# A developer's own HUB_* must not decide what a test sees; the processes that tests start inherit this too.
for _name in [n for n in os.environ if n.startswith("HUB_") and not n.startswith("HUB_TEST_")]:
    del os.environ[_name]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from hub.store import migrate

    file = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    migrate.upgrade(f"sqlite:///{file}")
    _fold_wal(file)
    return file


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The server all PostgreSQL tests share. Skips them if there is none, fails them where one is required."""
    try:
        with postgres_server.server() as url, PostgresServer(url) as server:
            yield server
    except postgres_server.NoPostgres as error:
        if REQUIRE_POSTGRES:
            pytest.fail(f"PostgreSQL is required here, and cannot be had: {error}", pytrace=False)
        pytest.skip(f"no PostgreSQL: {error}")


@pytest.fixture(params=KINDS)
def db_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from _fresh(request, tmp_path, migrated=True)


@pytest.fixture(params=KINDS)
def blank_db_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from _fresh(request, tmp_path, migrated=False)


@pytest.fixture
def db(db_url: str) -> Iterator[Any]:
    from hub.store.session import Database

    database = Database(db_url)
    try:
        yield database
    finally:
        database.close()


@pytest.fixture
def unconfigured_logging() -> Iterator[None]:
    """Give the test a process whose logging nobody set up (pytest's own handlers off), and put all back after."""
    import logging

    root = logging.getLogger()
    before = root.handlers[:], root.level
    root.handlers.clear()
    try:
        yield
    finally:
        root.handlers[:], level = before
        root.setLevel(level)


_LEVELS = {name: logging.getLogger(name).level for name in ("", "urllib3", "werkzeug", "alembic", "rq")}


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command run in this process, also by a fixture of the session, sets logging up; no test inherits its handler or
    its levels."""
    _reset_logging()
    yield
    _reset_logging()


def _reset_logging() -> None:
    root = logging.getLogger()
    for handler in [one for one in root.handlers if type(one.formatter).__name__ == "CleanFormatter"]:
        root.removeHandler(handler)
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
    for name, found in logging.Logger.manager.loggerDict.items():
        if name.startswith("hub.") and isinstance(found, logging.Logger):
            found.disabled = False  # a server that sets logging up for its process silences all others


class PostgresServer:
    """Makes and drops databases; a migrated one is copied from a template, much faster than migrating each."""

    def __init__(self, url: str) -> None:
        import psycopg
        from sqlalchemy.engine import make_url

        self._url = make_url(url)
        self._prefix = f"hub_test_{os.getpid()}"
        self._numbers = itertools.count()
        self._template: str | None = None
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = psycopg.connect(plain, autocommit=True)

    def __enter__(self) -> PostgresServer:
        return self

    def __exit__(self, *_: object) -> None:
        if self._template:
            self.drop(self._template)
        self._connection.close()

    def url(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def create(self, *, migrated: bool) -> str:
        """The name of a fresh database."""
        name = f"{self._prefix}_{next(self._numbers)}"
        if not migrated:
            self._connection.execute(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'")
            return name
        how = "STRATEGY file_copy" if self._connection.info.server_version >= 150000 else ""
        self._connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{self._migrated()}" {how}')
        return name

    def copy(self, template: str) -> str:
        """The name of a fresh database that holds what another one holds; nobody may be connected to that."""
        name = f"{self._prefix}_{next(self._numbers)}"
        self._connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop(self, name: str) -> None:
        self._connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _migrated(self) -> str:
        if self._template is None:
            from hub.store import migrate

            name = self.create(migrated=False)
            migrate.upgrade(self.url(name))
            self._template = name
        return self._template


def _fresh(request: pytest.FixtureRequest, folder: Path, *, migrated: bool) -> Iterator[str]:
    kind: str = request.param
    if kind == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        name = server.create(migrated=migrated)
        _ran[kind] += 1
        try:
            yield server.url(name)
        finally:
            server.drop(name)
        return
    file = folder / "hub.sqlite"
    if migrated:
        shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
    _ran[kind] += 1
    yield f"sqlite:///{file}"


def _fold_wal(file: Path) -> None:
    """Bring the log into the file, so that a copy of the file alone is whole."""
    import sqlite3

    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    """One of several test processes (pytest-xdist) has ended: what it counted counts here."""
    for kind, count in getattr(node, "workeroutput", {}).get("databases", {}).items():
        _ran[kind] += count


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _ran:
        counts = ", ".join(f"{kind} {_ran[kind]}" for kind in KINDS)
        terminalreporter.write_line(f"databases handed to tests: {counts}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where PostgreSQL is required, a run that used SQLite only is no run (unless its tests were picked by hand)."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["databases"] = dict(_ran)
        return
    picked: Callable[[str], Any] = session.config.getoption
    if (
        REQUIRE_POSTGRES
        and _ran["sqlite"]
        and not _ran["postgres"]
        and not (picked("keyword") or picked("markexpr"))
    ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
