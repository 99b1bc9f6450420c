"""Merge, unmerge and pin: previewed, reversible, with the ids people know (DESIGN §4; sync.md, "Merge")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.canonical.ids import show
from hub.errors import NotFound, WrongUse
from hub.flows import find, steward
from hub.store.golden_row import decode_doc

System = Callable[..., MemorySystem]


@pytest.fixture
def two(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    """Ann in alpha and Anna in beta: one person, which no machine can tell."""
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", first="Ann", last="Lee", mail="ann@x.org", city="Bonn")
    hub.clock.wait(60)
    beta.put(id="b1", first="Ann", last="Lee", mail="lee@y.org", phone="+49 30 901820", firm="Lee Ltd")
    hub.connect("alpha", "update = true", map=MAP)
    hub.connect("beta", "update = true", map=MAP)
    hub.settle()
    assert hub.customer("alpha", "a1") != hub.customer("beta", "b1")
    return alpha, beta


def merge(hub: Hub, **options: Any) -> steward.Effect:
    return steward.merge(
        hub.db, hub.wiring(), a=hub.customer("alpha", "a1"), b=hub.customer("beta", "b1"), by="ann", **options
    )


def unmerge(hub: Hub, **options: Any) -> steward.Effect:
    out = [hub.record("beta", "b1")]
    id = hub.customer("beta", "b1")
    return steward.unmerge(hub.db, hub.wiring(), id, records_out=out, by="ann", **options)


def goldens(hub: Hub) -> dict[int, Any]:
    rows = hub.rows("SELECT id, doc FROM customer WHERE merged_into IS NULL ORDER BY id")
    return {row.id: decode_doc(row.doc) for row in rows}


def test_a_merge_joins_the_goldens_and_tells_both_systems(
    hub: Hub, two: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = two
    merge(hub)
    hub.settle()
    golden = hub.golden("alpha", "a1")
    assert (golden["company"], golden["address.locality"]) == ("Lee Ltd", "Bonn")
    assert (alpha.rows["a1"]["firm"], beta.rows["b1"]["city"]) == ("Lee Ltd", "Bonn")
    assert hub.also("alpha", "a1")["email"] in ([["email", "lee@y.org"]], [["email", "ann@x.org"]])


def test_a_preview_of_a_merge_says_all_and_writes_nothing(
    hub: Hub, two: tuple[MemorySystem, MemorySystem]
) -> None:
    before = hub.content()
    effect = merge(hub, preview=True)
    assert hub.content() == before
    assert len(effect.before) == 2
    assert list(effect.after) == [show("cus", hub.customer("alpha", "a1"))]
    written = {(one.connection, one.external_id, one.path): one.new for one in effect.writes}
    assert written[("alpha", "a1", "company")] == "Lee Ltd"
    assert written[("beta", "b1", "address.locality")] == "Bonn"
    merge(hub)
    assert effect.after == {show("cus", id): fields for id, (fields, _) in goldens(hub).items()}


def test_ids_stay_and_a_merged_id_answers_with_where_it_went(
    hub: Hub, two: tuple[MemorySystem, MemorySystem]
) -> None:
    a, b = hub.customer("alpha", "a1"), hub.customer("beta", "b1")
    merge(hub)
    with hub.db.read() as conn:
        assert find.meant(conn, show("cus", b))[:2] == (min(a, b), max(a, b))
    assert hub.one("SELECT merged_into FROM customer WHERE id = :id", id=max(a, b)) == min(a, b)
    unmerge(hub)
    assert (hub.customer("alpha", "a1"), hub.customer("beta", "b1")) == (a, b)
    kinds = [row.kind for row in hub.rows("SELECT kind FROM feed ORDER BY seq")]
    assert kinds.count("MERGED") == kinds.count("UNMERGED") == 1
    numbers = [row.seq for row in hub.rows("SELECT seq FROM feed ORDER BY seq")]
    assert numbers == list(range(1, len(numbers) + 1))


def test_merge_then_unmerge_is_the_identity_on_content(
    hub: Hub, two: tuple[MemorySystem, MemorySystem]
) -> None:
    before = goldens(hub)
    reasons = hub.content("binding", "match_key", "edge")
    merge(hub)
    assert goldens(hub) != before
    unmerge(hub)
    assert goldens(hub) == before
    assert hub.content("binding", "match_key", "edge") == reasons


def test_an_unmerge_gives_back_what_stood_in_each_system_before(
    hub: Hub, two: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = two
    rows = {name: dict(row) for name, row in (("a", alpha.rows["a1"]), ("b", beta.rows["b1"]))}
    merge(hub)
    hub.settle()
    hub.settle()
    assert alpha.rows["a1"]["firm"] == "Lee Ltd"
    unmerge(hub)
    hub.settle()
    hub.settle()
    for now, then in ((alpha.rows["a1"], rows["a"]), (beta.rows["b1"], rows["b"])):
        assert {k: v for k, v in now.items() if k != "updated"} == {
            k: v for k, v in then.items() if k != "updated"
        }


def test_a_preview_of_an_unmerge_writes_nothing(hub: Hub, two: tuple[MemorySystem, MemorySystem]) -> None:
    merge(hub)
    hub.settle()
    before = hub.content()
    effect = unmerge(hub, preview=True)
    assert hub.content() == before
    assert (len(effect.before), len(effect.after)) == (1, 2)
    assert any(one.connection == "alpha" and one.path == "company" and not one.new for one in effect.writes)


def test_the_machine_does_not_rejoin_what_a_person_parted(
    hub: Hub, two: tuple[MemorySystem, MemorySystem]
) -> None:
    _, beta = two
    merge(hub)
    unmerge(hub)
    beta.edit("b1", mail="ann@x.org")  # now the machine would say they are one
    hub.settle()
    assert hub.customer("alpha", "a1") != hub.customer("beta", "b1")
    merge(hub)  # a person may change their mind
    assert hub.customer("alpha", "a1") == hub.customer("beta", "b1")


def test_pins_move_with_their_id_and_come_back_with_unmerge(
    hub: Hub, two: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = two
    a, b = hub.customer("alpha", "a1"), hub.customer("beta", "b1")
    steward.set_pin(hub.db, hub.wiring(), b, path="job_title", value="Boss", by="ann")
    hub.settle()
    assert beta.rows["b1"]["note"] == "Boss"
    merge(hub)
    hub.settle()
    assert (hub.golden("alpha", "a1")["job_title"], alpha.rows["a1"]["note"]) == ("Boss", "Boss")
    steward.set_pin(hub.db, hub.wiring(), a, path="job_title", value="Chief", by="ann")
    assert hub.golden("alpha", "a1")["job_title"] == "Chief"  # the surviving id's own pin is the stronger
    unmerge(hub)
    assert hub.golden("alpha", "a1")["job_title"] == "Chief"
    assert hub.golden("beta", "b1")["job_title"] == "Boss"
    hub.settle()
    assert (alpha.rows["a1"]["note"], beta.rows["b1"]["note"]) == ("Chief", "Boss")


def test_a_pin_beats_every_edit_until_it_is_taken_away(
    hub: Hub, two: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, _ = two
    a = hub.customer("alpha", "a1")
    steward.set_pin(hub.db, hub.wiring(), a, path="address.locality", value="Ulm", by="ann")
    hub.settle()
    assert alpha.rows["a1"]["city"] == "Ulm"
    hub.clock.wait(60)
    alpha.edit("a1", city="Mainz")
    hub.settle()
    assert alpha.rows["a1"]["city"] == "Ulm"
    assert hub.entries()[-1]["theirs"] == "Mainz"
    steward.remove_pin(hub.db, hub.wiring(), a, path="address.locality", by="ann")
    hub.settle()
    assert alpha.rows["a1"]["city"] == "Mainz"


def test_a_pin_that_nothing_stands_there_empties_the_field(
    hub: Hub, two: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, _ = two
    a = hub.customer("alpha", "a1")
    steward.set_pin(hub.db, hub.wiring(), a, path="address.locality", value=None, by="ann")
    hub.settle()
    assert alpha.rows["a1"]["city"] == ""
    assert "address.locality" not in hub.golden("alpha", "a1")


def test_a_record_we_created_follows_the_home_id_it_was_created_for(hub: Hub, system: System) -> None:
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", first="Ann", last="Lee", mail="ann@x.org")
    alpha.put(id="a2", first="Ann", last="Lee", mail="lee@y.org")
    hub.connect("alpha", "update = true", map=MAP)
    hub.connect("beta", 'update = true\ncreate = "all"', map=MAP)
    hub.settle()
    made = {row["mail"]: id for id, row in beta.rows.items()}
    one, two = hub.customer("alpha", "a1"), hub.customer("alpha", "a2")
    steward.merge(hub.db, hub.wiring(), a=one, b=two, by="ann")
    hub.settle()
    steward.unmerge(hub.db, hub.wiring(), one, records_out=[hub.record("alpha", "a2")], by="ann")
    hub.settle()
    assert hub.customer("beta", made["ann@x.org"]) == one
    assert hub.customer("beta", made["lee@y.org"]) == two
    assert len(beta.rows) == 2


def test_what_cannot_be_done_is_refused_and_leaves_nothing(
    hub: Hub, two: tuple[MemorySystem, MemorySystem]
) -> None:
    a = hub.customer("alpha", "a1")
    before = hub.content()
    with pytest.raises(WrongUse, match="one customer already"):
        steward.merge(hub.db, hub.wiring(), a=a, b=a, by="ann")
    with pytest.raises(NotFound):
        steward.unmerge(hub.db, hub.wiring(), a, records_out=[hub.record("beta", "b1")], by="ann")
    with pytest.raises(WrongUse, match="nobody to part"):
        steward.unmerge(hub.db, hub.wiring(), a, records_out=[hub.record("alpha", "a1")], by="ann")
    with pytest.raises(NotFound):
        steward.set_pin(hub.db, hub.wiring(), 7, path="email", value="x@y.org", by="ann")
    with pytest.raises(NotFound):
        steward.remove_pin(hub.db, hub.wiring(), a, path="email", by="ann")
    assert hub.content() == before
