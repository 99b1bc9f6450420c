"""The two ways to call Odoo: JSON-RPC (15 to 19) and JSON-2 (19 on). One call is one transaction over there.

`Rpc.call(model, method, {...})` is the same for both. What an error means: faults.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.odoo.faults import fault
from hub.sdk import Bearer, ConnectionBroken, Http, NeedsReauth, OutcomeUnknown, RemoteUnavailable, segment
from hub.sdk.response import Response, refusal

Row = dict[str, Any]
Domain = list[Any]

_TOLD = frozenset({400, 403, 404, 409, 422, 500})
_LOGIN_FIX = "check database, login and key; a user with two-factor login needs an API key, not the password"


class Transport(ABC):
    """How a call travels. Raises what faults.py and hub.sdk.http say."""

    name: str

    @abstractmethod
    def call(
        self, model: str, method: str, arguments: Mapping[str, Any], *, ids: Sequence[int] | None, reads: bool
    ) -> Any: ...


class JsonRpc(Transport):
    """`execute_kw` on /jsonrpc, the key as the password. Logs in with the first call."""

    name = "JSON-RPC"

    def __init__(self, http: Http, *, database: str, login: str, key: str) -> None:
        self._http = http
        self._who = (database, login)
        self._key = key
        self._uid: int | None = None

    def __repr__(self) -> str:
        return f"JsonRpc({self._who[0]!r})"

    def call(
        self, model: str, method: str, arguments: Mapping[str, Any], *, ids: Sequence[int] | None, reads: bool
    ) -> Any:
        """The first argument goes by position: its name is not the same in all versions (search_count)."""
        named = dict(arguments)
        context = named.pop("context", None)
        args: list[Any] = [] if ids is None else [list(ids)]
        if named:
            args.append(named.pop(next(iter(named))))
        if context is not None:
            named["context"] = context
        who = [self._who[0], self.login(), self._key]
        return self.service("object", "execute_kw", [*who, model, method, args, named], reads=reads)

    def login(self) -> int:
        """The user's id. Raises NeedsReauth."""
        if self._uid is None:
            asked = [*self._who, self._key, {}]
            uid = self.service("common", "authenticate", asked, reads=True)
            if uid is False:
                raise NeedsReauth("Odoo does not know this login and key", fix=_LOGIN_FIX)
            if not isinstance(uid, int) or isinstance(uid, bool):
                raise RemoteUnavailable("the answer to authenticate is not as agreed", cause=f"{uid!r:.100}")
            self._uid = uid
        return self._uid

    def version(self) -> str:
        """The server's series, such as "17.0"; it tells anybody."""
        said = self.service("common", "version", [], reads=True)
        series = said.get("server_version") if isinstance(said, dict) else None
        if not isinstance(series, str):
            raise RemoteUnavailable("the answer to version is not as agreed", cause=f"{said!r:.100}")
        return series

    def service(self, service: str, method: str, args: Sequence[Any], *, reads: bool) -> Any:
        question = {
            "jsonrpc": "2.0",
            "method": "call",
            "params": {"service": service, "method": method, "args": list(args)},
            "id": 1,
        }
        answer = self._http.post("jsonrpc", json=question, reads=reads)
        body = answer.json()
        if not isinstance(body, dict) or body.get("jsonrpc") != "2.0":
            raise _strange(answer)
        error = body.get("error")
        if error is not None:
            raise fault(error.get("data") if isinstance(error, dict) else None, reads=reads, at=answer.where)
        return body.get("result")  # a method that returns nothing has no `result`


class Json2(Transport):
    """`POST /json/2/<model>/<method>`, every argument by name, errors with a status of their own."""

    name = "JSON-2"

    def __init__(self, http: Http) -> None:
        self._http = http

    def call(
        self, model: str, method: str, arguments: Mapping[str, Any], *, ids: Sequence[int] | None, reads: bool
    ) -> Any:
        body = {**arguments, **({} if ids is None else {"ids": list(ids)})}
        path = f"json/2/{segment(model)}/{segment(method)}"
        answer = self._http.post(path, json=body, reads=reads, accept=_TOLD)
        if answer.ok:
            return answer.json()
        try:
            said = answer.json()
        except (RemoteUnavailable, ConnectionBroken, OutcomeUnknown):
            said = None
        if not isinstance(said, dict) or not isinstance(said.get("name"), str):
            if answer.status == 404:
                fix = "correct the settings `url` and `database`; JSON-2 is there from Odoo 19 on"
                raise ConnectionBroken(f"{answer.where}: Odoo knows no such place", fix=fix)
            raise refusal(answer)
        raise fault(said, reads=reads, at=answer.where)


