"""Walking a list that moves, against a list in memory with the API's manners."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest

from connectors.oscar.rest import Listing, identity, linked_id
from connectors.oscar.walk import Walk
from hub.errors import ConnectionBroken, RetryLater


class Table:
    """Rows as a database shows them that sorts by nothing. `cap`: the most rows it gives at once."""

    def __init__(self, ids: list[int], *, cap: int = 1000, tells: bool = True) -> None:
        self.ids, self.cap, self.tells, self.calls = ids, cap, tells, 0

    def listing(self, path: str, query: Mapping[str, Any]) -> Listing:
        self.calls += 1
        start, limit = query["offset"], min(query["limit"], self.cap)
        rows = [{"id": one} for one in self.ids[start : start + limit]]
        more = start + limit < len(self.ids)
        following = {"limit": str(limit), "offset": str(start + limit)} if more else None
        return Listing(list(rows), len(self.ids) if self.tells else None, following)


def walk(table: Any, size: int = 3) -> Walk:
    return Walk(table, "rows/", size=size)


def ids(parts: Any) -> list[int]:
    return [row["id"] for part in parts for row in part.rows]


@pytest.mark.parametrize("many", [0, 1, 2, 3, 4, 5, 7, 50])
@pytest.mark.parametrize("cap", [2, 3, 1000])
def test_a_list_that_keeps_still(many: int, cap: int) -> None:
    table = Table(list(range(many)), cap=cap)
    walking = walk(table)
    parts = list(walking.parts())
    assert ids(parts) == list(range(many))
    assert walking.ids == {str(one) for one in range(many)}
    assert parts[-1].cursor == {} and all(part.cursor for part in parts[:-1])
    for number, part in enumerate(parts[:-1], start=1):
        again = walk(table)
        assert ids(parts[:number]) + ids(again.parts(part.cursor)) == list(range(many))
        assert again.ids is None, "what was read before is not known any more"


def test_a_row_that_went_moves_none_past_us() -> None:
    table = Table(list(range(12)))
    seen = []
    for part in walk(table).parts():
        seen += [row["id"] for row in part.rows]
        if part.rows and part.rows[-1]["id"] == 4:
            del table.ids[1:4]
    assert set(seen) == set(range(12))


def test_a_row_that_jumped_behind_us_is_fetched_in_a_second_pass() -> None:
    """An update on PostgreSQL may put a row into a hole that we have passed."""
    table = Table(list(range(9)))
    walking, seen = walk(table), []
    for number, part in enumerate(walking.parts()):
        seen += [row["id"] for row in part.rows]
        if number == 1:
            table.ids.remove(8)
            table.ids.insert(0, 8)
    assert set(seen) == set(range(9))
    assert len(seen) <= 9 + 1, "the second pass gives only what was missed"
    assert walking.ids == {str(one) for one in range(9)}


def test_a_cursor_whose_row_is_gone_begins_again() -> None:
    table = Table(list(range(8)))
    cursor = next(iter(walk(table).parts())).cursor
    table.ids.remove(2)
    assert ids(walk(table).parts(cursor)) == [0, 1, 3, 4, 5, 6, 7]


def test_random_lives_lose_nothing_that_stayed() -> None:
    for seed in range(300):
        chance = random.Random(seed)
        table = Table(list(range(chance.randint(0, 20))), cap=chance.choice([2, 3, 1000]))
        stayed, seen, following = set(table.ids), set(), 100
        try:
            for part in walk(table, size=chance.choice([2, 3, 5])).parts():
                seen |= {row["id"] for row in part.rows}
                if chance.random() < 0.4 and table.ids:
                    gone = chance.choice(table.ids)
                    table.ids.remove(gone)
                    stayed.discard(gone)
                if chance.random() < 0.3:
                    following += 1
                    table.ids.insert(0 if chance.random() < 0.5 else len(table.ids), following)
        except RetryLater:
            continue
        assert stayed <= seen, f"seed {seed} lost {stayed - seen}"


def test_a_list_that_never_keeps_still_is_left_for_later() -> None:
    class Restless(Table):
        def listing(self, path: str, query: Mapping[str, Any]) -> Listing:
            found = super().listing(path, query)
            return found._replace(total=99)

    with pytest.raises(RetryLater, match="kept moving"):
        list(walk(Restless(list(range(5)))).parts())


def test_a_circle_is_told() -> None:
    class Circle(Table):
        def listing(self, path: str, query: Mapping[str, Any]) -> Listing:
            return Listing([{"id": 1}, {"id": 2}], None, {"page": "2"})

    with pytest.raises(ConnectionBroken, match="circle"):
        list(walk(Circle([])).parts())

    class Deaf(Table):
        def listing(self, path: str, query: Mapping[str, Any]) -> Listing:
            return Listing([{"id": 1}, {"id": 2}], None, {"offset": str(query["offset"] + 2)})

    with pytest.raises(ConnectionBroken, match="circle"):
        list(walk(Deaf([])).parts())

    class Still(Table):
        def listing(self, path: str, query: Mapping[str, Any]) -> Listing:
            return Listing([{"id": 1}], None, {"offset": "1"})

    with pytest.raises(ConnectionBroken, match="circle"):
        list(walk(Still([])).parts())


def test_ids() -> None:
    assert identity({"id": 7, "url": "http://x/api/admin/users/8/"}) == "7"
    assert identity({"url": "http://x/api/admin/users/8/"}) == "8"
    with pytest.raises(ConnectionBroken, match="neither id nor url"):
        identity({"email": "a@example.org"})
    assert [linked_id(one) for one in ("http://x/countries/DE/", 3, None, "", True)] == [
        "DE",
        "3",
        None,
        None,
        None,
    ]
