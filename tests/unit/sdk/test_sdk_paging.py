"""Each helper against lists that misbehave: nothing lost, nothing endless."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ConnectionBroken, RetryLater
from hub.sdk.paging import by_keyset, by_position, by_time, by_token, next_link

Row = tuple[int, int]  # (time, id)


def rows_of(batches: Iterator[list[Any]]) -> list[Any]:
    result: list[Any] = []
    for number, batch in enumerate(batches):
        assert batch, "an empty page is no page"
        assert number < 10_000, "endless"
        result.extend(batch)
    return result


def listing(times: list[int]) -> list[Row]:
    return sorted((time, number) for number, time in enumerate(times))


def timed(rows: list[Row], size: int) -> Callable[[int | None, int], list[Row]]:
    def fetch(since: int | None, skip: int) -> list[Row]:
        chosen = [row for row in sorted(rows) if since is None or row[0] >= since]
        return chosen[skip : skip + size]

    return fetch


@given(st.lists(st.integers(0, 6), max_size=40), st.integers(1, 7))
def test_keyset_brings_each_row_once(times: list[int], size: int) -> None:
    rows = listing(times)
    got = rows_of(
        by_keyset(
            lambda after: [row for row in rows if after is None or row > after][:size], key=lambda row: row
        )
    )
    assert got == rows


@given(st.lists(st.integers(0, 6), max_size=40), st.integers(2, 7), st.none() | st.integers(0, 6))
def test_time_brings_every_row_however_many_ties(times: list[int], size: int, since: int | None) -> None:
    rows = listing(times)
    got = rows_of(by_time(timed(rows, size), moment=lambda row: row[0], since=since))
    assert set(got) == {row for row in rows if since is None or row[0] >= since}
    assert len(got) <= 2 * len(rows) + 1, "rows come again and again"


@given(st.data(), st.lists(st.integers(0, 4), min_size=1, max_size=25), st.integers(2, 6))
def test_time_loses_no_row_while_rows_are_edited(data: st.DataObject, times: list[int], size: int) -> None:
    rows = listing(times)
    edits = [6]
    honest = timed(rows, size)

    def fetch(since: int | None, skip: int) -> list[Row]:
        page = honest(since, skip)
        if edits[0] and data.draw(st.booleans()):
            edits[0] -= 1
            place = data.draw(st.integers(0, len(rows) - 1))
            rows[place] = (10 - edits[0], rows[place][1])
        return page

    got = rows_of(by_time(fetch, moment=lambda row: row[0]))
    assert {number for _, number in got} == set(range(len(times)))


def test_time_tells_a_remote_that_does_not_heed_the_position() -> None:
    with pytest.raises(ConnectionBroken, match="circle"):
        rows_of(by_time(lambda since, skip: [(5, 1), (5, 2)], moment=lambda r: r[0]))


def test_time_gives_up_on_a_moment_that_never_rests() -> None:
    calls = iter(range(1000))

    def fetch(since: int | None, skip: int) -> list[Row]:
        number = next(calls)
        return [(5, number), (5, number + 1000)]

    with pytest.raises(RetryLater, match="kept moving"):
        rows_of(by_time(fetch, moment=lambda row: row[0]))


def test_keyset_that_does_not_advance() -> None:
    with pytest.raises(ConnectionBroken, match="circle"):
        rows_of(by_keyset(lambda after: [1, 2, 3], key=lambda row: row))
    with pytest.raises(ConnectionBroken, match="circle"):
        rows_of(by_keyset(lambda after: [3] if after is None else [2], key=lambda row: row))


def test_tokens_walk_over_empty_pages_and_stop() -> None:
    pages = {None: ([1], "a"), "a": ([], "b"), "b": ([2, 3], "c"), "c": ([], "")}
    assert rows_of(by_token(lambda token: pages[token])) == [1, 2, 3]
    assert rows_of(by_token(lambda token: pages[token], token="b")) == [2, 3]


@pytest.mark.parametrize(
    "pages",
    [
        {None: ([1], "a"), "a": ([2], "a")},
        {None: ([1], "a"), "a": ([2], "b"), "b": ([3], "a")},
        {None: ([], "a"), "a": ([], "b"), "b": ([], "b")},
    ],
)
def test_a_token_seen_before_is_a_circle(pages: dict[Any, Any]) -> None:
    with pytest.raises(ConnectionBroken, match="same page token twice"):
        rows_of(by_token(lambda token: pages[token]))


@given(st.integers(0, 30), st.integers(2, 6))
def test_position_brings_each_row_once_when_nothing_moves(many: int, size: int) -> None:
    rows = list(range(many))
    got = rows_of(
        by_position(lambda position: rows[position : position + size], size=size, identity=lambda row: row)
    )
    assert got == rows


@pytest.mark.parametrize("when", [1, 2, 3])
@pytest.mark.parametrize("place", [0, 1, 4])
def test_position_loses_nothing_when_rows_before_it_vanish(when: int, place: int) -> None:
    rows = list(range(12))
    calls = [0]

    def fetch(position: int) -> list[int]:
        calls[0] += 1
        page = rows[position : position + 3]
        if calls[0] == when:
            rows.append(rows.pop(place))  # edited: it goes to the end
        return page

    got = rows_of(by_position(fetch, size=3, identity=lambda row: row))
    assert set(got) == set(range(12))


def test_position_gives_up_on_a_list_that_never_rests() -> None:
    rows = list(range(20))

    def fetch(position: int) -> list[int]:
        page = rows[position : position + 3]
        rows.append(rows.pop(0))
        return page

    with pytest.raises(RetryLater, match="kept moving"):
        rows_of(by_position(fetch, size=3, identity=lambda row: row))


def test_position_ends_where_the_last_page_is_repeated() -> None:
    rows = list(range(7))

    def clamped(position: int) -> list[int]:
        return rows[min(position, 4) : min(position, 4) + 3]

    assert set(rows_of(by_position(clamped, size=3, identity=lambda row: row))) == set(rows)


def test_position_that_is_not_heeded_is_a_circle() -> None:
    with pytest.raises(ConnectionBroken, match="repeats the first"):
        rows_of(by_position(lambda position: [1, 2, 3], size=3, identity=lambda row: row))


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ('<https://x/a?page=2>; rel="next"', "https://x/a?page=2"),
        (
            '<https://x/a?p=1>; rel="prev", <https://x/a?ids=1,2&p=3>; rel="next"; title="x"',
            "https://x/a?ids=1,2&p=3",
        ),
        ("<https://x/a>; rel=next", "https://x/a"),
        ('<https://x/a>; rel="last"', None),
        ("rubbish, more", None),
        (None, None),
    ],
)
def test_next_link(header: str | None, target: str | None) -> None:
    assert next_link(header) == target
