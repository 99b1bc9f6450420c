"""A connection's life: paused, resumed, broken, removed; and the dry run that touches nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.errors import NeedsReauth, RemoteUnavailable, WrongFile
from hub.flows import connection_life
from hub.flows.exports import links

System = Callable[..., MemorySystem]
ANN = {"first": "Ann", "last": "Lee", "mail": "ann@x.org", "city": "Bonn"}


@pytest.fixture
def two(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", **ANN)
    beta.put(id="b1", **ANN)
    hub.connect("alpha", "update = true", map=MAP)
    hub.connect("beta", 'update = true\ncreate = "all"', map=MAP)
    hub.settle()
    return alpha, beta


# --- pause, resume, remove ----------------------------------------------------------------------------


def test_pause_stops_both_ways_and_resume_catches_up(
    hub: Hub, two: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = two
    assert connection_life.pause(hub.db, "beta", by="ann", now=time.time())
    alpha.edit("a1", city="Köln")
    beta.edit("b1", firm="Lee Ltd")
    alpha.put(id="a2", first="Bo", last="Ek", mail="bo@x.org")
    calls = dict(beta.calls)
    assert hub.sync().exit_code == 0
    assert (beta.writes, dict(beta.calls)) == ([], calls)  # not even asked
    assert connection_life.resume(hub.db, "beta", by="ann", now=time.time())
    hub.settle()
    assert beta.rows["b1"]["city"] == "Köln"
    assert alpha.rows["a1"]["firm"] == "Lee Ltd"
    assert "Bo" in [row["first"] for row in beta.rows.values()]


@pytest.mark.parametrize("keep", [False, True])
def test_remove_retires_the_records_and_a_connection_added_again_finds_them(
    hub: Hub, two: tuple[MemorySystem, MemorySystem], keep: bool
) -> None:
    _, beta = two
    hub.clock.wait(60)
    beta.edit("b1", city="Mainz")
    hub.settle()
    customer = hub.customer("beta", "b1")
    left = connection_life.leaving(hub.db, "beta")
    assert (left.records, left.customers, left.alone) == (1, 1, 0)
    connection_life.remove(hub.db, "beta", keep=keep, by="ann", now=time.time())
    hub.settle()
    assert hub.golden("alpha", "a1")["address.locality"] == ("Mainz" if keep else "Bonn")
    assert [one[0] for one in links(hub.db)] == ["alpha"]
    assert beta.rows["b1"]["city"] == "Mainz"  # nothing is done there
    hub.assert_healthy()
    hub.connect("beta", "update = true", map=MAP)
    hub.settle()
    assert hub.customer("beta", "b1") == customer
    assert not hub.binding("beta", "b1").gone
    assert {one[0] for one in links(hub.db)} == {"alpha", "beta"}


def test_removing_one_of_a_pair_with_references_and_realms_leaves_a_healthy_store(
    hub: Hub, system: System
) -> None:
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", **ANN)
    beta.put(id="b1", **ANN, note="a1")
    hub.connect("alpha", "update = true", map=MAP, more='realm = "shop"')
    referring = MAP.replace('job_title = "note"', '"external_ref[alpha]" = "note"')
    hub.connect("beta", 'update = true\ncreate = "all"', map=referring, more='realm = "shop"')
    hub.settle()
    connection_life.remove(hub.db, "beta", keep=True, by="ann", now=time.time())
    hub.assert_healthy()
    alpha.put(id="a2", first="Bo", last="Ek", mail="bo@x.org")
    assert hub.sync().exit_code == 0


# --- what a remote does to a connection ---------------------------------------------------------------


def test_wrong_credentials_break_the_connection_pushes_stay_queued_and_resume_heals(
    hub: Hub, two: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = two
    alpha.edit("a1", city="Köln")
    alpha.put(id="a2", first="Bo", last="Ek", mail="bo@x.org")
    beta.broken = NeedsReauth("beta refuses our key.", fix="Renew the key.")
    report = hub.sync()
    assert report.exit_code == 1
    failed = {(one.connection, one.kind): one.cause for one in report.outcomes if one.state == "failed"}
    assert "beta refuses our key. Fix: Renew the key." in failed[("beta", "pull")]
    row = hub.rows("SELECT state, reason FROM connection WHERE name = 'beta'")[0]
    assert (row.state, "refuses our key" in row.reason) == ("needs_reauth", True)
    for table in ("delivery", "creation"):
        assert hub.count(table, "state = 'waiting' AND attempts = 0") == 1, table
    beta.broken = None
    connection_life.resume(hub.db, "beta", by="ann", now=time.time())
    assert hub.sync().exit_code == 0
    assert beta.rows["b1"]["city"] == "Köln"
    assert len(beta.rows) == 2


def test_a_key_that_expires_between_pull_and_push_costs_no_attempt(
    hub: Hub, two: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = two
    alpha.edit("a1", city="Köln")
    alpha.put(id="a2", first="Bo", last="Ek", mail="bo@x.org")
    beta.broken = NeedsReauth("beta refuses our key.")
    report = hub.sync("alpha")
    assert [(one.connection, one.kind, one.state) for one in report.outcomes if one.connection == "beta"] == [
        ("beta", "push", "failed")
    ]
    assert hub.one("SELECT state FROM connection WHERE name = 'beta'") == "needs_reauth"
    assert hub.count("delivery", "state = 'waiting' AND attempts = 0") == 1
    beta.broken = None
    assert hub.settle("beta").exit_code == 0
    assert beta.rows["b1"]["city"] == "Köln"
    assert hub.one("SELECT state FROM connection WHERE name = 'beta'") == "active"


def test_a_system_that_does_not_answer_is_tried_again_later(
    hub: Hub, two: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = two
    alpha.edit("a1", city="Köln")
    beta.broken = RemoteUnavailable("beta does not answer.")
    report = hub.sync()
    assert report.exit_code == 1
    assert {one.state for one in report.outcomes if one.connection == "beta"} == {"later"}
    assert hub.one("SELECT state FROM connection WHERE name = 'beta'") == "active"
    beta.broken = None
    hub.clock.wait(3600)
    assert hub.sync().exit_code == 0
    assert beta.rows["b1"]["city"] == "Köln"


def test_a_map_with_a_typo_is_refused_with_file_line_and_the_right_word(hub: Hub, system: System) -> None:
    system("alpha")
    with pytest.raises(WrongFile) as caught:
        hub.connect("alpha", map=MAP.replace("family_name", "famly_name"))
    assert "alpha.toml:6" in str(caught.value)
    assert "family_name" in str(caught.value)
    with pytest.raises(WrongFile) as caught:
        hub.connect("alpha", map=MAP.replace('"city"', '{ from = "city", via = ["uper"] }'))
    assert "upper" in str(caught.value)
    assert hub.count("connection") == 0


# --- dry run ------------------------------------------------------------------------------------------


def test_a_dry_run_writes_nothing_and_its_diff_is_what_then_happens(
    hub: Hub, two: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = two
    alpha.edit("a1", city="Köln")
    alpha.put(id="a2", first="Bo", last="Ek", mail="bo@x.org", firm="Ek AB")
    hub.clock.wait(60)
    beta.edit("b1", firm="Lee Ltd")
    before = hub.content()
    report = hub.sync(dry_run=True, diff=True)
    assert hub.content() == before
    assert (alpha.writes, beta.writes) == ([], [])
    found = {(one.connection, one.external_id, one.path): (one.old, one.new) for one in report.differences}
    assert found == {
        ("alpha", "a1", "company"): (None, "Lee Ltd"),
        ("beta", "b1", "address.locality"): ("Bonn", "Köln"),
        ("beta", None, "given_name"): (None, "Bo"),
        ("beta", None, "family_name"): (None, "Ek"),
        ("beta", None, "email"): (None, "bo@x.org"),
        ("beta", None, "company"): (None, "Ek AB"),
    }
    hub.settle()
    assert alpha.writes == [("a1", {"firm": "Lee Ltd"})]
    assert sorted(beta.writes)[0] == ("b1", {"city": "Köln"})


def test_a_dry_run_of_a_first_run_shows_everything(hub: Hub, system: System) -> None:
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", **ANN)
    hub.connect("alpha", "update = true", map=MAP)
    hub.connect("beta", 'update = true\ncreate = "all"', map=MAP)
    before = hub.content()
    report = hub.sync(dry_run=True, diff=True)
    assert {(one.connection, one.path) for one in report.differences} >= {
        ("beta", "email"),
        ("beta", "given_name"),
    }
    assert hub.content() == before
    assert beta.rows == {}


# --- a connection that comes later, or is changed -----------------------------------------------------


def test_a_connection_added_later_gets_what_is_known_already(hub: Hub, system: System) -> None:
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", **ANN)
    hub.connect("alpha", "update = true", map=MAP)
    hub.settle()
    hub.connect("beta", 'update = true\ncreate = "all"', map=MAP)
    report = hub.sync()
    assert [(one.connection, one.creates) for one in report.plans] == [("beta", 1)]
    hub.settle()
    assert [row["mail"] for row in beta.rows.values()] == ["ann@x.org"]


def test_a_connection_that_may_write_from_now_on_is_brought_up_to_date(hub: Hub, system: System) -> None:
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", **ANN)
    beta.put(id="b1", first="Ann", last="Lee", mail="ann@x.org")
    hub.connect("alpha", map=MAP)
    hub.connect("beta", map=MAP)
    hub.settle()
    hub.connect("beta", "update = true", map=MAP)
    hub.settle()
    assert beta.rows["b1"]["city"] == "Bonn"
    hub.connect("alpha", 'update = true\ncreate = "all"', map=MAP)
    beta.put(id="b2", first="Bo", last="Ek", mail="bo@x.org")
    hub.settle()
    assert len(alpha.rows) == 2


def test_references_to_records_that_were_there_before_join_them(hub: Hub, system: System) -> None:
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", **ANN)
    hub.connect("alpha", "update = true", map=MAP)
    hub.settle()
    beta.put(id="b1", first="Ann", last="Lee", note="a1", firm="Lee Ltd")
    hub.connect(
        "beta", "update = true", map=MAP.replace('job_title = "note"', '"external_ref[alpha]" = "note"')
    )
    hub.settle()
    assert hub.customer("beta", "b1") == hub.customer("alpha", "a1")
    assert alpha.rows["a1"]["firm"] == "Lee Ltd"
