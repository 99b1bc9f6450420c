"""How long the authorisation of a connection lasts, as far as its tokens tell (issue 6.7)."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.flows.oauth_tokens import unlocked
from hub.sdk.tokens import Tokens
from hub.settings import Settings
from hub.store.queries import oauth_tokens

_DAY = 86400.0
_FIXED = "fixed"


class Authorisation(NamedTuple):
    """kind: `fixed` (a key or password: nothing tells when it ends), `authorization_code`, `client_credentials`, or
    another grant of the connector's. expires_at: of the access token; it is renewed by itself while the refresh token
    lives. refresh_expires_at: of that one, if the vendor tells. days: until a person must act; None: not foreseen.
    """

    kind: str
    expires_at: float | None = None
    refresh_expires_at: float | None = None
    days: float | None = None


def forecast(conn: Connection, settings: Settings, name: str, *, now: float | None = None) -> Authorisation:
    """What the stored tokens of a connection say. Raises NeedsReauth for tokens of a lost key, WrongUse."""
    tokens = unlocked(settings, name, oauth_tokens.get(conn, name))
    if tokens is None:
        return Authorisation(_FIXED)
    moment = time.time() if now is None else now
    ends = _ends(tokens)
    return Authorisation(
        tokens.grant or "authorization_code",
        tokens.expires_at or None,
        tokens.refresh_expires_at,
        None if ends is None else (ends - moment) / _DAY,
    )


def _ends(tokens: Tokens) -> float | None:
    """When a person must act: nothing renews it any more."""
    if tokens.refresh:
        return tokens.refresh_expires_at
    if tokens.grant in ("", "authorization_code") and tokens.access:
        return tokens.expires_at
    return None


def shown(one: Authorisation, instant: Any) -> dict[str, Any]:
    """For --json. instant: how a time is written."""
    return {
        "kind": one.kind,
        "expires_at": instant(one.expires_at),
        "refresh_expires_at": instant(one.refresh_expires_at),
        "days": None if one.days is None else round(one.days, 1),
    }
