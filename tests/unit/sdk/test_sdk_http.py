"""Http against a real server in this process: what is raised, what is repeated, what is sent."""

from __future__ import annotations

import logging
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hub import guard
from hub.errors import (
    ConnectionBroken,
    HubError,
    NeedsReauth,
    OutcomeUnknown,
    RateLimited,
    RecordRejected,
    RemoteUnavailable,
)
from hub.sdk.auth import Basic, Bearer
from hub.sdk.http import Http, Limits
from hub.sdk.redaction import Redactor
from hub.testkit.loopback import Fault, Loopback, Reply, Request

SECRET = "sk-very-secret-0815"


class Echo(Loopback):
    """Answers what it was asked, or what `next_reply` says."""

    reply: Callable[[Request], Reply] | None = None

    def answer(self, request: Request) -> Reply:
        if self.reply is not None:
            return self.reply(request)
        said = f'{{"method": "{request.method}", "target": "{request.target}", "size": {len(request.body)}}}'
        return Reply(200, said.encode(), {"Content-Type": "application/json"})


@pytest.fixture
def server() -> Iterator[Echo]:
    with Echo() as running:
        yield running


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def api(server: Echo, slept: list[float]) -> Http:
    return Http(sleep=slept.append).at(server.url, auth=Bearer(SECRET))


def raised(call: Callable[[], Any]) -> HubError:
    with pytest.raises(HubError) as error:
        call()
    shown = "".join(traceback.format_exception(error.value)) + repr(error.value)
    assert SECRET not in shown
    assert error.value.__context__ is None or SECRET not in repr(error.value.__context__)
    return error.value


# --- what is sent ---------------------------------------------------------------------------------------


def test_a_call_carries_what_it_was_given(server: Echo) -> None:
    api = Http().at(server.url + "/base/", auth=Basic("joe", SECRET), headers={"X-Version": "3"})
    answer = api.post("/things", params={"a": "1 2"}, json={"n": "é"}, headers={"X-One": "1"})
    assert answer.json()["target"] == "/base/things?a=1+2"
    (request,) = server.requests
    assert request.body == '{"n":"é"}'.encode()
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == Basic("joe", SECRET).headers()["Authorization"]
    assert (request.headers["x-version"], request.headers["x-one"]) == ("3", "1")
    assert "python-requests" not in request.headers["user-agent"]
    assert api.get().json()["target"] == "/base"


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_every_method(api: Http, method: str) -> None:
    assert getattr(api, method)("x").json()["method"] == method.upper()


def test_a_form(api: Http, server: Echo) -> None:
    api.post("x", data={"grant_type": "password", "ü": "&"})
    assert server.requests[0].body == b"grant_type=password&%C3%BC=%26"


def test_two_views_share_one_session_but_no_credentials(server: Echo) -> None:
    http = Http()
    one, other = http.at(server.url, auth=Bearer(SECRET)), http.at(server.url + "/b")
    one.get("x")
    other.get("x")
    assert "authorization" in server.requests[0].headers
    assert "authorization" not in server.requests[1].headers
    with pytest.raises(RuntimeError, match="bound to no system"):
        http.get("x")


def test_cookies_netrc_and_proxies_of_the_environment_are_left_alone(
    server: Echo, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login joe password {SECRET}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert Http().at(server.url).get("x").ok
    assert "authorization" not in server.requests[0].headers


def test_a_next_link_of_the_same_site_is_followed_another_is_not(api: Http, server: Echo) -> None:
    assert api.get(server.url + "/y?page=2").json()["target"] == "/y?page=2"
    error = raised(lambda: api.get("https://evil.example/y?token=" + SECRET))
    assert isinstance(error, ConnectionBroken) and "another site" in str(error)
    assert len(server.requests) == 1


# --- what is raised ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "status", "kind"),
    [
        ("GET", 401, NeedsReauth),
        ("GET", 403, NeedsReauth),
        ("POST", 401, NeedsReauth),
        ("GET", 404, ConnectionBroken),
        ("GET", 400, ConnectionBroken),
        ("POST", 404, RecordRejected),
        ("PUT", 422, RecordRejected),
        ("PATCH", 409, RecordRejected),
        ("GET", 429, RateLimited),
        ("POST", 429, RateLimited),
        ("GET", 408, RemoteUnavailable),
        ("GET", 500, RemoteUnavailable),
        ("GET", 503, RemoteUnavailable),
        ("POST", 408, OutcomeUnknown),
        ("POST", 500, OutcomeUnknown),
        ("DELETE", 502, OutcomeUnknown),
        ("POST", 425, RemoteUnavailable),
        ("GET", 410, ConnectionBroken),
    ],
)
def test_each_status_has_its_error(api: Http, server: Echo, method: str, status: int, kind: type) -> None:
    server.arm(Fault("status", status=status, times=99))
    error = raised(lambda: api.request(method, "x"))
    assert type(error) is kind, repr(error)
    assert str(status) in str(error) and "/x" in str(error)
    assert "not now" in str(error), "the answer's own words are missing"


