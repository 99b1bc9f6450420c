"""An HTTP server in this process, on loopback, that can be told to misbehave: the ground of the fake remote and
the proxy.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

Kind = Literal["status", "html", "json", "lost", "reset", "slow", "drip", "oversize", "again"]


class Request(NamedTuple):
    """What came in. `path` without the query; header names lower-case; `target` is path and query as sent."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    target: str


class Reply(NamedTuple):
    status: int
    body: bytes
    headers: Mapping[str, str] = {}


class Fault(NamedTuple):
    """How to misbehave, for the next `times` requests that `when` holds for, after letting `skip` of those pass.

    status: answer `status`, with Retry-After if `retry_after` is given · html: a web page with status 200 ·
    json: 200 with `body` · lost: do it, then drop the connection without an answer · reset: drop it at once, not
    done · slow: answer after `seconds` · drip: one byte at a time, `seconds` in all · oversize: `size` bytes of JSON
    · again: for ever what the first such request to this path was answered.
    """

    kind: Kind
    status: int = 503
    retry_after: str | None = None
    body: bytes = b"{}"
    seconds: float = 5.0
    size: int = 4 * 1024 * 1024
    times: int = 1
    skip: int = 0
    when: Callable[[Request], bool] = lambda request: True


class Loopback:
    """A server on a free port of 127.0.0.1. Subclasses say what it `answer`s; use it as a context manager."""

    #: seconds that the Date header is ahead of the real time
    clock_ahead: float = 0.0

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._faults: list[Fault] = []
        self._first: dict[tuple[str, str], Reply] = {}
        self._lock = threading.RLock()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    def answer(self, request: Request) -> Reply:
        """The honest answer; called under a lock, one request at a time."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("the server is not started")
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> Self:
        self._stopped.clear()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopped.set()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def arm(self, *faults: Fault) -> None:
        """Misbehave like this from now on; earlier faults are forgotten."""
        with self._lock:
            self._faults = list(faults)
            self._first = {}

    def calm(self) -> None:
        self.arm()

    def _fault_for(self, request: Request) -> Fault | None:
        for place, fault in enumerate(self._faults):
            if not fault.when(request):
                continue
            if fault.skip > 0:
                self._faults[place] = fault._replace(skip=fault.skip - 1)
                continue
            if fault.times > 0:
                self._faults[place] = fault._replace(times=fault.times - 1)
                return fault
        return None

    def serve(self, request: Request) -> tuple[Reply | None, Fault | None]:
        """The reply, or None to drop the connection; and the fault that shapes how it is sent."""
        with self._lock:
            self.requests.append(request)
            fault = self._fault_for(request)
            kind = fault.kind if fault else None
            if kind == "again":
                key = (request.method, request.path)
                if key not in self._first:
                    self._first[key] = self.answer(request)
                return self._first[key], fault
            if fault is None or kind in {"lost", "slow", "drip"}:
                reply = self.answer(request)
                return (None if kind == "lost" else reply), fault
        return _misbehaviour(fault), fault

    def pause(self, seconds: float) -> None:
        """Sleep, but not beyond the server's life."""
        self._stopped.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, loopback: Loopback) -> None:
        self.loopback = loopback
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Callers that hang up are part of the game; a fault of the fake itself is to be seen.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _misbehaviour(fault: Fault) -> Reply | None:
    if fault.kind == "status":
        headers = {"Content-Type": "application/json"}
        if fault.retry_after is not None:
            headers["Retry-After"] = fault.retry_after
        return Reply(fault.status, b'{"error": "not now"}', headers)
    if fault.kind == "html":
        page = b"<!doctype html><html><body><h1>Please log in</h1></body></html>"
        return Reply(200, page, {"Content-Type": "text/html; charset=utf-8"})
    if fault.kind == "json":
        return Reply(200, fault.body, {"Content-Type": "application/json"})
    if fault.kind == "oversize":
        return Reply(200, b'"' + b"x" * (fault.size - 2) + b'"', {"Content-Type": "application/json"})
    return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    # Headers and body leave in two writes; without this each answer would wait 40 ms for the other side's ACK.
    disable_nagle_algorithm = True

    @property
    def loopback(self) -> Loopback:
        assert isinstance(self.server, _Server)
        return self.server.loopback

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
            target=self.path,
        )
        reply, fault = self.loopback.serve(request)
        if reply is None:
            self.drop()
            return
        if fault is not None and fault.kind == "slow":
            self.loopback.pause(fault.seconds)
        with suppress(OSError):  # the caller may have given up: that is what some faults are for
            self.send(reply, fault)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_any

    def send(self, reply: Reply, fault: Fault | None) -> None:
        self.send_response_only(reply.status)
        self.send_header("Date", formatdate(time.time() + self.loopback.clock_ahead, usegmt=True))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault is None or fault.kind != "drip":
            self.wfile.write(reply.body)
            return
        pieces = 40
        for piece in range(pieces):
            start, end = (len(reply.body) * at // pieces for at in (piece, piece + 1))
            self.wfile.write(reply.body[start:end])
            self.wfile.flush()
            self.loopback.pause(fault.seconds / pieces)

    def drop(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        return
