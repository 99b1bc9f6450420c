"""Workers that lost their claim while they stood still (sync.md R4), and a defect that is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.flows import creating, work
from hub.flows.batch import Batch
from hub.store.session import Database

System = Callable[..., MemorySystem]
LEASE = 60.0


@pytest.fixture
def beta(hub: Hub, system: System) -> MemorySystem:
    """Empty, with one create waiting for it; alpha has Ann."""
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", first="Ann", last="Lee", mail="ann@x.org")
    hub.connect("alpha", map=MAP)
    hub.connect("beta", 'update = true\ncreate = "all"', map=MAP)
    hub.sync("beta", confirm=True)
    run_id = work.request_pull(hub.db, hub.stream("alpha"), options={})
    work.run_pull(hub.db, hub.settings, run_id, keep=False)
    assert (beta.rows, hub.count("creation", "state = 'waiting'")) == ({}, 1)
    return beta


def batch(hub: Hub) -> Batch:
    """What a worker of beta works with."""
    from hub.flows.connect import Lease, build

    stream = hub.stream("beta")
    connector = build(hub.settings, "beta", stream.config, base_dir=stream.base_dir, lease=Lease(LEASE))
    return Batch(hub.db, hub.wiring(), stream, connector, Counter(), LEASE)


def test_a_create_taken_over_between_claim_and_call_is_sent_by_its_new_owner_alone(
    hub: Hub, beta: MemorySystem
) -> None:
    frozen, second = batch(hub), batch(hub)
    jobs = creating._claim(frozen, lane="bulk")
    assert len(jobs) == 1
    hub.clock.wait(LEASE + 1)
    assert creating.make(second, lane="bulk") == 1
    creating._send(frozen, jobs)
    assert (len(beta.rows), frozen.counts["stale"]) == (1, 1)
    assert second.counts["created"] == 1
    hub.settle()
    assert len(beta.rows) == beta.calls["created"] == 1


def test_a_defect_in_a_push_is_noted_as_its_cause(
    hub: Hub, beta: MemorySystem, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(*_: Any, **__: Any) -> int:
        raise KeyError("phone")

    with monkeypatch.context() as patch:
        patch.setattr(creating, "make", defect)
        with pytest.raises(KeyError):
            work.run_push(db, hub.settings, hub.wiring(), of=[hub.stream("beta")])
    (run,) = hub.rows("SELECT state, code, cause FROM run WHERE kind = 'push' ORDER BY id DESC LIMIT 1")
    assert tuple(run) == ("failed", "defect", "KeyError: 'phone'")
    hub.settle()
