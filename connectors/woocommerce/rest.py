"""Calls of the REST API wc/v3: where it stands, who we are, and what an answer is.

A store may print PHP notices before (or behind) its JSON, with status 200: then the JSON among them is taken, and
`noisy` says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import orjson

from hub.sdk import (
    Auth,
    Basic,
    ConnectionBroken,
    Http,
    HubError,
    NeedsReauth,
    OutcomeUnknown,
    RecordRejected,
    RemoteUnavailable,
    Response,
)
from hub.sdk.oauth1 import OAuth1

Row = dict[str, Any]

ROUTE = "/wc/v3"
WAYS = ("auto", "basic", "oauth", "query")

# What an admin may have pasted behind the address of the site.
_TAIL = re.compile(r"/+(?:index\.php)?(?:\?rest_route=.*)?$|/+wp-json(?:/.*)?$")
# WooCommerce looks at a key only if the address holds this; with plain permalinks nothing else in it does.
_ASKED_FOR = "wp-json/wc/"
# Refusals of what this key's user may not do to this record (a shop manager to an administrator); with status 401
# they mean that nobody is known to call.
_OF_ONE_RECORD = frozenset({"woocommerce_rest_cannot_edit", "woocommerce_rest_cannot_create"})
# JSON that follows a notice begins a line or stands behind a tag.
_START = re.compile(rb"(?:^|[>\n\r]|\xef\xbb\xbf)[ \t]*(?=[\[{])")
_MOST_STARTS = 50


class Access(NamedTuple):
    """How a store is reached. `way`: one of WAYS; `site`: the address it knows itself by, if another than `url`."""

    url: str
    key: str
    secret: str
    way: str = "auto"
    site: str = ""
    plain: bool = False

    def __repr__(self) -> str:
        return f"Access({self.way})"


class Listing(NamedTuple):
    """One page of a list. `total`: of all rows that the question means, if the store tells."""

    rows: list[Row]
    total: int | None


class Rest:
    """One store's API. `plain` access: the site has no pretty permalinks, so that routes are a parameter."""

    def __init__(self, http: Http, access: Access) -> None:
        base = site_of(access.url)
        self._way = way_of(access)
        self._plain = access.plain
        self._secret_pair = (access.key, access.secret)
        auth: Auth | None = None
        if self._way == "basic":
            auth = Basic(access.key, access.secret)
        elif self._way == "oauth":
            known = (base, site_of(access.site)) if access.site else None
            auth = OAuth1(access.key, access.secret, known_as=known)
        self._http = http.at(base if access.plain else f"{base}/wp-json{ROUTE}", auth=auth)
        self.noisy = False

    @property
    def way(self) -> str:
        """How calls prove who we are: basic, oauth or query."""
        return self._way

    def server_now(self) -> float:
        """The store's clock, epoch seconds, once it has answered."""
        return self._http.server_now()

    def read(self, path: str, params: Mapping[str, Any] | None = None, *, method: str = "GET") -> Any:
        """The JSON of an answer. Raises what `Http` raises; RemoteUnavailable for an answer of another shape."""
        return self._ask(path, params, method=method)[2]

    def show(self, path: str, params: Mapping[str, Any] | None = None) -> Row | None:
        """One record; None if the store says in its own words that there is none (404)."""
        answer, status, found = self._ask(path, params, accept=(404,))
        if status != 404:
            return row_of(found, path)
        code = code_of(found)
        if code and code != "rest_no_route":
            return None
        raise _unwelcome(answer, status)

    def listing(self, path: str, params: Mapping[str, Any], *, unfit: str | None = None) -> Listing:
        """A page of a list. `unfit`: the parameter that the store may not take; then there is nothing."""
        answer, status, rows = self._ask(path, params, accept=(400,) if unfit else ())
        if status == 400:
            if code_of(rows) == "rest_invalid_param" and unfit in (rows["data"].get("params") or {}):
                return Listing([], 0)
            raise _unwelcome(answer, status)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise strange(path)
        total = answer.headers.get("x-wp-total", "")
        return Listing(rows, int(total) if total.isascii() and total.isdigit() else None)

    def beneath(self, path: str) -> list[Row] | None:
        """A whole short list that belongs to a record; None if the record is gone."""
        _, status, rows = self._ask(path, {"per_page": 100}, accept=(404,))
        if status == 404 and code_of(rows):
            return None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise strange(path)
        return rows

    def write(self, method: str, path: str, body: Mapping[str, Any], *, accept: Collection[int] = ()) -> Row:
        """The answer to a write. Raises RecordRejected for a no in the store's words, OutcomeUnknown without verdict.

        A status in `accept` is taken for a no if the store's own words come with it.
        """
        answer = self._call(method, path, None, reads=False, body=body, accept=(400, 403, 404, *accept))
        try:
            found = self._json(answer)
        except OutcomeUnknown:
            if answer.status not in (400, 403, 404):
                raise
            found = None
        code, status = code_of(found), status_of(answer.status, found)
        if isinstance(found, dict) and not code and answer.ok:
            return found
        if status == 401 or (status == 403 and code not in _OF_ONE_RECORD):
            raise NeedsReauth(f"{answer.where} answered {status}", cause=answer.excerpt())
        if code and (400 <= status < 500 or status in accept):
            raise refused(found)
        if 400 <= status < 500:
            raise RecordRejected(f"{answer.where} answered {status}", cause=answer.excerpt())
        raise OutcomeUnknown(f"{answer.where} answered {status}, not as agreed", cause=answer.excerpt())

    def save(self, method: str, path: str, body: Mapping[str, Any], *, accept: Collection[int] = ()) -> Row:
        """As `write`, for an answer that is the record written."""
        found = self.write(method, path, body, accept=accept)
        if not isinstance(found.get("id"), int):
            raise OutcomeUnknown(f"the store answered {method} {path} in another shape than agreed")
        return found

    def _ask(
        self,
        path: str,
        params: Mapping[str, Any] | None,
        *,
        method: str = "GET",
        accept: Collection[int] = (),
    ) -> tuple[Response, int, Any]:
        """An answer, its status as the store means it, and its JSON. Raises for a bad one that is not in `accept`."""
        answer = self._call(method, path, params, reads=True, accept=accept)
        found = self._json(answer)
        status = status_of(answer.status, found)
        if status >= 400 and status not in accept:
            raise _unwelcome(answer, status)
        return answer, status, found

    def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        **options: Any,
    ) -> Response:
        """A call; once more if OAuth failed by our clock alone, which the store's answer has set right by now."""
        body, reads = options.pop("body", None), options.pop("reads")
        given = {name: _text(value) for name, value in (params or {}).items()}
        if self._way == "query":
            given |= dict(zip(("consumer_key", "consumer_secret"), self._secret_pair, strict=True))
        if self._plain:
            given |= {"rest_route": f"{ROUTE}/{path}".rstrip("/"), "_hub": _ASKED_FOR}
            path, given = f"index.php?{urlencode(given, safe='/,')}", {}
        asked = {**options, "params": given or None, "json": body, "reads": reads}
        try:
            return self._http.request(method, path, **asked)
        except NeedsReauth as error:
            if self._way != "oauth" or "nvalid timestamp" not in str(error.cause):
                raise
            return self._http.request(method, path, **asked)

    def _json(self, answer: Response) -> Any:
        try:
            return orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            found = among_notices(answer.body)
        if found is None:
            return answer.json()
        self.noisy = True
        return found


