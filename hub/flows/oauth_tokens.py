"""The OAuth tokens of connections in the store: encrypted at rest, changed by compare-and-swap (DESIGN §7, §9)."""

from __future__ import annotations

import time
from collections.abc import Callable

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy.exc import IntegrityError

from hub import logging_setup
from hub.errors import NeedsReauth, WrongUse
from hub.sdk.tokens import Tokens
from hub.settings import Settings, read_keys
from hub.store.queries import oauth_tokens
from hub.store.session import Database


class StoredTokens:
    """The TokenStore of one connection. Opens the store when it is first asked, for most connections never are."""

    def __init__(
        self, settings: Settings, connection: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._connection = connection
        self._clock = clock
        self._db: Database | None = None

    def load(self) -> Tokens | None:
        with self._store().read() as conn:
            return self._open(oauth_tokens.get(conn, self._connection))

    def swap(self, old: Tokens | None, new: Tokens) -> bool:
        secret = box(self._settings).encrypt(orjson.dumps(new.to_json())).decode()
        try:
            with self._store().claim() as conn:
                standing = oauth_tokens.held(conn, self._connection)
                if self._open(standing) != old:
                    return False
                store = oauth_tokens.insert if standing is None else oauth_tokens.change
                store(conn, self._connection, secret, now=self._clock())
        except IntegrityError:  # the first tokens of this connection, and somebody was faster
            return False
        return True

    def _open(self, secret: str | None) -> Tokens | None:
        return unlocked(self._settings, self._connection, secret)

    def _store(self) -> Database:
        if self._db is None:
            self._db = Database(self._settings.database_url)
        return self._db


def unlocked(settings: Settings, connection: str, secret: str | None) -> Tokens | None:
    """Tokens as stored, readable again; None: there are none. Raises NeedsReauth if their key is lost."""
    if secret is None:
        return None
    try:
        kept = Tokens.from_json(orjson.loads(box(settings).decrypt(secret.encode())))
    except InvalidToken:
        raise NeedsReauth(
            f"the tokens of {connection} cannot be read",
            cause="they were encrypted with a key that is not in the key file",
            fix=f"restore the key file, or run: hub connection authorize {connection}",
        ) from None
    for one in (kept.access, kept.refresh):
        if one:
            logging_setup.learn(one)
    return kept


def box(settings: Settings) -> MultiFernet:
    """What encrypts with the newest key of the home and reads with any of them. Raises WrongUse."""
    try:
        return MultiFernet([Fernet(key) for key in read_keys(settings)])
    except ValueError:
        raise WrongUse(
            f"The key file {settings.key_file} holds something that is no key.",
            fix="Restore it from its backup.",
        ) from None
