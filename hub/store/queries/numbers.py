"""Numbers handed out by the store: record ids and the change feed's sequence."""

from __future__ import annotations

from sqlalchemy import Connection, text

_EPOCH_MS = 1_735_689_600_000  # 2025-01-01, so that ids stay short for long
_SHIFT = 20


def record_ids(connection: Connection, count: int, *, now: float) -> range:
    """`count` new record ids, sortable by time. Call under the matching lock.

    Milliseconds shifted left leave room for a million ids in one of them; the counter keeps them growing whatever the
    clock does.
    """
    clock = max(0, int(now * 1000) - _EPOCH_MS) << _SHIFT
    last = connection.scalar(text("SELECT value FROM counter WHERE name = 'record'")) or 0
    first = max(last + 1, clock)
    _put(connection, "record", first + count - 1)
    return range(first, first + count)


def minted_ms(id: int) -> int:
    """When a record id was handed out: epoch milliseconds."""
    return (id >> _SHIFT) + _EPOCH_MS


def feed_numbers(connection: Connection, count: int) -> range:
    """`count` new feed numbers. Must be the last statement but the feed's own insert: the row stays locked to
    commit."""
    connection.execute(
        text(
            "INSERT INTO counter (name, value) VALUES ('feed', :count) "
            "ON CONFLICT (name) DO UPDATE SET value = counter.value + :count"
        ),
        {"count": count},
    )
    last = connection.scalar(text("SELECT value FROM counter WHERE name = 'feed'"))
    return range(last - count + 1, last + 1)


def _put(connection: Connection, name: str, value: int) -> None:
    connection.execute(
        text(
            "INSERT INTO counter (name, value) VALUES (:name, :value) "
            "ON CONFLICT (name) DO UPDATE SET value = :value"
        ),
        {"name": name, "value": value},
    )
