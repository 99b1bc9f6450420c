"""Holds, entries and a person's choice by API."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def told(api: Any) -> Any:
    """Ann's job title was written twice; the second write met the first."""
    id = api.id("1")
    for title in ("cook", "baker"):
        assert api.patch(id, {"job_title": title}).status_code == 200
    return api


def value(api: Any, path: str) -> Any:
    return api.ask(f"/customers/{api.id('1')}").json["fields"].get(path)


def test_a_choice_keeps_or_takes_a_records_value(told: Any) -> None:
    id = told.id("1")
    assert told.patch(id, {"email": "new@x.org"}).status_code == 200
    body = {"path": "email", "of": "crm:1"}
    done = told.ask(f"/customers/{id}/choice", method="POST", json=body)
    assert (done.status_code, set(done.json)) == (200, {"systems"})
    assert value(told, "email") != "new@x.org"
    origin = told.ask(f"/customers/{id}/provenance").json["fields"]["email"]
    assert (origin["rule"], origin["pinned_by"]) == ("pin", "api:all")


def test_lists_are_pages_and_holds_are_empty_without_any(told: Any) -> None:
    assert told.ask("/holds").json == {"holds": []}
    page = told.ask("/conflicts?limit=1").json
    assert set(page) == {"entries", "next"}
    for one in page["entries"]:
        assert {"id", "customer_id", "record", "path", "theirs", "ours", "rule"} <= set(one)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("choice", {"path": "email", "of": "nobody:1"}, 400),
        ("choice", {"path": "shoe_size"}, 400),
        ("choice", {}, 400),
        ("choice", {"path": "email", "of": "crm:1", "forever": True}, 400),
    ],
)
def test_a_wrong_choice_says_what_is_wrong(told: Any, path: str, body: dict[str, Any], status: int) -> None:
    answer = told.ask(f"/customers/{told.id('1')}/{path}", method="POST", json=body)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_an_entry_that_is_not_there(told: Any) -> None:
    assert told.ask("/conflicts/999999", method="POST", json={"side": "ours"}).status_code == 404
    assert told.ask("/conflicts/x", method="POST", json={"side": "ours"}).status_code == 400


def test_it_needs_the_scope_review(told: Any) -> None:
    reader = told.make("reader", "read")
    assert told.ask("/holds", token=reader).status_code == 403
    assert (
        told.ask(f"/customers/{told.id('1')}/choice", method="POST", token=reader, json={}).status_code == 403
    )
