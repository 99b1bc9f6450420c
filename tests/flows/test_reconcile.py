"""Drift is found by reading every bound record again, reported per field, and mended to nothing (DESIGN §6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem
from sqlalchemy import text

from hub.flows import work
from hub.store.documents import load

System = Callable[..., MemorySystem]
COUNT = 12


@pytest.fixture
def pair(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    """A dozen customers in alpha and beta, in agreement."""
    alpha, beta = system("alpha"), system("beta")
    for one in (alpha, beta):
        for number in range(COUNT):
            name = "abcdefghijkl"[number] * 4
            one.put(
                id=f"{one.name[0]}{number}",
                first=name,
                last=name[::-1] + "son",
                mail=f"{name}@x.org",
                city="Köln",
            )
        hub.connect(one.name, "update = true", map=MAP)
    hub.settle()
    hub.clock.wait(60)
    return alpha, beta


def reconciled(hub: Hub, name: str, *, look: bool = False) -> tuple[str, Counter[str]]:
    """State and counts of one reconciliation."""
    stream = hub.stream(name)
    run_id = work.request_pull(hub.db, stream, options={"look": look}, kind="reconcile")
    work.run_pull(hub.db, hub.settings, run_id)
    row = hub.rows("SELECT state, counts FROM run WHERE id = :id", id=run_id)[0]
    return row.state, Counter(load(row.counts))


def silently(system: MemorySystem, id: str, **fields: str) -> None:
    """A change that moves no stamp: no pull sees it."""
    system.rows[id].update(fields)


def test_a_healthy_stream_agrees(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    state, counts = reconciled(hub, "beta")
    assert (state, counts["read"], counts["agree"], counts["drifted"]) == ("done", COUNT, COUNT, 0)


def test_silent_drift_is_found_told_by_field_and_mended(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = pair
    silently(beta, "b1", city="Bonn")
    silently(beta, "b2", city="Rome", note="cook")
    hub.settle()
    assert alpha.rows["a1"]["city"] == "Köln"  # no pull sees it
    _, counts = reconciled(hub, "beta", look=True)
    assert (counts["drifted"], counts["field address.locality"], counts["field job_title"]) == (2, 2, 1)
    assert counts["healed"] == 0
    assert reconciled(hub, "beta")[1]["healed"] == 2
    hub.settle()
    assert (alpha.rows["a1"]["city"], alpha.rows["a2"]["note"]) == ("Bonn", "cook")
    assert reconciled(hub, "beta")[1]["drifted"] == 0


def test_a_record_that_vanished_is_retired(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    _, beta = pair
    beta.erase("b1")
    state, counts = reconciled(hub, "beta")
    assert (state, counts["gone"], counts["healed"]) == ("done", 1, 1)
    assert hub.binding("beta", "b1").gone


def test_a_debt_that_nobody_works_on_is_queued_again(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = pair
    beta.arm("refuse")
    alpha.edit("a1", city="Bonn")
    hub.sync()
    with hub.db.write() as conn:
        conn.execute(text("DELETE FROM delivery"))  # what a restored backup may have lost
    _, counts = reconciled(hub, "beta")
    assert counts["unsent"] == 1
    hub.settle()
    assert beta.rows["b1"]["city"] == "Bonn"


def test_more_than_the_cap_is_left_and_held(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem], monkeypatch: pytest.MonkeyPatch
) -> None:
    from hub.flows import reconcile

    monkeypatch.setattr(reconcile, "cap", lambda bound: 3)
    _, beta = pair
    for number in range(5):
        silently(beta, f"b{number}", city="Bonn")
    state, counts = reconciled(hub, "beta")
    assert (state, counts["drifted"], counts["healed"], counts["left"]) == ("held", 5, 3, 2)
    assert reconciled(hub, "beta")[1]["healed"] == 2
