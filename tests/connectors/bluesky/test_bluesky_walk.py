"""A pull walks down to where the last one began: pages, ties, what comes meanwhile, and what no pass can see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.bluesky import walk
from connectors.bluesky.walk import Walk
from hub.errors import ConnectionBroken
from hub.sdk import Page


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service hands out four rows a page."""
    made = Walk.__init__
    monkeypatch.setattr(Walk, "__init__", lambda self, api, **more: made(self, api, **{**more, "asked": 4}))


def texts(pages: list[Page]) -> list[str]:
    return [str(one.raw["text"]) for page in pages for one in page.records]


def moment(seconds: float) -> str:
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.usefixtures("small")
def test_every_page_is_walked_and_ties_at_a_border_are_kept(
    connect: Callable[..., Any], bob: Any, us: Any
) -> None:
    """The service's cursor is a moment, and strict: rows of one moment that did not fit would be passed over."""
    at = moment(-5)
    for number in range(3):
        bob.post(f"early {number}", to=us.did, at=moment(-10 + number))
    for number in range(3):
        bob.post(f"tied {number}", to=us.did, at=at)
    for number in range(3):
        bob.post(f"late {number}", to=us.did, at=moment(-3 + number))
    found = texts(list(connect(own=False).pull("interaction", None)))
    assert {f"{word} {number}" for word in ("early", "tied", "late") for number in range(3)} == set(found)


@pytest.mark.usefixtures("small")
def test_a_second_pass_reads_the_overlap_only(
    connect: Callable[..., Any], network: Any, bob: Any, us: Any
) -> None:
    for number in range(12):
        bob.post(f"old {number}", to=us.did, at=moment(-7300 + number))
    cursor = list(connect(own=False).pull("interaction", None))[-1].cursor
    assert set(cursor) == {"since"}
    bob.post("new", to=us.did)
    asked = len(network.requests)
    assert texts(list(connect(own=False).pull("interaction", cursor))) == ["new"]
    listed = [one for one in network.requests[asked:] if one.path.endswith("listNotifications")]
    assert len(listed) == 1


def test_a_full_pull_finds_what_is_dated_before_a_pass(
    connect: Callable[..., Any], bob: Any, us: Any
) -> None:
    """An honest limit: the AppView lists by the time the writer claims."""
    cursor = list(connect().pull("interaction", None))[-1].cursor
    bob.post("from last month", to=us.did, at=moment(-30 * 86_400))
    assert texts(list(connect().pull("interaction", cursor))) == []
    assert texts(list(connect().pull("interaction", cursor, full=True))) == ["from last month"]


def test_a_clock_that_is_ahead_does_not_move_the_cursor_ahead(
    connect: Callable[..., Any], bob: Any, us: Any
) -> None:
    bob.post("from tomorrow", to=us.did, at=moment(86_400))
    pages = list(connect().pull("interaction", None))
    assert pages[0].records[0].raw["at"] < moment(60)
    bob.post("from today", to=us.did)
    assert "from today" in texts(list(connect().pull("interaction", pages[-1].cursor)))


def test_only_the_wanted_reasons_come(connect: Callable[..., Any], bob: Any, us: Any) -> None:
    ours = us.post("hello")
    bob.like(ours)
    bob.follow(us.did)
    found = list(connect(reasons=["follow"]).pull("interaction", None))
    assert [one.raw["reason"] for page in found for one in page.records] == ["follow", "post"]


def test_our_own_posts_come_unless_they_are_not_wanted(connect: Callable[..., Any], us: Any) -> None:
    us.post("hello")
    assert texts(list(connect().pull("interaction", None))) == ["hello"]
    assert texts(list(connect(own=False).pull("interaction", None))) == []


def test_a_cursor_of_somebody_else_is_told(connect: Callable[..., Any]) -> None:
    with pytest.raises(ConnectionBroken, match="none of this connector's"):
        list(connect().pull("interaction", "2026-01-01"))


def test_deleted_posts_are_looked_for_a_stretch_at_a_time(
    connect: Callable[..., Any], bob: Any, us: Any
) -> None:
    made = [bob.post(f"{number}", to=us.did)["uri"] for number in range(5)]
    liked = bob.like(us.post("x"))["uri"]
    bound = [*made, liked]
    bob.delete(made[0])
    bob.delete(made[4])
    bob.delete(liked)
    connector = connect(sweep=3)
    first = connector.deletes("interaction", None, iter(bound))
    assert list(first.external_ids) == [made[0]]
    second = connector.deletes("interaction", first.cursor, iter(bound))
    assert list(second.external_ids) == [made[4]], "likes are not looked for"
    third = connector.deletes("interaction", second.cursor, iter(bound))
    assert list(connector.deletes("interaction", third.cursor, iter(bound)).external_ids) == [made[0]]
    assert connect(sweep=0).deletes("interaction", None, iter(bound)).external_ids == []


def test_following_cursors_are_those_of_the_service_where_they_are_no_moments() -> None:
    rows = [{"indexedAt": "2026-01-02T00:00:00.000Z"}, {"indexedAt": "2026-01-01T00:00:00.000Z"}]
    assert walk._following("opaque", rows, None) == "opaque"
    assert walk._following(rows[-1]["indexedAt"], rows, None) == "2026-01-01T00:00:00.001Z"
    assert walk._following(rows[-1]["indexedAt"], rows[1:], None) == rows[-1]["indexedAt"], (
        "all of one moment"
    )
    assert walk._following(None, rows, None) is None
