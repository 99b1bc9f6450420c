"""Http against a real server in this process: what is sent and what is raised."""

from __future__ import annotations

import socket
import time
import traceback
from typing import Any

import pytest

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
from hub.sdk.http import Http
from hub.sdk.limits import Limits
from hub.testkit.loopback import Fault, Loopback, Reply

SECRET = "sk-very-secret-0815"

# --- what is sent ---------------------------------------------------------------------------------------


def test_a_call_carries_what_it_was_given(server: Loopback) -> None:
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


def test_a_form(api: Http, server: Loopback) -> None:
    api.post("x", data={"grant_type": "password", "ü": "&"})
    assert server.requests[0].body == b"grant_type=password&%C3%BC=%26"


def test_two_views_share_one_session_but_no_credentials(server: Loopback) -> None:
    http = Http()
    one, other = http.at(server.url, auth=Bearer(SECRET)), http.at(server.url + "/b")
    one.get("x")
    other.get("x")
    assert "authorization" in server.requests[0].headers
    assert "authorization" not in server.requests[1].headers
    with pytest.raises(RuntimeError, match="bound to no system"):
        http.get("x")


def test_cookies_netrc_and_proxies_of_the_environment_are_left_alone(
    server: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login joe password {SECRET}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert Http().at(server.url).get("x").ok
    assert "authorization" not in server.requests[0].headers


def test_a_next_link_of_the_same_site_is_followed_another_is_not(
    api: Http, server: Loopback, raised: Any
) -> None:
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
def test_each_status_has_its_error(
    api: Http, server: Loopback, method: str, status: int, kind: type, raised: Any
) -> None:
    server.arm(Fault("status", status=status, times=99))
    error = raised(lambda: api.request(method, "x"))
    assert type(error) is kind, repr(error)
    assert str(status) in str(error) and "/x" in str(error)
    assert "not now" in str(error), "the answer's own words are missing"


def test_an_accepted_status_is_returned(api: Http, server: Loopback) -> None:
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
def test_retry_after(
    api: Http, server: Loopback, header: str | None, after: float | None, raised: Any
) -> None:
    server.arm(
        Fault("status", status=429, retry_after=header and header.encode().decode("latin-1"), times=99)
    )
    error = raised(lambda: api.post("x"))
    assert isinstance(error, RateLimited) and error.after == after


def test_retry_after_as_a_date_is_read_by_the_servers_clock(api: Http, server: Loopback, raised: Any) -> None:
    from email.utils import formatdate

    server.clock_ahead = 7200.0
    until = formatdate(time.time() + 7200 + 100, usegmt=True)
    server.arm(Fault("status", status=429, retry_after=until))
    error = raised(lambda: api.post("x"))
    assert isinstance(error, RateLimited) and error.after is not None
    assert 95 <= error.after <= 101
    assert 7190 < api.server_now() - time.time() < 7210


def test_certainly_not_sent_is_never_in_doubt(raised: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    for address in (f"http://127.0.0.1:{port}", "http://no-such-host.invalid"):
        error = raised(lambda address=address: Http(sleep=lambda _: None).at(address).post("x"))
        assert type(error) is RemoteUnavailable, repr(error)
        assert "not sent" in str(error) and error.cause


def test_a_dropped_answer_leaves_a_write_in_doubt_and_a_read_only_failed(
    api: Http, server: Loopback, raised: Any
) -> None:
    for kind in ("lost", "reset"):
        server.arm(Fault(kind, times=99))  # type: ignore[arg-type]
        assert type(raised(lambda: api.post("x"))) is OutcomeUnknown
        assert type(raised(lambda: api.post("x", reads=True))) is RemoteUnavailable
        assert type(raised(lambda: api.get("x"))) is RemoteUnavailable


def test_a_server_that_speaks_something_else(raised: Any) -> None:
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


def test_tls_to_a_plain_server_is_not_sent(server: Loopback, raised: Any) -> None:
    api = Http(limits=Limits(attempts=1)).at(server.url.replace("http:", "https:"))
    error = raised(lambda: api.post("x"))
    assert not isinstance(error, OutcomeUnknown)
    assert not server.requests


@pytest.mark.parametrize("secret", [f"{SECRET}\n", f"{SECRET}\r\nX-Injected: 1", f" {SECRET}", f"{SECRET}密"])
def test_a_secret_that_http_cannot_carry(server: Loopback, secret: str) -> None:
    api = Http().at(server.url, auth=Bearer(secret))
    with pytest.raises(HubError) as error:
        api.post("x")
        assert "x-injected" not in server.requests[0].headers
        raise ConnectionBroken("sent as it was")
    shown = "".join(traceback.format_exception(error.value))
    assert SECRET not in shown
    assert isinstance(error.value, ConnectionBroken)


# --- JSON --------------------------------------------------------------------------------------------------


def test_a_web_page_instead_of_json(api: Http, server: Loopback, raised: Any) -> None:
    server.arm(Fault("html", times=99))
    error = raised(lambda: api.get("x").json())
    assert isinstance(error, ConnectionBroken) and "web page instead of JSON" in str(error) and error.fix
    assert "Please log in" in str(error)
    assert isinstance(raised(lambda: api.post("x").json()), OutcomeUnknown)


@pytest.mark.parametrize("body", [b"", b"{", b"NaN", b"\xff\xfe", b'{"a": 1} trailing'])
def test_rubbish_instead_of_json(api: Http, server: Loopback, body: bytes, raised: Any) -> None:
    server.arm(Fault("json", body=body, times=99))
    assert isinstance(raised(lambda: api.get("x").json()), RemoteUnavailable)
    assert isinstance(raised(lambda: api.post("x").json()), OutcomeUnknown)


def test_text_by_its_charset(api: Http, server: Loopback) -> None:
    for charset, body in (
        ("gb18030", "欧阳".encode("gb18030")),
        ("", "欧阳".encode()),
        ("no-such", "欧阳".encode()),
    ):
        server.reply = lambda request, c=charset, b=body: Reply(
            200, b, {"Content-Type": f"text/csv; charset={c}"}
        )
        assert api.get("x").text() == "欧阳"
