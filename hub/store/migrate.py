"""Bring a store to the newest schema, from empty or from any earlier version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from hub.store.session import Database

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(url: str) -> None:
    """Create or migrate the store behind `url`; harmless when it is up to date."""
    database = Database(url)
    try:
        with database.engine.connect() as connection:
            command.upgrade(_config(connection), "head")
    finally:
        database.close()


def _config(connection: object) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config
