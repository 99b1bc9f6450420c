"""Every call to a remote system goes through here.

A connector gets one Http; `http.at(base_url, auth=…)` gives it a view bound to its system. A call refuses to run inside a
transaction, asks the budget first, never outlives the lease, repeats itself a little where that is safe, and raises errors
that say what happens next, without secrets:

| what happened                                            | raised                                            |
|----------------------------------------------------------|---------------------------------------------------|
| certainly not sent (refused, DNS, TLS, no time left)     | RemoteUnavailable                                 |
| a read got no answer, or 408, 425, 5xx                   | RemoteUnavailable                                 |
| a write was sent and got no answer, or 408, 5xx          | OutcomeUnknown                                    |
| 429                                                      | RateLimited (after = Retry-After)                 |
| 401, 403                                                 | NeedsReauth                                       |
| any other 4xx to a read · to a write                     | ConnectionBroken · RecordRejected                 |
| a redirect to another site, an address not to be called  | ConnectionBroken                                  |
| an answer over the size cap: to a read · to a write      | ConnectionBroken · OutcomeUnknown                 |

A status named in `accept` is returned instead of raised, whatever it is.
"""

from __future__ import annotations

import email.utils
import logging
import time
import weakref
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urljoin

import orjson
import requests
import tenacity
import urllib3

from hub import guard
from hub.errors import (
    ConnectionBroken,
    HubError,
    NeedsReauth,
    OutcomeUnknown,
    RateLimited,
    RecordRejected,
    RemoteUnavailable,
)
from hub.sdk.address import check_base_url, same_site
from hub.sdk.auth import Auth
from hub.sdk.redaction import RedactingFilter, Redactor
from hub.sdk.wire import Wire

Params = Mapping[str, Any] | list[tuple[str, str]]

log = logging.getLogger(__name__)

_CHUNK = 65_536
_EXCERPT = 300
_REDIRECTS = 3
_SHORTEST_CALL = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes of one call. `attempts`: goes of a repeatable call; a wait over `patience` is left to the ladder."""

    connect: float = 5.0
    read: float = 30.0
    total: float = 60.0
    attempts: int = 3
    patience: float = 5.0
    max_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. `headers` names are lower-case; `served_at` is the remote's clock (epoch seconds) if it told."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    where: str
    reads: bool
    served_at: float | None
    _redactor: Redactor

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def text(self) -> str:
        """The body, by its declared charset or else UTF-8; what cannot be read is replaced."""
        charset = self.headers.get("content-type", "").partition("charset=")[2].partition(";")[0].strip(" \"'")
        try:
            return self.body.decode(charset or "utf-8", "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises ConnectionBroken for a web page, RemoteUnavailable for other rubbish; for the answer
        to a write, OutcomeUnknown for both."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            pass
        kind = self.headers.get("content-type", "")
        page = "html" in kind or self.body.lstrip()[:1] == b"<"
        what = "a web page" if page else ("nothing" if not self.body.strip() else "something else")
        message = f"{self.where} answered {what} instead of JSON"
        cause = f"status {self.status}, {kind or 'no content type'}: {self.excerpt() or '(empty)'}"
        if not self.reads:
            raise OutcomeUnknown(message, cause=cause)
        if page:
            raise ConnectionBroken(
                message, cause=cause, fix="check the url; a login page or proxy may stand before the system"
            )
        raise RemoteUnavailable(message, cause=cause)

    def excerpt(self) -> str:
        """The beginning of the body, one line, without secrets: for causes."""
        text = self._redactor.text(self.body[: _EXCERPT * 8].decode("utf-8", "replace"))
        line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
        return line if len(line) <= _EXCERPT else line[:_EXCERPT] + "…"


class Http:
    """A connector's way out. `deadline()` gives the seconds that remain of the lease; `budget()` may sleep or raise.

    `allow_private`: whether loopback and private addresses may be called. On by default, since ERPs stand in the
    company's own network and connections are made by its admin; a connection's key `allow_private = false` turns it off.
    Not bounded: name resolution, which the operating system limits.
    """

    def __init__(
        self,
        *,
        redactor: Redactor | None = None,
        deadline: Callable[[], float] | None = None,
        budget: Callable[[], None] | None = None,
        allow_private: bool = True,
        ca_file: str | None = None,
        limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.redactor = redactor or Redactor()
        self.limits = limits or Limits()
        self._deadline = deadline
        self._budget = budget
        self._sleep = sleep
        self._wire = Wire(allow_private=allow_private, ca_file=ca_file)
        self._clock = _Clock()
        self._base: str | None = None
        self._auth: Auth | None = None
        self._headers: Mapping[str, str] = {}
        _silence(self, self.redactor)

    def __repr__(self) -> str:
        return f"Http({self.redactor.text(self._base or 'no base url')})"

    def at(self, base_url: str, *, auth: Auth | None = None, headers: Mapping[str, str] | None = None) -> Http:
        """A view of this Http bound to a system: same session, limits and redactor. Raises ConnectionBroken for a base URL
        that must not be called."""
        view = Http.__new__(Http)
        view.__dict__.update(self.__dict__)
        view._base = check_base_url(base_url)
        view._auth = auth
        view._headers = dict(headers or {})
        for secret in auth.secrets if auth else ():
            self.redactor.learn(secret)
        return view

    def server_now(self) -> float:
        """The remote's clock, epoch seconds, as its last Date header showed it; ours until it has shown one."""
        return time.time() + self._clock.skew

    def close(self) -> None:
        self._wire.session.close()

    def get(self, path: str = "", **options: Any) -> Response:
        return self.request("GET", path, **options)

    def post(self, path: str = "", **options: Any) -> Response:
        return self.request("POST", path, **options)

    def put(self, path: str = "", **options: Any) -> Response:
        return self.request("PUT", path, **options)

    def patch(self, path: str = "", **options: Any) -> Response:
        return self.request("PATCH", path, **options)

    def delete(self, path: str = "", **options: Any) -> Response:
        return self.request("DELETE", path, **options)

    def request(
        self,
        method: str,
        path: str = "",
        *,
        params: Params | None = None,
        json: Any = None,
        data: bytes | Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        reads: bool | None = None,
        idempotent: bool | None = None,
        accept: Collection[int] = (),
        timeout: float | None = None,
    ) -> Response:
        """One call; see the table above for what it raises.

        `path`: below the base URL, or a whole URL of the same site (a next-link). `reads`: it changes nothing there
        (default: GET and HEAD; say so for a search by POST). `idempotent`: may be repeated quickly (default: `reads`).
        `timeout`: seconds for this call instead of the limits' total.
        """
        raise NotImplementedError
