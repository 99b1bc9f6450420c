"""What the pages ask of the store, on both databases; and what they make of it: causes, the map, marks."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from hub.store.documents import dump
from hub.store.queries import connections, glance, runs
from hub.web import causes, fields, looks, systems_map
from hub.web.hours import hours

NOW = 1_800_000_000.0


@pytest.fixture
def shop(db: Any) -> int:
    """A connection with a day behind it: 600 old receipts, then three of today; pulls of yesterday and today."""
    with db.write() as conn:
        insert = partial(connections.insert, connector="files", config={"connector": "files"}, base_dir="")
        id = insert(conn, "shop", state="active", now=NOW)
        for at, outcome in [(NOW - 500_000 + n, "done") for n in range(600)] + [
            (NOW - 7_000, "done"),
            (NOW - 100, "done"),
            (NOW - 90, "refused"),
        ]:
            conn.execute(
                text(
                    "INSERT INTO receipt (at, connection_id, object, kind, outcome, record_id, wrote) "
                    "VALUES (:at, :id, 'customer', 'update', :outcome, 7, :wrote)"
                ),
                {"at": at, "id": id, "outcome": outcome, "wrote": dump({"email": "a@x.org"})},
            )
        for started, counts in (
            (NOW - 200_000, {"created": 9}),
            (NOW - 50, {"read": 9, "created": 2, "changed": 3}),
        ):
            runs.note(
                conn,
                id,
                "customer",
                kind="pull",
                state="done",
                counts=counts,
                started=started,
                now=started + 1,
            )
    return id


def test_a_day_of_traffic_is_todays_only(db: Any, shop: int) -> None:
    since = NOW - 3600 * 23
    with db.read() as conn:
        found = glance.traffic(conn, since=since)
        assert glance.traffic(conn, since=NOW + 1) == []
    assert sum(one.changes for one in found if one.direction == "in") == 5
    out = {one.hour: one.changes for one in found if one.direction == "out"}
    assert out == {21: 1, 22: 1}
    bars = hours(found, since=since)
    assert (len(bars), sum(bar.coming for bar in bars), sum(bar.going for bar in bars)) == (24, 5, 2)
    assert max(bar.up for bar in bars) == 40.0


def test_traffic_of_an_empty_store_is_none(db: Any) -> None:
    with db.read() as conn:
        assert glance.traffic(conn, since=0.0) == []
        assert glance.orders(conn, limit=5) == []
        assert glance.notes(conn, limit=5, before=9, customer_id=1) == []
        assert glance.dead_groups(conn) == glance.quarantine_groups(conn) == []
        assert glance.open_holds(conn) == 0


def test_writes_come_newest_first(db: Any, shop: int) -> None:
    with db.read() as conn:
        found = glance.writes_to(conn, [7], limit=2)
    assert [(one.outcome, one.paths) for one in found] == [("refused", ["email"]), ("done", ["email"])]


def test_problems_that_differ_only_in_their_values_are_one_cause(db: Any, shop: int) -> None:
    said = [
        "phone: '+49 1' is too short. Fix: Correct it.",
        "phone: '+33 2' is too short. Fix: Correct it.",
        "other",
    ]
    with db.write() as conn:
        for n, cause in enumerate(said):
            conn.execute(
                text(
                    "INSERT INTO quarantine (connection_id, object, ident, external_id, raw, code, cause, state, "
                    "times, first_at, last_at) VALUES (:id, 'customer', :n, :n, '{}', 'x', :cause, 'open', 1, :at, :at)"
                ),
                {"id": shop, "n": str(n), "cause": cause, "at": NOW + n},
            )
            conn.execute(
                text(
                    "INSERT INTO delivery (record_id, connection_id, object, state, lane, again, attempts, next_at, "
                    "cause, code, updated_at) VALUES (:n, :id, 'customer', 'dead', 'bulk', 0, 1, 0, 'no', 'x', :at)"
                ),
                {"id": shop, "n": n, "at": NOW},
            )
    with db.read() as conn:
        found = causes.grouped([*glance.quarantine_groups(conn), *glance.dead_groups(conn)])
    assert [(one.kind, one.records, one.why, one.fix) for one in found] == [
        ("dead", 3, "no", None),
        ("quarantine", 2, "phone: … is too short.", "Correct it."),
        ("quarantine", 1, "other", None),
    ]
    assert (found[1].first_at, found[1].last_at) == (NOW, NOW + 1)
    assert found[1].command == "hub quarantine retry --connection shop"
    assert found[2].command.startswith("hub quarantine retry ")


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9, 14])
def test_systems_stand_apart_within_the_drawing(count: int) -> None:
    rows = [{"name": f"s{n}", "state": "active"} for n in range(count)]
    nodes = systems_map.systems(rows, {("s0", "in"): 10_000}, frozenset({"s0"}))
    assert [len(node.lines) for node in nodes] == [2, *([1] * (count - 1))]
    assert all(24 <= node.x <= systems_map.WIDTH - 24 for node in nodes)
    assert all(24 <= node.y <= systems_map.HEIGHT - 42 for node in nodes)  # its name stands below
    thick, thin = nodes[0].lines
    assert thick.width > 3 * thin.width
    if count <= 9:
        for a, b in itertools.combinations(nodes, 2):
            assert (a.x - b.x) ** 2 + (a.y - b.y) ** 2 > 48**2


def test_a_mark_is_its_connections_alone_and_stays() -> None:
    before = looks.looks([(1, "shop"), (2, "shopify-eu"), (3, "shoes"), (4, "s")])
    after = looks.looks([(1, "shop"), (2, "shopify-eu"), (3, "shoes"), (4, "s"), (5, "sh")])
    assert {name: after[name] for name in before} == before
    assert len({one.mark for one in after.values()}) == 5
    assert all(len(one.mark) == 2 for one in after.values())


def test_an_address_reads_as_it_is_written_there() -> None:
    western = {"line1": "Lindenallee 12", "line2": "Hof", "postal_code": "10115", "locality": "Berlin"}
    assert fields.address(western) == "Lindenallee 12, Hof, Berlin, 10115"
    assert (
        fields.address({"line1": "南京西路88号", "locality": "上海", "country": "CN"})
        == "CN 上海 南京西路88号"
    )
