"""Which schema a store has, and which it should have; without the cost of the migration tool."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

_VERSIONS = Path(__file__).resolve().parent.parent / "migrations" / "versions"


def version(conn: Connection) -> str | None:
    """The store's schema, None for a store that was never set up."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    found = conn.scalar(text("SELECT version_num FROM alembic_version"))
    return str(found) if found else None


def newest() -> str:
    """The schema this program works with: the number that begins the last migration's file name."""
    return max(file.name.partition("_")[0] for file in _VERSIONS.glob("[0-9]*_*.py"))