def test_an_accepted_status_is_returned(api: Http, server: Echo) -> None:
    for status in (404, 422, 401, 429, 500):
        server.arm(Fault("status", status=status))
        answer = api.post("x", accept=(status,))
        assert (answer.status, answer.ok) == (status, False)
        assert answer.json() == {"error": "not now"}
    server.arm(Fault("status", status=304))
    assert api.get("x", accept=(304,)).body == b""


@pytest.mark.parametrize(
    ("header", "after"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("99999999999", 86_400.0),
        ("-5", None),
        ("soon", None),
        ("²", None),
        (None, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 99 Foo 2015 07:28:00 GMT", None),
    ],
)
def test_retry_after(api: Http, server: Echo, header: str | None, after: float | None) -> None:
    server.arm(
        Fault("status", status=429, retry_after=header and header.encode().decode("latin-1"), times=99)
    )
    error = raised(lambda: api.post("x"))
    assert isinstance(error, RateLimited) and error.after == after


def test_retry_after_as_a_date_is_read_by_the_servers_clock(api: Http, server: Echo) -> None:
    from email.utils import formatdate

    server.clock_ahead = 7200.0
    until = formatdate(time.time() + 7200 + 100, usegmt=True)
    server.arm(Fault("status", status=429, retry_after=until))
    error = raised(lambda: api.post("x"))
    assert isinstance(error, RateLimited) and error.after is not None
    assert 95 <= error.after <= 101
    assert 7190 < api.server_now() - time.time() < 7210


def test_certainly_not_sent_is_never_in_doubt() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    for address in (f"http://127.0.0.1:{port}", "http://no-such-host.invalid"):
        error = raised(lambda address=address: Http(sleep=lambda _: None).at(address).post("x"))
        assert type(error) is RemoteUnavailable, repr(error)
        assert "not sent" in str(error) and error.cause


def test_a_dropped_answer_leaves_a_write_in_doubt_and_a_read_only_failed(api: Http, server: Echo) -> None:
    for kind in ("lost", "reset"):
        server.arm(Fault(kind, times=99))  # type: ignore[arg-type]
        assert type(raised(lambda: api.post("x"))) is OutcomeUnknown
        assert type(raised(lambda: api.post("x", reads=True))) is RemoteUnavailable
        assert type(raised(lambda: api.get("x"))) is RemoteUnavailable


def test_a_server_that_speaks_something_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        import threading

        def talk() -> None:
            connection, _ = listening.accept()
            connection.recv(100)
            connection.sendall(b"220 mail.example ESMTP\r\n")
            connection.close()

        threading.Thread(target=talk, daemon=True).start()
        api = Http(limits=Limits(attempts=1)).at(f"http://127.0.0.1:{listening.getsockname()[1]}")
        assert isinstance(raised(lambda: api.get("x")), RemoteUnavailable)


def test_tls_to_a_plain_server_is_not_sent(server: Echo) -> None:
    api = Http(limits=Limits(attempts=1)).at(server.url.replace("http:", "https:"))
    error = raised(lambda: api.post("x"))
    assert not isinstance(error, OutcomeUnknown)
    assert not server.requests


@pytest.mark.parametrize("secret", [f"{SECRET}\n", f"{SECRET}\r\nX-Injected: 1", f" {SECRET}", f"{SECRET}密"])
def test_a_secret_that_http_cannot_carry(server: Echo, secret: str) -> None:
    api = Http().at(server.url, auth=Bearer(secret))
    with pytest.raises(HubError) as error:
        api.post("x")
        assert "x-injected" not in server.requests[0].headers
        raise ConnectionBroken("sent as it was")
    shown = "".join(traceback.format_exception(error.value))
    assert SECRET not in shown
    assert isinstance(error.value, ConnectionBroken)


# --- JSON --------------------------------------------------------------------------------------------------


def test_a_web_page_instead_of_json(api: Http, server: Echo) -> None:
    server.arm(Fault("html", times=99))
    error = raised(lambda: api.get("x").json())
    assert isinstance(error, ConnectionBroken) and "web page instead of JSON" in str(error) and error.fix
    assert "Please log in" in str(error)
    assert isinstance(raised(lambda: api.post("x").json()), OutcomeUnknown)


@pytest.mark.parametrize("body", [b"", b"{", b"NaN", b"\xff\xfe", b'{"a": 1} trailing'])
def test_rubbish_instead_of_json(api: Http, server: Echo, body: bytes) -> None:
    server.arm(Fault("json", body=body, times=99))
    assert isinstance(raised(lambda: api.get("x").json()), RemoteUnavailable)
    assert isinstance(raised(lambda: api.post("x").json()), OutcomeUnknown)


def test_text_by_its_charset(api: Http, server: Echo) -> None:
    for charset, body in (
        ("gb18030", "欧阳".encode("gb18030")),
        ("", "欧阳".encode()),
        ("no-such", "欧阳".encode()),
    ):
        server.reply = lambda request, c=charset, b=body: Reply(
            200, b, {"Content-Type": f"text/csv; charset={c}"}
        )
        assert api.get("x").text() == "欧阳"


# --- repetition ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault("status", status=503), Fault("status", status=429), Fault("reset")])
def test_a_read_is_repeated_quickly(api: Http, server: Echo, slept: list[float], fault: Fault) -> None:
    server.arm(fault._replace(times=2))
    assert api.get("x").ok
    assert len(server.requests) == 3
    assert len(slept) == 2 and 0 < slept[0] < slept[1] <= 2


def test_three_goes_are_enough(api: Http, server: Echo) -> None:
    server.arm(Fault("status", status=503, times=99))
    raised(lambda: api.get("x"))
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_definite_no_is_not_asked_again(api: Http, server: Echo, status: int) -> None:
    server.arm(Fault("status", status=status, times=99))
    raised(lambda: api.get("x"))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "fault", [Fault("status", status=503), Fault("status", status=429), Fault("reset"), Fault("lost")]
)
def test_a_write_is_never_repeated_unless_it_may(api: Http, server: Echo, fault: Fault) -> None:
    server.arm(fault._replace(times=1))
    raised(lambda: api.post("x"))
    assert len(server.requests) == 1
    server.arm(fault._replace(times=1))
    assert api.put("x", idempotent=True).ok
    assert len(server.requests) == 3


