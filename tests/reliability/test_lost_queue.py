"""What the queue holds is lost while jobs wait: the database rings again. `hub sync` beside workers, and without."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest
from reliability.reliability_world import EXPORTED, IN_BOTH, World
from reliability.striking_proxy import is_update

from hub.testkit.loopback import Fault

pytestmark = pytest.mark.slow

BOTH = list(EXPORTED)[:IN_BOTH]


@pytest.fixture(scope="module")
def world(make_world: Callable[..., World]) -> World:
    """A hub in agreement with its systems, reached by `hub sync` alone, and then up."""
    world = make_world()
    world.configure()
    world.hub("sync", "--confirm")
    assert world.open_work() == {}
    world.start()
    return world


def new_phones(world: World, numbers: Iterable[int], start: str) -> set[str]:
    """The exporting system gives these customers new numbers; how the ERP will show them."""
    wanted = {number: f"{start}{number:05}" for number in numbers}
    world.export(wanted)
    return {f"phone {one}" for one in wanted.values()}


def has(world: World, phones: set[str]) -> bool:
    """Whether the ERP has all of these numbers, however it spaces them."""
    there = [
        one.replace(" ", "").replace("phone", "phone ")
        for p in world.parties().values()
        for one in p["contacts"]
    ]
    return phones <= set(there)


@contextmanager
def workers_stopped(world: World) -> Iterator[None]:
    pids = world.processes("worker")
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize(
    ("loses", "area"), [(World.flush_queue, "+4940301"), (World.kill_queue_server, "+4940302")]
)
def test_jobs_that_waited_when_the_queue_lost_them_are_done(
    world: World, loses: Callable[[World], None], area: str
) -> None:
    parties = len(world.parties())
    phones = new_phones(world, BOTH[:20], area)
    with workers_stopped(world):
        world.hub("sync", "--no-wait")
        assert world.waiting_jobs() > 0
        loses(world)
    took = world.until(lambda: has(world, phones), what="the new numbers arrive in the ERP")
    print(f"{loses.__name__}: delivered {took:.1f} s later")
    world.until(lambda: world.open_work() == {}, what="nothing is open")
    assert len(world.parties()) == parties
    world.hub("rebuild", "--check")


def test_sync_beside_up_reports_what_the_ladder_keeps_and_does_not_wait_for_it(world: World) -> None:
    new_phones(world, BOTH[20:23], "+4940303")
    world.proxy.arm(Fault("status", status=503, times=1000, when=is_update))
    began = time.monotonic()
    said = world.hub("sync", "--json", code=1)
    assert time.monotonic() - began < 45
    world.proxy.calm()
    assert '"state":"later"' in said.replace(" ", "")
    assert {key: n for key, n in world.open_work().items() if key.startswith("delivery")} == {
        "delivery waiting": 3
    }


def test_sync_works_by_itself_when_the_workers_are_gone(world: World) -> None:
    assert world.stop() == 0
    phones = new_phones(world, BOTH[30:33], "+4940304")
    world.hub("sync", "exports", code=1)  # three others are still on the ladder
    assert has(world, phones)
