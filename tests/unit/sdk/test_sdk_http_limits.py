"""Http against a real server in this process: repetition, limits, addresses and what is said."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from urllib3.util import connection

from hub import guard
from hub.errors import (
    ConnectionBroken,
    OutcomeUnknown,
    RateLimited,
    RemoteUnavailable,
)
from hub.sdk.auth import Basic, Bearer
from hub.sdk.http import Http
from hub.sdk.limits import Limits
from hub.sdk.redaction import Redactor
from hub.testkit.loopback import Fault, Loopback, Reply, Request

SECRET = "sk-very-secret-0815"

# --- repetition ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault("status", status=503), Fault("status", status=429), Fault("reset")])
def test_a_read_is_repeated_quickly(api: Http, server: Loopback, slept: list[float], fault: Fault) -> None:
    server.arm(fault._replace(times=2))
    assert api.get("x").ok
    assert len(server.requests) == 3
    assert len(slept) == 2 and 0 < slept[0] < slept[1] <= 2


def test_three_goes_are_enough(api: Http, server: Loopback, raised: Any) -> None:
    server.arm(Fault("status", status=503, times=99))
    raised(lambda: api.get("x"))
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_definite_no_is_not_asked_again(api: Http, server: Loopback, status: int, raised: Any) -> None:
    server.arm(Fault("status", status=status, times=99))
    raised(lambda: api.get("x"))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "fault", [Fault("status", status=503), Fault("status", status=429), Fault("reset"), Fault("lost")]
)
def test_a_write_is_never_repeated_unless_it_may(
    api: Http, server: Loopback, fault: Fault, raised: Any
) -> None:
    server.arm(fault._replace(times=1))
    raised(lambda: api.post("x"))
    assert len(server.requests) == 1
    server.arm(fault._replace(times=1))
    assert api.put("x", idempotent=True).ok
    assert len(server.requests) == 3


def test_a_short_retry_after_is_honoured_and_a_long_one_handed_up(
    api: Http, server: Loopback, slept: list[float], raised: Any
) -> None:
    server.arm(Fault("status", status=429, retry_after="3"))
    assert api.get("x").ok
    assert slept == [3.0]
    server.arm(Fault("status", status=429, retry_after="60"))
    error = raised(lambda: api.get("x"))
    assert isinstance(error, RateLimited) and error.after == 60.0
    assert slept == [3.0], "it slept through a long Retry-After"


@pytest.mark.parametrize("then", [404, 422, 401, 429])
def test_a_refused_repetition_leaves_the_doubt_open(
    api: Http, server: Loopback, then: int, raised: Any
) -> None:
    server.arm(Fault("lost", times=1), Fault("status", status=then, times=99))
    error = raised(lambda: api.put("x", idempotent=True))
    assert type(error) is OutcomeUnknown and str(then) in str(error)
    server.arm(Fault("lost", times=1), Fault("status", status=then, times=99))
    assert type(raised(lambda: api.put("x", idempotent=True, accept=(then,)))) is OutcomeUnknown


def test_a_repetition_that_succeeds_settles_the_doubt(api: Http, server: Loopback) -> None:
    server.arm(Fault("lost", times=1))
    assert api.put("x", idempotent=True).ok


# --- budget, transaction, lease -------------------------------------------------------------------------------


def test_the_budget_is_asked_before_each_attempt(server: Loopback) -> None:
    asked: list[int] = []
    api = Http(budget=lambda: asked.append(len(server.requests)), sleep=lambda _: None).at(server.url)
    server.arm(Fault("status", status=503, times=2))
    api.get("x")
    assert asked == [0, 1, 2]


def test_a_budget_that_says_no_is_not_asked_again(server: Loopback, slept: list[float], raised: Any) -> None:
    asked: list[int] = []

    def budget() -> None:
        asked.append(1)
        raise RateLimited("the budget of this hour is used up", after=1.0)

    error = raised(lambda: Http(budget=budget, sleep=slept.append).at(server.url).get("x"))
    assert isinstance(error, RateLimited) and error.after == 1.0
    assert (asked, slept, server.requests) == ([1], [], [])


def test_no_call_in_a_transaction(api: Http, server: Loopback) -> None:
    with guard.transaction(), pytest.raises(RuntimeError, match="transaction"):
        api.get("x")
    assert not server.requests
    assert api.get("x").ok


@pytest.mark.parametrize("kind", ["slow", "drip"])
def test_a_call_never_outlives_the_lease(server: Loopback, kind: Any, raised: Any) -> None:
    server.arm(Fault(kind, seconds=20.0, times=99))
    end = time.monotonic() + 0.4
    limits = Limits(least_write=0.1)
    api = Http(deadline=lambda: end - time.monotonic(), limits=limits).at(server.url)
    error = raised(lambda: api.post("x"))
    assert time.monotonic() < end + 2.0
    assert type(error) is OutcomeUnknown


def test_a_write_is_not_sent_once_the_lease_has_ended_while_connecting(
    server: Loopback, raised: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = connection.create_connection

    def late(*arguments: Any, **options: Any) -> Any:
        time.sleep(0.4)
        return real(*arguments, **options)

    monkeypatch.setattr(connection, "create_connection", late)
    end = time.monotonic() + 0.2
    api = Http(deadline=lambda: end - time.monotonic(), limits=Limits(least_write=0.1)).at(server.url)
    error = raised(lambda: api.post("x"))
    assert type(error) is RemoteUnavailable and "longer than the time" in str(error)
    assert not server.requests


def test_headers_that_drip_do_not_outlive_the_lease_either(raised: Any) -> None:
    import threading

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            connection.recv(4096)
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
                for _ in range(400):
                    connection.sendall(b"x")
                    time.sleep(0.05)
            except OSError:
                connection.close()

        threading.Thread(target=drip, daemon=True).start()
        end = time.monotonic() + 0.4
        api = Http(deadline=lambda: end - time.monotonic()).at(
            f"http://127.0.0.1:{listening.getsockname()[1]}"
        )
        assert isinstance(raised(lambda: api.get("x")), RemoteUnavailable)
        assert time.monotonic() < end + 2.0


def test_a_write_is_not_begun_with_too_little_left_of_the_lease_and_that_is_no_failure(
    server: Loopback, raised: Any
) -> None:
    api = Http(deadline=lambda: 1.5).at(server.url)
    error = raised(lambda: api.post("x"))
    assert type(error) is RemoteUnavailable and "not begun" in str(error)
    assert error.after == 1.0, "soon again, and not charged"
    assert api.post("x", reads=True).ok
    assert len(server.requests) == 1


def test_no_time_left_means_not_begun(server: Loopback, raised: Any) -> None:
    error = raised(lambda: Http(deadline=lambda: 0.0).at(server.url).post("x"))
    assert type(error) is RemoteUnavailable and "not begun" in str(error)
    assert not server.requests


def test_a_pause_longer_than_the_lease_is_not_taken(
    server: Loopback, slept: list[float], raised: Any
) -> None:
    server.arm(Fault("status", status=429, retry_after="4", times=99))
    api = Http(deadline=lambda: 3.0, sleep=slept.append).at(server.url)
    assert isinstance(raised(lambda: api.get("x")), RateLimited)
    assert slept == []


# --- size, addresses, redirects -------------------------------------------------------------------------------


@pytest.mark.parametrize("declared", [True, False])
def test_the_size_is_capped_also_when_unpacked(server: Loopback, declared: bool, raised: Any) -> None:
    import gzip

    def bomb(request: Request) -> Reply:
        body = b"[" + b" " * 5_000_000 + b"]"
        if declared:
            return Reply(200, body)
        return Reply(200, gzip.compress(body), {"Content-Encoding": "gzip"})

    server.reply = bomb
    api = Http(limits=Limits(max_bytes=1_000_000)).at(server.url)
    error = raised(lambda: api.get("x"))
    assert isinstance(error, ConnectionBroken) and "larger than" in str(error)
    assert isinstance(raised(lambda: api.post("x")), OutcomeUnknown)
    assert len(Http().at(server.url).get("x").body) == 5_000_002


def test_private_addresses_are_refused_before_a_byte_is_sent(server: Loopback, raised: Any) -> None:
    for host in ("127.0.0.1", "localhost"):
        url = server.url.replace("127.0.0.1", host)
        error = raised(lambda url=url: Http(allow_private=False).at(url).post("x"))
        assert isinstance(error, ConnectionBroken) and "private" in str(error)
    assert not server.requests


def redirecting(target: str) -> Callable[[Request], Reply]:
    return lambda request: (
        Reply(302, b"", {"Location": target}) if request.path == "/x" else Reply(200, b'"there"')
    )


def test_a_redirect_within_the_site_is_followed_by_reads_only(
    api: Http, server: Loopback, raised: Any
) -> None:
    server.reply = redirecting("/y?z=1")
    assert api.get("x", params={"a": "b"}).json() == "there"
    assert server.requests[-1].target == "/y?z=1"
    error = raised(lambda: api.post("x", json={}))
    assert isinstance(error, ConnectionBroken) and "redirected" in str(error)


def test_a_redirect_to_another_site_gets_no_credentials(
    api: Http, server: Loopback, other: Loopback, raised: Any
) -> None:
    server.reply = redirecting(f"{other.url}/y?token={SECRET}")
    error = raised(lambda: api.get("x"))
    assert isinstance(error, ConnectionBroken) and error.fix
    assert not other.requests


def test_redirects_in_a_circle(api: Http, server: Loopback, raised: Any) -> None:
    server.reply = redirecting("/x")
    assert "again and again" in str(raised(lambda: api.get("x")))


# --- what is said ---------------------------------------------------------------------------------------------


def test_secrets_in_answers_and_logs(server: Loopback, caplog: pytest.LogCaptureFixture, raised: Any) -> None:
    def parrot(request: Request) -> Reply:
        given = request.headers["authorization"]
        return Reply(418, f'{{"you sent": "{given}", "url": "{request.target}"}}'.encode())

    server.reply = parrot
    redactor = Redactor()
    api = Http(redactor=redactor).at(server.url, auth=Basic("joe", SECRET))
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="urllib3"):
        error = raised(lambda: api.get("x", params={"api_key": "other-secret-4711", "q": SECRET}))
    assert "418" in str(error)
    for text in (str(error), caplog.text):
        assert SECRET not in text and "other-secret-4711" not in text
        assert Basic("joe", SECRET).headers()["Authorization"].split()[1] not in text
    assert "urllib3" in "".join(record.name for record in caplog.records), (
        "urllib3's own log was not in the test"
    )
    assert SECRET not in repr(api) and SECRET not in repr(vars(api))


def test_half_a_secret_at_the_end_of_a_cause_is_not_shown(server: Loopback, raised: Any) -> None:
    for length in range(8150, 8200, 3):
        server.reply = lambda request, n=length: Reply(400, b" " * n + SECRET.encode() * 3)
        error = raised(lambda: Http().at(server.url, auth=Bearer(SECRET)).get("x"))
        assert SECRET[:6] not in str(error)


def test_the_log_filter_goes_with_the_session() -> None:
    import gc

    logger = logging.getLogger("urllib3.connectionpool")
    gc.collect()
    before = set(logger.filters)
    api = Http().at("http://127.0.0.1:9")
    closed = Http()
    assert len(set(logger.filters) - before) == 2
    closed.close()
    assert len(set(logger.filters) - before) == 1
    del api
    gc.collect()
    assert set(logger.filters) == before