def test_a_short_retry_after_is_honoured_and_a_long_one_handed_up(
    api: Http, server: Echo, slept: list[float]
) -> None:
    server.arm(Fault("status", status=429, retry_after="3"))
    assert api.get("x").ok
    assert slept == [3.0]
    server.arm(Fault("status", status=429, retry_after="60"))
    error = raised(lambda: api.get("x"))
    assert isinstance(error, RateLimited) and error.after == 60.0
    assert slept == [3.0], "it slept through a long Retry-After"


@pytest.mark.parametrize("then", [404, 422, 401, 429])
def test_a_refused_repetition_leaves_the_doubt_open(api: Http, server: Echo, then: int) -> None:
    server.arm(Fault("lost", times=1), Fault("status", status=then, times=99))
    error = raised(lambda: api.put("x", idempotent=True))
    assert type(error) is OutcomeUnknown and str(then) in str(error)
    server.arm(Fault("lost", times=1), Fault("status", status=then, times=99))
    assert type(raised(lambda: api.put("x", idempotent=True, accept=(then,)))) is OutcomeUnknown


def test_a_repetition_that_succeeds_settles_the_doubt(api: Http, server: Echo) -> None:
    server.arm(Fault("lost", times=1))
    assert api.put("x", idempotent=True).ok


# --- budget, transaction, lease -------------------------------------------------------------------------------


def test_the_budget_is_asked_before_each_attempt(server: Echo) -> None:
    asked: list[int] = []
    api = Http(budget=lambda: asked.append(len(server.requests)), sleep=lambda _: None).at(server.url)
    server.arm(Fault("status", status=503, times=2))
    api.get("x")
    assert asked == [0, 1, 2]


def test_a_budget_that_says_no_is_not_asked_again(server: Echo, slept: list[float]) -> None:
    asked: list[int] = []

    def budget() -> None:
        asked.append(1)
        raise RateLimited("the budget of this hour is used up", after=1.0)

    error = raised(lambda: Http(budget=budget, sleep=slept.append).at(server.url).get("x"))
    assert isinstance(error, RateLimited) and error.after == 1.0
    assert (asked, slept, server.requests) == ([1], [], [])


