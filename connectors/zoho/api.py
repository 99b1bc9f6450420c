"""Calls of the CRM API v8 and what its answers mean. The verdict stands in the body, row by row.

| answer | meaning |
|---|---|
| 204, 304 | nothing there, nothing new |
| 401 INVALID_TOKEN and the like | renew the access token, ask once more |
| 401 OAUTH_SCOPE_MISMATCH, 403 NO_PERMISSION | NeedsReauth, naming what is missing |
| 429, LIMIT_EXCEEDED of a whole call | RateLimited |
| 2xx, 207, 400, 412 with `data` to a write | a verdict per row |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from hub.sdk import (
    ConnectionBroken,
    Http,
    HubError,
    NeedsReauth,
    OAuth,
    OutcomeUnknown,
    RateLimited,
    RecordRejected,
    RemoteUnavailable,
    Response,
)

Row = dict[str, Any]

VERSION = "/crm/v8"
_READABLE = (304, 400, 401, 403, 404)
_WRITABLE = (400, 401, 403, 404, 412)
_SCOPE = "authorise the connection again with every scope README.md names: hub connection authorize NAME"
_RIGHTS = "give the profile of the user who authorised the hub these rights in Zoho CRM"
_NO_TOKEN = frozenset({"", "INVALID_TOKEN", "AUTHENTICATION_FAILURE", "INVALID_OAUTHTOKEN"})
_BUSY = frozenset({"LIMIT_EXCEEDED", "API_LIMIT_EXCEEDED", "TOO_MANY_REQUESTS"})
_OURS = frozenset({"INTERNAL_ERROR", "INTERNAL_SERVER_ERROR", "DEPENDENT_SERVICE_ERROR"})


class Answer(NamedTuple):
    """What a read gave; nothing there and nothing new are no rows."""

    rows: list[Row]
    info: Row


class Verdict(NamedTuple):
    """What became of one row of a write."""

    done: bool
    code: str
    message: str
    details: Row


class Api:
    """One account. `credits_kept`: reads stop when the day's credits fall to this many, so that writes still go."""

    def __init__(self, connect: Callable[[], Http], oauth: OAuth, *, credits_kept: int) -> None:
        self._connect = connect
        self._oauth = oauth
        self._kept = credits_kept
        self._bound: Http | None = None

    @property
    def http(self) -> Http:
        """Bound to the host of the account, which is known with its token."""
        if self._bound is None:
            self._bound = self._connect()
        return self._bound

    def server_now(self) -> float:
        return self.http.server_now()

    def read(
        self, path: str, params: Mapping[str, Any], *, since: str | None = None, key: str = "data"
    ) -> Answer:
        """Rows under `key`, none for 204 and 304. `since`: ISO 8601 with offset, for what has changed after it."""
        headers = {"If-Modified-Since": since} if since else {}
        answer = self._call(
            lambda: self.http.get(VERSION + path, params=dict(params), headers=headers, accept=_READABLE)
        )
        self._spend(answer)
        return self._rows(answer, key)

    def count(self, module: str) -> int:
        """How many records a module has."""
        answer = self._call(lambda: self.http.get(f"{VERSION}/{module}/actions/count", accept=_READABLE))
        said = _object(answer)
        found = said.get("count")
        if not answer.ok or not isinstance(found, int):
            raise _failure(answer, said) if not answer.ok else strange(answer)
        return found

    def bulk(self, path: str) -> list[Row]:
        """What a job of bulk read says of itself."""
        return self._rows(self._call(lambda: self.http.get(path, accept=_READABLE)), "data").rows

    def query(self, select: str) -> list[Row]:
        """COQL: reads the records themselves, not the search index, which lags behind writes."""
        answer = self._call(
            lambda: self.http.post(
                VERSION + "/coql", json={"select_query": select}, reads=True, accept=_READABLE
            )
        )
        return self._rows(answer, "data").rows

    def ask(self, path: str, body: Mapping[str, Any]) -> Row:
        """A POST that changes nothing of the records. Its whole answer."""
        answer = self._call(lambda: self.http.post(path, json=dict(body), reads=True, accept=_READABLE))
        said = _object(answer)
        if not answer.ok:
            raise _failure(answer, said)
        return said

    def download(self, path: str) -> bytes:
        answer = self._call(lambda: self.http.get(path, accept=_READABLE))
        if not answer.ok:
            raise _failure(answer, _object(answer))
        return answer.body

    def write(
        self, method: str, path: str, body: Mapping[str, Any], *, count: int, key: str = "data"
    ) -> list[Verdict]:
        """A verdict for each of `count` rows, in order. Raises what means that nothing was done, or OutcomeUnknown."""
        answer = self._call(
            lambda: self.http.request(method, VERSION + path, json=dict(body), accept=_WRITABLE)
        )
        said = _object(answer)
        rows = said.get(key)
        if not isinstance(rows, list):
            if answer.ok and said.get("status") != "error":
                raise OutcomeUnknown(f"{answer.where} gave no verdict", cause=answer.excerpt())
            raise _failure(answer, said)
        if len(rows) != count or not all(isinstance(one, dict) for one in rows):
            raise OutcomeUnknown(f"{answer.where} gave {len(rows)} verdicts for {count} rows")
        return [_verdict(one) for one in rows]

    def _call(self, call: Callable[[], Response]) -> Response:
        """`call`; once more with another token when this one is refused. Raises NeedsReauth where that is no help."""
        answer = call()
        if answer.status not in (401, 403):
            return answer
        code = _code(_object(answer, strict=False))
        if answer.status == 401 and code in _NO_TOKEN and self._oauth.renew():
            answer = call()
            if answer.status not in (401, 403):
                return answer
            code = _code(_object(answer, strict=False))
        fix = _SCOPE if answer.status == 401 else _RIGHTS
        raise NeedsReauth(f"{answer.where} is denied", cause=code or answer.excerpt() or None, fix=fix)

    def _rows(self, answer: Response, key: str) -> Answer:
        if answer.status in (204, 304):
            return Answer([], {})
        said = _object(answer)
        if not answer.ok or said.get("status") == "error":
            raise _failure(answer, said)
        rows, info = said.get(key), said.get("info") or {}
        if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
            raise strange(answer)
        return Answer(rows, info if isinstance(info, dict) else {})

    def _spend(self, answer: Response) -> None:
        left = answer.headers.get("x-api-credits-remaining", "")
        if left.isdigit() and int(left) < self._kept:
            raise RateLimited(
                "the credits of Zoho's API for these 24 hours are nearly spent",
                after=1800.0,
                cause=f"{left} are left; credits_kept keeps {self._kept} for writes",
            )


