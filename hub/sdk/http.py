"""Every call to a remote system goes through here.

A connector gets one Http; `http.at(base_url, auth=…)` gives it a view bound to its system. A call refuses to run
inside a transaction, asks the budget first, never outlives the lease, repeats itself a little where that is safe, and
raises errors that say what happens next, without secrets:

| what happened                                            | raised                                            |
|----------------------------------------------------------|---------------------------------------------------|
| certainly not sent (refused, DNS, no time left)          | RemoteUnavailable                                 |
| the certificate is not trusted, the call cannot be built | ConnectionBroken                                  |
| a read got no answer, or 408, 425, 5xx                   | RemoteUnavailable                                 |
| a write was sent and got no answer, or 408, 5xx          | OutcomeUnknown                                    |
| 429, 403 with Retry-After (over 5 minutes: QuotaUsed)    | RateLimited (after = Retry-After)                 |
| 401, 403                                                 | NeedsReauth                                       |
| any other 4xx to a read · to a write                     | ConnectionBroken · RecordRejected                 |
| a redirect to another site, an address not to be called  | ConnectionBroken                                  |
| an answer over the size cap: to a read · to a write      | ConnectionBroken · OutcomeUnknown                 |

A status named in `accept` is returned instead of raised, whatever it is.
"""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin

import orjson
import requests
import tenacity
import urllib3

from hub import guard
from hub.errors import (
    ConnectionBroken,
    HubError,
    OutcomeUnknown,
    RateLimited,
    RecordRejected,
    RemoteUnavailable,
)
from hub.sdk.address import check_base_url, same_site
from hub.sdk.auth import Auth
from hub.sdk.limits import Limits
from hub.sdk.oauth1 import OAuth1
from hub.sdk.redaction import RedactingFilter, Redactor
from hub.sdk.response import Response, instant, oversize, refusal
from hub.sdk.wire import Wire, innermost

Params = Mapping[str, Any] | list[tuple[str, str]]

log = logging.getLogger(__name__)

