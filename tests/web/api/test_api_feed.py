"""The change feed and the exports by API, and how a reader goes from one to the other."""

from __future__ import annotations

import threading
import time
from typing import Any

import orjson

from hub.flows import feed
from hub.store.queries import readers
from hub.web.api import exports


def test_a_first_load_and_then_the_feed_is_everything(api: Any) -> None:
    export = api.ask("/exports/customers")
    assert export.content_type == "application/x-ndjson"
    kept = {one["id"]: one for one in map(orjson.loads, export.data.splitlines())}
    assert len(kept) == 4
    position = int(export.headers["Feed-Position"])
    api.patch(api.id("2"), {"job_title": "Boss"})
    api.patch(api.id("1"), {"job_title": "Chief"})
    changes = api.ask(f"/changes?after={position}").json
    assert [one["seq"] for one in changes["changes"]] == [position + 1, position + 2]
    for one in changes["changes"]:
        assert one["kind"] == "CHANGED"
        kept[one["customer_id"]] = api.ask(f"/customers/{one['customer_id']}").json
    again = {one["id"]: one for one in map(orjson.loads, api.ask("/exports/customers").data.splitlines())}
    assert again == kept


def test_the_feed_in_pages(api: Any) -> None:
    seen: list[int] = []
    after = 0
    while True:
        found = api.ask(f"/changes?after={after}&limit=3").json
        seen += [one["seq"] for one in found["changes"]]
        if not found["changes"]:
            break
        after = found["next"]
    assert seen == list(range(1, found["latest"] + 1))
    assert api.ask("/changes?limit=5001").status_code == 400


def test_too_old_a_cursor_says_how_to_go_on(api: Any) -> None:
    feed.trim(api.db, before=time.time() + 1)
    found = api.ask("/changes?after=1")
    assert (found.status_code, found.json["code"]) == (410, "gone")
    assert "/api/v1/exports/customers" in found.json["fix"]
    position = int(api.ask("/exports/customers").headers["Feed-Position"])
    assert api.ask(f"/changes?after={position}").json["changes"] == []
    assert api.ask("/changes?after=999").status_code == 410


def test_a_reader_may_wait_for_a_change(api: Any) -> None:
    id = api.id("2")
    latest = api.ask("/changes").json["latest"]
    started = time.monotonic()
    assert api.ask(f"/changes?after={latest}&wait=1").json["changes"] == []
    assert time.monotonic() - started >= 1
    timer = threading.Timer(0.3, api.patch, (id, {"job_title": "Boss"}))
    timer.start()
    found = api.ask(f"/changes?after={latest}&wait=20").json
    timer.join()
    assert [one["customer_id"] for one in found["changes"]] == [id]
    assert api.ask("/changes?wait=21").status_code == 400


def test_an_export_goes_on_where_it_was_cut(api: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(exports, "_BATCH", 2)
    lines = [orjson.loads(line) for line in api.ask("/exports/customers").data.splitlines()]
    ids = [one["id"] for one in lines]
    assert ids == sorted(ids)
    assert len(ids) == 4
    rest = api.ask(f"/exports/customers?after={ids[1]}").data.splitlines()
    assert [orjson.loads(line)["id"] for line in rest] == ids[2:]
    one = api.ask(f"/customers/{ids[0]}").json
    assert lines[0] == one
    (order,) = map(orjson.loads, api.ask("/exports/orders").data.splitlines())
    assert api.ask(f"/orders/{order['id']}").json == order


def test_exports_are_streamed_and_few_at_a_time(api: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(exports, "_BATCH", 1)
    read: list[int] = []
    whole = readers.customers_after

    def counted(conn: Any, after: int, *, limit: int) -> Any:
        read.append(after)
        return whole(conn, after, limit=limit)

    monkeypatch.setattr(readers, "customers_after", counted)
    first = api.ask("/exports/customers", buffered=False)
    lines = iter(first.response)
    next(lines)
    assert len(read) < 4  # the rest was not read yet
    second = api.ask("/exports/orders", buffered=False)
    third = api.ask("/exports/orders")
    assert (third.status_code, third.json["code"]) == (429, "rate_limited")
    first.close()
    assert api.ask("/exports/orders").status_code == 200  # a reader that left gave its place free
    second.close()
