"""A pull of unchanged data writes nothing, whatever happened to the file that holds it."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flows.flow_hub import GOLDEN_TABLES, Hub
from flows.memory_system import MAP, MemorySystem

from hub.canonical import paths

System = Callable[..., MemorySystem]
PEOPLE = """\
object = "customer"
[pull]
family_name = "姓"
given_name = "名"
email = "mail"
phone = "tel"
"address.locality" = "城市"
"""
FILES = """\
[connection.shop]
connector = "files"
path = "in/"
write_back = "out/"
country = "CN"
[[connection.shop.file]]
object = "customer"
match = "*.csv"
id = "编号"
map = "people.toml"
"""
HEADER = "编号;姓;名;mail;tel;城市"
ROWS = [
    f"k{number};{family};{given};{given}{number}@例子.cn;+86 138 0013 {8000 + number};北京市海淀区"
    for number, (family, given) in enumerate([("王", "芳"), ("欧阳", "娜娜"), ("李", "雷"), ("张", "敏")] * 3)
]


def write(folder: Path, rows: list[str], *, encoding: str = "utf-8", at: float | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "people.csv"
    file.write_text("\r\n".join([HEADER, *rows, ""]), encoding=encoding)
    if at is not None:
        os.utime(file, (at, at))
    return file


@pytest.fixture
def shop(hub: Hub) -> Path:
    (hub.home / "people.toml").write_text(PEOPLE, encoding="utf-8")
    write(hub.home / "in", ROWS)
    hub.apply(FILES)
    hub.settle()
    assert hub.count("customer") == len(ROWS)
    return hub.home / "in"


def unchanged(hub: Hub) -> None:
    """A sync now writes no row to any golden table: not one row, version, feed number or time differs."""
    before = hub.content(*GOLDEN_TABLES, "source_record", "receipt", "counter")
    report = hub.sync()
    assert report.exit_code == 0, report
    after = hub.content(*GOLDEN_TABLES, "source_record", "receipt", "counter")
    assert {name for name in before if before[name] != after[name]} == set()


def test_a_second_sync_writes_no_row_to_any_golden_table(hub: Hub, shop: Path) -> None:
    unchanged(hub)
    with hub.db.read() as conn:
        assert conn.exec_driver_sql("SELECT max(version) FROM customer").scalar() == 1


def test_a_full_sync_of_unchanged_data_writes_nothing(hub: Hub, shop: Path) -> None:
    before = hub.content(*GOLDEN_TABLES)
    hub.sync(full=True)
    assert hub.content(*GOLDEN_TABLES) == before


def test_nor_after_the_file_was_touched(hub: Hub, shop: Path) -> None:
    os.utime(shop / "people.csv", (time.time() + 60, time.time() + 60))
    unchanged(hub)


def test_nor_after_its_rows_were_shuffled(hub: Hub, shop: Path) -> None:
    rows = ROWS[:]
    random.Random(7).shuffle(rows)
    write(shop, rows)
    unchanged(hub)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig", "utf-16"])
def test_nor_after_its_encoding_changed(hub: Hub, shop: Path, encoding: str) -> None:
    write(shop, ROWS, encoding=encoding)
    unchanged(hub)


def test_nor_after_it_moved_to_another_name_and_was_doubled(hub: Hub, shop: Path) -> None:
    (shop / "people.csv").rename(shop / "again.csv")
    write(shop, ROWS[:5])
    unchanged(hub)


def test_nor_where_a_delivery_went_out_before(hub: Hub, system: System) -> None:
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", first="Ann", last="Lee", mail="ann@x.org", city="Bonn")
    hub.connect("alpha", "update = true", map=MAP)
    hub.connect("beta", 'update = true\ncreate = "all"', map=MAP)
    hub.settle()
    alpha.edit("a1", city="Ulm")
    hub.settle()
    hub.settle()  # takes up what our own write looks like there
    unchanged(hub)
    assert len(beta.writes) == 2


def test_gb18030(hub: Hub) -> None:
    """The named test: an export in GB18030, with characters GBK has not, arrives as it was typed."""
    (hub.home / "people.toml").write_text(PEOPLE, encoding="utf-8")
    rows = [*ROWS, "r1;㐂;𠮷野;yoshino@例子.cn;+86 138 0013 9001;镕基路"]
    write(hub.home / "in", rows, encoding="gb18030")
    hub.apply(FILES)
    hub.settle()
    golden = hub.golden("shop", "r1")
    assert (golden["family_name"], golden["given_name"]) == ("㐂", "𠮷野")
    assert golden["full_name"] == golden["display_name"] == "㐂𠮷野"
    assert golden["address.locality"] == "镕基路"
    assert hub.golden("shop", "k1")["full_name"] == "欧阳娜娜"
    assert hub.golden("shop", "k0")["phone"] == "+8613800138000"
    assert paths.known("customer")


def test_xlsx(hub: Hub) -> None:
    """The named test: the same people from a workbook."""
    from openpyxl import Workbook

    (hub.home / "people.toml").write_text(PEOPLE, encoding="utf-8")
    (hub.home / "in").mkdir()
    book = Workbook()
    for row in (HEADER, *ROWS):
        book.active.append(row.split(";"))
    book.save(hub.home / "in" / "people.xlsx")
    hub.apply(FILES.replace("*.csv", "*.xlsx"))
    hub.settle()
    assert hub.count("customer") == len(ROWS)
    assert hub.golden("shop", "k1")["full_name"] == "欧阳娜娜"
    unchanged(hub)
