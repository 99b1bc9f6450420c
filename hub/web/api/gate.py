"""Who may ask: a token in force, with the scope the request needs, within its number of requests (DESIGN §9)."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request

from hub.errors import NotAllowed, NotSignedIn, RateLimited
from hub.flows import tokens
from hub.flows.tokens import Token

View = TypeVar("View", bound=Callable[..., Any])

_KNOWN_SECONDS = 10.0  # so long a token that was revoked may still open
_KNOWN_MOST = 1000
_EXTENSION = "hub.api.gate"


class Gate:
    """What one process remembers of tokens: whose they are, for some seconds, and how much each may still ask.

    The web part is one process per machine, so the count is the machine's. It needs no queue and no store.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[bytes, tuple[float, Token]] = {}
        self._left: dict[int, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def whose(self, text: str) -> Token:
        """Raises NotSignedIn. Looked up by a digest, so that what is compared tells nothing of the token."""
        from hub.web.app import store

        digest = hashlib.sha256(text.encode()).digest()
        known = self._known.get(digest)
        now = self._clock()
        if known is not None and known[0] > now:
            return known[1]
        self._known.pop(digest, None)
        found = tokens.check(store(), text, now=time.time())
        if len(self._known) >= _KNOWN_MOST:
            self._known.clear()
        self._known[digest] = (now + _KNOWN_SECONDS, found)
        return found

    def count(self, token: Token) -> int:
        """One request of a token; how many it has left at once. Raises RateLimited.

        A bucket of a minute's requests that fills evenly: a burst is served, a flood is not.
        """
        now = self._clock()
        most = float(token.per_minute)
        with self._lock:
            left, at = self._left.get(token.id, (most, now))
            left = min(most, left + (now - at) * most / 60)
            if left < 1:
                self._left[token.id] = (left, now)
                raise RateLimited(
                    f"{token.name} asks more than {token.per_minute} times a minute.",
                    after=(1 - left) * 60 / most,
                    fix="Wait as Retry-After says, or ask for larger pages.",
                )
            self._left[token.id] = (left - 1, now)
        return int(left - 1)


def set_up(app: Flask) -> None:
    """One gate per application."""
    app.extensions[_EXTENSION] = Gate()


def needs(scope: str) -> Callable[[View], View]:
    """A view that asks for a token with this scope."""

    def guarded(view: View) -> View:
        @wraps(view)
        def admitted(*args: Any, **values: Any) -> Any:
            gate: Gate = current_app.extensions[_EXTENSION]
            kind, _, text = request.headers.get("Authorization", "").partition(" ")
            if kind.lower() != "bearer" or not text:
                raise NotSignedIn(
                    "The API asks for a token.", fix="Send the header: Authorization: Bearer TOKEN"
                )
            token = gate.whose(text.strip())
            g.token = token
            g.left = gate.count(token)
            if scope not in token.scopes:
                raise NotAllowed(
                    f"{token.name} may not {scope}.", fix=f"An admin makes a token with --scope {scope}."
                )
            return view(*args, **values)

        return admitted  # type: ignore[return-value]

    return guarded


def asking() -> Token:
    """Whose request this is."""
    found: Token = g.token
    return found


def say_limit(response: Response) -> Response:
    """How much the token has left."""
    token: Token | None = g.get("token")
    if token is not None:
        response.headers["RateLimit-Limit"] = str(token.per_minute)
        response.headers["RateLimit-Remaining"] = str(g.get("left", 0))
    return response
