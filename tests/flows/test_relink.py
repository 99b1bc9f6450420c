"""All pairs again in batch: nothing changes on a healthy hub, what went wrong is mended, persons' words stay."""

from __future__ import annotations

import builtins
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import NotFound, Unsupported
from hub.flows import relink, repartition, steward
from hub.flows.relink_engine import Engine, Keys, engine

System = Callable[..., MemorySystem]


class Plain:
    """The plainest engine: every two records behind a key."""

    def candidates(self, keys: Keys, *, cap: int) -> Iterator[list[tuple[int, int]]]:
        behind: defaultdict[int, set[int]] = defaultdict(set)
        for key, id in itertools.chain.from_iterable(keys):
            behind[key].add(id)
        yield sorted(
            {
                pair
                for ids in behind.values()
                if len(ids) <= cap
                for pair in itertools.combinations(sorted(ids), 2)
            }
        )


@pytest.fixture(params=["plain", "splink"])
def finder(request: pytest.FixtureRequest) -> Engine:
    if request.param == "plain":
        return Plain()
    pytest.importorskip("splink", reason="the extra `relink` is not installed")
    return engine("splink")


@pytest.fixture
def people(hub: Hub, system: System) -> Hub:
    """Ann, Bob and Cem in two systems, each joined; Dora in one only."""
    alpha, beta = system("alpha"), system("beta")
    for number, name in enumerate(("Ann", "Bob", "Cem")):
        row = {
            "first": name,
            "last": "Lee",
            "mail": f"{name.lower()}@x.org",
            "phone": f"+49 30 90182{number}",
        }
        alpha.put(id=f"a{number}", **row)
        beta.put(id=f"b{number}", **row)
    alpha.put(id="d", first="Dora", last="Day", mail="dora@x.org")
    hub.connect("alpha", "update = true", map=MAP)
    hub.connect("beta", "update = true", map=MAP)
    hub.settle()
    assert [hub.customer("alpha", f"a{n}") == hub.customer("beta", f"b{n}") for n in range(3)] == [True] * 3
    return hub


def test_a_healthy_hub_stays_as_it_is(people: Hub, finder: Engine) -> None:
    before = people.content()
    done = relink.relink(people.db, people.wiring(), finder)
    assert (done.new, done.rescored, done.gone, bool(done.change)) == ([], [], [], False)
    assert done.candidates >= done.pairs >= 3
    relink.store(people.db, people.wiring(), done)
    assert people.content() == before


def test_what_went_wrong_is_said_then_mended(people: Hub, finder: Engine) -> None:
    before = people.content()
    a, b = sorted((people.record("alpha", "a0"), people.record("beta", "b0")))
    c, d = people.record("alpha", "a1"), people.record("alpha", "d")
    with people.db.write() as conn:
        conn.exec_driver_sql(f"DELETE FROM edge WHERE a = {a} AND b = {b}")
        conn.exec_driver_sql(
            f"UPDATE identity SET customer_id = record_id, component = record_id WHERE record_id = {b}"
        )
        conn.exec_driver_sql(f"INSERT INTO edge (a, b, points) VALUES ({min(c, d)}, {max(c, d)}, 100000)")
        conn.exec_driver_sql(f"UPDATE identity SET customer_id = {min(c, d)} WHERE record_id = {max(c, d)}")
    broken = people.content()
    done = relink.relink(people.db, people.wiring(), finder)
    assert people.content() == broken
    assert [edge[:2] for edge in done.new] == [(a, b)]
    assert [edge[:2] for edge in done.gone] == [(min(c, d), max(c, d))]
    assert done.change.joined == [[a, b]]
    assert list(done.change.parted) == [min(c, d)]
    assert done.change.moved == {b: a, max(c, d): max(c, d)}
    with people.db.read() as conn:
        told = repartition.told(conn, people.wiring(), done.change, examples=5)
    assert [one["change"] for one in told] == ["joined", "parted"]
    assert told[0]["records"] == ["alpha:a0", "beta:b0"]
    assert relink.store(people.db, people.wiring(), done) >= 1
    after = people.content()
    for table in ("edge", "match_key", "decision"):
        assert after[table] == before[table], table
    assert {row[0]: row[2] for row in after["identity"]} == {row[0]: row[2] for row in before["identity"]}


def test_persons_decisions_stay(people: Hub, finder: Engine) -> None:
    wiring = people.wiring()
    ann, dora = people.customer("alpha", "a0"), people.customer("alpha", "d")
    steward.merge(people.db, wiring, a=ann, b=dora, by="eve")
    bob = people.customer("alpha", "a1")
    steward.unmerge(people.db, wiring, bob, records_out=[people.record("beta", "b1")], by="eve")
    people.settle()
    before = people.content()
    done = relink.relink(people.db, people.wiring(), finder)
    assert not done.change
    relink.store(people.db, people.wiring(), done)
    assert people.content() == before


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 9)), max_size=40, unique=True), st.integers(2, 5))
def test_splink_finds_the_pairs_that_share_a_key(rows: list[tuple[int, int]], cap: int) -> None:
    pytest.importorskip("splink", reason="the extra `relink` is not installed")

    def found(one: Engine) -> list[tuple[int, int]]:
        return sorted(itertools.chain.from_iterable(one.candidates([rows], cap=cap)))

    assert found(engine("splink")) == found(Plain())


def test_what_is_not_installed_or_unknown_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match="no engine 'spark'"):
        engine("spark")
    known = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] in ("duckdb", "splink", "pyarrow"):
            raise ImportError(f"No module named {name!r}")
        return known(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(__import__("sys").modules, "hub.flows.relink_splink", raising=False)
    with pytest.raises(Unsupported) as told:
        engine("splink")
    assert "crm-hub[relink]" in (told.value.fix or "")
