"""The fake remote's bad habits, and that the model connector bears them."""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.errors import ConnectionBroken, RecordRejected
from hub.sdk.connector import Change, ConnectionView
from hub.sdk.http import Http
from hub.sdk.manifest import read_manifest
from hub.sdk.registry import assemble
from hub.testkit.contents import TEXTS
from hub.testkit.hostile.connector import Hostile
from hub.testkit.loopback import Fault
from hub.testkit.proxy import Proxy
from hub.testkit.remote import KEY, WEBHOOK_SECRET, HostileRemote

MANIFEST = read_manifest(Path(inspect.getfile(Hostile)).parent)


@pytest.fixture
def remote() -> Iterator[HostileRemote]:
    with HostileRemote() as running:
        yield running


def connector(remote: HostileRemote, **secrets: str) -> Hostile:
    known = {"key": KEY, "webhook_secret": WEBHOOK_SECRET, **secrets}
    made = assemble(
        Hostile, MANIFEST, ConnectionView("x", {"url": remote.url}, known.get), sleep=lambda seconds: None
    )
    assert isinstance(made, Hostile)
    return made


def orders(remote: HostileRemote, many: int) -> None:
    remote.orders = [{"id": f"o{number}", "total": "1.00"} for number in range(many)]


def pulled(remote: HostileRemote, object: str) -> list[str]:
    pages = connector(remote).pull(object, None)
    return [record.external_id for page in pages for record in page.records]


def test_empty_pages_are_walked_over(remote: HostileRemote) -> None:
    orders(remote, 250)
    remote.empty_pages = True
    assert len(pulled(remote, "order")) == 250


@pytest.mark.parametrize("habit", ["token_loop", "repeat_last"])
def test_circles_end_in_an_error_that_says_so(remote: HostileRemote, habit: str) -> None:
    orders(remote, 250)
    setattr(remote, habit, True)
    with pytest.raises(ConnectionBroken, match="circle"):
        pulled(remote, "order")


def test_drift_loses_nothing(remote: HostileRemote) -> None:
    ids = {remote.put({"name": f"n{number}"}, at=1_000_000 + number // 150) for number in range(450)}
    remote.drift = 4
    assert set(pulled(remote, "customer")) == ids
    assert remote.drift == 0


def test_the_cursor_does_not_run_ahead_of_a_slow_server_clock(remote: HostileRemote) -> None:
    remote.clock_ahead = -3600.0
    remote.put({"name": "from the future"}, at=int(time.time()) + 50)
    (page,) = connector(remote).pull("customer", None)
    one = remote.put({"name": "now, by its own clock"})
    later = [
        record.external_id
        for page in connector(remote).pull("customer", page.cursor)
        for record in page.records
    ]
    assert one in later


def test_blanks_are_spelt_in_three_ways(remote: HostileRemote) -> None:
    one = remote.put({"name": "x", "phone": "", "city": None, "status": "Zombie"})
    shown = remote.shown(one)
    assert shown is not None
    assert (shown["phone"], shown["city"], "email" in shown, shown["status"]) == (False, "", False, "Zombie")


def test_errors_come_with_status_200(remote: HostileRemote) -> None:
    remote.suspended = True
    with pytest.raises(ConnectionBroken, match="suspended"):
        pulled(remote, "customer")
    assert remote.requests[-1].path == "/v1/customers"


def test_a_batch_is_answered_in_another_order(remote: HostileRemote) -> None:
    changes = [Change(f"k{number}", None, {"name": f"n{number}"}) for number in range(5)]
    changes[2] = changes[2]._replace(payload={"name": ""})
    receipts = connector(remote).push("customer", changes)
    assert [one.key for one in receipts] == [one.key for one in changes]
    assert [one.outcome for one in receipts] == ["done", "done", "refused", "done", "done"]
    for number in (0, 1, 3, 4):
        record = receipts[number].record
        assert record is not None and record.raw["name"] == f"n{number}"


def test_rows_that_are_no_records_are_rejected_and_the_page_goes_on(remote: HostileRemote) -> None:
    orders(remote, 2)
    remote.orders.insert(1, {"total": "no id"})
    (page,) = connector(remote).pull("order", None)
    assert [record.external_id for record in page.records] == ["o0", "o1"]
    assert [rejected.raw for rejected in page.rejected] == [{"total": "no id"}]


def test_two_webhook_secrets_live_during_a_rotation(remote: HostileRemote) -> None:
    headers, body = remote.webhook("c1")
    rotated = connector(remote, webhook_secret="the-new-one-99", webhook_secret_old=WEBHOOK_SECRET)
    assert [hint.external_id for hint in rotated.verify_webhook(headers, body)] == ["c1"]
    with pytest.raises(RecordRejected):
        connector(remote, webhook_secret="the-new-one-99").verify_webhook(headers, body)


@pytest.mark.parametrize("what", sorted(TEXTS))
def test_hostile_texts_are_what_they_are_called(what: str) -> None:
    text = TEXTS[what]
    proof: dict[str, Any] = {
        "5,000 characters": len(text) == 5000,
        "null byte": "\x00" in text,
        "rare Chinese": any(ord(letter) > 0xFFFF for letter in text),
        "bidi controls": "\u202e" in text,
        "formula": text.startswith("="),
    }
    assert proof.get(what, bool(text.strip()))


# --- the proxy ----------------------------------------------------------------------------------------------


def test_the_proxy_changes_nothing_until_it_is_told(remote: HostileRemote) -> None:
    with Proxy(remote.url + "/v1") as proxy:
        api = Http().at(proxy.address, headers={"Authorization": f"Bearer {KEY}"})
        assert api.get("me").json()["account"] == "Hostile & Sons"
        answer = api.post("customers/write", json={"changes": [{"ref": 0, "fields": {"name": "欧阳 ü"}}]})
        assert answer.json()["results"][0]["row"]["name"] == "欧阳 ü"
        assert api.get("nowhere", accept=(404,)).text() == "<html>not here</html>"
        assert api.get("customers", params={"since": "", "limit": "1"}).json()["rows"]
    assert remote.requests[0].headers["host"] == proxy.url.removeprefix("http://")


@pytest.mark.parametrize(("kind", "landed"), [("lost", 1), ("reset", 0)])
def test_lost_is_done_and_reset_is_not(remote: HostileRemote, kind: Any, landed: int) -> None:
    with Proxy(remote.url) as proxy:
        proxy.arm(Fault(kind))
        body = {"changes": [{"ref": 0, "fields": {"name": "x"}}]}
        with pytest.raises(requests.ConnectionError):
            requests.post(
                f"{proxy.address}/v1/customers/write",
                json=body,
                headers={"Authorization": f"Bearer {KEY}"},
                timeout=5,
            )
    assert len(remote.rows) == landed


def test_faults_are_skipped_counted_and_chosen(remote: HostileRemote) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}

    def statuses(path: str, many: int) -> list[int]:
        return [requests.get(remote.url + path, headers=headers, timeout=5).status_code for _ in range(many)]

    remote.arm(Fault("status", status=503, skip=1, times=2))
    assert statuses("/v1/me", 5) == [200, 503, 503, 200, 200]
    remote.arm(Fault("status", status=418, when=lambda request: request.path == "/v1/orders", times=9))
    assert statuses("/v1/me", 1) + statuses("/v1/orders", 1) == [200, 418]
    remote.calm()
    assert statuses("/v1/orders", 1) == [200]
