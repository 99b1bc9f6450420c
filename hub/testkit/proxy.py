"""A proxy between a connector and its system, real or fake, that passes everything on until it is told to misbehave."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

from hub.testkit.loopback import Loopback, Reply, Request

_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "date", "content-length"}
)


class Proxy(Loopback):
    """Stands before `target`, the address in a connection's url setting; `address` is what to put there instead."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self._target = urlsplit(target)

    @property
    def address(self) -> str:
        return f"{self.url}{self._target.path}"

    def answer(self, request: Request) -> Reply:
        secure = self._target.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self._target.hostname or "", self._target.port, timeout=60)
        # The Host header stays the caller's, so that links the system makes lead back through here.
        headers = {name: value for name, value in request.headers.items() if name not in _HOP}
        try:
            connection.request(request.method, request.target, body=request.body or None, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
            return Reply(answer.status, body, kept)
        finally:
            connection.close()
