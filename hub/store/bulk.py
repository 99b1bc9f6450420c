"""Many rows in few statements, the way each database likes it (stack.md §3.2 and §8).

SQLite: the driver's executemany. PostgreSQL: COPY, and for an upsert COPY into a temporary table first. Rows are plain
tuples in the order of `columns`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Table, text

Row = Sequence[Any]


def insert(connection: Connection, table: Table, columns: Sequence[str], *, rows: Sequence[Row]) -> None:
    """Insert new rows; a key that exists is an IntegrityError."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_insert_sql(table, columns), list(rows))
    else:
        _copy(connection, table.name, columns, rows=rows)


def insert_missing(
    connection: Connection, table: Table, columns: Sequence[str], *, rows: Sequence[Row]
) -> None:
    """Insert rows; one whose key exists is left as it stands."""
    _insert_or(connection, table, columns, rows=rows, conflict="ON CONFLICT DO NOTHING")


def upsert(connection: Connection, table: Table, columns: Sequence[str], *, rows: Sequence[Row]) -> None:
    """Insert rows, or overwrite `columns` of the row with the same primary key. Keys are unique within `rows`."""
    keys = [column.name for column in table.primary_key.columns]
    names = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in keys)
    conflict = f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {names}"
    _insert_or(connection, table, columns, rows=rows, conflict=conflict)


def delete(connection: Connection, table: Table, columns: Sequence[str], *, rows: Sequence[Row]) -> None:
    """Delete the rows whose `columns` equal one of `rows`."""
    if not rows:
        return
    where = " AND ".join(f'"{name}" = :{name}' for name in columns)
    values = [dict(zip(columns, row, strict=True)) for row in rows]
    connection.execute(text(f"DELETE FROM {table.name} WHERE {where}"), values)


def among(connection: Connection, name: str) -> str:
    """SQL after a column: "is one of the values bound as :name". Bind `pack(connection, values)`."""
    if connection.dialect.name == "sqlite":
        return f"IN (SELECT value FROM json_each(:{name}))"
    return f"= ANY(:{name})"


def pack(connection: Connection, values: Iterable[Any]) -> Any:
    """The values for `among`: one bound parameter, however many they are."""
    listed = list(values)
    return orjson.dumps(listed).decode() if connection.dialect.name == "sqlite" else listed


def _insert_or(
    connection: Connection, table: Table, columns: Sequence[str], *, rows: Sequence[Row], conflict: str
) -> None:
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"{_insert_sql(table, columns)} {conflict}", list(rows))
        return
    names = _names(columns)
    staging = f"staging_{table.name}"
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {staging} (LIKE {table.name}) ON COMMIT DELETE ROWS"
    )
    connection.exec_driver_sql(
        "".join(
            f'ALTER TABLE {staging} ALTER COLUMN "{column.name}" DROP NOT NULL;'
            for column in table.columns
            if not column.nullable and column.name not in columns
        )
        or "SELECT 1"
    )
    _copy(connection, staging, columns, rows=rows)
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {staging} {conflict};DELETE FROM {staging}"
    )


def _copy(connection: Connection, name: str, columns: Sequence[str], *, rows: Sequence[Row]) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(f"COPY {name} ({_names(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _insert_sql(table: Table, columns: Sequence[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table.name} ({_names(columns)}) VALUES ({marks})"


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)
