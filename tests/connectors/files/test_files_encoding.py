"""Encodings: decided the same way always, over the whole file, and said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

NAMES = ["欧阳娜娜", "王芳", "张伟", "李静怡", "司马懿", "赵敏", "刘洋", "诸葛亮"]
TABLE = "id,name,city\n" + "".join(f"{n},{name},北京市朝阳区\n" for n, name in enumerate(NAMES))


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "utf-8 (valid throughout)"),
        ("utf-8-sig", "utf-8 (byte order mark)"),
        ("utf-16", "utf-16-le (byte order mark)"),
        ("gb18030", "gb18030 (common Chinese characters)"),
        ("gbk", "gb18030 (common Chinese characters)"),
    ],
)
def test_chinese_names_in_any_encoding(folder: Any, encoding: str, said: str) -> None:
    folder.put("customers.csv", TABLE.encode(encoding))
    pulled = folder.pull()
    assert [one.raw["name"] for one in pulled.records.values()] == NAMES
    assert pulled.cursor["files"]["customers.csv"]["read_as"] == f"{said}, delimiter ','"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(folder: Any, encoding: str) -> None:
    folder.put("customers.csv", "id;name;email;city\n1;Zoë 王;zoe@example.org;Paris\n".encode(encoding))
    assert folder.pull().records["1"].raw["name"] == "Zoë 王"


@pytest.mark.parametrize("names", [["Müller"], ["Désirée", "Ñuñez", "Größe", "Åsa", "Łuk".replace("Ł", "L")]])
def test_western_names_are_not_taken_for_chinese(folder: Any, names: list[str]) -> None:
    text = "id,name\n" + "".join(f"{n},{name}\n" for n, name in enumerate(names)) + "99,“quoted” €5\n"
    folder.put("customers.csv", text.encode("cp1252"))
    pulled = folder.pull()
    assert [one.raw["name"] for one in pulled.records.values()] == [*names, "“quoted” €5"]
    assert "cp1252" in pulled.cursor["files"]["customers.csv"]["read_as"]


def test_bytes_that_windows_does_not_have_are_latin_1(folder: Any) -> None:
    folder.put("customers.csv", b"id,name\n1,M\xfcller\x81\n")
    assert folder.pull().records["1"].raw["name"] == "Müller\x81"


def test_cyrillic_is_guessed_and_said_to_be_a_guess(folder: Any) -> None:
    names = ["Иван Петров", "Мария Сидорова", "Алексей Смирнов", "Екатерина Кузнецова", "Дмитрий Попов"]
    text = "id;имя;город\n" + "".join(f"{n};{name};Санкт-Петербург\n" for n, name in enumerate(names))
    folder.put("customers.csv", text.encode("cp1251"))
    pulled = folder.pull()
    assert [one.raw["имя"] for one in pulled.records.values()] == names
    assert "cp1251 (a guess" in pulled.cursor["files"]["customers.csv"]["read_as"]


def test_the_only_chinese_line_far_down_decides(folder: Any) -> None:
    plain = "".join(f"{n},Name {n}\n" for n in range(60_000))
    folder.put("customers.csv", f"id,name\n{plain}60000,张伟\n".encode("gb18030"))
    assert folder.pull().records["60000"].raw["name"] == "张伟"


def test_a_few_bad_bytes_do_not_turn_utf_8_into_something_else(folder: Any) -> None:
    rows = [f"{n},Zoë {n}\n".encode() for n in range(20)]
    rows[7] = b"7,Zo\xeb\n"
    folder.put("customers.csv", b"id,name\n" + b"".join(rows))
    pulled = folder.pull()
    assert len(pulled.records) == 19
    assert pulled.causes == ["customers.csv, line 9: byte 0xeb at place 5 is not utf-8"]


def test_a_broken_utf_16_row_costs_itself(folder: Any, small_blocks: Callable[[int], None]) -> None:
    good = "id,name\n1,Ann\n2,王芳\n".encode("utf-16")
    folder.put("customers.csv", good + b"3\x00,\x00\x00\xd8x\x00\n\x00" + "4,Dora\n".encode("utf-16-le"))
    for size in (7, 262_144):
        small_blocks(size)
        pulled = folder.pull()
        assert pulled.ids == ["1", "2", "4"]
        assert "line 4: byte" in pulled.causes[0]


def test_a_configured_encoding_is_obeyed_but_a_mark_beats_it(folder: Any) -> None:
    folder.put("customers.csv", "id,name\n1,Zoë\n".encode("cp1252"))
    assert folder.pull(encoding="cp1250").records["1"].raw["name"] == "Zoë"
    assert folder.pull(encoding="koi8-r").records["1"].raw["name"] != "Zoë"
    folder.put("customers.csv", "id,name\n1,王芳\n".encode("utf-8-sig"))
    assert folder.pull(encoding="gb18030").records["1"].raw["name"] == "王芳"


def test_decoding_is_no_way_to_unpack_or_run_things(folder: Any) -> None:
    folder.put("customers.csv", "id,name\n1,Ann\n")
    for name in ("zlib", "rot13", "base64", "unicode_escape", "idna", "no-such", "../x"):
        *_, last = folder.connector(encoding=name).check()
        assert not last.ok
        assert f'encoding = "{name}" is not known' in last.detail