_CHUNK = 65_536
_REDIRECTS = 3
_SHORTEST_CALL = 0.05
_READING = frozenset({"GET", "HEAD"})
_REDIRECTED = frozenset({301, 302, 303, 307, 308})
_HEADERS = {"User-Agent": "crm-hub", "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}


class Http:
    """A connector's way out. `deadline()` gives the seconds that remain of the lease; `budget()` may sleep or raise.

    `allow_private`: whether loopback and private addresses may be called. On by default, since ERPs stand in the
    company's own network and connections are made by its admin; a connection's key `allow_private = false` turns
    it off.
    One job, one thread, one Http. Not bounded by the lease: name resolution and a host's further addresses; but nothing
    is sent once it has ended.
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
        self._unsilence = _silence(self._wire, self.redactor)

    def __repr__(self) -> str:
        return f"Http({self.redactor.text(self._base or 'no base url')})"

    def at(
        self, base_url: str, *, auth: Auth | None = None, headers: Mapping[str, str] | None = None
    ) -> Http:
        """A view of this Http bound to a system: same session, limits and redactor. Raises ConnectionBroken for
        a base URL
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
        """Give the connections back; the views made by `at` end with it."""
        self._wire.session.close()
        self._unsilence()

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

    def request(  # noqa: PLR0913  (one call has that many sides)
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
        if self._base is None:
            raise RuntimeError("this Http is bound to no system: call http.at(base_url) first")
        reading = method in _READING if reads is None else reads
        url = self._url(path)
        sent_headers = {
            **_HEADERS,
            **self._headers,
            **(self._auth.headers() if self._auth else {}),
            **(headers or {}),
        }
        if json is not None:
            data = orjson.dumps(json)
            sent_headers.setdefault("Content-Type", "application/json")
        call = _Call(
            method=method,
            url=url,
            where=f"{method} {self.redactor.text(url.partition('?')[0])}",
            reads=reading,
            repeat=reading if idempotent is None else idempotent,
            arguments={"params": params, "data": data, "headers": sent_headers},
            accept=frozenset(accept),
            total=timeout or self.limits.total,
        )
        return self._repeated(call)

    def _url(self, path: str) -> str:
        base = self._base or ""
        if not path.startswith(("http://", "https://")):
            return f"{base}/{path.lstrip('/')}" if path.strip("/") else base
        if not same_site(base, path):
            raise ConnectionBroken(
                "the remote sent a link to another site",
                cause=f"{self.redactor.text(path.partition('?')[0])} is not below {self.redactor.text(base)}",
                fix="set the connection's url to the address the remote uses for itself",
            )
        return path

    def _repeated(self, call: _Call) -> Response:
        """The call, repeated while that is safe, quick and within the lease."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(call.may_repeat),
            wait=self._pause,
            stop=self._enough,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            answer: Response = retrying(self._once, call)
        except OutcomeUnknown:
            raise
        except HubError as error:
            if not call.in_doubt:
                raise
            failure = error
        else:
            if answer.ok or not call.in_doubt:
                return answer
            failure = RecordRejected(f"{call.where} answered {answer.status}", cause=answer.excerpt())
        raise OutcomeUnknown(f"{call.where} got no verdict, and its repetition failed", cause=str(failure))

    def _pause(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.after if isinstance(error, RateLimited) else None
        return asked if asked is not None else min(0.2 * 4.0 ** (state.attempt_number - 1), 2.0)

    def _enough(self, state: tenacity.RetryCallState) -> bool:
        wait = self._pause(state)
        return (
            state.attempt_number >= self.limits.attempts
            or wait > self.limits.patience
            or (self._deadline is not None and self._deadline() <= wait + _SHORTEST_CALL)
        )

    def _once(self, call: _Call) -> Response:
        """One attempt, with the redirects within the site that a read may follow."""
        url = call.url
        for _ in range(_REDIRECTS):
            answer, location = self._attempt(call, url)
            if location is None:
                return answer
            target = urljoin(url, location)
            if not (call.reads and same_site(url, target)):
                raise ConnectionBroken(
                    f"{call.where} is redirected to {self.redactor.text(target.partition('?')[0])}",
                    fix="set the connection's url to the address the system really has",
                )
            url = target
            call.arguments["params"] = None
        raise ConnectionBroken(f"{call.where} is redirected again and again")

    def _attempt(self, call: _Call, url: str) -> tuple[Response, str | None]:
        """One exchange: the answer, and where it redirects to."""
        guard.refuse_network()
        call.begun = False
        if self._budget is not None:
            self._budget()
        seconds = call.total
        if self._deadline is not None:
            left = self._deadline()
            if left < (
                _SHORTEST_CALL if call.reads else self.limits.least_write
            ):  # not the remote's fault: soon again
                raise RemoteUnavailable(
                    f"{call.where} was not begun", after=1.0, cause="no time is left of the lease"
                )
            seconds = min(seconds, left)
        call.begun = True
        began = time.monotonic()
        answer, failure = self._exchange(call, url, seconds)
        log.debug(
            "%s: %s in %.3f s", call.where, answer.status if answer else failure, time.monotonic() - began
        )
        if answer is None:
            if isinstance(failure, OutcomeUnknown):
                call.in_doubt = True
            raise failure or AssertionError("neither answer nor failure")
        if answer.status in call.accept or answer.ok:
            return answer, None
        location = answer.headers.get("location")
        if answer.status in _REDIRECTED and location:
            return answer, location
        failure = refusal(answer)
        if isinstance(failure, OutcomeUnknown):
            call.in_doubt = True
        raise failure

    def _exchange(self, call: _Call, url: str, seconds: float) -> tuple[Response | None, HubError | None]:
        """Send and read. Failures are returned, so that no exception with the raw URL in it hangs on as context."""
        limits = self.limits
        timeouts = (min(limits.connect, seconds), min(limits.read, seconds))
        began = time.time()
        arguments = call.arguments
        if isinstance(self._auth, OAuth1):
            pairs = self._auth.signed(call.method, url, arguments["params"], now=self.server_now())
            url, arguments = url.partition("?")[0], {**arguments, "params": urlencode(pairs, safe="/,")}
        with self._wire.call(seconds):
            try:
                with self._wire.session.request(
                    call.method, url, timeout=timeouts, stream=True, allow_redirects=False, **arguments
                ) as raw:
                    headers = {name.lower(): value for name, value in raw.headers.items()}
                    served_at = instant(headers.get("date"))
                    if served_at is not None:
                        self._clock.skew = served_at - (began + time.time()) / 2
                    body = _body(raw, limits.max_bytes)
                if self._wire.cut:
                    # To the HTTP library a cut connection may look like an early, regular end.
                    raise TimeoutError
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                return None, self._failure(call, error)
            except ConnectionBroken as error:
                return None, error
        if body is None:
            return None, oversize(call.where, reads=call.reads, cap=limits.max_bytes)
        return Response(
            raw.status_code, headers, body, call.where, call.reads, served_at, self.redactor
        ), None

    def _failure(self, call: _Call, error: Exception) -> HubError:
        """What a broken exchange means; of the error itself only its innermost reason is told."""
        reason = "it took longer than the time that was left" if self._wire.cut else innermost(error)
        cause = self.redactor.text(reason)
        if not self._wire.sent:
            if isinstance(error, ValueError) and not isinstance(error, requests.ConnectionError):
                return ConnectionBroken(
                    f"{call.where} cannot be sent",
                    cause=f"{type(error).__name__}: a header, parameter or address holds what HTTP cannot carry",
                    fix="look for line breaks or odd characters in the url and the secrets",
                )
            if isinstance(error, requests.exceptions.SSLError) and "ertificate" in reason:
                return ConnectionBroken(
                    f"{call.where}: the certificate is not trusted",
                    cause=cause,
                    fix="check the url's host name, or name the company's own authority in ca_file",
                )
            return RemoteUnavailable(f"{call.where} was not sent", cause=cause)
        if call.reads:
            return RemoteUnavailable(f"{call.where} got no answer", cause=cause)
        return OutcomeUnknown(f"{call.where} was sent and got no answer", cause=cause)


@dataclass(slots=True)
class _Clock:
    skew: float = 0.0


@dataclass(slots=True)
class _Call:
    """One request with its attempts. `in_doubt`: an attempt of this write may have landed."""

    method: str
    url: str
    where: str
    reads: bool
    repeat: bool
    arguments: dict[str, Any]
    accept: frozenset[int]
    total: float
    begun: bool = False
    in_doubt: bool = False

    def may_repeat(self, error: BaseException) -> bool:
        # Not begun: our own budget or lease said no, and a quick repetition would only ask it again.
        return (
            self.repeat and self.begun and isinstance(error, RemoteUnavailable | OutcomeUnknown | RateLimited)
        )


def _body(raw: requests.Response, cap: int) -> bytes | None:
    """The decoded body, or None as soon as it is larger than `cap`."""
    declared = raw.headers.get("Content-Length", "")
    if declared.isdigit() and int(declared) > cap:
        return None
    parts: list[bytes] = []
    size = 0
    for chunk in raw.iter_content(_CHUNK):
        size += len(chunk)
        if size > cap:
            return None
        parts.append(chunk)
    return b"".join(parts)


def _silence(wire: Wire, redactor: Redactor) -> Callable[[], object]:
    """urllib3 logs whole URLs: mask them for as long as this session lives, or until the returned function is
    called.
    """
    logger = logging.getLogger("urllib3.connectionpool")
    masking = RedactingFilter(redactor)
    logger.addFilter(masking)
    return weakref.finalize(wire, logger.removeFilter, masking)
