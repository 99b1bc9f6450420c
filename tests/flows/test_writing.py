"""Writes by API: readings of the hub's own connection, bound without matching (sync.md, "A write by API")."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem
from sqlalchemy import text

from hub.canonical.ids import show
from hub.errors import Moved, NotFound, Stale, TooLarge, WrongUse
from hub.flows import exports, lookup, steward, writing
from hub.flows.explain import shown
from hub.flows.find import Meant
from hub.flows.writing import Unfit, Written

System = Callable[..., MemorySystem]


def write(hub: Hub, customer: int, *, version: int | None = None, **fields: Any) -> Written:
    values = writing.canonical({path.replace("__", "."): value for path, value in fields.items()})
    at = writing.origin(hub.db, now=time.time())
    return writing.write(
        hub.db, hub.wiring(), customer, at=at, values=values, by="api:test", now=time.time(), version=version
    )


@pytest.fixture
def ann(hub: Hub, system: System) -> tuple[Hub, MemorySystem, int]:
    """Ann in alpha, which is told of what changes."""
    alpha = system("alpha")
    alpha.put(id="a1", first="Ann", last="Lee", mail="ann@x.org", city="Bonn", phone="+49 30 901820")
    hub.connect("alpha", "update = true", map=MAP)
    hub.settle()
    hub.clock.wait(60)
    return hub, alpha, hub.customer("alpha", "a1")


def test_a_write_is_an_edit_that_every_system_hears_of(ann: tuple[Hub, MemorySystem, int]) -> None:
    hub, alpha, id = ann
    assert write(hub, id, address__locality="Köln", email=" New@X.org ") == Written(id, {})
    assert hub.golden("alpha", "a1")["email"] == "new@x.org"
    hub.settle()
    assert (alpha.rows["a1"]["city"], alpha.rows["a1"]["mail"]) == ("Köln", "new@x.org")
    found = hub.binding("api", show("cus", id))
    assert (found.created_for, found.contribution["email"].kind) == (id, "edit")
    assert hub.count("delivery", "connection_id = (SELECT id FROM connection WHERE name = 'api')") == 0


def test_the_newer_edit_wins_whoever_made_it(ann: tuple[Hub, MemorySystem, int]) -> None:
    hub, alpha, id = ann
    write(hub, id, address__locality="Köln")
    hub.settle()
    hub.clock.wait(60)
    alpha.edit("a1", city="Mainz")
    hub.settle()
    assert hub.golden("alpha", "a1")["address.locality"] == "Mainz"
    hub.clock.wait(60)
    write(hub, id, address__locality="Ulm")
    hub.settle()
    assert alpha.rows["a1"]["city"] == "Ulm"


def test_null_clears(ann: tuple[Hub, MemorySystem, int]) -> None:
    hub, alpha, id = ann
    assert write(hub, id, phone=None).overruled == {}
    assert "phone" not in hub.golden("alpha", "a1")
    hub.settle()
    assert not alpha.rows["a1"]["phone"]


def test_what_loses_is_told_and_leaves_an_entry(ann: tuple[Hub, MemorySystem, int]) -> None:
    hub, _, id = ann
    steward.set_pin(hub.db, hub.wiring(), id, path="email", value="pin@x.org", by="ann")
    assert write(hub, id, email="api@x.org", job_title="Boss").overruled == {"email": "pin"}
    assert hub.golden("alpha", "a1")["email"] == "pin@x.org"
    assert hub.golden("alpha", "a1")["job_title"] == "Boss"
    (entry,) = hub.entries()
    assert (entry["path"], entry["theirs"], entry["ours"]) == ("email", "api@x.org", "pin@x.org")


def test_a_part_keeps_the_rest_of_its_group(ann: tuple[Hub, MemorySystem, int]) -> None:
    """A family name written alone must not cost the given name, nor a street its town."""
    hub, alpha, id = ann
    write(hub, id, family_name="Ng", address__line1="Hauptstr. 1")
    golden = hub.golden("alpha", "a1")
    assert (golden["given_name"], golden["family_name"], golden["full_name"]) == ("Ann", "Ng", "Ann Ng")
    assert (golden["address.line1"], golden["address.locality"]) == ("Hauptstr. 1", "Bonn")
    hub.settle()
    assert (alpha.rows["a1"]["first"], alpha.rows["a1"]["last"]) == ("Ann", "Ng")
    write(hub, id, display_name="Eve Ode")
    golden = hub.golden("alpha", "a1")
    assert (golden["given_name"], golden["family_name"]) == ("Eve", "Ode")
    write(hub, id, given_name="Ida")
    assert hub.golden("alpha", "a1")["display_name"] == "Ida Ode"


def test_what_was_said_of_an_old_value_does_not_go_with_a_new_one(ann: tuple[Hub, MemorySystem, int]) -> None:
    hub, _, id = ann
    fields = {"email.status": "bounced", "consent[email].status": "granted"}
    fields["consent[email].captured_at"] = "2026-05-14T09:51:40Z"
    write(hub, id, **fields)
    golden = hub.golden("alpha", "a1")
    assert (golden["email"], golden["email.status"]) == ("ann@x.org", "bounced")
    write(hub, id, email="two@x.org", **{"consent[email].status": "withdrawn"})
    golden = hub.golden("alpha", "a1")
    assert golden["email"] == "two@x.org"
    assert "email.status" not in golden
    assert golden["consent[email].status"] == "withdrawn"
    assert "consent[email].captured_at" not in golden


def test_a_write_matches_nobody(hub: Hub, system: System) -> None:
    """Two customers with one e-mail written by API stay two, now and after a rebuild (the fixture does one)."""
    alpha = system("alpha")
    alpha.put(id="a1", first="Ann", last="Lee", mail="ann@x.org")
    alpha.put(id="a2", first="Ann", last="Lee", mail="lee@y.org")
    hub.connect("alpha", map=MAP)
    hub.settle()
    one, two = hub.customer("alpha", "a1"), hub.customer("alpha", "a2")
    write(hub, one, email="same@x.org", phone="+49 30 901820")
    write(hub, two, email="same@x.org", phone="+49 30 901820")
    assert (hub.customer("alpha", "a1"), hub.customer("alpha", "a2")) == (one, two)
    with hub.db.read() as conn:
        found = lookup.by_email(conn, "same@x.org", before=1 << 62, limit=10)
    assert {row.id for row in found.customers} == {one, two}


def test_it_is_no_link(ann: tuple[Hub, MemorySystem, int]) -> None:
    hub, _, id = ann
    write(hub, id, job_title="Boss")
    assert [row[:3] for row in exports.links(hub.db)] == [("alpha", "customer", "a1")]
    with hub.db.read() as conn:
        told = shown(conn, Meant(id))
        assert [one["connection"] for one in told["records"]] == ["alpha"]
        assert told["sources"]["job_title"]["source"] == "api"
        assert [one["connection"] for one in lookup.links(conn, id)] == ["alpha"]
        with pytest.raises(NotFound):
            lookup.by_record(conn, "api", show("cus", id))
    assert set(hub.wiring().live) == {"alpha"}


def test_what_was_written_follows_its_id_through_merge_and_unmerge(hub: Hub, system: System) -> None:
    alpha = system("alpha")
    alpha.put(id="a1", first="Ann", last="Lee", mail="ann@x.org")
    alpha.put(id="a2", first="Bob", last="Ray", mail="bob@x.org")
    hub.connect("alpha", map=MAP)
    hub.settle()
    one, two = hub.customer("alpha", "a1"), hub.customer("alpha", "a2")
    write(hub, two, job_title="Boss")
    steward.merge(hub.db, hub.wiring(), a=one, b=two, by="ann")
    assert hub.golden("alpha", "a1")["job_title"] == "Boss"
    with pytest.raises(Moved) as raised:
        write(hub, two, department="Sales")
    assert raised.value.to == show("cus", one)
    write(hub, one, department="Sales")
    steward.unmerge(hub.db, hub.wiring(), one, records_out=[hub.record("alpha", "a2")], by="ann")
    assert hub.golden("alpha", "a2")["job_title"] == "Boss"
    assert "department" not in hub.golden("alpha", "a2")
    assert hub.golden("alpha", "a1")["department"] == "Sales"
    assert "job_title" not in hub.golden("alpha", "a1")


def test_what_cannot_be_taken_is_refused_whole(ann: tuple[Hub, MemorySystem, int]) -> None:
    hub, _, id = ann
    write(hub, id, job_title="Boss")
    before = hub.content()
    with pytest.raises(Unfit) as raised:
        write(hub, id, emial="x@y.org", birth_date="soon", given_name=" ", department="Sales")
    assert set(raised.value.fields) == {"emial", "birth_date", "given_name"}
    assert "email" in raised.value.fields["emial"]
    for fields in ({"external_ref[alpha]": "a9"}, {"source_updated_at": "2026-05-14T09:51:40Z"}):
        with pytest.raises(Unfit):
            write(hub, id, **fields)
    with pytest.raises(WrongUse):
        write(hub, id)
    with pytest.raises(TooLarge):
        writing.canonical({f"custom.a.k{n}": "v" for n in range(writing.FIELDS + 1)})
    with pytest.raises(Stale):
        write(hub, id, version=1, job_title="Chief")
    with pytest.raises(NotFound):
        write(hub, 5, job_title="Chief")
    assert hub.content() == before


def test_the_version_that_the_writer_knew(ann: tuple[Hub, MemorySystem, int]) -> None:
    hub, _, id = ann
    version = hub.one("SELECT version FROM customer WHERE id = :id", id=id)
    write(hub, id, version=version, job_title="Boss")
    with pytest.raises(Stale, match=f"has version {version + 1} by now"):
        write(hub, id, version=version, job_title="Chief")


def test_a_write_is_audited_and_numbered_in_the_feed(ann: tuple[Hub, MemorySystem, int]) -> None:
    hub, _, id = ann
    before = hub.count("feed")
    write(hub, id, job_title="Boss")
    write(hub, id, job_title="Boss")  # says the same: nothing changed
    assert hub.count("feed") == before + 1
    with hub.db.read() as conn:
        rows = conn.execute(text("SELECT \"by\", subject FROM audit WHERE act = 'customer.write'")).all()
    assert [tuple(row) for row in rows] == [("api:test", show("cus", id))] * 2


def test_the_name_of_the_connection_is_kept_for_the_hub(ann: tuple[Hub, MemorySystem, int]) -> None:
    hub, _, id = ann
    write(hub, id, job_title="Boss")
    with pytest.raises(WrongUse, match="kept for the hub itself"):
        hub.apply('[connection.api]\nconnector = "files"\npath = "x/"\n')