class Rpc:
    """Calls with the connection's context, and answers of the shape that was agreed."""

    def __init__(self, transport: Transport, http: Http, *, companies: Sequence[int] = ()) -> None:
        self._transport = transport
        self._http = http
        self._context: dict[str, Any] = {"lang": "en_US", "tz": "UTC"}
        if companies:
            self._context["allowed_company_ids"] = list(companies)
        self._fields: dict[str, dict[str, Mapping[str, Any]]] = {}

    @property
    def name(self) -> str:
        return self._transport.name

    def server_now(self) -> float:
        return self._http.server_now()

    def read(
        self,
        model: str,
        method: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        ids: Sequence[int] | None = None,
    ) -> Any:
        """A call that changes nothing. Archived records are seen."""
        context = {**self._context, "active_test": False}
        named = {**(arguments or {}), "context": context}
        return self._transport.call(model, method, named, ids=ids, reads=True)

    def write(
        self,
        model: str,
        method: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        ids: Sequence[int] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Any:
        named = {**(arguments or {}), "context": {**self._context, **(context or {})}}
        return self._transport.call(model, method, named, ids=ids, reads=False)

    def search_read(
        self,
        model: str,
        domain: Domain,
        fields: Sequence[str],
        *,
        limit: int | None = None,
        order: str = "id asc",
    ) -> list[Row]:
        asked: dict[str, Any] = {"domain": domain, "fields": list(fields), "order": order}
        if limit:
            asked["limit"] = limit
        return rows(self.read(model, "search_read", asked), model)

    def by_ids(self, model: str, ids: Sequence[int], fields: Sequence[str]) -> list[Row]:
        """Those of them that are there and may be seen: a search, for `read` fails over one that may not."""
        wanted = sorted(set(ids))
        return self.search_read(model, [["id", "in", wanted]], fields) if wanted else []

    def count(self, model: str, domain: Domain) -> int:
        found = self.read(model, "search_count", {"domain": domain})
        if not isinstance(found, int) or isinstance(found, bool):
            raise RemoteUnavailable(f"the number of {model} is not as agreed", cause=f"{found!r:.100}")
        return found

    def fields(self, model: str) -> Mapping[str, Mapping[str, Any]]:
        """The model's fields as this version, its apps and this user's rights have them: name → type, string, …"""
        if model not in self._fields:
            attributes = ["type", "string", "required", "readonly", "relation", "selection", "store"]
            found = self.read(model, "fields_get", {"allfields": [], "attributes": attributes})
            if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
                raise RemoteUnavailable(f"the fields of {model} are not as agreed", cause=f"{found!r:.100}")
            if "id" not in found:
                raise RemoteUnavailable(f"the fields of {model} are not as agreed", cause="no field id")
            self._fields[model] = found
        return self._fields[model]

    def known(self, model: str, names: Sequence[str]) -> list[str]:
        """Those of `names` that the model has."""
        there = self.fields(model)
        return [name for name in names if name in there]


def rows(found: Any, model: str) -> list[Row]:
    """A list of records, each with its id; anything else raises RemoteUnavailable."""
    good = isinstance(found, list) and all(
        isinstance(one, dict) and isinstance(one.get("id"), int) for one in found
    )
    if not good:
        raise RemoteUnavailable(f"the answer for {model} is not as agreed", cause=f"{found!r:.100}")
    return list(found)


def json2(http: Http, url: str, *, database: str, key: str) -> Json2:
    return Json2(http.at(url, auth=Bearer(key, scheme="bearer"), headers={"X-Odoo-Database": database}))


def _strange(answer: Response) -> Exception:
    message, cause = f"{answer.where} answered something else than JSON-RPC", answer.excerpt() or None
    if answer.reads:
        return RemoteUnavailable(message, cause=cause, fix="check the url: it is the server's own address")
    return OutcomeUnknown(message, cause=cause)
