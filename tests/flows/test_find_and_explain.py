"""Looking at a synced hub, on both databases: who is meant, why a value is right, how connections stand."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from conftest_cli import lay_out

from hub import settings as process_settings
from hub.canonical.ids import show
from hub.errors import NotFound, WrongUse
from hub.flows import account, connection_life, explain, exports, find, fixing, steward
from hub.flows.configure import apply
from hub.flows.connection_file import read_file
from hub.flows.sync import sync
from hub.flows.wiring import load_wiring
from hub.settings import Settings
from hub.store.queries import listings
from hub.store.session import Database

NOW = 1_780_000_000.0


@pytest.fixture
def settings(db: Database, tmp_path: Path) -> Settings:
    """Two systems of exports, applied and synced into `db`."""
    home = process_settings.create_home(tmp_path / "home", template="")
    found = replace(process_settings.load(home, {}), database_url=db.url)
    apply(db, read_file(lay_out(home)), by="ann", now=NOW)
    assert sync(db, found).exit_code == 0
    return found


def who(db: Database, text: str) -> int:
    with db.read() as conn:
        return find.meant(conn, text).customer_id


def test_one_customer_is_meant_in_many_ways(db: Database, settings: Settings) -> None:
    ann = who(db, "crm:1")
    assert {who(db, text) for text in ("kunden:A1", "Ann@X.org", "+49 30 901820", show("cus", ann))} == {ann}
    assert [one.records for one in find.find(db, "archer", limit=5)] == [2]
    assert {one.fields["display_name"] for one in find.find(db, "王", limit=5)} == {"王小明"}
    assert find.find(db, "100%", limit=5) == []  # a sign of SQL is a letter here
    with pytest.raises(NotFound):
        who(db, "crm:99")
    with pytest.raises(NotFound, match="No customer is meant"):
        who(db, "nobody")
    with pytest.raises(WrongUse, match="could be"):
        who(db, "x.org")


def test_an_id_that_was_merged_leads_to_where_it_went(db: Database, settings: Settings) -> None:
    wiring = load_wiring(db)
    bob, carl = who(db, "crm:2"), who(db, "kunden:A2")
    steward.merge(db, wiring, a=bob, b=carl, by="ann", reason="told by phone")
    with db.read() as conn:
        meant = find.meant(conn, show("cus", carl))
        assert (meant.customer_id, meant.moved) == (bob, carl)
        shown = explain.shown(conn, meant)
    assert shown["moved_from"] == show("cus", carl)
    assert {one["external_id"] for one in shown["records"]} == {"2", "A2"}
    told = explain.explained(db, wiring, bob)
    assert [(one["by"], one["verdict"], one["reasons"][0]) for one in told.ties] == [
        ("ann", "same", "told by phone")
    ]
    assert {line.path for line in told.lines} >= {"email", "display_name"}
    assert not re.search(r"record \d", told.text)  # records are named as people know them
    with db.read() as conn:
        ids, unknown = explain.named_records(conn, bob, ["kunden:A2", "kunden:A9"])
    assert unknown == ["kunden:A9"]
    steward.unmerge(db, wiring, bob, records_out=ids, by="ann")
    assert who(db, show("cus", carl)) == carl


def test_how_connections_stand(db: Database, settings: Settings) -> None:
    crm, kunden = account.overview(db)
    assert (crm["name"], crm["records"], crm["quarantined"], crm["objects"]) == (
        "crm",
        4,
        1,
        ["customer", "order"],
    )
    assert (kunden["name"], kunden["records"], kunden["quarantined"]) == ("kunden", 2, 0)
    assert crm["last_success"] is not None
    assert all(one.ok for one in account.check(db, settings, "kunden"))
    assert {field.name for field in account.discover(db, settings, "kunden")[0].fields} == {
        "nr",
        "name",
        "mail",
    }


def test_a_removed_connection_takes_its_links_and_its_say_with_it(db: Database, settings: Settings) -> None:
    before = connection_life.leaving(db, "kunden")
    assert (before.records, before.customers, before.alone) == (2, 2, 1)
    connection_life.remove(db, "kunden", keep=False, by="ann", now=NOW + 1)
    assert {row[0] for row in exports.links(db)} == {"crm"}
    told = explain.explained(db, load_wiring(db), who(db, "crm:1"))
    email = next(line for line in told.lines if line.path == "email")
    assert email.connection == "crm"
    assert [one.connection for one in email.others] == ["kunden"]  # still known by name, and retired


def test_kept_values_of_a_removed_connection_go_on_counting(db: Database, settings: Settings) -> None:
    with db.read() as conn:
        before = explain.shown(conn, find.meant(conn, "kunden:A2"))["fields"]
    connection_life.remove(db, "kunden", keep=True, by="ann", now=NOW + 1)
    with db.read() as conn:
        assert explain.shown(conn, find.meant(conn, "kunden:A2"))["fields"] == before
    assert {row[0] for row in exports.links(db)} == {"crm"}


def test_quarantine_is_taken_again_as_it_is_now(db: Database, settings: Settings) -> None:
    with db.read() as conn:
        rows = listings.quarantine(conn, limit=10)
    assert [(row.connection, row.state) for row in rows] == [("crm", "open")]
    assert fixing.retry(db, settings, rows) == fixing.Retried(0, 1, {})
    file = settings.home.parent / "crm" / "customers.csv"
    file.write_text(file.read_text(encoding="utf-8").replace(",one cell too many", ""), encoding="utf-8")
    assert fixing.retry(db, settings, rows) == fixing.Retried(1, 0, {})
    assert who(db, "dora@x.org")
