"""A folder of exports both ways: write-backs, deletes by `complete`, overlays, remap."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flows.flow_hub import GOLDEN_TABLES, Hub
from flows.memory_system import MAP, MemorySystem

from hub.flows.remap import remap
from hub.testkit.contents import TEXTS

System = Callable[..., MemorySystem]
PEOPLE = """\
object = "customer"
[pull]
given_name = "first"
family_name = "last"
email = "mail"
phone = "phone"
"address.locality" = "city"
company = "firm"
"""
FILES = """\
[connection.shop]
connector = "files"
path = "in/"
write_back = "out/"
[[connection.shop.file]]
object = "customer"
match = "people*.csv"
id = "id"
complete = {complete}
map = "people.toml"
"""
HEADER = ("id", "first", "last", "mail", "phone", "city", "firm", "vip")
ANN = ("1", "Ann", "Lee", "ann@x.org", "+49 30 901820", "Bonn", "", "no")


class Folder:
    """The exports of a shop: rows by id, written whole."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.path = hub.home / "in"
        self.path.mkdir()
        self.rows: dict[str, list[str]] = {ANN[0]: list(ANN)}

    def export(self, name: str = "people.csv") -> None:
        with (self.path / name).open("w", newline="", encoding="utf-8") as handle:
            csv.writer(handle).writerows([HEADER, *self.rows.values()])

    def set(self, id: str, **fields: str) -> None:
        row = self.rows.setdefault(id, [id, *[""] * (len(HEADER) - 1)])
        for name, value in fields.items():
            row[HEADER.index(name)] = value

    def written(self) -> list[dict[str, str]]:
        """Every row of every file in out/, oldest first."""
        found = []
        for file in sorted((self.hub.home / "out").glob("*.csv")):
            with file.open(newline="", encoding="utf-8-sig") as handle:
                found += list(csv.DictReader(handle))
        return found


@pytest.fixture
def shop(hub: Hub) -> Folder:
    (hub.home / "people.toml").write_text(PEOPLE, encoding="utf-8")
    found = Folder(hub)
    found.export()
    hub.apply(FILES.format(complete="false"))
    return found


@pytest.fixture
def erp(hub: Hub, shop: Folder, system: System) -> MemorySystem:
    found = system("erp")
    found.put(id="e1", first="Ann", last="Lee", mail="ann@x.org", phone="+49 30 901820", city="Bonn")
    hub.connect("erp", "update = true", map=MAP)
    hub.settle()
    return found


# --- write-back -------------------------------------------------------------------------------------


def test_an_edit_elsewhere_is_written_into_out_and_never_in_place(
    hub: Hub, shop: Folder, erp: MemorySystem
) -> None:
    before = (shop.path / "people.csv").read_bytes()
    erp.edit("e1", city="Köln")
    hub.settle()
    assert shop.written() == [dict(zip(HEADER, [*ANN[:5], "Köln", "", "no"], strict=True))]
    assert (shop.path / "people.csv").read_bytes() == before
    hub.settle()
    assert (
        len(shop.written()) == 1
    )  # the old row still lies in in/: that is no edit, and no reason to write again


def test_reimporting_what_out_wrote_is_no_edit(hub: Hub, shop: Folder, erp: MemorySystem) -> None:
    erp.edit("e1", city="Köln")
    hub.settle()
    (file,) = (hub.home / "out").glob("*.csv")
    file.rename(shop.path / "people.csv")
    before = hub.content("customer", "feed", "entry", "receipt")
    hub.settle()
    assert hub.content("customer", "feed", "entry", "receipt") == before
    assert hub.binding("shop", "1").contribution["address.locality"].value == "Bonn"
    assert not list((hub.home / "out").glob("*.csv"))


def test_a_value_put_back_by_hand_after_our_write_is_seen(hub: Hub, shop: Folder, erp: MemorySystem) -> None:
    erp.edit("e1", city="Köln")
    hub.settle()
    shop.set("1", city="Köln")
    shop.export()
    hub.settle()  # the shop imported it
    hub.clock.wait(60)
    shop.set("1", city="Bonn")
    shop.export()
    hub.settle()  # and somebody there put the old value back
    assert erp.rows["e1"]["city"] == "Bonn"
    assert hub.golden("shop", "1")["address.locality"] == "Bonn"


def test_an_edit_in_an_export_arrives_elsewhere(hub: Hub, shop: Folder, erp: MemorySystem) -> None:
    shop.set("1", city="Mainz", firm="Lee Ltd")
    shop.export("people2.csv")
    hub.settle()
    assert (erp.rows["e1"]["city"], erp.rows["e1"]["firm"]) == ("Mainz", "Lee Ltd")
    assert shop.written() == []


