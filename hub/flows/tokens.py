"""Tokens of the API: made, shown once, checked, revoked (DESIGN §9). The store holds a hash only."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from typing import NamedTuple

from hub.errors import NotFound, NotSignedIn, WrongUse
from hub.store.queries import connections, tokens
from hub.store.queries.tokens import TokenRow
from hub.store.session import Database

SCOPES = ("read", "write", "export", "review")
"""read: one record, lists, the change feed; write: change a customer; export: everything at once; review: say which
customers are one."""

PER_MINUTE = 1200
_NAME = re.compile(r"[a-z][a-z0-9._-]{0,63}")
_TEXT = re.compile(r"hub_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NOBODY = hashlib.sha256(b"").hexdigest()
_USED_EVERY = 60.0  # seconds; a use is noted no more often


class Token(NamedTuple):
    """Who asks. id: of the row; per_minute: requests it may make."""

    id: int
    name: str
    scopes: frozenset[str]
    per_minute: int


def add(
    db: Database,
    name: str,
    *,
    scopes: Iterable[str],
    by: str,
    now: float,
    expires_at: float | None = None,
    per_minute: int = PER_MINUTE,
) -> str:
    """A new token; its text, which nobody can read again. Raises WrongUse.

    256 random bits need no slow hash: nobody guesses them, and each request checks one.
    """
    wanted = frozenset(scopes)
    if not _NAME.fullmatch(name):
        raise WrongUse(
            f"{name!r} is no name of a token.", fix="Lower-case letters, digits, . _ and -, a letter first."
        )
    if not wanted or not wanted <= set(SCOPES):
        raise WrongUse("A token needs at least one scope.", fix=f"Scopes: {', '.join(SCOPES)}.")
    key, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    text = f"hub_{key}_{secret}"
    with db.write() as conn:
        if any(one.name == name and one.in_force(now) for one in tokens.rows(conn)):
            raise WrongUse(
                f'There is a token "{name}" already.', fix=f"Revoke it first: hub token revoke {name}"
            )
        tokens.insert(
            conn,
            name=name,
            key=key,
            hash=_hash(text),
            scopes=tuple(one for one in SCOPES if one in wanted),
            per_minute=per_minute,
            created_by=by,
            created_at=now,
            expires_at=expires_at,
        )
        connections.note(conn, "token.add", name, by=by, detail=sorted(wanted), now=now)
    return text


def listed(db: Database) -> list[TokenRow]:
    """Every token there ever was, the newest first."""
    with db.read() as conn:
        return tokens.rows(conn)


def revoke(db: Database, name: str, *, by: str, now: float) -> None:
    """End a token. Processes that serve the API know it within seconds. Raises NotFound if none of this name is in
    force."""
    with db.write() as conn:
        mine = [one for one in tokens.rows(conn) if one.name == name and one.in_force(now)]
        if not mine:
            raise NotFound(f'No token "{name}" is in force.', fix="See: hub token list")
        for one in mine:
            tokens.revoke(conn, one.id, by=by, now=now)
        connections.note(conn, "token.revoke", name, by=by, detail=None, now=now)


def check(db: Database, text: str, *, now: float) -> Token:
    """Whose token this is. Raises NotSignedIn, for every reason alike; a wrong secret takes as long as a right one."""
    found = _TEXT.fullmatch(text)
    row = None
    if found:
        with db.read() as conn:
            row = tokens.by_key(conn, found[1])
    proved = hmac.compare_digest(row.hash if row else _NOBODY, _hash(text))
    if row is None or not proved or not row.in_force(now):
        raise NotSignedIn(
            "This token opens nothing.",
            cause="It is unknown, revoked or expired.",
            fix="An admin makes one: hub token add NAME --scope read",
        )
    if row.used_at is None or now - row.used_at >= _USED_EVERY:
        with db.claim() as conn:
            tokens.used(conn, row.id, now=now)
    return Token(row.id, row.name, frozenset(row.scopes), row.per_minute)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
