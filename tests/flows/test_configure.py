"""plan, apply, export: what the admin wants, in the store and out again."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import WrongFile, WrongUse
from hub.flows import connection_life, connection_words
from hub.flows.configure import apply, flat, load_stored, plan
from hub.flows.connection_file import read_file, read_text
from hub.flows.connection_text import export_config
from hub.flows.wiring import load_wiring
from hub.store import migrate
from hub.store.queries import connections
from hub.store.session import Database

NOW = 1_780_000_000.0

ERP = """\
[connection.erp]
connector = "tryton"
url = "http://127.0.0.1:8000/hub"
key = "env:ERP_KEY"
country = "Germany"
priority = 5
calls_per_second = 4

[connection.erp.customer]
pull = true
update = true
create = "matching"
where = 'tag = "b2b" and consent[email] != withdrawn'
on_exit = "unlink"
schedule = "every 5m"
direction.birth_date = "in"
direction.address.locality = "both"
owner.credit_limit = "exports"
blank."phone[fax]" = "clear"
overlay = "erp.overlay.toml"
"""

EXPORTS = """\

[connection.exports]
connector = "files"
path = "in/"
write_back = "out/"
timezone = "Asia/Shanghai"
paused = true

[[connection.exports.file]]
object = "customer"
match = "customers*.csv"
id = "编号"
encoding = "gb18030"
map = "customers.toml"

[[connection.exports.file]]
object = "customer"
match = "more*.csv"
id = "id"
complete = true
map = "customers.toml"

[[connection.exports.file]]
object = "order"
match = "orders*.csv"
id = "no"
map = "orders.toml"

[survivorship]
phone = "latest"
"address[billing]" = ["erp", "exports"]
"""

MAP = """\
# Ümläuts and \\ backslashes stay as they are, "quotes" too
object = "customer"

[pull]
display_name = "姓名"
email = "mail"
"phone[mobile]" = { from = "tel", via = ["trim"] }
"""
ORDERS = """\
object = "order"
[pull]
number = "no"
customer_record = "customer"
"""
OVERLAY = """\
[pull]
"custom.erp.code" = "code2"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "admin"
    folder.mkdir()
    (folder / "customers.toml").write_text(MAP, encoding="utf-8")
    (folder / "orders.toml").write_text(ORDERS, encoding="utf-8")
    (folder / "erp.overlay.toml").write_text(OVERLAY, encoding="utf-8")
    found = folder / "connections.toml"
    found.write_text(ERP + EXPORTS, encoding="utf-8")
    return found


def everything(db: Database) -> dict[str, object]:
    """All that an admin configured, as one value."""
    with db.read() as conn:
        found: dict[str, object] = {
            name: flat(
                one.config, one.maps, base_dir=Path(one.row.base_dir), paused=one.row.state == "paused"
            )
            for name, one in load_stored(conn).items()
        }
        return found | {"survivorship": connections.rules(conn)}


def test_plan_apply_export_round_trip(db: Database, file: Path, tmp_path: Path) -> None:
    """The named test: a file's wishes, in the store, as a file again, in another hub, are the same to the letter."""
    document = read_file(file)
    assert [(s.act, s.name) for s in plan(db, document)] == [
        ("add", "erp"), ("add", "exports"), ("change", "survivorship"),
    ]  # fmt: skip
    with db.read() as conn:
        assert connections.rows(conn) == []  # a plan writes nothing
    apply(db, document, by="ann", now=NOW)
    assert {step.act for step in plan(db, document)} == {"unchanged"}

    exported = tmp_path / "elsewhere" / "hub.toml"
    exported.parent.mkdir()
    exported.write_text(export_config(db), encoding="utf-8")
    assert {step.act for step in plan(db, read_file(exported))} == {"unchanged"}

    for name in ("customers.toml", "orders.toml", "erp.overlay.toml"):
        (file.parent / name).unlink()  # the maps travel inside
    migrate.upgrade(f"sqlite:///{tmp_path}/other.sqlite")
    other = Database(f"sqlite:///{tmp_path}/other.sqlite")
    apply(other, read_file(exported), by="ann", now=NOW)
    assert everything(other) == everything(db)
    assert export_config(other) == export_config(db)
    wired, again = load_wiring(db), load_wiring(other)
    assert {k: one.map.digest for k, one in wired.streams.items()} == {
        k: one.map.digest for k, one in again.streams.items()
    }
    assert len(wired.streams) == 3
    other.close()


