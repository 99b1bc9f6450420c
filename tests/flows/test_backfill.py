"""A backfill reads everything again, in turns, and moves no increment's cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemoryConnector, MemorySystem

from hub.flows import backfill, work
from hub.flows.cancelling import cancel
from hub.flows.upkeep import sweep
from hub.sdk.connector import Page
from hub.store.documents import load

System = Callable[..., MemorySystem]


@pytest.fixture
def many(hub: Hub, system: System) -> MemorySystem:
    """A system with 130 customers in pages of 50, all read."""
    found = system("alpha")
    for number in range(130):
        word = "".join(chr(97 + int(digit)) for digit in f"{number:04d}")
        found.put(id=f"a{number:03d}", first=f"{word}o", last=f"{word}son", mail=f"{word}@x.org")
        hub.clock.wait(1)
    hub.connect("alpha", map=MAP)
    hub.settle()
    hub.clock.wait(3600)
    return found


def asked(hub: Hub) -> int:
    return work.request_pull(hub.db, hub.stream("alpha"), options={}, kind=backfill.KIND)


def _by_time(self: MemoryConnector, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
    """Pages in the order of changes, each with a cursor."""
    system = self.of(object)
    since = -1.0 if cursor is None or full else float(cursor)
    ids = sorted((id for id in system.rows if system.changed[id] > since), key=system.changed.__getitem__)
    for start in range(0, len(ids), 50):
        some = ids[start : start + 50]
        yield Page([system.record(id) for id in some], system.changed[some[-1]], total=len(ids))


def silent(hub: Hub, many: MemorySystem) -> None:
    """A change that no increment sees."""
    many.rows["a003"]["city"] = "Aachen"
    hub.settle()
    assert "address.locality" not in hub.golden("alpha", "a003")


def test_it_finds_what_no_increment_sees_and_leaves_their_cursor(hub: Hub, many: MemorySystem) -> None:
    silent(hub, many)
    before = hub.one("SELECT cursor FROM stream")
    run_id = asked(hub)
    assert ("backfill", run_id, "bulk") in [*sweep(hub.db, hub.clock())]
    assert work.to_end(hub.db, hub.settings, run_id, say=lambda *_: None) == "done"
    assert hub.golden("alpha", "a003")["address.locality"] == "Aachen"
    assert hub.one("SELECT cursor FROM stream") == before
    counts = load(hub.one("SELECT counts FROM run WHERE id = :id", id=run_id))
    assert (counts["changed"], counts["unchanged"]) == (1, 129)


def test_it_goes_on_turn_by_turn_from_its_own_checkpoint(
    hub: Hub, many: MemorySystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "TURN", -1.0)  # a turn is over with its first page
    monkeypatch.setattr(MemoryConnector, "pull", _by_time)
    run_id, turns = asked(hub), []
    for _ in range(10):
        work.run_pull(hub.db, hub.settings, run_id)
        row = hub.rows("SELECT state, counts, attempts FROM run WHERE id = :id", id=run_id)[0]
        counts = load(row.counts)
        turns.append(counts.get("changed", 0) + counts.get("unchanged", 0))
        assert row.attempts == 0
        if row.state == "done":
            break
        many.edit(f"a{len(turns):03d}", city="Bonn")
        hub.settle()  # an increment between its turns
        hub.clock.wait(2)
    assert turns[0] == 50 and len(turns) > 2 and turns == sorted(turns)
    assert hub.golden("alpha", "a001")["address.locality"] == "Bonn"


def test_it_is_cancelled_with_its_page(hub: Hub, many: MemorySystem) -> None:
    run_id = asked(hub)
    work.run_pull(
        hub.db, hub.settings, run_id, say=lambda *_: cancel(hub.db, run_id, by="ann", now=hub.clock())
    )
    assert hub.one("SELECT state FROM run WHERE id = :id", id=run_id) == "cancelled"


def test_the_estimate_takes_nothing(hub: Hub, many: MemorySystem) -> None:
    silent(hub, many)
    cost = backfill.estimate(hub.settings, hub.stream("alpha"))
    assert (cost.connection, cost.object) == ("alpha", "customer")
    assert cost.records in (None, 130) and cost.calls in (None, 3)
    assert "address.locality" not in hub.golden("alpha", "a003")