def strange(answer: Response) -> HubError:
    return RemoteUnavailable(
        f"{answer.where} answered something that is not of the CRM API",
        cause=answer.excerpt() or None,
        fix="is dc the account's data centre, and url (if set) Zoho's?",
    )


def iso(moment: Any) -> str:
    """A moment (datetime with UTC) as Zoho writes it: whole seconds with an offset."""
    return str(moment.isoformat(timespec="seconds"))


def _object(answer: Response, *, strict: bool = True) -> Row:
    """The answer as a JSON object; {} for another one, if not `strict`."""
    if not strict:
        try:
            said = answer.json()
        except HubError:
            return {}
        return said if isinstance(said, dict) else {}
    said = answer.json()
    if isinstance(said, dict):
        return said
    raise strange(answer) if answer.reads else OutcomeUnknown(f"{answer.where} gave no verdict")


def _first(said: Row) -> Row:
    """The error itself: at the top, or alone in a list."""
    for key in ("data", "watch"):
        rows = said.get(key)
        if isinstance(rows, list) and rows and isinstance(rows[0], dict):
            return rows[0]
    return said


def _code(said: Row) -> str:
    return str(_first(said).get("code") or "")


def _failure(answer: Response, said: Row) -> HubError:
    """What an error of a whole call means."""
    error = _first(said)
    code = str(error.get("code") or "")
    cause = f"{code}: {error.get('message')}" if code else answer.excerpt()
    message = f"{answer.where} answered {answer.status}"
    if code in _BUSY:
        return RateLimited(message, cause=cause)
    if code in _OURS:
        return (
            RemoteUnavailable(message, cause=cause) if answer.reads else OutcomeUnknown(message, cause=cause)
        )
    if not answer.reads:
        return RecordRejected(message, cause=cause)
    return ConnectionBroken(
        message, cause=cause, fix="compare dc, url and the modules of the account with the settings"
    )


def _verdict(row: Row) -> Verdict:
    details = row.get("details")
    done = str(row.get("status")) == "success" or str(row.get("code")) == "SUCCESS"
    return Verdict(
        done,
        str(row.get("code") or ""),
        str(row.get("message") or ""),
        details if isinstance(details, dict) else {},
    )


def names(rows: Sequence[Row], key: str) -> list[str]:
    return [str(row[key]) for row in rows if row.get(key)]