def test_no_call_in_a_transaction(api: Http, server: Echo) -> None:
    with guard.transaction(), pytest.raises(RuntimeError, match="transaction"):
        api.get("x")
    assert not server.requests
    assert api.get("x").ok


@pytest.mark.parametrize("kind", ["slow", "drip"])
def test_a_call_never_outlives_the_lease(server: Echo, kind: Any) -> None:
    server.arm(Fault(kind, seconds=20.0, times=99))
    end = time.monotonic() + 0.4
    api = Http(deadline=lambda: end - time.monotonic()).at(server.url)
    error = raised(lambda: api.post("x"))
    assert time.monotonic() < end + 2.0
    assert type(error) is OutcomeUnknown


def test_headers_that_drip_do_not_outlive_the_lease_either() -> None:
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


def test_no_time_left_means_not_begun(server: Echo) -> None:
    error = raised(lambda: Http(deadline=lambda: 0.0).at(server.url).post("x"))
    assert type(error) is RemoteUnavailable and "not begun" in str(error)
    assert not server.requests


def test_a_pause_longer_than_the_lease_is_not_taken(server: Echo, slept: list[float]) -> None:
    server.arm(Fault("status", status=429, retry_after="4", times=99))
    api = Http(deadline=lambda: 3.0, sleep=slept.append).at(server.url)
    assert isinstance(raised(lambda: api.get("x")), RateLimited)
    assert slept == []


# --- size, addresses, redirects -------------------------------------------------------------------------------


@pytest.mark.parametrize("declared", [True, False])
def test_the_size_is_capped_also_when_unpacked(server: Echo, declared: bool) -> None:
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


def test_private_addresses_are_refused_before_a_byte_is_sent(server: Echo) -> None:
    for host in ("127.0.0.1", "localhost"):
        url = server.url.replace("127.0.0.1", host)
        error = raised(lambda url=url: Http(allow_private=False).at(url).post("x"))
        assert isinstance(error, ConnectionBroken) and "private" in str(error)
    assert not server.requests


def redirecting(target: str) -> Callable[[Request], Reply]:
    return lambda request: (
        Reply(302, b"", {"Location": target}) if request.path == "/x" else Reply(200, b'"there"')
    )


def test_a_redirect_within_the_site_is_followed_by_reads_only(api: Http, server: Echo) -> None:
    server.reply = redirecting("/y?z=1")
    assert api.get("x", params={"a": "b"}).json() == "there"
    assert server.requests[-1].target == "/y?z=1"
    error = raised(lambda: api.post("x", json={}))
    assert isinstance(error, ConnectionBroken) and "redirected" in str(error)


def test_a_redirect_to_another_site_gets_no_credentials(api: Http, server: Echo) -> None:
    with Echo() as other:
        server.reply = redirecting(f"{other.url}/y?token={SECRET}")
        error = raised(lambda: api.get("x"))
        assert isinstance(error, ConnectionBroken) and error.fix
        assert not other.requests


def test_redirects_in_a_circle(api: Http, server: Echo) -> None:
    server.reply = redirecting("/x")
    assert "again and again" in str(raised(lambda: api.get("x")))


# --- what is said ---------------------------------------------------------------------------------------------


def test_secrets_in_answers_and_logs(server: Echo, caplog: pytest.LogCaptureFixture) -> None:
    def parrot(request: Request) -> Reply:
        given = request.headers["authorization"]
        return Reply(418, f'{{"you sent": "{given}", "url": "{request.target}"}}'.encode())

    server.reply = parrot
    redactor = Redactor()
    api = Http(redactor=redactor).at(server.url, auth=Basic("joe", SECRET))
    with caplog.at_level(logging.DEBUG):
        error = raised(lambda: api.get("x", params={"api_key": "other-secret-4711", "q": SECRET}))
    assert "418" in str(error)
    for text in (str(error), caplog.text):
        assert SECRET not in text and "other-secret-4711" not in text
        assert Basic("joe", SECRET).headers()["Authorization"].split()[1] not in text
    assert "urllib3" in "".join(record.name for record in caplog.records), (
        "urllib3's own log was not in the test"
    )
    assert SECRET not in repr(api) and SECRET not in repr(vars(api))


def test_half_a_secret_at_the_end_of_a_cause_is_not_shown(server: Echo) -> None:
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
