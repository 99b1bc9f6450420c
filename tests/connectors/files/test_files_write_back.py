"""Write-back: whole rows, verbatim, in a new file; and what is gone."""

from __future__ import annotations

import csv
import errno
import io
import os
import re
from typing import Any

import pytest

from hub.errors import ConnectionBroken, Unsupported
from hub.sdk import Change

EVIL = [
    '=HYPERLINK("http://x","y")',
    "+1",
    "-2+3",
    "@SUM(A1)",
    'a "b", c;\n d\r',
    " \t ",
    "nul\x00",
    "王芳 \u202e👩‍👩‍👧",
]


def change(external_id: str | None, before: Any = None, /, **payload: Any) -> Change:
    return Change(f"key-{external_id}", external_id, payload, before=before)


def only(written: dict[str, bytes]) -> tuple[str, bytes]:
    ((name, body),) = written.items()
    return name, body


def test_changed_rows_whole_in_the_inputs_columns(folder: Any) -> None:
    content = "id;name;phone\n1;Ann;111\n2;Bob;222\n3;Carl;333\n"
    path = folder.put("customers.csv", content)
    connector = folder.connector()
    before = {one.external_id: one.raw for one in connector.fetch("customer", ["1", "3"])}
    receipts = connector.push(
        "customer", [change("3", before["3"], phone="999"), change("1", before["1"], name="Änn", phone=None)]
    )
    assert [(one.key, one.outcome, one.external_id, one.record) for one in receipts] == [
        ("key-3", "done", "3", None),
        ("key-1", "done", "1", None),
    ]
    name, body = only(folder.written())
    assert re.fullmatch(r"customers-\d{8}T\d{6}Z\.csv", name)
    assert body.decode("utf-8") == "id;name;phone\r\n3;Carl;999\r\n1;Änn;\r\n"
    assert path.read_text() == content


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("configured", ["auto", "as it is"])
def test_what_was_written_is_read_again_as_it_was(folder: Any, encoding: str, configured: str) -> None:
    table = {"encoding": "auto" if configured == "auto" else encoding}
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["id", " name ", "note"], *([str(n), "张伟", "x"] for n in range(len(EVIL)))])
    folder.put("customers.csv", out.getvalue().encode(encoding), at=1000)
    changes = [change(str(n), name=text) for n, text in enumerate(EVIL)]
    receipts = folder.connector(**table).push("customer", changes)
    assert {one.outcome for one in receipts} == {"done"}
    name, body = only(folder.written())
    assert body.startswith(b"\xef\xbb\xbf") == (encoding != "utf-8")
    folder.put(name, body, at=2000)
    pulled = folder.pull(**table)
    assert pulled.rejected == []
    assert {n: pulled.records[str(n)].raw["name"] for n in range(len(EVIL))} == dict(enumerate(EVIL))
    assert pulled.records["0"].raw["note"] == "x"


def test_the_row_is_built_from_before_and_the_file(folder: Any) -> None:
    folder.put("customers.csv", "id,name,city\n1,Ann,Ulm\n")
    folder.connector().push("customer", [change("1", {"id": "1", "name": "Anna"}, city="Bonn")])
    assert only(folder.written())[1] == b"id,name,city\r\n1,Anna,Bonn\r\n"


def test_each_call_writes_one_file_per_input_and_never_over_another(folder: Any) -> None:
    folder.put("customers-a.csv", "id,name\n1,Ann\n")
    folder.put("customers-b.csv", "id,name\n2,Bob\n3,Carl\n")
    connector = folder.connector()
    for name in ("x", "y", "z"):
        receipts = connector.push("customer", [change(one, name=name) for one in "123"])
        assert [one.outcome for one in receipts] == ["done"] * 3
    written = folder.written()
    assert len(written) == 6
    assert all(re.fullmatch(r"customers-[ab]-\d{8}T\d{6}Z(-[23])?\.csv", one) for one in written)
    assert sorted(body.count(b"\r\n") for body in written.values()) == [2, 2, 2, 3, 3, 3]


def test_refusals_stay_with_their_change(folder: Any) -> None:
    folder.put(
        "customers.csv", "id,name,city\n1,Ann,Ulm\n2,Bob,Hof\n3,Carl,Bonn\n4,D,E\n5,E,F\n6,x,y\n6,x,z\n"
    )
    receipts = folder.connector().push(
        "customer",
        [
            change(None, name="New"),
            change("1", nmae="Anna"),
            change("2", name="Robert"),
            change("gone", name="x"),
            change("3", id="33"),
            change("4", name=["a", "b"]),
            change("5", name="x" * 200_000),
            change("6", name="which?"),
        ],
    )
    assert [one.outcome for one in receipts] == [
        "refused",
        "refused",
        "done",
        "refused",
        "refused",
        "refused",
        "refused",
        "retry",
    ]
    causes = [one.cause or "" for one in receipts]
    assert "files cannot create" in causes[0]
    assert 'has no column "nmae"' in causes[1] and 'did you mean "name"?' in causes[1]
    assert "no file has a row with this id" in causes[3]
    assert 'the id column "id" cannot be changed' in causes[4]
    assert "cannot hold a list" in causes[5]
    assert only(folder.written())[1] == b"id,name,city\r\n2,Robert,Hof\r\n"


def test_nested_names_numbers_and_truths(folder: Any) -> None:
    folder.put("customers.csv", "id,address.city,n,vip\n1,Ulm,1,false\n")
    folder.connector().push("customer", [change("1", address={"city": "Bonn"}, n=7, vip=True)])
    assert only(folder.written())[1] == b"id,address.city,n,vip\r\n1,Bonn,7,true\r\n"