def test_hostile_content_goes_through_to_the_write_back(hub: Hub, shop: Folder, erp: MemorySystem) -> None:
    """5,000 characters, right-to-left, NUL, formulas: what a person typed arrives, and coming back it is no edit."""
    ids = {}
    for number, text in enumerate(TEXTS.values(), start=100):
        who = {"first": "Ann", "last": f"Number{number}", "mail": f"n{number}@x.org"}
        shop.set(str(number), **who)
        ids[str(number)] = erp.put(**who, firm=text)
    shop.export()
    hub.settle()
    goldens = {id: hub.golden("erp", ids[id])["company"] for id in ids}
    for typed, golden in zip(TEXTS.values(), goldens.values(), strict=True):
        assert "\x00" not in golden
        assert len(golden) >= len(typed.strip()) - 4
    assert {row["id"]: row["firm"] for row in shop.written()} == goldens
    (file,) = (hub.home / "out").glob("*.csv")
    file.rename(shop.path / "people.csv")
    hub.settle()
    assert (shop.written(), erp.writes, hub.count("entry")) == ([], [], 0)
    assert {id: hub.golden("shop", id)["company"] for id in ids} == goldens


# --- deletes ----------------------------------------------------------------------------------------


def many(hub: Hub, shop: Folder, count: int, *, complete: str = "true") -> None:
    for number in range(2, count + 1):
        shop.set(str(number), first="Ann", last=f"Number{number}", mail=f"n{number}@x.org")
    shop.export()
    hub.apply(FILES.format(complete=complete))
    hub.settle()


def test_deletes_by_complete(hub: Hub, shop: Folder) -> None:
    many(hub, shop, 4)
    del shop.rows["3"]
    shop.export()
    report = hub.settle()
    assert report.outcomes[0].counts["deleted"] == 1
    assert hub.binding("shop", "3").gone
    assert not hub.binding("shop", "3").contribution["email"].live
    assert hub.golden("shop", "3")["email"] == "n3@x.org"  # its place and id stay
    shop.set("3", first="Ann", last="Number3", mail="n3@x.org", city="Ulm")
    shop.export()
    hub.settle()
    assert not hub.binding("shop", "3").gone  # seen again, it lives again
    assert hub.golden("shop", "3")["address.locality"] == "Ulm"


def test_without_complete_a_row_that_is_not_exported_is_not_deleted(hub: Hub, shop: Folder) -> None:
    many(hub, shop, 4, complete="false")
    del shop.rows["3"]
    shop.export()
    hub.settle()
    assert not hub.binding("shop", "3").gone


def test_the_guard_holds_a_mass_delete_until_confirmed(hub: Hub, shop: Folder) -> None:
    many(hub, shop, 20)
    for number in range(5, 21):
        del shop.rows[str(number)]
    shop.export()
    for _ in range(2):
        report = hub.sync()
        assert report.exit_code == 1
        assert (report.outcomes[0].state, report.outcomes[0].counts["deletes_held"]) == ("held", 16)
        assert "16 of 20 records are gone" in (report.outcomes[0].cause or "")
        assert hub.count("source_record", "gone_at IS NOT NULL") == 0
    report = hub.settle()
    assert report.outcomes[0].counts["deleted"] == 16
    assert hub.count("source_record", "gone_at IS NOT NULL") == 16


def test_a_broken_row_withholds_every_delete(hub: Hub, shop: Folder) -> None:
    many(hub, shop, 4)
    del shop.rows["3"]
    shop.export()
    with (shop.path / "people.csv").open("a", encoding="utf-8") as handle:
        handle.write("9,too,few\n")
    hub.sync()
    assert not hub.binding("shop", "3").gone


def test_a_record_gone_at_one_system_loses_to_the_living_ones(
    hub: Hub, shop: Folder, erp: MemorySystem
) -> None:
    erp.edit("e1", firm="Lee Ltd")
    hub.settle()
    hub.clock.wait(60)
    erp.edit("e1", city="Ulm")
    hub.settle()
    erp.erase("e1")
    hub.settle()
    golden = hub.golden("shop", "1")
    assert golden["address.locality"] == "Bonn"
    assert golden["company"] == "Lee Ltd"  # nobody living says otherwise


# --- maps that change ---------------------------------------------------------------------------------

OVERLAY = """\
[pull]
"custom.shop.vip" = "vip"
[push]
vip = "custom.shop.vip"
"""


def test_an_overlay_brings_a_custom_field_both_ways(hub: Hub, shop: Folder, system: System) -> None:
    (hub.home / "overlays").mkdir()
    (hub.home / "overlays" / "shop.customer.toml").write_text(OVERLAY, encoding="utf-8")
    (hub.home / "overlays" / "erp.customer.toml").write_text(
        '[pull]\n"custom.shop.vip" = "note"\n[push]\nnote = "custom.shop.vip"\n', encoding="utf-8"
    )
    hub.apply(FILES.format(complete="false"))
    erp = system("erp")
    erp.put(id="e1", first="Ann", last="Lee", mail="ann@x.org")
    hub.connect("erp", "update = true", map=MAP.replace('job_title = "note"\n', ""))
    hub.settle()
    assert erp.rows["e1"]["note"] == "no"
    erp.edit("e1", note="very")
    hub.settle()
    assert [row["vip"] for row in shop.written()] == ["very"]
    assert hub.golden("shop", "1")["custom.shop.vip"] == "very"


