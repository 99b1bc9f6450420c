"""A session of the account, kept between jobs: begun by app password, refreshed when it has expired (createSession,
refreshSession).

The service counts new sessions strictly, so every worker uses the one that is stored. A refresh gives a new refresh
token as well; both are stored before anything is called with them, and only one worker at a time asks for them.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from connectors.bluesky.answers import LOST, READ_BY_US, limited, mapping, strange, told
from hub.sdk import Http, HubError, NeedsReauth, RemoteUnavailable, Response
from hub.sdk.tokens import Tokens, TokenStore

RIGHTS = "check handle and app password (Settings, App passwords); an account password does not do"
CLOSED = frozenset({"AccountTakedown", "AccountDeactivated", "RepoDeactivated", "RepoTakendown"})
_TWO_FACTOR = "AuthFactorTokenRequired"
_CLAIM = 45.0  # seconds; who takes longer to get a session may be taken over
_PATIENCE = 20.0
_LOOK_AGAIN = 0.25


class Account(NamedTuple):
    """Who we are there."""

    did: str
    handle: str


class Session:
    """What signs the calls of one job. identifier: a handle or DID; `tokens`: where the session is kept."""

    def __init__(
        self,
        http: Http,
        *,
        identifier: str,
        password: str,
        tokens: TokenStore,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = http
        self._identifier = identifier
        self._password = password
        self._store = tokens
        self._clock = clock
        self._sleep = sleep
        self._using: Tokens | None = None
        self._whose = hashlib.sha256(f"{identifier}\0{password}".encode()).hexdigest()[:16]
        http.redactor.learn(password)

    def account(self) -> Account:
        """Raises NeedsReauth for a wrong password."""
        extra = self._current().extra
        return Account(extra["did"], extra["handle"])

    def header(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._current().access}"}

    def renew(self) -> None:
        """The access token is not taken any more: have another one. Raises NeedsReauth, RateLimited."""
        refused, self._using = self._using, None
        self._using = self._obtained(refused=refused.access if refused else None)

    def _current(self) -> Tokens:
        if self._using is None:
            self._using = self._obtained(refused=None)
        return self._using

    def _obtained(self, *, refused: str | None) -> Tokens:
        """A session that is not the refused one: somebody's who was faster, or a new one. One worker at a time."""
        waited = 0.0
        while True:
            standing = self._store.load()
            ours = standing is not None and standing.seed == self._whose
            if standing is not None and ours and standing.access not in (None, refused):
                return self._learnt(standing)
            if standing is not None and standing.claimed_until > self._clock():
                if waited >= _PATIENCE:
                    raise RemoteUnavailable("another worker begins a session", after=_LOOK_AGAIN * 8)
                self._sleep(_LOOK_AGAIN)
                waited += _LOOK_AGAIN
                continue
            base = standing if standing is not None and ours else Tokens(seed=self._whose)
            claimed = replace(base, access=None, claimed_until=self._clock() + _CLAIM)
            if self._store.swap(standing, claimed):
                return self._learnt(self._ask(claimed))

    def _ask(self, claimed: Tokens) -> Tokens:
        """A new session, with the right to ask for one in hand; gives it back whatever happens."""
        try:
            new = self._refreshed(claimed.refresh) or self._begun()
        except HubError:
            self._store.swap(claimed, replace(claimed, claimed_until=0.0))
            raise
        if not self._store.swap(claimed, new):
            raise RemoteUnavailable("the session changed while it was begun", after=1.0)
        return new

    def _refreshed(self, token: str | None) -> Tokens | None:
        """None: the refresh token has ended too."""
        if token is None:
            return None
        self._http.redactor.learn(token)
        answer = self._http.post(
            "com.atproto.server.refreshSession",
            headers={"Authorization": f"Bearer {token}"},
            reads=True,  # a repetition is met: the old token still works for a while
            accept=READ_BY_US,
        )
        if answer.status == 429:
            raise limited(answer)
        return self._read(answer) if answer.ok else None

    def _begun(self) -> Tokens:
        body = {"identifier": self._identifier, "password": self._password}
        answer = self._http.post("com.atproto.server.createSession", json=body, reads=True, accept=READ_BY_US)
        if not answer.ok:
            raise self._denied(answer)
        return self._read(answer)

    def _denied(self, answer: Response) -> HubError:
        if answer.status == 429:
            return limited(answer)
        kind, words = told(answer)
        fix = RIGHTS
        if kind == _TWO_FACTOR:
            words = "the account has a second factor, so its own password does not do"
        elif kind in CLOSED:
            fix = "the account is closed: reopen it, or connect another one"
        return NeedsReauth("the service does not let the account in", cause=words, fix=fix)

    def _read(self, answer: Response) -> Tokens:
        said = mapping(answer)
        names = ("refreshJwt", "accessJwt", "did", "handle")
        if not all(isinstance(said.get(name), str) and said[name] for name in names):
            raise strange(answer.where)
        if said.get("active") is False:
            status = said.get("status") or "not active"
            raise NeedsReauth(f"the account is {status}", fix="reopen it there, or connect another one")
        kept: dict[str, Any] = {"did": said["did"], "handle": said["handle"]}
        return self._learnt(Tokens(said["accessJwt"], said["refreshJwt"], 0.0, kept, self._whose))

    def _learnt(self, tokens: Tokens) -> Tokens:
        self._http.redactor.learn(tokens.access)
        self._http.redactor.learn(tokens.refresh)
        return tokens


def session_lost(answer: Response) -> bool:
    """Whether a call was not let in, which also means that nothing was done."""
    return answer.status == 401 or (answer.status == 400 and told(answer)[0] in LOST)
