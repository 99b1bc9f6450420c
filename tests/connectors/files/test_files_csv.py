"""CSV: what is read, and what a broken row costs (itself)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROWS = [
    ["id", "name", "city"],
    ["1", 'Ann "A"; B', "Köln"],
    ["2", 'Bob,"\nJr|x', "Aachen\t7"],
    ["3", "", "Ulm"],
]


def text_of(rows: list[list[str]], **how: Any) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, **how).writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_delimiter_quoting_and_line_end(folder: Any, delimiter: str, quoting: int, ending: str) -> None:
    folder.put("customers.csv", text_of(ROWS, delimiter=delimiter, quoting=quoting, lineterminator=ending))
    pulled = folder.pull()
    assert pulled.rejected == []
    assert [list(one.raw.values()) for one in pulled.records.values()] == ROWS[1:]
    assert f"delimiter {delimiter!r}" in pulled.cursor["files"]["customers.csv"]["read_as"]


def test_a_configured_delimiter_and_excels_own_hint(folder: Any) -> None:
    folder.put("customers.csv", "id~name\n1~Ann, Bob; Carl\n")
    assert folder.pull(delimiter="~").records["1"].raw == {"id": "1", "name": "Ann, Bob; Carl"}
    folder.put("customers.csv", "sep=;\nid;name\n1;Ann\n")
    assert folder.pull().records["1"].raw == {"id": "1", "name": "Ann"}
    folder.put("customers.csv", "id\tname\n1\tAnn\n")
    assert folder.pull(delimiter="tab").records["1"].raw == {"id": "1", "name": "Ann"}


def test_one_column_and_no_final_line_break(folder: Any) -> None:
    folder.put("customers.csv", "id\n1\n2")
    assert folder.pull().ids == ["1", "2"]


def test_blank_rows_are_no_rows(folder: Any) -> None:
    folder.put("customers.csv", "\n\nid,name\n\n1,Ann\n,\n,,,,\n2,Bob\n,\n")
    pulled = folder.pull()
    assert (pulled.ids, pulled.rejected) == (["1", "2"], [])


def test_values_are_verbatim_and_header_cells_trimmed(folder: Any) -> None:
    folder.put("customers.csv", " id , name,\n1,  padded  ,=1+1\n")
    assert folder.pull().records["1"].raw == {"id": "1", "name": "  padded  ", "column 3": "=1+1"}


def test_each_broken_row_has_its_line_and_cause_and_the_rest_is_in(folder: Any) -> None:
    folder.put(
        "customers.csv",
        b"id,name,city\n"
        b"1,Ann,Ulm\n"
        b"2,Bob\n"
        b"3,Carl,Bonn,x\n"
        b",Dora,Hof\n"
        b'5,"Eve" E,Jena\n'
        b"6,\xff\xfe,Suhl\n"
        b"7,nul\x00,Gera\n"
        b"8\x01,Hal,Gera\n"
        b"9,Ida,Trier\n",
    )
    pulled = folder.pull(encoding="utf-8")
    assert pulled.ids == ["1", "7", "9"]
    assert pulled.records["7"].raw["name"] == "nul\x00"
    assert [re.sub(r"^customers.csv, ", "", one) for one in pulled.causes] == [
        "line 3: the row has 2 columns, the header has 3",
        "line 4: the row has 4 columns, the header has 3",
        'line 5: the id is empty (column "id")',
        "line 6: quotes are wrong: ',' expected after '\"'",
        "line 7: byte 0xff at place 3 is not utf-8",
        'line 9: the id has a control character (column "id")',
    ]
    assert [one.external_id for one in pulled.rejected] == ["2", "3", None, "5", "6", None]
    assert pulled.rejected[0].raw == {"row": ["2", "Bob"]}


@pytest.mark.parametrize(
    "text",
    [
        'id,name,city\n1,Ann,Ulm\n2,"Bob,Hof\n3,Carl,Bonn\n4,"Dora, D",Jena\n5,Eve,Suhl\n',
        'id,name,city\n1,Ann,Ulm\n2,"Bob,Hof\n3,Carl,Bonn\n4,Dora,Jena\n5,Eve,Suhl\n',
        '"id","name","city"\n"1","Ann","Ulm"\n"2","Bob","Hof\n"3","Carl","Bonn"\n"4","D","J"\n"5","E","S"\n',
        'id,name,city\n1,Ann,Ulm\n2,"Bob,Hof\n3,Carl,Bonn\n4,Dora,Jena\n5,"E\nE",Suhl\n',
    ],
)
def test_an_unterminated_quote_costs_one_row(
    folder: Any, text: str, small_blocks: Callable[[int], None]
) -> None:
    for size in (11, 262_144):
        small_blocks(size)
        folder.put("customers.csv", text)
        pulled = folder.pull()
        assert pulled.ids == ["1", "3", "4", "5"]
        assert len(pulled.causes) == 1
        assert "line 3: a quote is opened and n" in pulled.causes[0]


def test_an_unterminated_quote_far_from_any_other_costs_one_row(folder: Any) -> None:
    rows = "".join(f"{n},Name {n},City\n" for n in range(3, 20_000))
    folder.put("customers.csv", f'id,name,city\n1,Ann,Ulm\n2,"Bob,Hof\n{rows}')
    pulled = folder.pull()
    assert len(pulled.records) == 19_998
    assert len(pulled.rejected) == 1


@pytest.mark.parametrize("poison", ["x" * 200_000, "x" * 5_000_000])
def test_typed_text_in_a_cell_too_long_never_becomes_rows(folder: Any, poison: str) -> None:
    """Somebody's note with line breaks is one cell, also when it cannot be taken."""
    note = f"hello\n666,Mallory,evil\n{poison}\n667,Mallory,evil\n"
    folder.put("customers.csv", text_of([["id", "name", "note"], ["1", "Ann", note], ["2", "Bob", "x"]]))
    pulled = folder.pull()
    assert pulled.ids == ["2"]
    assert len(pulled.rejected) == 1
    assert "line 2: " in pulled.causes[0]
    assert pulled.rejected[0].external_id == "1"


