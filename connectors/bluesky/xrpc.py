"""Calls of one account: XRPC over its PDS, signed by its session, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.bluesky.answers import LOST, READ_BY_US, Row, limited, mapping, told
from connectors.bluesky.session import CLOSED, RIGHTS, Account, Session, session_lost
from hub.sdk import ConnectionBroken, Http, NeedsReauth, RecordRejected, Response


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
                method, params=asked, headers={**proxied, **self._session.header()}, accept=READ_BY_US
            )

        return mapping(self._signed(call))

    def write(self, method: str, body: Mapping[str, Any]) -> Row:
        """A procedure's answer. Raises Refused, NeedsReauth (nothing done), RateLimited, OutcomeUnknown."""

        def call() -> Response:
            return self._http.post(method, json=body, headers=self._session.header(), accept=READ_BY_US)

        return mapping(self._signed(call))

    def _signed(self, call: Any) -> Response:
        answer: Response = call()
        if session_lost(answer):
            # Not let in is not done, so even a write may go again.
            self._session.renew()
            answer = call()
        if answer.ok:
            return answer
        if answer.status == 429:
            raise limited(answer)
        kind, words = told(answer)
        if answer.status == 401 or kind in LOST:
            raise NeedsReauth(f"{answer.where} is not allowed", cause=words, fix=RIGHTS)
        if kind in CLOSED and not answer.reads:
            raise NeedsReauth("the account is closed", cause=words, fix="reopen it there")
        message = f"{answer.where} answered {kind or answer.status}: {words}"
        raise (NotAnswered(message, kind=kind) if answer.reads else Refused(words or message, kind=kind))
