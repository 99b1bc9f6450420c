"""kill -9 of a worker and its job at exact moments of its talk with a real ERP: the end is that of an undisturbed run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from reliability.reliability_world import (
    IN_ERP_ONLY,
    IN_EXPORTS_ONLY,
    LEASE,
    SEEDED,
    Strike,
    World,
    is_create,
    is_page,
    is_update,
)

from hub.testkit.loopback import Request

pytestmark = pytest.mark.slow

LANDS_LATE = 30.0  # of the ERP's manifest: for so long after a lost create nobody may say that it is not there


class Moment(NamedTuple):
    """When the worker dies: at the nth such request, which the ERP has carried out (`landed`) or never saw."""

    queue: str
    when: Callable[[Request], bool]
    nth: int
    landed: bool
    within: float  # seconds from the kill to the end of everything


MOMENTS = {
    "in a pull": Moment("pull", is_page, 2, False, LEASE + 25),
    "in a create that landed": Moment("bulk", is_create, 2, True, LEASE + 25),
    "in a create that was lost": Moment("bulk", is_create, 2, False, LEASE + LANDS_LATE + 30),
    "in a push that landed": Moment("bulk", is_update, 25, True, LEASE + 25),
    "in a push that was lost": Moment("bulk", is_update, 25, False, LEASE + 25),
}


@pytest.fixture(scope="module")
def undisturbed(make_world: Callable[..., World]) -> dict[str, Any]:
    world = make_world()
    world.configure()
    world.start()
    world.hub("sync", "--confirm")
    assert world.open_work() == {}
    state = world.state()
    world.end()
    return state


@pytest.mark.parametrize("name", MOMENTS)
def test_the_end_is_that_of_an_undisturbed_run(
    name: str, undisturbed: dict[str, Any], make_world: Callable[..., World], record_property: Any
) -> None:
    moment = MOMENTS[name]
    world = make_world()
    world.configure()
    world.start()
    world.proxy.arm_strike(
        Strike(moment.when, lambda: world.kill_worker(moment.queue), moment.nth, moment.landed)
    )
    world.hub("sync", "--confirm")
    recovered = time.monotonic() - (world.proxy.struck_at or 0.0)
    assert world.proxy.struck_at is not None, "nobody was killed"
    print(f"killed {name}: everything in agreement {recovered:.1f} s later")
    assert recovered < moment.within
    assert world.open_work() == {}
    state = world.state()
    assert state["parties"] == undisturbed["parties"]
    assert state == undisturbed
    world.hub("rebuild", "--check")
    world.end()


def test_the_undisturbed_run_itself_is_as_it_should_be(undisturbed: dict[str, Any]) -> None:
    parties, marks = undisturbed["parties"], [one["marks"] for one in undisturbed["parties"]]
    assert len(parties) == len(SEEDED) + IN_EXPORTS_ONLY
    assert len({one["contacts"][0] for one in parties}) == len(parties), "somebody is there twice"
    assert (marks.count(0), marks.count(1)) == (len(SEEDED), IN_EXPORTS_ONLY)
    assert sum(one["cities"] == ["Berlin"] for one in parties) == len(parties) - IN_ERP_ONLY
    assert sum(len(one) == 2 for one in undisturbed["links"]) == len(parties) - IN_ERP_ONLY