def test_remap_adding_a_field_makes_no_edit(hub: Hub, shop: Folder, erp: MemorySystem) -> None:
    erp.edit("e1", note="gold")
    hub.settle()
    (hub.home / "people.toml").write_text(PEOPLE + 'job_title = "vip"\n', encoding="utf-8")
    hub.apply(FILES.format(complete="false"))
    before = hub.content(*GOLDEN_TABLES)
    plan = remap(hub.db, hub.wiring(), hub.stream("shop"), apply=False)
    assert (plan["records"], plan["changed"], plan["field job_title"]) == (1, 1, 1)
    assert hub.content(*GOLDEN_TABLES) == before  # the plan wrote nothing
    remap(hub.db, hub.wiring(), hub.stream("shop"), apply=True)
    added = hub.binding("shop", "1").contribution["job_title"]
    assert (added.value, added.kind) == ("no", "first_sight")
    assert hub.count("entry") == 0
    assert hub.golden("erp", "e1")["job_title"] == "gold"  # an edit outranks what only came into sight
    hub.settle()
    assert [row["vip"] for row in shop.written()] == ["gold"]


def test_a_changed_map_line_is_no_edit_when_the_next_pull_brings_it(
    hub: Hub, shop: Folder, erp: MemorySystem
) -> None:
    (hub.home / "people.toml").write_text(
        PEOPLE.replace(
            '"address.locality" = "city"', '"address.locality" = { from = "city", via = ["upper"] }'
        ),
        encoding="utf-8",
    )
    hub.apply(FILES.format(complete="false"))
    hub.settle()
    assert hub.count("entry") == 0
    kinds = {one.kind for one in hub.binding("shop", "1").contribution.values()}
    assert kinds == {"first_sight"}


def test_remap_after_a_delivery_waits_for_the_record_to_be_read_again(
    hub: Hub, shop: Folder, erp: MemorySystem
) -> None:
    """The stored body is older than what we wrote since: it may not speak."""
    erp.edit("e1", note="sales")
    shop.set("1", city="Mainz")
    shop.export()
    hub.settle()
    hub.connect("erp", "update = true", map=MAP.replace('job_title = "note"', 'department = "note"'))
    plan = remap(hub.db, hub.wiring(), hub.stream("erp"), apply=True)
    assert (plan["waiting"], plan["changed"]) == (1, 0)
    hub.settle("shop")  # erp is not pulled: the mark alone has the record read again
    department = hub.binding("erp", "e1").contribution["department"]
    assert (department.value, department.kind) == ("sales", "first_sight")
    assert erp.rows["e1"]["city"] == hub.golden("erp", "e1")["address.locality"] == "Mainz"
    assert "job_title" not in hub.golden("erp", "e1")


def test_every_file_of_out_is_named_after_its_input(hub: Hub, shop: Folder, erp: MemorySystem) -> None:
    erp.edit("e1", city="Köln")
    hub.settle()
    (file,) = Path(hub.home / "out").iterdir()
    assert file.name.startswith("people-")


def test_deletes_told_within_a_page_are_retired_under_the_guard(hub: Hub, system: System) -> None:
    alpha = system("alpha")
    for number in range(1, 9):
        alpha.put(id=f"a{number}", first="Ann", last=f"Number{number}", mail=f"n{number}@x.org")
    alpha.capabilities = replace(alpha.capabilities, deletes=False)
    hub.connect("alpha", "update = true", map=MAP)
    hub.settle()
    alpha.tombstones.append("a3")
    assert hub.settle().outcomes[0].counts["deleted"] == 1
    assert hub.binding("alpha", "a3").gone
    alpha.tombstones.extend(["a1", "a2", "a4", "a5", "a6", "a7"])
    assert hub.sync().outcomes[0].counts["deletes_held"] == 6
    assert not hub.binding("alpha", "a1").gone
    assert hub.settle().outcomes[0].counts["deleted"] == 6


def test_records_found_gone_before_a_write_are_held_by_the_guard_until_confirmed(
    hub: Hub, system: System
) -> None:
    alpha, beta = system("alpha"), system("beta")
    for number in range(1, 9):
        who = {"first": "Ann", "last": f"Number{number}", "mail": f"n{number}@x.org"}
        alpha.put(id=f"a{number}", **who)
        beta.put(id=f"b{number}", **who)
    beta.capabilities = replace(beta.capabilities, deletes=False)
    hub.connect("alpha", "update = true", map=MAP)
    hub.connect("beta", "update = true", map=MAP)
    hub.settle()
    for number in range(1, 8):
        beta.erase(f"b{number}")
        alpha.edit(f"a{number}", city="Bonn")
    alpha.edit("a8", city="Ulm")
    for _ in range(2):
        assert hub.sync().exit_code == 1
        assert hub.count("delivery", "state = 'held'") == 7
        assert not hub.binding("beta", "b1").gone
    assert beta.rows["b8"]["city"] == "Ulm"
    hub.settle()
    assert hub.count("source_record", "gone_at IS NOT NULL") == 7
