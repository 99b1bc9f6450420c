"""XLSX and JSON Lines."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from openpyxl import Workbook


def book(rows: list[list[Any]], *, second: list[list[Any]] | None = None) -> bytes:
    made = Workbook()
    for row in rows:
        made.active.append(row)
    if second:
        sheet = made.create_sheet("other")
        for row in second:
            sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_cells_become_the_text_of_a_csv_export(folder: Any) -> None:
    row = [
        1001,
        "王芳 \n Zoë",
        dt.date(2026, 5, 14),
        dt.datetime(2026, 5, 14, 9, 51, 40),  # noqa: DTZ001 (a sheet knows no zones)
        3.0,
        12.5,
        True,
        None,
        dt.time(8, 30),
        "=1+1",
        "0012",
    ]
    header = ["id", "name", "born", "seen", "n", "x", "vip", "gap", "at", "formula", "code"]
    folder.put("customers.xlsx", book([[], header, row, [], [1002.0, "Bob"]], second=[["id"], [5]]))
    pulled = folder.pull()
    assert pulled.rejected == []
    assert pulled.ids == ["1001", "1002"]
    assert pulled.records["1001"].raw == {
        "id": "1001",
        "name": "王芳 \n Zoë",
        "born": "2026-05-14",
        "seen": "2026-05-14T09:51:40",
        "n": "3",
        "x": "12.5",
        "vip": "true",
        "gap": "",
        "at": "08:30:00",
        "formula": "",  # never calculated: no value was saved with it
        "code": "0012",
    }
    assert pulled.records["1002"].raw["code"] == ""
    assert 'XLSX, sheet "Sheet"' in pulled.cursor["files"]["customers.xlsx"]["read_as"]


def test_broken_rows_of_a_sheet(folder: Any) -> None:
    folder.put(
        "customers.xlsx",
        book(
            [
                ["id", "name"],
                [1, "Ann"],
                [2, "#N/A"],
                [None, "Carl"],
                [4, "D", "beyond"],
                [5, "Eve"],
                [5, "E"],
                [6, "F"],
            ]
        ),
    )
    pulled = folder.pull()
    assert pulled.ids == ["1", "6"]
    assert pulled.causes == [
        "customers.xlsx, row 3: cell 2 of row 3 holds the error #N/A",
        'customers.xlsx, row 4: the id is empty (column "id")',
        "customers.xlsx, row 5: the row has a cell to the right of the header's 2 columns",
        "customers.xlsx: the same id in 2 rows (rows 6, 7)",
        "customers.xlsx: the same id in 2 rows (rows 6, 7)",
    ]


def test_an_order_sheet_and_a_fetch(folder: Any) -> None:
    folder.tables = [{"object": "order", "match": "orders*", "id": "no"}]
    folder.put("orders.xlsx", book([["no", "sku"], ["a", "x"], ["b", "y"], ["a", "z"]]))
    pulled = folder.pull("order")
    assert [line["sku"] for line in pulled.records["a"].raw["lines"]] == ["x", "z"]
    fetched = folder.connector().fetch("order", ["a", "c"])
    assert [(one.external_id, one.deleted) for one in fetched] == [("a", False), ("c", True)]
    assert fetched[0].raw == pulled.records["a"].raw


def test_a_zip_bomb_and_other_things_that_are_no_sheet(folder: Any) -> None:
    folder.settings["max_xlsx_mb"] = 8
    bomb = io.BytesIO(book([["id"], [1]]))
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/media/big.bin", b"\0" * (9 << 20))
    folder.put("customers-1.xlsx", bomb.getvalue())
    folder.put("customers-2.xlsx", b"PK\x03\x04 not really")
    folder.put("customers-3.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 10)
    with zipfile.ZipFile(folder.path / "customers-4.xlsx", "w") as packed:
        packed.writestr("hello.txt", "hello")
    folder.put("customers-5.xlsx", book([]))
    folder.put("customers-6.csv", "id\n1\n")
    pulled = folder.pull()
    assert pulled.ids == ["1"]
    said = "\n".join(sorted(pulled.causes))
    for cause in (
        "customers-1.xlsx unpacks to 9 MB (0 MB of texts), more than allowed",
        "customers-2.xlsx is not an XLSX file",
        "customers-3.xls is an old or encrypted Excel file",
        "customers-4.xlsx is not a readable XLSX file",
        "customers-5.xlsx is empty",
    ):
        assert cause in said


def test_far_away_cells_cost_nothing(folder: Any) -> None:
    made = Workbook()
    made.active.append(["id", "name"])
    made.active.append([1, "Ann"])
    made.active.cell(row=5_000, column=16_000, value="far")
    path: Path = folder.path / "customers.xlsx"
    made.save(path)
    assert folder.pull().ids == ["1"]


def test_json_lines_are_taken_as_they_are(folder: Any) -> None:
    rows = [
        {"id": "a-1", "name": "Zoë", "tags": ["x"], "address": {"city": "Ulm"}, "n": 1.5, "none": None},
        {"id": 17, "name": "Bob"},
    ]
    folder.put("customers.jsonl", b"\n".join(orjson.dumps(one) for one in rows) + b"\n\n")
    pulled = folder.pull()
    assert {one.external_id: one.raw for one in pulled.records.values()} == {"a-1": rows[0], "17": rows[1]}


def test_broken_json_lines(folder: Any) -> None:
    long = "x" * 200_000
    folder.put(
        "customers.jsonl",
        b'{"id": "1"}\n{"id": \n["id"]\n{"name": "no id"}\n{"id": 1.5}\n{"id": true}\n'
        + f'{{"id": "7", "note": "{long}"}}\n'.encode()
        + b'{"id": "\xff"}\n{"id": "9"}\n{"id": "2"}\n{"id": 2}\n{"id": "10"}',
    )
    pulled = folder.pull(encoding="utf-8")
    assert pulled.ids == ["1", "9", "10"]
    for line, cause in (
        (2, "not valid JSON"),
        (3, "not a JSON object"),
        (4, "the id is empty"),
        (5, "neither text nor a whole number"),
        (6, "neither text nor a whole number"),
        (7, 'the field "note" is longer than'),
        (8, "byte 0xff"),
    ):
        assert any(
            f"line {line}: {cause}" in one or (f"line {line}:" in one and cause in one)
            for one in pulled.causes
        )
    assert pulled.causes[-1] == "customers.jsonl: the same id in 2 rows (lines 10, 11)"


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b'[{"id": 1},\n {"id": 2}]\n', "is not JSON Lines"),
        (b"\n \n", "is empty"),
        (b'{"customerId": 1}\n{"customerId": 2}\n', 'did you mean id = "customerId"?'),
    ],
)
def test_files_that_are_no_json_lines(folder: Any, content: bytes, cause: str) -> None:
    folder.put("customers.json", content)
    pulled = folder.pull(id="customer_id")
    assert pulled.records == {}
    assert cause in pulled.causes[0]


def test_a_dotted_id_and_a_fetch_from_json_lines(folder: Any) -> None:
    folder.put("customers.jsonl", '{"meta": {"key": "k1"}, "name": "Ann"}\n{"meta": {"key": 2}}\n')
    assert folder.pull(id="meta.key").ids == ["k1", "2"]
    (one,) = folder.connector(id="meta.key").fetch("customer", ["k1"])
    assert one.raw["name"] == "Ann"


def test_discover_names_columns_and_kinds(folder: Any) -> None:
    folder.put(
        "customers.csv",
        "id,n,price,born,seen,mail,tel,vip,name\n"
        "1,5,1.50,2026-01-02,2026-01-02 10:00,a@x.org,+49 170 1234567,yes,Ann\n"
        "2,,2.00,,,,,no,0012\n",
    )
    folder.tables.append({"object": "order", "match": "orders*", "id": "no"})
    folder.put("orders.jsonl", '{"no": 1, "ship": {"city": "Ulm"}, "lines": [1]}\n')
    first, second = folder.connector().discover()
    assert {one.name: one.kind for one in first.fields} == {
        "id": "int",
        "n": "int",
        "price": "decimal",
        "born": "date",
        "seen": "instant",
        "mail": "email",
        "tel": "phone",
        "vip": "bool",
        "name": "text",
    }
    assert [one.name for one in first.fields if one.required] == ["id"]
    assert (second.object, {one.name: one.kind for one in second.fields}) == (
        "order",
        {"no": "int", "ship.city": "text", "lines": "list"},
    )
