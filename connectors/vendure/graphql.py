"""The store's admin API: one address, queries and mutations by POST, and what its errors mean.

Vendure answers most errors with status 200 and `errors`; a mutation's foreseen refusals come as another type of its
result, with `errorCode` and `message`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.sdk import (
    ConnectionBroken,
    Http,
    HubError,
    NeedsReauth,
    OutcomeUnknown,
    RecordRejected,
    RemoteUnavailable,
    Response,
)

_DENIED = frozenset({"FORBIDDEN", "UNAUTHORIZED", "UNAUTHENTICATED"})
# Said before a resolver changed anything, or by one that was rolled back.
_REFUSED = frozenset(
    {
        *("BAD_USER_INPUT", "USER_INPUT_ERROR", "ILLEGAL_OPERATION", "ENTITY_NOT_FOUND"),
        *("GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "CHANNEL_NOT_FOUND"),
    }
)
_RIGHTS = "check the key (or user and password), and that its role may read and update customers and orders"
_SCHEMA = "the store may be older than 3.6, or a setting names a custom field that it does not have"

_LOGIN = """mutation($user:String!,$password:String!){login(username:$user,password:$password){
 __typename ...on ErrorResult{errorCode message}}}"""

Row = dict[str, Any]


class Refused(RecordRejected):
    """The store's own definite no. `kind`: its error code or the type of the result."""

    code = "refused_there"

    def __init__(self, message: str, *, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class Session:
    """A session of an administrator, by name and password: begun with the first call, and anew when it has ended."""

    def __init__(self, http: Http, *, user: str, password: str) -> None:
        self._http = http
        self._user = user
        self._password = password
        self._token: str | None = None
        http.redactor.learn(password)

    def headers(self) -> Mapping[str, str]:
        """Raises NeedsReauth for a wrong password, ConnectionBroken where the store gives no token."""
        if self._token is None:
            self._token = self._begin()
            self._http.redactor.learn(self._token)
        return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        self._token = None

    def _begin(self) -> str:
        variables = {"user": self._user, "password": self._password}
        # It changes nothing that matters, so it may be repeated like a read.
        answer = self._http.post(
            "", json={"query": _LOGIN, "variables": variables}, reads=True, accept=(400,)
        )
        result = _data(answer).get("login")
        if not isinstance(result, dict):
            raise strange(answer.where)
        if "errorCode" in result:
            raise NeedsReauth(
                "the store refuses the name and password", cause=str(result.get("message")), fix=_RIGHTS
            )
        token = answer.headers.get("vendure-auth-token")
        if not token:
            raise ConnectionBroken(
                "the store gives no session token",
                fix="its authOptions.tokenMethod must hold 'bearer'; or use a key",
            )
        return token


class Api:
    """Calls of one store. `http` is bound to the address of its admin API; `session` if it has no key."""

    def __init__(self, http: Http, *, session: Session | None = None) -> None:
        self._http = http
        self._session = session

    def server_now(self) -> float:
        """The store's clock, epoch seconds; ours until it has answered once."""
        return self._http.server_now()

    def read(self, query: str, **variables: Any) -> Row:
        """The data of a query. Raises NeedsReauth, ConnectionBroken, RemoteUnavailable."""
        return self._ask(query, variables, reads=True)

    def write(self, name: str, mutation: str, **variables: Any) -> Row:
        """What the mutation's field `name` gave, of the type that means success (not an ErrorResult).

        Raises Refused, NeedsReauth (nothing done), OutcomeUnknown.
        """
        result = self._ask(mutation, variables, reads=False).get(name)
        if not isinstance(result, dict):
            raise OutcomeUnknown(f"the answer to {name} cannot be read")
        if "errorCode" in result:
            details = [str(result[one]) for one in ("message", "transitionError") if result.get(one)]
            raise Refused(" ".join(details) or str(result["errorCode"]), kind=str(result["errorCode"]))
        return result

    def _ask(self, query: str, variables: Mapping[str, Any], *, reads: bool) -> Row:
        if self._session is None:
            return self._once(query, variables, {}, reads=reads)
        try:
            return self._once(query, variables, self._session.headers(), reads=reads)
        except NeedsReauth:
            # Denied is not done, so even a write may go again. Once: it may be the rights that are missing.
            self._session.forget()
            return self._once(query, variables, self._session.headers(), reads=reads)

    def _once(
        self, query: str, variables: Mapping[str, Any], headers: Mapping[str, str], *, reads: bool
    ) -> Row:
        body = {"query": query, "variables": dict(variables)}
        return _data(self._http.post("", json=body, headers=headers, reads=reads, accept=(400,)))


def _data(answer: Response) -> Row:
    """The `data` of an answer without errors."""
    said = answer.json()
    errors = said.get("errors") if isinstance(said, dict) else None
    if errors:
        raise _failure(answer, errors)
    data = said.get("data") if isinstance(said, dict) else None
    if answer.ok and isinstance(data, dict):
        return data
    raise strange(answer.where, answer.excerpt(), reads=answer.reads)


def strange(where: str, cause: str | None = None, *, reads: bool = True) -> HubError:
    """An answer of another shape than the admin API's."""
    message = f"{where} answered something that is not of Vendure's admin API"
    if not reads:
        return OutcomeUnknown(message, cause=cause)
    return RemoteUnavailable(
        message, cause=cause, fix="the url is that of the admin API, such as …/admin-api"
    )


def items(data: Row, name: str) -> tuple[list[Row], int | None]:
    """The rows of a list query and how many there are in all. Raises RemoteUnavailable for another shape."""
    found = data.get(name)
    rows = found.get("items") if isinstance(found, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get("id") for row in rows):
        raise strange(f"the list of {name}")
    total = found.get("totalItems") if isinstance(found, dict) else None
    return rows, total if isinstance(total, int) else None


def in_order(rows: Sequence[Row] | None, key: str = "id") -> list[Row]:
    """By id, oldest first: the store lists what belongs to a record in no order of its own, and changes it."""
    return sorted(rows or (), key=lambda row: (len(str(row[key])), str(row[key])))


def _failure(answer: Response, errors: Any) -> HubError:
    told = [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    codes = {str(_extensions(one).get("code", "")) for one in told}
    words = "; ".join(str(one.get("message")) for one in told[:3]) or answer.excerpt()
    if codes & _DENIED:
        return NeedsReauth("the store does not allow this to the key", cause=words, fix=_RIGHTS)
    if not answer.reads:
        known = next((code for code in sorted(codes) if code in _REFUSED), None)
        if known or answer.status == 400:
            return Refused(words, kind=known or "BAD_REQUEST")
        return OutcomeUnknown("the store failed", cause=words)
    if any(code.startswith("GRAPHQL_") for code in codes) or "BAD_USER_INPUT" in codes:
        return ConnectionBroken("the store does not understand the question", cause=words, fix=_SCHEMA)
    if codes & _REFUSED:
        return ConnectionBroken("the store refused to read", cause=words, fix=_RIGHTS)
    return RemoteUnavailable("the store failed to read", cause=words)


def _extensions(error: Row) -> Row:
    found = error.get("extensions")
    return found if isinstance(found, dict) else {}