def test_what_the_file_says_is_what_the_hub_knows(db: Database, file: Path) -> None:
    apply(db, read_file(file), by="ann", now=NOW)
    with db.read() as conn:
        stored = load_stored(conn)
        assert connections.rules(conn) == {"phone": "latest", "address[billing]": ["erp", "exports"]}
    erp, exports = stored["erp"].config, stored["exports"].config
    assert (erp.country, erp.priority, erp.calls_per_second) == ("DE", 5, 4.0)
    assert erp.object("customer").direction == {"birth_date": "in", "address.locality": "both"}
    assert erp.object("customer").blank == {"phone[fax]": "clear"}
    assert erp.object("customer").owner == {"credit_limit": "exports"}
    assert erp.settings["key"] == "env:ERP_KEY"
    assert (stored["erp"].row.state, stored["exports"].row.state) == ("active", "paused")
    assert exports.object("customer").update  # a folder to write back into: changed rows are wanted
    assert not exports.object("order").update
    assert [one["match"] for one in exports.files] == ["customers*.csv", "more*.csv", "orders*.csv"]
    assert stored["exports"].maps["customer"].map == MAP
    assert stored["exports"].row.base_dir == str(file.parent)


def test_apply_keeps_a_copy_of_the_maps(db: Database, file: Path) -> None:
    apply(db, read_file(file), by="ann", now=NOW)
    (file.parent / "customers.toml").write_text("nonsense", encoding="utf-8")
    streams = load_wiring(db).streams
    assert any(one.connection == "exports" and "email" in one.map.pull_paths for one in streams.values())


def test_a_change_is_told_key_by_key(db: Database, file: Path) -> None:
    apply(db, read_file(file), by="ann", now=NOW)
    text = (ERP + EXPORTS).replace('create = "matching"', 'create = "all"').replace("where = 'tag", "#")
    file.write_text(text.replace("complete = true", "complete = false"), encoding="utf-8")
    (file.parent / "customers.toml").write_text(MAP + 'website = "web"\n', encoding="utf-8")
    erp, exports, rules = plan(db, read_file(file))
    assert [(c.key, c.old, c.new) for c in erp.changes] == [
        ("customer.create", "matching", "all"),
        ("customer.where", 'tag = "b2b" and consent[email] != withdrawn', None),
    ]
    assert [(c.key, c.old, c.new) for c in exports.changes] == [
        ("file.2.complete", True, False),
        ("customer.map", "7 lines", "8 lines (+1 -0)"),
    ]
    assert "hub remap exports" in exports.notes[0]
    assert rules.act == "unchanged"


def test_a_connection_the_file_does_not_name_is_left_alone(db: Database, file: Path) -> None:
    apply(db, read_file(file), by="ann", now=NOW)
    before = everything(db)
    file.write_text(ERP.replace("priority = 5", "priority = 6"), encoding="utf-8")
    apply(db, read_file(file), by="ann", now=NOW)
    after = everything(db)
    assert after["exports"] == before["exports"]
    assert after["survivorship"] == before["survivorship"]
    assert after["erp"] != before["erp"]


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("country =", "contry =", 5, '"country"'),
        ('create = "matching"', 'create = "match"', 12, '"matching"'),
        ("[connection.erp.customer]", "[connection.erp.custmer]", 9, '"customer"'),
        ('connector = "tryton"', 'connector = "triton"', 2, '"tryton"'),
        ("direction.birth_date", "direction.birthdate", 16, "birth_date"),
        ('birth_date = "in"', 'birth_date = "inn"', 16, '"in"'),
        ('"env:ERP_KEY"', '"hunter2"', 4, "env:NAME"),
        ("every 5m", "5 minutes", 15, "every 5m"),
        ("priority = 5", 'priority = "high"', 6, "whole number"),
        ('tag = "b2b"', 'tga = "b2b"', 13, "tag"),
        ("[connection.erp]", "[conection.erp]", 1, '"connection"'),
        ('owner.credit_limit = "exports"', 'owner.credit_limit = "export"', 18, '"exports"'),
        ('"erp.overlay.toml"', '"erp.overlay.tml"', 20, "cannot be read"),
        ('url = "http://127.0.0.1:8000/hub"', "", 1, "url"),
        ('encoding = "gb18030"', 'encoding = "gb18031"', 33, "encoding"),
        ("complete = true", "compleet = true", 40, '"complete"'),
        ("complete = true", 'complete = "yes"', 40, "true or false"),
        ('phone = "latest"', 'phone = "newest"', 50, "latest"),
        ('["erp", "exports"]', '["erp", "shop"]', 51, '"shop"'),
    ],
)
def test_what_it_may_not_say_is_refused_with_line_and_the_right_word(
    db: Database, file: Path, old: str, new: str, line: int, says: str
) -> None:
    text = ERP + EXPORTS
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(WrongFile) as wrong:
        plan(db, read_file(file))
    assert wrong.value.line == line, str(wrong.value)
    assert says in str(wrong.value)
    assert "hunter2" not in str(wrong.value)


def test_files_are_never_created_in(db: Database, file: Path) -> None:
    file.write_text(EXPORTS + '[connection.exports.customer]\ncreate = "all"\n', encoding="utf-8")
    with pytest.raises(WrongFile, match="cannot create customer records"):
        plan(db, read_file(file))


