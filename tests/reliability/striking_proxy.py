"""A proxy before the ERP that does something at one exact moment of the talk between it and the hub."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import NamedTuple

from hub.testkit.loopback import Reply, Request
from hub.testkit.proxy import Proxy

PARTY = "party.party"


class Strike(NamedTuple):
    """At the `nth` request (from 1) that `when` holds for: `act`, after the ERP has carried it out if it `landed`."""

    when: Callable[[Request], bool]
    act: Callable[[], None]
    nth: int = 1
    landed: bool = False


class StrikingProxy(Proxy):
    """Passes everything on, and at one exact moment strikes; where it did not land, the asker must be dead then."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self._strike: Strike | None = None
        self._left = 0
        self.struck_at: float | None = None

    def arm_strike(self, strike: Strike) -> None:
        self._strike, self._left, self.struck_at = strike, strike.nth, None

    def answer(self, request: Request) -> Reply:
        strike = self._strike
        if strike is None or not strike.when(request):
            return super().answer(request)
        self._left -= 1
        if self._left:
            return super().answer(request)
        self._strike = None
        reply = super().answer(request) if strike.landed else Reply(502, b"")
        strike.act()
        self.struck_at = time.monotonic()
        return reply


def is_page(request: Request) -> bool:
    return request.path.endswith(f"{PARTY}/search_read") and b'"limit": 500' in _spaced(request.body)


def is_create(request: Request) -> bool:
    return request.method == "POST" and request.path.endswith(f"{PARTY}/create")


def is_update(request: Request) -> bool:
    return request.method == "PUT" and f"/{PARTY}/" in request.path


def _spaced(body: bytes) -> bytes:
    return json.dumps(json.loads(body)).encode()
