"""Calls of oscarapi: who we are, what an answer means, and lists in whatever way the shop pages them.

Reading goes by a session: HTTP Basic makes the shop hash the password for every call (0.6 s of CPU with Django 5.2's
own hasher), a login once. Writing goes by Basic: with a session the shop would ask for a CSRF token.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from hub.sdk import (
    Basic,
    ConnectionBroken,
    Http,
    NeedsReauth,
    OutcomeUnknown,
    RecordRejected,
    RemoteUnavailable,
    Response,
)

Row = Mapping[str, Any]

# The session's cookie is in the jar of the HTTP session; a header of our own keeps it out of a call.
_NO_COOKIE = {"Cookie": ""}
_ID = re.compile(r"/([^/?#]+)/?$")


class Listing(NamedTuple):
    """One answer of a list. total: of all rows, if told. following: the query of the next page; None: there is none."""

    rows: list[Row]
    total: int | None
    following: Mapping[str, str] | None


class Rest:
    """The API of one shop. Nothing of it is searched or sorted there: it only lists and shows."""

    def __init__(self, http: Http, *, url: str, user: str, password: str) -> None:
        self._user = user
        self._password = password
        self._open = http.at(url)
        self._basic = http.at(url, auth=Basic(user, password))
        self._session: bool | None = None

    def login(self) -> bool:
        """Begin a session. False if the shop has no login of this kind; raises NeedsReauth if it says no."""
        answer = self._open.post(
            "login/",
            json={"username": self._user, "password": self._password},
            reads=True,
            headers=_NO_COOKIE,
            accept=(400, 401, 403, 404, 405),
        )
        if answer.status == 401:
            raise NeedsReauth(
                "the shop does not know this user with this password",
                cause=answer.excerpt(),
                fix="check user and password: of a staff account with the rights the README names",
            )
        self._session = answer.ok
        if answer.ok:
            answer.json()
        return answer.ok

    def show(self, path: str) -> Row | None:
        """One record; None if it is not there. Raises ConnectionBroken if the shop has no such address at all."""
        answer = self._get(path, {})
        if answer.status == 404:
            _missing(answer)
            return None
        found = answer.json()
        if not isinstance(found, dict):
            raise _strange(answer)
        return found

    def listing(self, path: str, query: Mapping[str, Any]) -> Listing:
        """One page of a list: by limit and offset, by page numbers, or all of it in a bare list."""
        answer = self._get(path, query)
        if answer.status == 404:
            raise _no_api(answer)
        found = answer.json()
        total, following = None, None
        if isinstance(found, dict) and "results" in found:
            total, following = found.get("count"), found.get("next")
            found = found["results"]
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise _strange(answer)
        return Listing(found, total if isinstance(total, int) else None, _query(following))

    def fields(self, path: str) -> Mapping[str, Mapping[str, Any]]:
        """What the API says of the fields a create there takes; empty where it tells none."""
        answer = self._basic.request("OPTIONS", path, reads=True, headers=_NO_COOKIE, accept=(403, 404, 405))
        said = answer.json() if answer.ok else {}
        actions = said.get("actions") if isinstance(said, dict) else None
        found = actions.get("POST") if isinstance(actions, dict) else None
        return found if isinstance(found, dict) else {}

    def reach(self) -> None:
        """Whether an oscarapi answers at all, to anybody."""
        answer = self._open.get("countries/", headers=_NO_COOKIE, accept=(401, 403, 404))
        if answer.status == 404:
            raise _no_api(answer)
        answer.json()

    def write(self, method: str, path: str, values: Row) -> Row:
        """POST or PATCH; the record as it is now. Raises RecordRejected with the shop's words."""
        answer = self._basic.request(method, path, json=dict(values), headers=_NO_COOKIE, accept=(400, 404))
        if answer.status == 404:
            raise RecordRejected("the account is not there", cause=answer.excerpt())
        if answer.status == 400:
            raise RecordRejected("the shop refused it", cause=_words(answer))
        found = answer.json()
        if not isinstance(found, dict):
            raise OutcomeUnknown(f"{answer.where} did not answer with the record", cause=answer.excerpt())
        return found

    def _get(self, path: str, query: Mapping[str, Any]) -> Response:
        """By the session; begun anew if it has ended, and by Basic where sessions do not count."""
        accept = (401, 403, 404)
        for _ in range(2):
            if self._session is None:
                self.login()
            if not self._session:
                break
            answer = self._open.get(path, params=dict(query), accept=accept)
            if answer.status not in (401, 403):
                return answer
            self._session = None
        self._session = False
        answer = self._basic.get(path, params=dict(query), headers=_NO_COOKIE, accept=accept)
        if answer.status in (401, 403):
            raise NeedsReauth(
                f"{answer.where}: the shop says no",
                cause=_words(answer),
                fix="the user must be staff and may view accounts, orders and products (README)",
            )
        return answer


def identity(row: Row) -> str:
    """A row's id: its own, or the last part of its address. Raises ConnectionBroken for rows that show neither."""
    found = row.get("id")
    if isinstance(found, int | str) and not isinstance(found, bool) and str(found):
        return str(found)
    linked = linked_id(row.get("url"))
    if linked is None:
        raise ConnectionBroken(
            "the shop's API shows neither id nor url of a record",
            fix='keep "url" in OSCARAPI_ADMIN_USER_FIELDS, OSCARAPI_ORDER_FIELDS and OSCARAPI_ORDERLINE_FIELDS',
        )
    return linked


def linked_id(link: Any) -> str | None:
    """What a link of theirs leads to: `…/countries/DE/` is DE; an id stands for itself."""
    if isinstance(link, int) and not isinstance(link, bool):
        return str(link)
    found = _ID.search(link) if isinstance(link, str) else None
    return found[1] if found else None


def _query(link: Any) -> Mapping[str, str] | None:
    """The query of a next-link. Its host is whatever a proxy made of it, and not followed."""
    if not isinstance(link, str) or not link:
        return None
    return {name: values[-1] for name, values in parse_qs(urlsplit(link).query).items()}


def _missing(answer: Response) -> None:
    """Nothing if the API itself says that a record is not there; a web page means another thing entirely."""
    try:
        said = answer.json()
    except ConnectionBroken:
        raise _no_api(answer) from None
    if not isinstance(said, dict) or "detail" not in said:
        raise _no_api(answer)


def _no_api(answer: Response) -> ConnectionBroken:
    return ConnectionBroken(
        f"{answer.where} is not there",
        cause=answer.excerpt(),
        fix="the url is where the shop includes oscarapi.urls, and its settings must say"
        " OSCARAPI_BLOCK_ADMIN_API_ACCESS = False",
    )


def _strange(answer: Response) -> RemoteUnavailable:
    return RemoteUnavailable(f"{answer.where} answered something else than agreed", cause=answer.excerpt())


def _words(answer: Response) -> str:
    """What the shop says, field by field."""
    try:
        said = answer.json()
    except (ConnectionBroken, RemoteUnavailable, OutcomeUnknown):
        return answer.excerpt()
    if not isinstance(said, dict):
        return answer.excerpt()
    return "; ".join(
        f"{field}: {' '.join(map(str, words)) if isinstance(words, list) else words}"
        for field, words in said.items()
    )