def test_a_map_with_a_typo_changes_nothing(db: Database, file: Path) -> None:
    (file.parent / "customers.toml").write_text(MAP.replace("email =", "emial ="), encoding="utf-8")
    with pytest.raises(WrongFile, match=r"customers\.toml:6.*email"):
        apply(db, read_file(file), by="ann", now=NOW)
    assert everything(db) == {"survivorship": {}}


def test_one_object_has_one_map(db: Database, file: Path) -> None:
    (file.parent / "more.toml").write_text(MAP + "\n", encoding="utf-8")
    text = EXPORTS.replace('complete = true\nmap = "customers.toml"', 'complete = true\nmap = "more.toml"')
    file.write_text(text, encoding="utf-8")
    with pytest.raises(WrongFile, match="two maps"):
        read_file(file)


def test_an_overlay_in_the_home_is_found_by_its_name(db: Database, file: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "overlays").mkdir(parents=True)
    (home / "overlays" / "erp.customer.toml").write_text(OVERLAY, encoding="utf-8")
    file.write_text(
        ERP.replace('overlay = "erp.overlay.toml"\n', "").replace("exports", "erp"), encoding="utf-8"
    )
    apply(db, read_file(file, home=home), by="ann", now=NOW)
    (stream,) = load_wiring(db).streams.values()
    assert "custom.erp.code" in stream.map.pull_paths


def test_words_make_and_change_a_connection(db: Database, file: Path, tmp_path: Path) -> None:
    where = {"cwd": file.parent, "home": tmp_path, "by": "ann", "now": NOW}
    words = ["path=in", "file.match=c*.csv", "file.id=编号", "file.map=customers.toml", "country=CN"]
    step = connection_words.add(db, "exports", connector="files", words=words, **where)
    assert step.act == "add"
    step = connection_words.change(
        db, "exports", words=["country=", "customer.schedule=every 1h", "file.2.match=d*.csv"], **where
    )
    assert {(one.key, one.new) for one in step.changes} == {
        ("country", None), ("customer.schedule", "every 1h"), ("file.2.match", "d*.csv"), ("file.2.object", "customer"),
    }  # fmt: skip
    with pytest.raises(WrongUse, match="country"):
        connection_words.change(db, "exports", words=["contry=DE"], **where)
    with pytest.raises(WrongUse, match="already"):
        connection_words.add(db, "exports", connector="files", words=words, **where)


@pytest.mark.parametrize("name", ["ERP", "1erp", "e:p", "api", "e p"])
def test_names_that_no_connection_may_have(db: Database, name: str, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"no name|kept for"):
        connection_words.add(
            db, name, connector="files", words=["path=x"], cwd=tmp_path, home=tmp_path, by="ann", now=NOW
        )


def test_pause_resume_remove_and_back(db: Database, file: Path) -> None:
    apply(db, read_file(file), by="ann", now=NOW)
    assert connection_life.pause(db, "erp", by="ann", now=NOW)
    assert not connection_life.pause(db, "erp", by="ann", now=NOW)
    assert {step.act for step in plan(db, read_file(file))} == {"unchanged"}  # the file says nothing of it
    assert connection_life.resume(db, "erp", by="ann", now=NOW)
    connection_life.remove(db, "erp", keep=False, by="ann", now=NOW)
    assert "connection.erp]" not in export_config(db)
    add, *_ = plan(db, read_file(file))
    assert (add.act, add.name) == ("add", "erp")
    assert "removed before" in add.notes[0]
    apply(db, read_file(file), by="ann", now=NOW)
    assert "connection.erp]" in export_config(db)


def test_a_name_is_not_used_for_another_connector(db: Database, file: Path) -> None:
    apply(db, read_file(file), by="ann", now=NOW)
    file.write_text(
        '[connection.erp]\nconnector = "files"\npath = "x"\ncustomer.map = "customers.toml"\n',
        encoding="utf-8",
    )
    with pytest.raises(WrongFile, match="another name"):
        plan(db, read_file(file))


def test_what_is_not_built_yet_is_said_when_it_is_asked_for(db: Database, tmp_path: Path) -> None:
    text = (
        '[connection.erp]\nconnector = "tryton"\nurl = "http://127.0.0.1:8000/hub"\nkey = "env:ERP_KEY"\n'
        '[connection.erp.customer]\ncreate = "referenced"\non_exit = "unlink"\n'
    )
    document = read_text(text, file="connections.toml", base_dir=tmp_path)
    (step,) = [one for one in plan(db, document) if one.what == "connection"]
    assert [note for note in step.notes if "on_exit" in note]
    assert not [note for note in step.notes if "referenced" in note]
    apply(db, document, by="ann", now=1.0)
    (again,) = [one for one in plan(db, document) if one.what == "connection"]
    assert (again.act, again.notes) == ("unchanged", ())
