"""kill -9 of parts of the hub at exact moments of its talk with a real ERP: the end is that of an undisturbed run.

The histories run side by side, since mostly they wait for leases.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from reliability.reliability_world import IN_ERP_ONLY, IN_EXPORTS_ONLY, LEASE, SEEDED, World
from reliability.striking_proxy import Strike, is_create, is_page, is_update

from hub.store.queries.heartbeats import ALIVE_SECONDS
from hub.testkit.loopback import Request

pytestmark = pytest.mark.slow

AT_ONCE = 4
LANDS_LATE = (
    30.0  # of the ERP's manifest: for so long after a lost create nobody may say that it is not there
)


class Moment(NamedTuple):
    """What happens at the nth such request, which the ERP has carried out (`landed`) or never saw.

    within: seconds from then to the end of everything, on a busy machine.
    """

    when: Callable[[Request], bool]
    nth: int
    landed: bool
    act: Callable[[World], None]
    within: float = LEASE + 40


def kill(queue: str) -> Callable[[World], None]:
    return lambda world: world.kill_worker(queue)


class End(NamedTuple):
    """state: what two runs must have in common. recovered: seconds from the kill to the end of the sync."""

    state: dict[str, Any]
    recovered: float


UNDISTURBED = "undisturbed"
MOMENTS = {
    "worker in a create that was lost": Moment(
        is_create, 2, False, kill("bulk"), within=LEASE + LANDS_LATE + 40
    ),
    "everything in a pull": Moment(
        is_page, 2, False, World.kill_everything, within=ALIVE_SECONDS + LEASE + 40
    ),
    "worker frozen beyond its lease in a create": Moment(
        is_create, 2, True, lambda world: world.freeze_worker("bulk")
    ),
    "worker in a pull": Moment(is_page, 2, False, kill("pull")),
    "worker in a create that landed": Moment(is_create, 2, True, kill("bulk")),
    "worker in a push that landed": Moment(is_update, 25, True, kill("bulk")),
    "worker in a push that was lost": Moment(is_update, 25, False, kill("bulk")),
    "queue server in a pull": Moment(is_page, 2, True, World.kill_queue_server),
    "queue server in a push": Moment(is_update, 25, True, World.kill_queue_server),
}


@pytest.fixture(scope="module")
def ends(make_world: Callable[..., World], request: pytest.FixtureRequest) -> Iterator[Callable[[str], End]]:
    picked = [name for name in MOMENTS if any(name in item.name for item in request.session.items)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures: dict[str, Future[End]] = {
            name: pool.submit(history, make_world, MOMENTS.get(name))
            for name in [*picked[:1], UNDISTURBED, *picked[1:]]
        }
        yield lambda name: futures[name].result()


def history(make_world: Callable[..., World], moment: Moment | None) -> End:
    """Everything from a fresh home to agreement, with what dies on the way."""
    world = make_world()
    try:
        world.configure()
        world.start()
        if moment is not None:
            act = moment.act
            world.proxy.arm_strike(Strike(moment.when, lambda: act(world), moment.nth, moment.landed))
        world.hub("sync", "--confirm")
        now = time.monotonic()
        if moment is not None:
            assert world.proxy.struck_at is not None, "nothing happened to it"
            world.thaw()
        assert world.open_work() == {}
        world.hub("rebuild", "--check")
        return End(world.state(), now - (world.proxy.struck_at or now))
    finally:
        world.end()


@pytest.mark.parametrize("name", MOMENTS)
def test_the_end_is_that_of_an_undisturbed_run(name: str, ends: Callable[[str], End]) -> None:
    killed, undisturbed = ends(name), ends(UNDISTURBED)
    print(f"{name}: everything in agreement {killed.recovered:.1f} s later")
    assert killed.state["parties"] == undisturbed.state["parties"]
    assert killed.state == undisturbed.state
    assert killed.recovered < MOMENTS[name].within


def test_the_undisturbed_run_itself_is_as_it_should_be(ends: Callable[[str], End]) -> None:
    state = ends(UNDISTURBED).state
    parties, marks = state["parties"], [one["marks"] for one in state["parties"]]
    assert len(parties) == len(SEEDED) + IN_EXPORTS_ONLY
    assert len({one["contacts"][0] for one in parties}) == len(parties), "somebody is there twice"
    assert (marks.count(0), marks.count(1)) == (len(SEEDED), IN_EXPORTS_ONLY)
    assert sum(one["cities"] == ["Berlin"] for one in parties) == len(parties) - IN_ERP_ONLY
    assert sum(len(one) == 2 for one in state["links"]) == len(parties) - IN_ERP_ONLY
