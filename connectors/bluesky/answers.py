"""What the service answers: shapes, errors and limits.

Seen on a real PDS (2026-11-24): an error is 400 or 401 with {"error", "message"}; an expired or strange token is a 400.
The PDS passes app.bsky.* on to its AppView, whose failures come as 502.
"""

from __future__ import annotations

import time
from typing import Any

from hub.sdk import HubError, OutcomeUnknown, RateLimited, RemoteUnavailable, Response

Row = dict[str, Any]

LOST = frozenset({"ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired"})
READ_BY_US = (400, 401, 429)
_LONGEST_WAIT = 86_400.0


def told(answer: Response) -> tuple[str, str]:
    """(error name, words) of an answer that is a no."""
    try:
        said = answer.json()
    except HubError:
        return "", answer.excerpt()
    if not isinstance(said, dict):
        return "", answer.excerpt()
    return str(said.get("error") or ""), str(said.get("message") or answer.excerpt())


def mapping(answer: Response) -> Row:
    """The answer as an object. Raises as `Response.json`, and for another shape."""
    said = answer.json()
    if isinstance(said, dict):
        return said
    if not answer.reads:
        raise OutcomeUnknown(f"the answer to {answer.where} cannot be read")
    raise strange(answer.where)


def rows(said: Row, name: str, *, key: str = "uri") -> list[Row]:
    """A list of objects in an answer. Raises RemoteUnavailable for another shape."""
    found = said.get(name)
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and isinstance(one.get(key), str) for one in found
    ):
        raise strange(f"the list of {name}")
    return found


def strange(where: str) -> RemoteUnavailable:
    return RemoteUnavailable(f"{where} has another shape than the lexicon says")


def limited(answer: Response) -> RateLimited:
    """Retry-After, or else the moment (epoch seconds) in RateLimit-Reset, on the service's own clock."""
    now = answer.served_at or time.time()
    after = _number(answer.headers.get("retry-after"))
    reset = _number(answer.headers.get("ratelimit-reset"))
    if after is None and reset is not None:
        after = max(0.0, reset - now)
    policy = answer.headers.get("ratelimit-policy")
    return RateLimited(
        f"{answer.where} answered 429",
        after=None if after is None else min(after, _LONGEST_WAIT),
        cause=f"the limit is {policy} (calls;w=seconds)" if policy else None,
    )


def _number(text: str | None) -> float | None:
    plain = (text or "").strip()
    return float(plain) if plain.isascii() and plain.isdigit() else None
