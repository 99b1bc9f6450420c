"""The change feed: no gap, no repeat, no commit missed, under writers that commit at the same time (DESIGN §5)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from flows.feed_race import Race, faults, race

from hub.errors import Gone
from hub.flows import feed
from hub.store.queries.customers import FeedRow, append_feed
from hub.store.session import Database

SECONDS = {True: 4.0, False: 8.0}  # on SQLite; on PostgreSQL


def put(db: Database, count: int, *, at: float = 1000.0) -> None:
    with db.write() as conn:
        append_feed(conn, [FeedRow(n + 1, "ADDED") for n in range(count)], now=at)


def test_four_writers_and_a_reader(db: Database) -> None:
    def read(cursor: int) -> tuple[list[tuple[int, int, str]], int]:
        found = feed.read(db, cursor, limit=40)
        return [(one.seq, one.customer_id, one.kind) for one in found.changes], found.next

    result = race(db.url, SECONDS[db.is_sqlite], read=read)
    assert faults(result) == []
    assert all(result.committed)
    assert result.polls > 10


def test_the_race_sees_what_is_wrong() -> None:
    """A test that cannot fail proves nothing."""
    one, two = (1 << 40, "ADDED"), ((1 << 40) + 1, "CHANGED")
    right = Race([[one, two]], [(1, *one), (2, *two)], 1, 1)
    assert faults(right) == []
    for read in (
        [(1, *one)],
        [(1, *one), (3, *two)],
        [(1, *one), (1, *one), (2, *two)],
        [(1, *two), (2, *one)],
    ):
        assert faults(right._replace(read=read)), read


def test_a_reader_goes_on_from_where_it_was(db: Database) -> None:
    assert feed.read(db, 0, limit=10) == feed.Changes([], 0, 0)
    put(db, 7)
    first = feed.read(db, 0, limit=5)
    assert ([one.seq for one in first.changes], first.next, first.latest) == ([1, 2, 3, 4, 5], 5, 7)
    second = feed.read(db, first.next, limit=5)
    assert ([one.seq for one in second.changes], second.next) == ([6, 7], 7)
    assert feed.read(db, 7, limit=5) == feed.Changes([], 7, 7)


def test_what_was_rolled_back_leaves_no_hole(db: Database) -> None:
    put(db, 2)
    with pytest.raises(ZeroDivisionError), db.write() as conn:
        append_feed(conn, [FeedRow(9, "CHANGED")], now=0.0)
        raise ZeroDivisionError
    put(db, 1)
    assert [one.seq for one in feed.read(db, 0, limit=9).changes] == [1, 2, 3]


def test_a_cursor_older_than_the_feed_is_told_so_never_skipped(db: Database) -> None:
    put(db, 4, at=100.0)
    put(db, 3, at=200.0)
    assert feed.trim(db, before=150.0) == 4
    for cursor in (0, 1, 3):
        with pytest.raises(Gone, match="no longer") as raised:
            feed.read(db, cursor, limit=10)
        assert "exports/customers" in str(raised.value.fix)
    assert [one.seq for one in feed.read(db, 4, limit=10).changes] == [5, 6, 7]
    assert feed.trim(db, before=1000.0) == 3
    with pytest.raises(Gone, match="no longer"):
        feed.read(db, 6, limit=10)
    assert feed.read(db, 7, limit=10) == feed.Changes([], 7, 7)
    put(db, 1)
    assert [one.seq for one in feed.read(db, 7, limit=10).changes] == [8]


def test_a_cursor_of_another_hub_is_told_so(db: Database) -> None:
    put(db, 2)
    with pytest.raises(Gone, match="has not come to 3"):
        feed.read(db, 3, limit=10)


def test_trimming_takes_from_the_beginning_only(db: Database) -> None:
    """A row with an older time behind a newer one (clocks) stays until all before it may go."""
    put(db, 2, at=100.0)
    put(db, 2, at=300.0)
    put(db, 2, at=100.0)
    assert feed.trim(db, before=200.0) == 2
    assert [one.seq for one in feed.read(db, 2, limit=10).changes] == [3, 4, 5, 6]


def test_any_interleaving_of_reading_and_trimming_is_whole_or_gone(tmp_path: Path, db: Database) -> None:
    chance = random.Random(7)
    cursor, expected = 0, 1
    for step in range(60):
        act = chance.choice(("put", "put", "read", "trim"))
        if act == "put":
            put(db, chance.randint(1, 5), at=float(step))
        elif act == "trim":
            feed.trim(db, before=float(step - chance.randint(5, 30)))
        else:
            try:
                found = feed.read(db, cursor, limit=chance.randint(1, 8))
            except Gone:
                cursor = feed.latest(db)
                expected = cursor + 1
                continue
            assert [one.seq for one in found.changes] == list(range(expected, expected + len(found.changes)))
            cursor, expected = found.next, found.next + 1


def test_the_upkeep_trims(monkeypatch: pytest.MonkeyPatch, db: Database, tmp_path: Path) -> None:
    import time
    from contextlib import contextmanager
    from types import SimpleNamespace

    from hub.settings import Settings
    from jobs import upkeep

    put(db, 3, at=time.time() - 3 * 86400)
    put(db, 2, at=time.time())
    settings = Settings(home=tmp_path, feed_days=2)

    @contextmanager
    def bench():  # type: ignore[no-untyped-def]
        yield SimpleNamespace(db=db, settings=settings)

    monkeypatch.setattr(upkeep, "bench", bench)
    upkeep.run("sweep", "bulk")
    assert [one.seq for one in feed.read(db, 3, limit=10).changes] == [4, 5]
