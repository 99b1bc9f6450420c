"""Rows of an order file that share an id are its lines, wherever they stand and however many there are."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from connectors.files import orders


@pytest.fixture
def shop(folder: Any) -> Any:
    folder.tables = [{"object": "order", "match": "orders*", "id": "no"}]
    return folder


def test_lines_of_adjacent_and_scattered_rows(shop: Any) -> None:
    shop.put("orders.csv", "no,date,sku\n7,mon,a\n7,mon,b\n8,tue,c\n9,wed,d\n8,tue,e\n")
    pulled = shop.pull("order")
    assert pulled.rejected == []
    assert pulled.records["8"].raw == {
        "no": "8",
        "date": "tue",
        "sku": "c",
        "lines": [{"no": "8", "date": "tue", "sku": "c"}, {"no": "8", "date": "tue", "sku": "e"}],
    }
    assert len(pulled.records["9"].raw["lines"]) == 1


def test_a_shuffled_file_is_read_in_rounds_and_comes_whole(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {str(no): sorted(f"s{no}-{line}" for line in range(1 + no % 7)) for no in range(400)}
    rows = [f"{no},{sku}\n" for no, skus in expected.items() for sku in skus]
    random.Random(7).shuffle(rows)
    shop.put("orders.csv", "no,sku\n" + "".join(rows) + "x,y,z\n")
    rounds: list[int] = []
    counted = orders._rounds

    def spy(hashes: Any, held: int) -> int:
        rounds.append(counted(hashes, 100))
        return rounds[-1]

    monkeypatch.setattr(orders, "_rounds", spy)
    pulled = shop.pull("order")
    assert rounds[0] > 5
    assert {
        one: sorted(line["sku"] for line in record.raw["lines"]) for one, record in pulled.records.items()
    } == expected
    assert len(pulled.rejected) == 1


def test_an_order_with_a_broken_row_is_kept_back_whole(shop: Any) -> None:
    shop.put("orders.csv", 'no,sku,qty\n7,a,1\n7,b\n8,c,1\n9,"d,1\n9,e,1\n')
    pulled = shop.pull("order")
    assert pulled.ids == ["8"]
    assert sorted(one.external_id for one in pulled.rejected) == ["7", "7", "9", "9"]
    assert any("a row of this order is broken" in one for one in pulled.causes)


def test_an_order_in_two_files_is_that_of_the_newer_one(shop: Any) -> None:
    shop.put("orders-1.csv", "no,sku\n7,a\n7,b\n8,c\n", at=1000)
    shop.put("orders-2.csv", "no,sku\n7,z\n", at=2000)
    pulled = shop.pull("order")
    assert [line["sku"] for line in pulled.records["7"].raw["lines"]] == ["z"]
    assert "8" in pulled.records


def test_an_endless_order_is_refused(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "MAX_LINES", 5)
    shop.put("orders.csv", "no,sku\n" + "7,a\n" * 6 + "8,b\n" * 5)
    pulled = shop.pull("order")
    assert pulled.ids == ["8"]
    assert pulled.causes == ["orders.csv, line 2: the order has 6 rows, more than 5"]


def test_json_orders_are_whole_unless_an_id_comes_twice(shop: Any) -> None:
    path: Path = shop.put("orders.jsonl", '{"no": 1, "items": [{"sku": "a"}]}\n{"no": 2}\n')
    assert shop.pull("order").records["1"].raw == {"no": 1, "items": [{"sku": "a"}]}
    path.write_text('{"no": 1, "sku": "a"}\n{"no": 2, "sku": "b"}\n{"no": 1, "sku": "c"}\n')
    pulled = shop.pull("order")
    assert [line["sku"] for line in pulled.records["1"].raw["lines"]] == ["a", "c"]
    assert [line["sku"] for line in pulled.records["2"].raw["lines"]] == ["b"]
    fetched = shop.connector().fetch("order", ["1", "2"])
    assert [one.raw for one in fetched] == [pulled.records["1"].raw, pulled.records["2"].raw]
