"""What a person is asked, and what their word does: accepted, rejected, put off, taken back (DESIGN §4)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.canonical.ids import show
from hub.errors import NotFound, WrongFile, WrongUse
from hub.flows import exports, find, models, pairs, rebuild, review, review_bulk, side_by_side, steward
from hub.flows.review import Wanted
from hub.flows.why import why

System = Callable[..., MemorySystem]
DAY = 86_400


def cautious(hub: Hub, a: int, b: int) -> None:
    """From now on the points that these two have are not enough for the machine, but for a person."""
    with hub.db.write() as conn:
        points = pairs.scores(conn, hub.wiring(), [(a, b)])[a, b].points
        document = models.document(conn)
        thresholds = {**document["thresholds"], "auto": points + 1, "review": points - 5}
        number = models.next_number(conn)
        models.keep(conn, {**document, "number": number, "thresholds": thresholds}, now=1.0)
    rebuild.rebuild(hub.db, hub.wiring())


@pytest.fixture
def asked(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    """Ann in alpha and in beta share name and e-mail; the model wants more than that."""
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", first="Ann", last="Lee", mail="ann@x.org", city="Bonn")
    hub.clock.wait(60)
    beta.put(id="b1", first="Ann", last="Lee", mail="ann@x.org", firm="Lee Ltd")
    hub.connect("alpha", "update = true", map=MAP)
    hub.connect("beta", "update = true", map=MAP)
    hub.settle("alpha")
    hub.sync("beta", confirm=True)
    a, b = sorted((hub.record("alpha", "a1"), hub.record("beta", "b1")))
    cautious(hub, a, b)
    hub.settle()
    alpha.edit("a1", firm="")
    beta.edit("b1", city="")
    assert hub.customer("alpha", "a1") != hub.customer("beta", "b1")
    return alpha, beta


def waiting(hub: Hub, **wanted: Any) -> list[review.Case]:
    with hub.db.read() as conn:
        found = review.queue(conn, hub.wiring(), Wanted(**wanted)).cases
        if not wanted:
            assert review.count(conn, hub.wiring()) == len(found)
        return found


def the_case(hub: Hub) -> review.Case:
    (found,) = waiting(hub)
    return found


def living(hub: Hub) -> list[tuple[Any, ...]]:
    """Customers with their golden records, and who answers for whom."""
    rows = hub.rows("SELECT id, merged_into, doc FROM customer ORDER BY id")
    return [(row.id, row.merged_into, None if row.merged_into else row.doc) for row in rows]


def test_a_pair_the_machine_is_unsure_of_waits_with_its_reasons(hub: Hub, asked: Any) -> None:
    case = the_case(hub)
    with hub.db.read() as conn:
        (row,) = side_by_side.listed(conn, hub.wiring(), [case])
        told = side_by_side.shown(conn, hub.wiring(), case)
    assert (row["a"]["record"], row["b"]["record"]) == ("alpha:a1", "beta:b1")
    assert row["missing"] == 1
    assert sum(one["points"] for one in row["reasons"]) == row["points"] == case.points
    assert all(one["meaning"] for one in row["reasons"])
    fields = {one["path"]: (one["a"], one["b"], one["same"]) for one in told["fields"]}
    assert fields["email"] == ("ann@x.org", "ann@x.org", True)
    assert told["against"] is None
    assert [one["compared"] for one in told["a"]["records"]] == [True]


def test_accepting_joins_them_and_taking_it_back_is_as_if_never_said(hub: Hub, asked: Any) -> None:
    before, case = living(hub), the_case(hub)
    effect = review.accept(hub.db, hub.wiring(), (case.a, case.b), by="eve")
    assert hub.customer("alpha", "a1") == hub.customer("beta", "b1") == min(case.customer_a, case.customer_b)
    assert effect.leads == {show("cus", case.customer_b): show("cus", case.customer_a)}
    assert effect.kept == [show("cus", case.customer_a)]
    assert not waiting(hub)
    with pytest.raises(WrongUse, match="one customer already"):
        review.accept(hub.db, hub.wiring(), (case.a, case.b), by="eve")
    hub.settle()
    assert effect.act is not None
    steward.withdraw(hub.db, hub.wiring(), effect.act, by="eve")
    assert living(hub) == before
    assert the_case(hub) == case
    with pytest.raises(WrongUse, match="withdrawn already"):
        steward.withdraw(hub.db, hub.wiring(), effect.act, by="eve")


def test_rejecting_is_remembered_whatever_they_share_later(
    hub: Hub, asked: tuple[MemorySystem, MemorySystem]
) -> None:
    case = the_case(hub)
    effect = review.reject(hub.db, hub.wiring(), (case.a, case.b), by="eve", reason="mother and daughter")
    assert (effect.before, effect.writes, effect.leads) == (effect.after, (), {})
    assert not waiting(hub)
    alpha, beta = asked
    alpha.edit("a1", phone="+49 30 901820")
    beta.edit("b1", phone="+49 30 901820")
    hub.settle()
    assert hub.customer("alpha", "a1") != hub.customer("beta", "b1")
    assert not waiting(hub)
    with hub.db.read() as conn:
        told = why(conn, hub.wiring(), a=find.meant(conn, "alpha:a1"), b=find.meant(conn, "beta:b1"))
    assert told.because[0].startswith("eve said that they are different")
    assert told.decisions[0]["reason"] == "mother and daughter"
    assert effect.act is not None
    steward.withdraw(hub.db, hub.wiring(), effect.act, by="eve")
    assert hub.customer("alpha", "a1") == hub.customer("beta", "b1")  # now the machine is sure


def test_putting_off_lasts_until_its_day_or_until_the_points_change(
    hub: Hub, asked: tuple[MemorySystem, MemorySystem]
) -> None:
    case = the_case(hub)
    review.defer(hub.db, hub.wiring(), [(case.a, case.b)], by="eve", days=7, reason="ask her")
    assert not waiting(hub)
    (off,) = waiting(hub, deferred=True)
    assert off.deferred is not None
    assert (off.id, off.deferred.by, off.deferred.reason) == (case.id, "eve", "ask her")
    hub.clock.wait(8 * DAY)
    assert the_case(hub).id == case.id
    review.defer(hub.db, hub.wiring(), [(case.a, case.b)], by="eve", days=7)
    assert not waiting(hub)
    review.ask_again(hub.db, case.a, case.b)
    assert the_case(hub) == case
    review.defer(hub.db, hub.wiring(), [(case.a, case.b)], by="eve", days=7)
    cautious(hub, case.a, case.b)
    with hub.db.write() as conn:
        conn.exec_driver_sql("UPDATE edge SET points = points - 1")
    assert the_case(hub).points == case.points - 1
    rebuild.rebuild(hub.db, hub.wiring())


def test_a_preview_changes_nothing_and_says_what_will(hub: Hub, asked: Any) -> None:
    case, before = the_case(hub), hub.content()
    effects = [
        act(hub.db, hub.wiring(), (case.a, case.b), by="eve", preview=True)
        for act in (review.accept, review.reject)
    ]
    assert hub.content() == before
    assert len(effects[0].before) == 2
    assert list(effects[0].after) == [show("cus", case.customer_a)]
    systems = effects[0].systems()
    assert all(systems[name]["updates"] == 1 for name in systems)
    written = {(one.connection, one.path) for one in effects[0].writes}
    assert written == {(name, path) for name in systems for path in systems[name]["fields"]}
    effect = review.accept(hub.db, hub.wiring(), (case.a, case.b), by="eve")
    assert (effect.after, effect.writes, effect.leads) == (
        effects[0].after, effects[0].writes, effects[0].leads,
    )  # fmt: skip


def test_many_pairs_between_two_customers_are_one_case(
    hub: Hub, asked: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, _ = asked
    alpha.put(id="a2", first="Ann", last="Lee", mail="ann@x.org")
    hub.settle()
    first = next(
        one
        for one in waiting(hub)
        if {one.a, one.b} == {hub.record("alpha", "a1"), hub.record("alpha", "a2")}
    )
    review.accept(hub.db, hub.wiring(), (first.a, first.b), by="eve")
    case = the_case(hub)
    assert case.further == 1
    review.reject(hub.db, hub.wiring(), (case.a, case.b), by="eve")
    assert not waiting(hub)
    assert hub.count("decision", "verdict = 'different'") == 2


def test_pages_give_every_case_once_best_first(hub: Hub, asked: tuple[MemorySystem, MemorySystem]) -> None:
    alpha, beta = asked
    for number, first in enumerate(("Alan", "Albert", "April", "Arthur", "Austin")):  # as common as Ann
        row = {"first": first, "last": "Lee", "mail": f"{first.lower()}@x.org"}
        alpha.put(id=f"e{number}", **row)
        beta.put(id=f"e{number}", **row)
    hub.settle()
    whole = waiting(hub)
    assert len(whole) == 6
    assert [one.points for one in whole] == sorted((one.points for one in whole), reverse=True)
    seen, after = [], None
    with hub.db.read() as conn:
        while True:
            page = review.queue(conn, hub.wiring(), after=after, limit=2)
            seen += page.cases
            if (after := page.next) is None:
                break
    assert seen == whole
    with hub.db.read() as conn:
        assert review_bulk.filtered(conn, hub.wiring(), Wanted(), limit=4) == [
            (one.a, one.b) for one in whole[:4]
        ]
        with pytest.raises(NotFound):
            review.queue(conn, hub.wiring(), Wanted(connection="nobody"))


def test_a_file_of_verdicts_is_taken_row_by_row(
    hub: Hub, asked: tuple[MemorySystem, MemorySystem], tmp_path: Path
) -> None:
    alpha, beta = asked
    for number, first in enumerate(("Alan", "April")):  # as common as Ann
        row = {"first": first, "last": "Lee", "mail": f"{first.lower()}@x.org"}
        alpha.put(id=f"e{number}", **row)
        beta.put(id=f"e{number}", **row)
    hub.settle()
    file = tmp_path / "verdicts.csv"
    file.write_text(
        "a,b,verdict,reason\nalpha:e0,beta:e0,accept,told\nbeta:e1,alpha:e1,reject,\nalpha:a1,beta:b1,,\n"
        "alpha:e0,beta:e0,accept,twice\n",
        encoding="utf-8",
    )
    done = _apply(hub, file)
    assert [(one.verdict, one.done) for one in done] == [
        ("accept", True),
        ("reject", True),
        ("accept", False),
    ]
    assert "one customer already" in (done[2].cause or "")
    assert hub.customer("alpha", "e0") == hub.customer("beta", "e0")
    (left,) = waiting(hub)
    with hub.db.read() as conn:
        (row,) = side_by_side.listed(conn, hub.wiring(), [left])
    file.write_bytes(orjson.dumps(row | {"verdict": "defer"}) + b"\n")
    assert _apply(hub, file)[0].done
    assert not waiting(hub)
    file.write_text("id,verdict\nrev_1,maybe\n", encoding="utf-8")
    with pytest.raises(WrongFile, match=r"verdicts\.csv:2"):
        _apply(hub, file)


def _apply(hub: Hub, file: Path) -> list[review_bulk.Done]:
    with hub.db.read() as conn:
        words = review_bulk.read(conn, file)
    return list(review_bulk.decide(hub.db, hub.wiring(), words, by="eve"))


def test_links_at_the_review_threshold_join_what_is_asked_and_heed_persons(hub: Hub, asked: Any) -> None:
    def links() -> tuple[dict[Any, str], dict[Any, str]]:
        wiring = hub.wiring()
        found = (exports.links(hub.db), exports.links_for_review(hub.db, wiring))
        return tuple({row[:3]: row[3] for row in rows} for rows in found)  # type: ignore[return-value]

    case, before = the_case(hub), hub.content()
    stored, asked_too = links()
    assert len(set(stored.values())) == 2
    assert set(asked_too.values()) == {show("cus", min(case.customer_a, case.customer_b))}
    assert hub.content() == before
    review.reject(hub.db, hub.wiring(), (case.a, case.b), by="eve")
    stored, asked_too = links()
    assert asked_too == stored


def test_why_says_what_joins_and_what_is_missing(hub: Hub, asked: tuple[MemorySystem, MemorySystem]) -> None:
    def ask(one: str, other: str) -> Any:
        with hub.db.read() as conn:
            return why(conn, hub.wiring(), a=find.meant(conn, one), b=find.meant(conn, other))

    told = ask("alpha:a1", "beta:b1")
    assert not told.together
    assert told.needed is not None
    assert told.needed.startswith("1 more points")
    alpha, beta = asked
    alpha.edit("a1", phone="+49 30 901820")
    beta.edit("b1", phone="+49 30 901820")
    hub.settle()
    told = ask("alpha:a1", "beta:b1")
    assert told.together
    assert "the machine joins" in told.because[0]
    assert told.needed is None
    id = show("cus", hub.customer("alpha", "a1"))
    assert [one["a"] for one in ask(id, id).pairs] == ["alpha:a1"]
    alpha.put(id="z", first="Zoe", last="Adams", mail="zoe@y.org")
    hub.settle()
    assert "word" in ask("alpha:a1", "alpha:z").needed or "more points" in ask("alpha:a1", "alpha:z").needed
