"""Calls of one account: XRPC over its PDS, in a session by app password, and what its errors mean.

Seen on a real PDS (2026-11-24): an error is 400 or 401 with {"error", "message"}; an expired or strange token is a 400.
The PDS passes app.bsky.* on to its AppView, whose failures come as 502.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.sdk import (
    ConnectionBroken,
    Http,
    HubError,
    NeedsReauth,
    OutcomeUnknown,
    RateLimited,
    RecordRejected,
    RemoteUnavailable,
    Response,
)

Row = dict[str, Any]

_LOST = frozenset({"ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired"})
_CLOSED = frozenset({"AccountTakedown", "AccountDeactivated", "RepoDeactivated", "RepoTakendown"})
_TWO_FACTOR = "AuthFactorTokenRequired"
_READ_BY_US = (400, 401, 429)
_RIGHTS = "check handle and app password (Settings, App passwords); an account password does not do"
_LONGEST_WAIT = 86_400.0


class Account(NamedTuple):
    """Who we are there."""

    did: str
    handle: str


class Refused(RecordRejected):
    """The service's definite no to a write. `kind`: its error name."""

    code = "refused_there"

    def __init__(self, message: str, *, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class NotAnswered(ConnectionBroken):
    """The service's no to a question. `kind`: its error name."""

    def __init__(self, message: str, *, kind: str) -> None:
        super().__init__(message, fix="check the url, and the connector's version")
        self.kind = kind


class Session:
    """A session of the account: begun with the first call, refreshed when it has expired, and else begun anew.

    A refresh gives a new refresh token as well, which takes the place of the old one before anything is called with it.
    """

    def __init__(self, http: Http, *, identifier: str, password: str) -> None:
        self._http = http
        self._identifier = identifier
        self._password = password
        self._access: str | None = None
        self._refresh: str | None = None
        self._account: Account | None = None
        http.redactor.learn(password)

    def account(self) -> Account:
        """Raises NeedsReauth for a wrong password."""
        if self._account is None:
            self._begin()
        assert self._account is not None
        return self._account

    def header(self) -> Mapping[str, str]:
        if self._access is None:
            self._begin()
        return {"Authorization": f"Bearer {self._access}"}

    def renew(self) -> None:
        """The access token is no longer taken. Raises NeedsReauth."""
        token, self._access, self._refresh = self._refresh, None, None
        if token is None:
            return
        answer = self._http.post(
            "com.atproto.server.refreshSession",
            headers={"Authorization": f"Bearer {token}"},
            reads=True,  # a repetition is met: the old token still works for a while
            accept=_READ_BY_US,
        )
        if answer.ok:
            self._keep(answer)
        elif answer.status == 429:
            raise limited(answer)

    def _begin(self) -> None:
        body = {"identifier": self._identifier, "password": self._password}
        answer = self._http.post(
            "com.atproto.server.createSession", json=body, reads=True, accept=_READ_BY_US
        )
        if not answer.ok:
            raise self._denied(answer)
        self._keep(answer)

    def _denied(self, answer: Response) -> HubError:
        if answer.status == 429:
            return limited(answer)
        kind, words = told(answer)
        if kind == _TWO_FACTOR:
            words, fix = "the account has a second factor, so its own password does not do", _RIGHTS
        elif kind in _CLOSED:
            fix = "the account is closed: reopen it, or connect another one"
        else:
            fix = _RIGHTS
        return NeedsReauth("the service does not let the account in", cause=words, fix=fix)

    def _keep(self, answer: Response) -> None:
        said = mapping(answer)
        names = ("refreshJwt", "accessJwt", "did", "handle")
        if not all(isinstance(said.get(name), str) and said[name] for name in names):
            raise strange(answer.where)
        if said.get("active") is False:
            status = said.get("status") or "not active"
            raise NeedsReauth(f"the account is {status}", fix="reopen it there, or connect another one")
        for name in ("refreshJwt", "accessJwt"):
            self._http.redactor.learn(said[name])
        self._refresh = said["refreshJwt"]
        self._access = said["accessJwt"]
        self._account = Account(said["did"], said["handle"])


class Api:
    """Questions and commands. `http` is bound to the PDS's /xrpc; `appview`: another AppView than the PDS's own."""

    def __init__(self, http: Http, session: Session, *, appview: str | None = None) -> None:
        self._http = http
        self._session = session
        self._proxy = {"atproto-proxy": appview} if appview else {}

    def account(self) -> Account:
        return self._session.account()

    def server_now(self) -> float:
        """The service's clock, epoch seconds; ours until it has answered once."""
        return self._http.server_now()

    def read(self, method: str, **params: Any) -> Row:
        """A query's answer. Raises NotAnswered, NeedsReauth, RateLimited, RemoteUnavailable."""
        asked = {name: value for name, value in params.items() if value is not None}
        proxied = self._proxy if method.startswith("app.bsky.") else {}

        def call() -> Response:
            return self._http.get(
                method, params=asked, headers={**proxied, **self._session.header()}, accept=_READ_BY_US
            )

        return mapping(self._signed(call))

    def write(self, method: str, body: Mapping[str, Any]) -> Row:
        """A procedure's answer. Raises Refused, NeedsReauth (nothing done), RateLimited, OutcomeUnknown."""

        def call() -> Response:
            return self._http.post(method, json=body, headers=self._session.header(), accept=_READ_BY_US)

        return mapping(self._signed(call))

    def _signed(self, call: Any) -> Response:
        answer: Response = call()
        if _session_lost(answer):
            # Not let in is not done, so even a write may go again; once, and once more after a whole new login.
            self._session.renew()
            answer = call()
        if answer.ok:
            return answer
        if answer.status == 429:
            raise limited(answer)
        kind, words = told(answer)
        if answer.status == 401 or kind in _LOST:
            raise NeedsReauth(f"{answer.where} is not allowed", cause=words, fix=_RIGHTS)
        if kind in _CLOSED and not answer.reads:
            raise NeedsReauth("the account is closed", cause=words, fix="reopen it there")
        message = f"{answer.where} answered {kind or answer.status}: {words}"
        raise (NotAnswered(message, kind=kind) if answer.reads else Refused(words or message, kind=kind))


def _session_lost(answer: Response) -> bool:
    return answer.status == 401 or (answer.status == 400 and told(answer)[0] in _LOST)


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