def test_json_lines_come_back_as_json_lines(folder: Any) -> None:
    folder.put(
        "customers.jsonl", '{"id": 1, "a": {"city": "Ulm", "zip": "1"}, "n": [1], "x.y": 1}\n', at=1000
    )
    folder.connector().push(
        "customer", [Change("k", "1", {"a.city": "Bonn", "name": "Ann", "x.y": 2, "a": {"zip": "2"}})]
    )
    name, body = only(folder.written())
    assert re.fullmatch(r"customers-\d{8}T\d{6}Z\.jsonl", name)
    folder.put(name, body, at=2000)
    assert folder.pull().records["1"].raw == {
        "id": 1,
        "a": {"city": "Bonn", "zip": "2"},
        "n": [1],
        "x.y": 2,
        "name": "Ann",
    }


def test_json_lines_under_a_configured_encoding_come_back_with_a_mark(folder: Any) -> None:
    folder.put("customers.jsonl", '{"id": 1, "name": "王芳"}\n'.encode("gb18030"), at=1000)
    folder.connector(encoding="gb18030").push("customer", [change("1", city="北京")])
    name, body = only(folder.written())
    folder.put(name, body, at=2000)
    assert folder.pull(encoding="gb18030").records["1"].raw == {"id": 1, "name": "王芳", "city": "北京"}


def test_a_full_disk_leaves_nothing_and_asks_to_try_again(
    folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("customers.csv", "id,name\n1,Ann\n")

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    (receipt,) = folder.connector().push("customer", [change("1", name="x")])
    assert receipt.outcome == "retry"
    assert "No space left on device" in (receipt.cause or "")
    assert folder.written() == {}


def test_where_it_may_write(folder: Any, tmp_path: Any) -> None:
    folder.put("customers.csv", "id,name\n1,Ann\n")
    folder.put("sub/x", "")
    (tmp_path / "link").symlink_to(folder.path / "sub")
    for into in (folder.path, folder.path / "sub", tmp_path / "link", tmp_path / "no" / "where"):
        folder.settings["write_back"] = str(into)
        with pytest.raises(ConnectionBroken):
            folder.connector().push("customer", [change("1", name="x")])
        *_, last = folder.connector().check()
        assert (last.step, last.ok) == ("write_back", False)
    folder.settings["write_back"] = ""
    with pytest.raises(Unsupported, match="no write_back folder"):
        folder.connector().push("customer", [change("1", name="x")])
    assert sorted(one.name for one in folder.path.iterdir()) == ["customers.csv", "sub"]


# --- deletes ---------------------------------------------------------------------------------------


def gone(folder: Any, bound: list[str], since: Any = None, **table: Any) -> tuple[list[str], Any]:
    told = folder.connector(**{"complete": True, **table}).deletes("customer", since, iter(bound))
    return list(told.external_ids), told.cursor


def test_a_row_that_is_gone_from_all_files_was_deleted(folder: Any) -> None:
    folder.put("customers-a.csv", "id\n1\n2\n")
    folder.put("customers-b.csv", "id\n2\n3\n")
    told, cursor = gone(folder, ["1", "2", "3", "4"])
    assert told == ["4"]
    assert cursor == {"matched": {"customers*": 2}, "held": None}


@pytest.mark.parametrize(
    ("name", "content", "held"),
    [
        ("customers-b.csv", "id,x\n2,2\n3\n", "broken rows"),
        ("customers-b.csv", "id,x\n3,3\n3,3\n", "an id twice"),
        ("customers-b.csv", "", "is empty"),
        ("customers-b.csv", "nummer\n3\n", 'has no column "id"'),
        ("customers-\n.csv", "id\n3\n", "its name has"),
    ],
)
def test_nothing_is_gone_while_something_cannot_be_read(
    folder: Any, name: str, content: str, held: str
) -> None:
    folder.put("customers-a.csv", "id\n1\n")
    folder.put(name, content)
    told, cursor = gone(folder, ["1", "2", "3"])
    assert told == []
    assert held in cursor["held"]


def test_nothing_is_gone_while_a_file_is_missing(folder: Any) -> None:
    folder.put("customers-a.csv", "id\n1\n")
    second = folder.put("customers-b.csv", "id\n2\n")
    told, cursor = gone(folder, ["1", "2"])
    assert told == []
    second.unlink()
    for _ in range(3):
        told, cursor = gone(folder, ["1", "2"], cursor)
        assert (told, cursor["held"]) == ([], '"customers*" matched 2 files before, and 1 now')
    assert gone(folder, ["1", "2"])[0] == ["2"]  # asked from the beginning
    folder.put("customers-c.csv", "id\n3\n")
    assert gone(folder, ["1", "2"], cursor)[0] == ["2"]
    for path in folder.path.iterdir():
        path.unlink()
    told, cursor = gone(folder, ["1", "2"], cursor)
    assert (told, cursor["held"]) == ([], 'no file matches "customers*"')


def test_only_complete_patterns_tell_deletes(folder: Any) -> None:
    folder.put("customers.csv", "id\n1\n")
    folder.tables.append({"object": "customer", "match": "more*", "id": "id", "complete": False})
    folder.put("more.csv", "id\n2\n")
    told, cursor = gone(folder, ["1", "2", "3"])
    assert told == []
    assert "complete = true" in cursor["held"]
