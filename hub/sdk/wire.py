"""The socket below a call: whether a byte of it was sent, whom it really reached, and how to cut it at its deadline.

requests and urllib3 cannot say these three things; connection classes of ours, one pair per session, can.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from hub.errors import ConnectionBroken
from hub.sdk.address import refuse_address


class Wire:
    """One session's state of the call under way. Not for several threads: one Http each (stack.md §3.5)."""

    def __init__(self, *, allow_private: bool, ca_file: str | None) -> None:
        self.allow_private = allow_private
        self.sent = False
        self.cut = False
        self.refused: ConnectionBroken | None = None
        self._connection: HTTPConnection | None = None
        self.session = requests.Session()
        # Neither .netrc nor proxy variables: an environment must not decide where credentials go.
        self.session.trust_env = False
        self.session.headers.clear()
        if ca_file:
            _check_authority(ca_file)
            self.session.verify = ca_file
        adapter = _Adapter(self)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)

    @contextmanager
    def call(self, seconds: float) -> Iterator[None]:
        """One attempt that is cut off after `seconds`, however slowly the other side drips."""
        self.sent = self.cut = False
        self.refused = None
        self._connection = None
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def reached(self, connection: HTTPConnection, sock: socket.socket) -> None:
        """TCP is up, nothing is sent: judge the address we are really talking to."""
        try:
            refuse_address(sock.getpeername()[0], allow_private=self.allow_private)
        except ConnectionBroken as refusal:
            self.refused = refusal
            raise
        self._connection = connection

    def sending(self, connection: HTTPConnection) -> None:
        """About to send the first or a further byte. Refused after the deadline: connecting may have outlived it."""
        self._connection = connection
        if self.cut:
            raise TimeoutError
        self.sent = True

    def _cut(self) -> None:
        self.cut = True
        sock = getattr(self._connection, "sock", None)
        if sock is not None:
            try:
                # The plain shutdown: an SSL socket's own would take its state away under the reading thread.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                return


class _Adapter(HTTPAdapter):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        super().__init__(pool_connections=4, pool_maxsize=4, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._wire)


def _pools(wire: Wire) -> dict[str, type[HTTPConnectionPool]]:
    """Connection pools whose connections report to `wire`."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _judged(self, super()._new_conn(), wire)

        def send(self, data: Any) -> None:
            if self.sock is None:
                self.connect()
            wire.sending(self)
            super().send(data)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _judged(self, super()._new_conn(), wire)

        def send(self, data: Any) -> None:
            if self.sock is None:
                self.connect()
            wire.sending(self)
            super().send(data)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _check_authority(ca_file: str) -> None:
    try:
        ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConnectionBroken(
            f"the ca_file {ca_file} cannot be used",
            cause=reason,
            fix="name a file with certificates in PEM form",
        ) from None


def _judged(connection: HTTPConnection, sock: socket.socket, wire: Wire) -> socket.socket:
    try:
        wire.reached(connection, sock)
    except ConnectionBroken:
        sock.close()
        raise
    return sock


def innermost(error: BaseException) -> str:
    """The innermost reason of a requests error, without the URL that the outer ones repeat."""
    inner: BaseException = error
    for _ in range(8):
        deeper = getattr(inner, "reason", None) or inner.__cause__ or inner.__context__
        if not isinstance(deeper, BaseException):
            deeper = next((one for one in inner.args if isinstance(one, BaseException)), None)
        if deeper is None:
            break
        inner = deeper
    if isinstance(inner, TimeoutError):
        return "timed out"
    said = getattr(inner, "verify_message", None) or getattr(inner, "strerror", None)
    if said:
        prefix = "certificate verification failed: " if hasattr(inner, "verify_message") else ""
        return f"{prefix}{said}"
    return type(inner).__name__