def test_undecodable_text_in_a_cell_never_becomes_rows(folder: Any) -> None:
    folder.put(
        "customers.csv", b'id,name,note\n1,Ann,"hi\n666,Mallory,evil\n\xff\n667,M,e"\n2,Bob,"\xc3\xa9"\n'
    )
    pulled = folder.pull(encoding="utf-8")
    assert pulled.ids == ["2"]
    assert pulled.causes == ["customers.csv, line 2: byte 0xff at place 1 is not utf-8"]


def test_rows_that_a_stray_quote_swallowed_are_not_lost_in_silence(folder: Any) -> None:
    folder.put("customers.csv", 'id,name,size\n1,Ann,x\n2,"Bob,x\n3,Carl,y\n4,pipe 5",z\n5,Eve,x\n')
    pulled = folder.pull()
    assert pulled.ids == ["1", "5"]
    assert pulled.causes == [
        "customers.csv, line 3: a cell seems to hold the 2 rows after it: a quote that is not closed?"
    ]
    folder.put("customers-old.csv", "id,name,size\n3,stale,s\n6,Fay,x\n", at=1000)
    assert folder.pull().ids == ["1", "5", "6"]
    folder.put("customers.csv", 'id,name,note\n1,Ann,"Main St 5\n12345 Ulm, Germany, EU"\n')
    assert folder.pull().rejected == []


