"""The tests' own databases: each test gets a fresh, migrated one of each kind."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text


@pytest.mark.parametrize("time", ["first", "second"])
def test_each_test_gets_a_fresh_one(db: Any, time: str) -> None:
    with db.write() as connection:
        assert connection.execute(text("SELECT count(*) FROM heartbeat")).scalar_one() == 0
        connection.execute(
            text("INSERT INTO heartbeat (name, kind, at) VALUES (:name, 'test', 1.5)"), {"name": time}
        )
    with db.read() as connection:
        assert connection.execute(text("SELECT name FROM heartbeat")).scalar_one() == time


def test_it_is_of_the_kind_it_says(db_url: str, request: pytest.FixtureRequest) -> None:
    kind = request.node.callspec.params["db_url"]
    engine = create_engine(db_url)
    assert engine.dialect.name == {"sqlite": "sqlite", "postgres": "postgresql"}[kind]
    assert "source_record" in inspect(engine).get_table_names()
    engine.dispose()


def test_a_blank_one_is_blank(blank_db_url: str) -> None:
    engine = create_engine(blank_db_url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_transaction_of_bulk_rows_alone_is_committed(db: Any) -> None:
    """On PostgreSQL they go by the driver's COPY, which SQLAlchemy does not see."""
    from hub.store import bulk
    from hub.store.tables import counter

    with db.claim() as conn:
        bulk.insert(conn, counter, ("name", "value"), rows=[("a", 1), ("b", 2)])
    with db.read() as conn:
        assert len(conn.execute(counter.select()).all()) == 2
