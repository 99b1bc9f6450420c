"""A synced hub with a token for each need, on both databases, and a client that sends it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest_cli import lay_out

from hub import settings
from hub.cli.root import run
from hub.flows import tokens
from hub.store.session import Database
from hub.web import create_app

SCOPES = ("read", "write", "export", "review")


class Api:
    """The API of one hub, asked with a token of all scopes unless another is given."""

    def __init__(self, home: Path, db: Database) -> None:
        self.home, self.db = home, db
        self.app = create_app(settings.load(home))
        self.client = self.app.test_client()
        self.token = self.make("all", *SCOPES)

    def make(self, name: str, *scopes: str, **options: Any) -> str:
        return tokens.add(self.db, name, scopes=scopes, by="test", now=time.time(), **options)

    def ask(self, path: str, *, method: str = "GET", token: str | None = "", **options: Any) -> Any:
        """token: "" = the one of all scopes, None = none."""
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token or self.token}"
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **options)

    def patch(self, id: str, fields: dict[str, Any], **options: Any) -> Any:
        return self.ask(f"/customers/{id}", method="PATCH", json={"fields": fields}, **options)

    def id(self, external_id: str, connection: str = "crm") -> str:
        """Our id of the customer of a record."""
        query = {"connection": connection, "external_id": external_id}
        (found,) = self.ask("/customers", query_string=query).json["customers"]
        return str(found["id"])


@pytest.fixture(scope="session")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes a synced home on a store: crm 1 and kunden A1 are one Ann, who has an order."""

    def make(url: str) -> Path:
        home = tmp_path_factory.mktemp("api") / "home"
        assert run(["init", str(home)]) == 0
        file = lay_out(home)
        if url:
            (home / "hub.toml").write_text(f'database_url = "{url}"\n', encoding="utf-8")
            assert run(["init", str(home)]) == 0
        assert run(["--home", str(home), "apply", str(file)]) == 0
        assert run(["--home", str(home), "sync"]) == 0
        return home

    return make


@pytest.fixture(scope="session")
def on_sqlite(synced: Callable[[str], Path]) -> Path:
    return synced("")


@pytest.fixture(scope="session")
def on_postgres(synced: Callable[[str], Path], postgres: Any) -> Iterator[tuple[Path, str]]:
    name = postgres.create(migrated=False)
    yield synced(postgres.url(name)), name
    postgres.drop(name)


@pytest.fixture(params=("sqlite", "postgres"))
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Api]:
    """A hub of its own for each test, on both databases."""
    if request.param == "sqlite":
        yield from _of(request.getfixturevalue("on_sqlite"), tmp_path)
        return
    home, template = request.getfixturevalue("on_postgres")
    server = request.getfixturevalue("postgres")
    name = server.copy(template)
    try:
        yield from _of(home, tmp_path, url=server.url(name))
    finally:
        server.drop(name)


@pytest.fixture(scope="session")
def still(on_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One hub for all the tests that only ask."""
    yield from _of(on_sqlite, tmp_path_factory.mktemp("still"))


def _of(template: Path, folder: Path, url: str | None = None) -> Iterator[Api]:
    home = folder / "home"
    shutil.copytree(template, home)
    if url is not None:
        (home / "hub.toml").write_text(f'database_url = "{url}"\n', encoding="utf-8")
    db = Database(url or settings.load(home).database_url)
    made = Api(home, db)
    try:
        yield made
    finally:
        db.close()
        if (own := made.app.extensions.get("hub.store")) is not None:
            own.close()
