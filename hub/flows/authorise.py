"""How a person authorises a connection at its vendor (OAuth 2.0, authorisation code).

`hub connection authorize NAME` sends the person to the vendor with a state that works once, for ten minutes; the vendor
sends them back to `/oauth/callback` of the hub (or they paste the address they landed on), and the code is exchanged.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from hub.errors import WrongUse
from hub.flows import connection_life
from hub.flows.configure import load_stored, named
from hub.flows.connect import Lease, build
from hub.flows.oauth_tokens import box
from hub.sdk.connector import Connector
from hub.settings import Settings
from hub.store.queries import connections, oauth_tokens
from hub.store.queries.connection_state import STOPPED
from hub.store.queries.oauth_tokens import Visit
from hub.store.session import Database

_MINUTES = 10
_PATIENCE = 60.0
CALLBACK = "/oauth/callback"


class Departure(NamedTuple):
    """Where the person goes, and where the vendor sends them back to."""

    address: str
    redirect_uri: str


def depart(
    db: Database, settings: Settings, name: str, *, redirect_uri: str | None, by: str, now: float
) -> Departure:
    """Send somebody to authorise the connection. Raises NotFound, Unsupported where it needs none, WrongUse."""
    back = redirect_uri or f"http://{settings.web_host}:{settings.web_port}{CALLBACK}"
    oauth = _connector(db, settings, name).authorisation()
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    visit = Visit(name, box(settings).encrypt(verifier.encode()).decode(), back, by, now + 60.0 * _MINUTES)
    with db.claim() as conn:
        oauth_tokens.depart(conn, _hash(state), visit, now=now)
    return Departure(oauth.address(back, state=state, verifier=verifier), back)


def arrive(db: Database, settings: Settings, landed: str, *, now: float) -> str:
    """Take what the vendor sent back: the whole address, or its query. Returns the connection's name.

    Raises WrongUse for a state that nobody left with, that was used or is too old, and for a "no"; NeedsReauth for a
    code the vendor does not take.
    """
    query = {name: values[0] for name, values in parse_qs(urlsplit(landed).query or landed).items()}
    with db.claim() as conn:
        visit = oauth_tokens.arrive(conn, _hash(query.get("state", "")))
    if visit is None or visit.expires_at < now:
        raise WrongUse(
            "Nobody was sent to the vendor with this state, or too long ago.",
            fix="Begin again: hub connection authorize NAME",
        )
    if "code" not in query:
        said = query.get("error_description") or query.get("error") or "no code came back"
        raise WrongUse(f"{visit.connection} was not authorised.", cause=said[:300])
    oauth = _connector(db, settings, visit.connection).authorisation()
    verifier = box(settings).decrypt(visit.secret.encode()).decode()
    oauth.accept(
        query["code"],
        visit.redirect_uri,
        verifier=verifier if oauth.provider.pkce else None,
        server=query.get("accounts-server"),
    )
    with db.write() as conn:
        stored = named(load_stored(conn), visit.connection)
        if stored.row.state in STOPPED:
            connection_life.wake(conn, stored, now=now)
        connections.note(conn, "connection.authorize", visit.connection, by=visit.by, detail=None, now=now)
    return visit.connection


def _connector(db: Database, settings: Settings, name: str) -> Connector:
    with db.read() as conn:
        one = named(load_stored(conn), name)
    return build(settings, name, one.config, base_dir=Path(one.row.base_dir), lease=Lease(_PATIENCE))


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