def site_of(url: str) -> str:
    """The address of the site, whatever of the API an admin pasted behind it."""
    return _TAIL.sub("", url.strip()).rstrip("/")


def way_of(access: Access) -> str:
    """WooCommerce takes Basic over https only, and OAuth over plain http only."""
    if access.way not in WAYS:
        raise ConnectionBroken(f'auth cannot be "{access.way}"', fix=f"use one of {', '.join(WAYS)}")
    if access.way != "auto":
        return access.way
    return "basic" if urlsplit(access.url.strip()).scheme.lower() == "https" else "oauth"


def among_notices(body: bytes) -> Any:
    """The JSON object or list that PHP's notices stand before or behind; None if there is none."""
    text = body.decode("utf-8", "replace")
    decoder = json.JSONDecoder()
    for found in list(_START.finditer(body))[:_MOST_STARTS]:
        start = len(body[: found.end()].decode("utf-8", "replace"))
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        rest = text[end:].strip()
        if isinstance(value, dict | list) and (not rest or rest.startswith("<")) and start > 0:
            return value
    return None


def code_of(body: Any) -> str:
    """The code of an error of theirs: `{"code", "message", "data": {"status"}}`; "" if it is none."""
    if not isinstance(body, dict) or not isinstance(body.get("message"), str):
        return ""
    data = body.get("data")
    if data is not None and not isinstance(data, dict | list):
        return ""
    return str(body.get("code") or "")


def status_of(status: int, found: Any) -> int:
    """The status of an answer; once a notice is printed PHP can set none, and an error says its own."""
    data = found.get("data") if status < 400 and code_of(found) else None
    said = data.get("status") if isinstance(data, dict) else None
    return said if isinstance(said, int) and 400 <= said < 600 else status


def _unwelcome(answer: Response, status: int) -> HubError:
    """What a bad status to a question means, where it came as a good one."""
    message, cause = f"{answer.where} answered {status}", answer.excerpt()
    if status in (401, 403):
        return NeedsReauth(message, cause=cause, fix="check the key and what its user is allowed to do")
    if status >= 500:
        return RemoteUnavailable(message, cause=cause)
    return ConnectionBroken(message, cause=cause, fix="check the connection's url")


def refused(error: Mapping[str, Any]) -> RecordRejected:
    """An error of theirs about one record, with the parameters it names."""
    data = error.get("data")
    named = data.get("params") if isinstance(data, dict) else None
    said = "; ".join(str(one) for one in named.values()) if isinstance(named, dict) else ""
    cause = f"{error.get('code')}: {error.get('message')}"
    return RecordRejected("the store refused it", cause=f"{cause} ({said})" if said else cause)


def row_of(found: Any, what: str) -> Row:
    """A record of an answer. Raises RemoteUnavailable for something else."""
    if not isinstance(found, dict) or not isinstance(found.get("id"), int):
        raise strange(what)
    return found


def strange(what: str) -> RemoteUnavailable:
    return RemoteUnavailable(f"the store answered the question for {what} in another shape than agreed")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
