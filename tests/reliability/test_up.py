"""`hub up` on a fresh home, with schedules: it does all by itself, and Ctrl-C ends all of it."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from reliability.processes import lives
from reliability.reliability_world import EXPORTED, IN_ERP_ONLY, SEEDED, World, mail

pytestmark = pytest.mark.slow

PARTS = ("worker pull", "worker bulk", "worker realtime", "web", "scheduler")
SHARED = f"C{IN_ERP_ONLY:04}"  # a customer of both systems


@pytest.fixture(scope="module")
def world(make_world: Callable[..., World]) -> World:
    world = make_world()
    world.configure(schedule="every 5s")
    return world


def ask(address: str, path: str) -> tuple[int, dict[str, Any]]:
    with urllib.request.urlopen(f"{address}{path}", timeout=10) as answer:
        return answer.status, json.load(answer)


def phone_in_erp(world: World, number: int) -> str:
    body = {
        "domain": [["party.contact_mechanisms.value", "=", mail(number)], ["type", "=", "phone"]],
        "order": [["id", "ASC"]],
        "limit": None,
        "fields_names": ["value"],
    }
    found = world.erp.call("POST", "party.contact_mechanism/search_read", body)
    return str(found[0]["value"]).replace(" ", "")


def change_phone_in_erp(world: World, number: int, phone: str) -> None:
    body = {
        "domain": [["party.contact_mechanisms.value", "=", mail(number)], ["type", "=", "phone"]],
        "order": [["id", "ASC"]],
        "limit": None,
        "fields_names": ["id"],
    }
    found = world.erp.call("POST", "party.contact_mechanism/search_read", body)
    world.erp.call("PUT", f"party.contact_mechanism/{found[0]['id']}", {"value": phone})


def test_up_runs_the_whole_hub_and_ctrl_c_ends_it(world: World) -> None:
    address = world.start()
    assert ask(address, "/healthz")[0] == 200
    status, ready = ask(address, "/readyz")
    assert (status, ready["ready"], ready["queue"]) == (200, True, "ok")
    for part in PARTS:
        assert world.processes(*part.split()), part

    total = len(SEEDED) + len(EXPORTED)
    took = world.until(
        lambda: world.rows("SELECT count(*) FROM source_record")[0][0] == total, what="the schedules pull"
    )
    print(f"pulled by themselves {took:.1f} s after the address was said")
    world.hub("sync", "--confirm")  # the first run of a connection waits for a person's word
    world.until(lambda: not pushes(world), what="nothing is to be pushed")

    change_phone_in_erp(world, IN_ERP_ONLY, "+4930999001")
    took = world.until(
        lambda: world.written()[SHARED]["tel"] == "+4930999001", what="a change in the ERP is in out/"
    )
    print(f"from the ERP to out/: {took:.1f} s")

    shared = IN_ERP_ONLY + 1
    world.export({shared: "+4930999002"})
    took = world.until(
        lambda: phone_in_erp(world, shared) == "+4930999002", what="a change in the exports is in the ERP"
    )
    print(f"from the exports to the ERP: {took:.1f} s")
    world.until(lambda: not pushes(world), what="nothing is to be pushed")

    pids = [*world.processes(), world.queue_server()]
    began = time.monotonic()
    assert world.stop() == 0
    took = time.monotonic() - began
    print(f"Ctrl-C: all of it ended {took:.1f} s later")
    assert took < 15
    assert [pid for pid in pids if lives(pid)] == []
    assert world.processes() == []


def test_it_comes_up_again_where_it_left_off(world: World) -> None:
    before = world.rows("SELECT count(*) FROM receipt")
    address = world.start()
    assert ask(address, "/readyz")[1]["ready"]
    pulled = world.rows("SELECT max(finished_at) FROM run WHERE kind = 'pull'")[0][0]
    world.until(
        lambda: (
            world.rows(
                "SELECT count(*) FROM run WHERE kind = 'pull' AND state = 'done' AND started_at > :at",
                at=pulled,
            )[0][0]
            >= 2
        ),
        what="both are pulled again",
    )
    assert world.rows("SELECT count(*) FROM receipt") == before, "unchanged data wrote something"
    world.hub("rebuild", "--check")
    world.end()


def pushes(world: World) -> dict[str, int]:
    return {
        key: n for key, n in world.open_work().items() if key.split()[0] in ("delivery", "creation", "reread")
    }
