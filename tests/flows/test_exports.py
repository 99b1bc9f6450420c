"""Exports straight from the store: order, exactness, and what a spreadsheet would run."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hub.canonical.ids import show
from hub.flows import exports
from hub.store import bulk
from hub.store.golden_row import encode_doc
from hub.store.queries import connections
from hub.store.session import Database
from hub.store.tables import customer, identity, source_record

RECORD = (
    "id",
    "connection_id",
    "object",
    "external_id",
    "part",
    "map_id",
    "first_seen",
    "read_at",
    "gone_at",
    "raw",
)
IDENTITY = ("record_id", "component", "customer_id", "features")


def connect(db: Database, name: str) -> int:
    with db.write() as conn:
        return connections.insert(
            conn,
            name,
            connector="files",
            config={"connector": "files"},
            base_dir="/",
            state="active",
            now=1.0,
        )


def put(db: Database, rows: list[tuple[int, int, str, int, float | None]]) -> None:
    """(record id, connection, external id, customer, gone at)."""
    with db.write() as conn:
        records = [(id, c, "customer", x, "", 1, 1.0, 1.0, gone, "{}") for id, c, x, _, gone in rows]
        bulk.insert(conn, source_record, RECORD, rows=records)
        bulk.insert(conn, identity, IDENTITY, rows=[(id, id, cus, "[]") for id, _, _, cus, _ in rows])


def test_links_are_sorted_by_bytes_live_and_verbatim(db: Database) -> None:
    b, a = connect(db, "b"), connect(db, "a")
    odd = ["10", "9", "Z", "a", "ä", "A,b", 'q"q', "=1+1", " x", "王"]
    put(db, [(n, a, x, 100 + n, None) for n, x in enumerate(odd, start=1)])
    put(db, [(50, b, "1", 101, None), (51, b, "2", 151, 5.0)])
    found = list(exports.links(db))
    assert [row[2] for row in found if row[0] == "a"] == sorted(odd, key=str.encode)
    assert [row for row in found if row[0] == "b"] == [("b", "customer", "1", show("cus", 101))]
    with db.write() as conn:
        connections.change(conn, b, now=2.0, state="removed")
    assert all(row[0] == "a" for row in exports.links(db))


def test_links_cost_nothing_per_record_but_the_row(db: Database) -> None:
    """One statement, whatever the size: a query per record would show here as thousands."""
    a = connect(db, "a")
    put(db, [(n, a, f"x{n:06d}", n, None) for n in range(1, 12_001)])
    statements: list[str] = []
    from sqlalchemy import event

    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    count = sum(1 for _ in exports.links(db))
    assert count == 12_000
    assert len([one for one in statements if "source_record" in one]) == 1


def test_merged_customers_are_left_out_and_columns_are_the_paths_that_occur(db: Database) -> None:
    five = {"amount": "5.00", "currency": "EUR"}
    with db.write() as conn:
        rows: list[Any] = [
            (1, 1, None, encode_doc({"email": "a@x.org", "custom.erp.code": "7"}, {"email": [["email", "b@x.org"]]})),
            (2, 1, 1, encode_doc({"website": "https://gone.example"}, {})),
            (3, 1, None, encode_doc({"display_name": '=HYPERLINK("x")', "credit_limit": five}, {})),
        ]  # fmt: skip
        now = time.time()
        columns = ("id", "version", "merged_into", "doc", "why", "created_at", "updated_at")
        bulk.insert(conn, customer, columns, rows=[(*row, "{}", now, now) for row in rows])
    head, *table = exports.customer_table(db)
    assert head == ["customer_id", "display_name", "credit_limit", "email", "custom.erp.code", "also.email"]
    assert table == [
        [show("cus", 1), "", "", "a@x.org", "7", "b@x.org"],
        [show("cus", 3), '\'=HYPERLINK("x")', "5.00 EUR", "", "", ""],
    ]
    assert next(row for row in list(exports.customer_table(db, verbatim=True))[1:] if row[1])[1][0] == "="
    whole = list(exports.customers(db))
    assert [one["id"] for one in whole] == [show("cus", 1), show("cus", 3)]
    assert whole[1]["display_name"] == '=HYPERLINK("x")'  # JSON is verbatim


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("+49 30 901820", "+49 30 901820"),
        ("-5.00", "-5.00"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("a=b", "a=b"),
        (["a", "=b"], "a; '=b"),
        (True, "true"),
        (None, ""),
    ],
)
def test_a_cell_is_no_formula(value: Any, shown: str) -> None:
    assert exports.cell(value, verbatim=False) == shown
