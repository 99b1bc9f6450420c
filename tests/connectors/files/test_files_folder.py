"""Several files of one object, files that must not be read, and what the connection check says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConnectionBroken


def test_the_newest_file_wins_then_the_later_name(folder: Any) -> None:
    folder.put("customers-a.csv", "id,name\n1,old\n2,only here\n", at=1000)
    folder.put("customers-b.csv", "id,name\n1,new\n3,b\n", at=3000)
    folder.put("customers-c.csv", "id,name\n3,c\n4,c\n", at=3000)
    folder.put("customers-d.csv", "id,name\n1,oldest\n", at=10)
    pulled = folder.pull()
    assert {one: record.raw["name"] for one, record in pulled.records.items()} == {
        "1": "new",
        "2": "only here",
        "3": "c",
        "4": "c",
    }
    fetched = folder.connector().fetch("customer", ["1", "2", "3", "4", "5"])
    assert {one.external_id: one.raw for one in fetched if not one.deleted} == {
        one: record.raw for one, record in pulled.records.items()
    }
    assert [one.external_id for one in fetched if one.deleted] == ["5"]


def test_patterns_of_one_object_count_together_and_a_file_is_read_once(folder: Any) -> None:
    folder.tables.append({"object": "customer", "match": "*.csv", "id": "nr"})
    folder.put("customers.csv", "id,nr\n1,x\n", at=1000)
    folder.put("other.csv", "id,nr\nx,1\n", at=2000)
    pulled = folder.pull()
    assert {one: record.raw["nr"] for one, record in pulled.records.items()} == {"1": "1"}


def test_folders_below_by_pattern_only(folder: Any) -> None:
    folder.put("shop/customers.csv", "id\n1\n")
    assert folder.pull().records == {}
    assert folder.pull(match="shop/*.csv").ids == ["1"]


def test_a_broken_row_still_stands_before_older_rows_with_its_id(folder: Any) -> None:
    folder.put("customers-a.csv", "id,name\n1,stale\n2,fine\n", at=1000)
    folder.put("customers-b.csv", "id,name\n1,new,but broken\n", at=2000)
    assert folder.pull().ids == ["2"]
    assert [one.external_id for one in folder.connector().fetch("customer", ["1", "2"])] == ["2"]


def test_nothing_is_called_gone_unless_everything_could_be_read(folder: Any) -> None:
    def asked() -> list[tuple[str, bool]]:
        return [(one.external_id, one.deleted) for one in folder.connector().fetch("customer", ["1", "2"])]

    assert asked() == []  # no file at all
    path = folder.put("customers.csv", "id,name\n1,Ann\n")
    assert asked() == [("1", False), ("2", True)]
    other = folder.put("customers-b.csv", "nr,name\n2,Bob\n")
    assert asked() == [("1", False)]
    other.unlink()
    path.write_text("id,name\n1,Ann\n2\n")
    assert asked() == [("1", False)]
    path.write_text("nr,name\n1,Ann\n2,Bob\n")
    assert asked() == []


def test_older_files_are_held_back_while_the_newer_one_is_unreadable(folder: Any) -> None:
    folder.put("customers-a.csv", "id,name\n1,stale\n2,fine\n", at=1000)
    newer = folder.put("customers-b.csv", "id,name\n1,new\n", at=2000)
    folder.put("customers-other.csv", "id,name\n9,other\n", at=900)
    first = folder.pull()
    assert first.records["1"].raw["name"] == "new"
    newer.write_text("nonsense\n")
    second = folder.pull(cursor=first.cursor)
    assert second.ids == ["9"]
    third = folder.pull(cursor=second.cursor)
    assert third.ids == ["9"]
    assert any("customers-a.csv held back: customers-b.csv is newer" in one for one in third.causes)
    newer.write_text("id,name\n1,newer\n")
    assert folder.pull(cursor=third.cursor).records["1"].raw["name"] == "newer"
    newer.unlink()  # taken away on purpose: the older file speaks again
    assert folder.pull(cursor=third.cursor).records["1"].raw["name"] == "stale"


def test_a_file_that_changes_between_listing_and_reading_is_left_for_the_next_run(folder: Any) -> None:
    path = folder.put("customers.csv", "id,name\n" + "".join(f"{n},N\n" for n in range(3000)))
    pages = folder.connector().pull("customer", None)
    assert len(next(pages).records) == 1000
    with path.open("a") as file:
        file.write("9999,Late")
    rest = list(pages)
    assert sum(len(one.records) for one in rest) == 0
    assert "customers.csv changed while it was read" in rest[-1].rejected[0].cause
    assert folder.pull().records["9999"].raw["name"] == "Late"


def test_a_file_replaced_meanwhile_is_read_to_its_old_end(folder: Any) -> None:
    path: Path = folder.put("customers.csv", "id,name\n" + "".join(f"{n},N\n" for n in range(1500)))
    pages = folder.connector().pull("customer", None)
    got = len(next(pages).records)
    path.unlink()
    folder.put("customers.csv", "id,name\n1,M\n")
    assert got + sum(len(one.records) for one in pages) == 1500


def test_a_file_may_have_to_rest_first(folder: Any) -> None:
    folder.settings["settle_seconds"] = 3600
    folder.put("customers.csv", "id\n1\n")
    folder.put("customers-old.csv", "id\n2\n", at=1000)
    pulled = folder.pull()
    assert pulled.ids == ["2"]
    assert "read once it has rested" in pulled.causes[0]
    assert folder.connector().fetch("customer", ["1", "2", "3"]) == []


def test_what_must_not_be_read_is_refused_by_name(folder: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("id,name\n666,secret\n")
    (folder.path / "customers-link.csv").symlink_to(secret)
    (folder.path / "customers-up.csv").symlink_to("../secret.csv")
    (folder.path / "customers-dangling.csv").symlink_to("nowhere.csv")
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "x.csv").write_text("id\n667\n")
    (folder.path / "customers-folder").symlink_to(tmp_path / "beside")
    os.mkfifo(folder.path / "customers-pipe.csv")
    folder.put("customers\nline.csv", "id\n668\n")
    folder.put("customers-\u202eflip.csv", "id\n669\n")
    folder.put(".customers.csv", "id\n670\n")
    folder.put("customers-good.csv", "id\n1\n")
    (folder.path / "customers-latest.csv").symlink_to("customers-good.csv")
    pulled = folder.pull()
    assert pulled.ids == ["1"]
    causes = " | ".join(pulled.causes)
    for said in (
        "customers-link.csv is a link that leaves the folder",
        "customers-up.csv is a link that leaves the folder",
        "customers-dangling.csv cannot be read",
        "customers-folder is a link that leaves the folder",
        "customers-pipe.csv is not a regular file",
        r"'customers\nline.csv' its name has line breaks",
        r"'customers-\u202eflip.csv' its name has line breaks",
    ):
        assert said in causes
    assert "\n" not in causes
    assert "secret" not in str(pulled.records)
    assert folder.pull(match="customers-folder/*.csv").records == {}


def test_a_file_too_large_is_refused(folder: Any) -> None:
    folder.settings["max_file_mb"] = 1
    folder.put("customers.csv", "id\n" + "1\n" * 600_000)
    assert "more than the 1 MB allowed" in folder.pull().causes[0]


@pytest.mark.parametrize("match", ["/etc/passwd", "../*.csv", "a/../../*.csv", "", "**/x.csv", "a\\b"])
def test_patterns_that_could_leave_the_folder_are_refused(folder: Any, match: str) -> None:
    with pytest.raises(ConnectionBroken, match="is no pattern for files in the folder"):
        folder.pull(match=match)


def test_a_folder_that_is_not_there_stops_the_connection(folder: Any) -> None:
    folder.path.rmdir()
    with pytest.raises(ConnectionBroken, match="does not exist"):
        folder.pull()


def test_nothing_matched_is_told(folder: Any) -> None:
    first = folder.pull()
    assert first.causes == ['no file matches "customers*"']
    assert first.rejected[0].code == "nothing_matched"
    path = folder.put("customers.csv", "id\n1\n")
    second = folder.pull(cursor=first.cursor)
    path.unlink()
    assert folder.pull(cursor=second.cursor).causes == ['no file matches "customers*"; 1 did last time']


def test_the_order_of_rows_and_the_encoding_do_not_change_a_record(folder: Any) -> None:
    rows = [f"{n},王 {n},x\n" for n in range(50)]
    folder.put("customers.csv", "id,name,city\n" + "".join(rows))
    before = folder.pull().records
    folder.put("customers.csv", ("id,name,city\n" + "".join(reversed(rows))).encode("gb18030"))
    assert folder.pull().records == before


def test_check_goes_through_every_step(folder: Any) -> None:
    folder.put("customers.csv", "id;name\n1;Zoë\n")
    findings = list(folder.connector().check())
    assert [one.ok for one in findings] == [True] * 4
    assert findings[2].step == 'customer "customers*"'
    assert "utf-8 (valid throughout), delimiter ';', 2 columns" in findings[2].detail
    assert findings[3].step == "write_back"