def test_undecodable_lines_stay_broken_also_when_their_text_is_forgotten(
    folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.files.feed._KEPT", 50)
    rows = b"".join(b"%d,Ann\nx%d,\xff\n" % (n, n) for n in range(500))
    folder.put("customers.csv", b"id,name\n" + rows)
    pulled = folder.pull(encoding="utf-8")
    assert (len(pulled.records), len(pulled.rejected)) == (500, 500)


@pytest.mark.parametrize("length", [200_000, 5 * 1024 * 1024])
def test_a_field_too_long_is_rejected_and_shortened(folder: Any, length: int) -> None:
    folder.put("customers.csv", f"id,name\n1,Ann\n2,{'x' * length}\n3,{'y' * 5_000}\n")
    pulled = folder.pull()
    assert pulled.ids == ["1", "3"]
    assert len(pulled.records["3"].raw["name"]) == 5_000
    assert "longer than" in pulled.causes[0]
    assert len(str(pulled.rejected[0].raw)) < 5_000


def test_the_same_id_twice_rejects_both_rows(folder: Any) -> None:
    folder.put("customers.csv", 'id,name\n7,Ann\n8,"B\nb"\n7,Anna\n9,Carl\n')
    pulled = folder.pull()
    assert pulled.ids == ["8", "9"]
    assert pulled.causes == ["customers.csv: the same id in 2 rows (lines 2, 5)"] * 2
    assert [one.raw["name"] for one in pulled.rejected] == ["Ann", "Anna"]
    assert {(one.external_id, one.code) for one in pulled.rejected} == {("7", "same_id_twice")}


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "customers.csv is empty"),
        ("\n\n", "customers.csv is empty: it has no header"),
        ("Ident,name\n1,Ann\n", 'has no column "customer_id"'),
        ("customer ID,name\n1,Ann\n", 'did you mean id = "customer ID"?'),
        ("customer_id,name,name\n1,a,b\n", 'the header has "name" more than once'),
        ('customer_id,"name\n', "the header cannot be read"),
        ("\x1f\x8b\x08", "is compressed (gzip)"),
    ],
)
def test_a_file_without_a_good_header_is_rejected_and_the_others_go_on(
    folder: Any, text: str, cause: str
) -> None:
    folder.put("customers.csv", text.encode("latin-1"))
    folder.put("customers-good.csv", "customer_id,name\n5,Eve\n")
    pulled = folder.pull(id="customer_id")
    assert pulled.ids == ["5"]
    assert cause in pulled.causes[0]
    assert (pulled.rejected[0].code, pulled.rejected[0].raw) == ("file_rejected", {"file": "customers.csv"})


def test_a_file_of_mostly_broken_rows_is_rejected_whole(folder: Any) -> None:
    folder.put("customers.csv", "id,name\n1,Ann\n" + "2;x;y\n" * 1500)
    pulled = folder.pull()
    assert pulled.records == {}
    assert len(pulled.rejected) == 1
    assert "nothing of it is taken" in pulled.causes[0]


def test_pages_and_total(folder: Any) -> None:
    folder.put("customers.csv", "id,name\n" + "".join(f"{n},N\n" for n in range(2500)))
    pages = list(folder.connector().pull("customer", None))
    assert [len(one.records) for one in pages] == [1000, 1000, 500]
    assert [one.total for one in pages] == [2500] * 3
    assert [one.cursor is None for one in pages] == [True, True, False]


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\ufeff"), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(
    rows=st.lists(st.tuples(CELL, CELL), max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    size=st.integers(5, 60),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
)
def test_whatever_is_written_is_read(
    folder: Any,
    small_blocks: Callable[[int], None],
    rows: list[tuple[str, str]],
    delimiter: str,
    size: int,
    encoding: str,
) -> None:
    small_blocks(size)
    table = [["id", "a", "b"], *([f"k{n}", *row] for n, row in enumerate(rows))]
    text = text_of(table, delimiter=delimiter, lineterminator="\r\n")
    path: Path = folder.put("customers.csv", text.encode(encoding))
    pulled = folder.pull(encoding=encoding, delimiter=delimiter)
    assert pulled.rejected == [], path.read_bytes()
    assert [list(one.raw.values()) for one in pulled.records.values()] == table[1:]
    again = folder.connector(encoding=encoding, delimiter=delimiter).fetch("customer", pulled.ids)
    assert {one.external_id: one.raw for one in again} == {k: v.raw for k, v in pulled.records.items()}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(junk=st.text(st.sampled_from('",;\n\rab1\x00 é'), max_size=60), size=st.integers(3, 40))
def test_junk_never_stops_a_pull_and_a_good_row_before_it_is_in(
    folder: Any, small_blocks: Callable[[int], None], junk: str, size: int
) -> None:
    small_blocks(size)
    folder.put("customers.csv", f"id,name\nfirst,Ann\n{junk}")
    pulled = folder.pull(delimiter=",")
    twice = [one for one in pulled.rejected if one.code == "same_id_twice"]
    assert "first" in pulled.records or twice
    for one in pulled.rejected:
        assert "customers.csv" in one.cause
