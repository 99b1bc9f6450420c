"""The way to an address: name, host, certificate, each with its mending."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from hub.sdk.reach import way
from hub.testkit.loopback import Loopback, Reply, Request


class Silent(Loopback):
    def answer(self, request: Request) -> Reply:
        return Reply(200, b"{}")


def test_a_good_way_is_told_step_by_step() -> None:
    with Silent() as server:
        found = list(way(server.url))
        assert server.requests == [], "nothing is to be sent"
    assert [(one.step, one.ok) for one in found] == [("name", True), ("host", True), ("encryption", True)]
    assert found[-1].fix, "plain http is good, but not without a word"


@pytest.mark.parametrize(
    ("url", "step"),
    [
        ("ftp://example.org", "address"),
        ("https://user:secret@example.org", "address"),
        ("https://no-such-name.invalid", "name"),
        ("http://169.254.169.254", "name"),
        ("http://127.0.0.1:9", "host"),
    ],
)
def test_the_first_step_that_fails_ends_it_with_a_fix(url: str, step: str) -> None:
    *good, last = way(url, timeout=2.0)
    assert all(one.ok for one in good)
    assert (last.step, last.ok) == (step, False) and last.fix
    assert "secret" not in last.detail


def test_a_private_address_is_refused_where_it_may_not_be() -> None:
    (found,) = way("http://127.0.0.1:9", allow_private=False)
    assert not found.ok and "private" in found.detail


def test_a_host_that_speaks_no_encryption() -> None:
    with Silent() as server:
        last = list(way(server.url.replace("http://", "https://"), timeout=2.0))[-1]
    assert (last.step, last.ok) == ("certificate", False) and last.fix


def test_a_hub_that_looks_up_nothing_inside_a_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hub import guard

    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **more: pytest.fail("looked up"))
    with pytest.raises(RuntimeError), guard.transaction():
        list(way("http://example.org"))
