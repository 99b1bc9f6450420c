"""A Zoho CRM account in this process: the API v8 as the vendor's specification describes it, and its token server.

Every request is judged by that specification where it is at hand (spec.py); what it has against one is in `problems`,
and the request is answered 400. On demand: `clock_ahead`, `credits`, and what loopback.Fault can do.
"""

from __future__ import annotations

import importlib.util
import json
import re
import secrets
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

from hub.testkit.loopback import Loopback, Reply, Request


def beside(file: str) -> ModuleType:
    """A file of this folder as a module, once per session, whoever asks."""
    name = f"zoho_test_{file.removesuffix('.py')}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(file))
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


_org, _tables, _spec, _bulk = (beside(f"{name}.py") for name in ("org", "tables", "spec", "bulk_jobs"))
CLIENT = "1000.CLIENTID0123456789"
CLIENT_SECRET = "zoho-client-secret-5f0c"
REFRESH = "1000.refresh-token-77aa01.bb"
_CRM = "/crm/v8"
_DEEP = 2000  # rows that can be had by page; then tokens only
_TERM = re.compile(r"\(([A-Za-z_]\w*) = '((?:[^'\\]|\\.)*)'\)")
_QUERY = re.compile(r"select id from (\w+) where (.+) order by id asc limit (\d+)", re.S)


class ZohoServer(Loopback):
    def __init__(self) -> None:
        super().__init__()
        self.org = _org.Org(_tables.FIELDS)
        self.org.clock = lambda: __import__("time").time() + self.clock_ahead
        self.judge: Callable[[Request], list[str]] | None = _spec.judge()
        self.problems: list[str] = []
        self.credits: int | None = None
        self.refresh_tokens = {REFRESH}
        self.access: set[str] = set()
        self.token_calls = 0
        self.pages: dict[str, tuple[str, int]] = {}
        self.bulk = _bulk.Jobs(self.org)
        self.channels: dict[str, dict[str, Any]] = {}
        self.longest_channel = 7 * 86_400.0

    # --- routes ---------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Reply:
        if request.path.startswith("/oauth/v2/"):
            return self._oauth(request)
        if not request.path.startswith("/crm/"):
            return Reply(404, b"<html>not here</html>", {"Content-Type": "text/html"})
        if self.judge is not None and (wrong := self.judge(request)):
            self.problems += wrong
            return _no(400, "NOT_ALLOWED_BY_THE_SPECIFICATION", "; ".join(wrong))
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Zoho-oauthtoken" or token not in self.access:
            return _no(401, "INVALID_TOKEN", "invalid oauth token")
        for pattern, method in (
            (r"/crm/v8/settings/modules", self._modules),
            (r"/crm/v8/settings/fields", self._fields),
            (r"/crm/v8/users", self._users),
            (r"/crm/v8/coql", self._coql),
            (r"/crm/v8/actions/watch", self._watch),
            (r"/crm/v8/(\w+)/deleted", self._deleted),
            (r"/crm/v8/(\w+)/upsert", self._upsert),
            (r"/crm/v8/(\w+)/actions/count", self._count),
            (r"/crm/bulk/v8/read", self._bulk_begin),
            (r"/crm/bulk/v8/read/(\d+)", self._bulk_state),
            (r"/crm/bulk/v8/read/(\d+)/result", self._bulk_result),
            (r"/crm/v8/(\w+)/(\d+)", self._single),
            (r"/crm/v8/(\w+)", self._records),
        ):
            if found := re.fullmatch(pattern, request.path):
                return method(request, *found.groups())
        return _no(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one")

    def _oauth(self, request: Request) -> Reply:
        given = dict(parse_qsl(request.body.decode()))
        self.token_calls += 1
        if given.get("client_id") != CLIENT or given.get("client_secret") != CLIENT_SECRET:
            return _reply({"error": "invalid_client"})
        if given.get("grant_type") == "authorization_code":
            if given.get("code") != "good-code":
                return _reply({"error": "invalid_code"})
            more = {"refresh_token": REFRESH}
        elif given.get("refresh_token") in self.refresh_tokens:
            more = {}
        else:
            return _reply({"error": "invalid_code"})
        token = f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"
        self.access.add(token)
        told = {"access_token": token, "api_domain": "https://www.zohoapis.eu", "token_type": "Bearer"}
        return _reply({**told, "expires_in": 3600, **more})

    # --- settings -------------------------------------------------------------------------------------------

    def _modules(self, request: Request) -> Reply:
        rows = [
            {"api_name": name, "api_supported": True, "id": str(at)} for at, name in enumerate(_tables.FIELDS)
        ]
        return _reply({"modules": rows})

    def _fields(self, request: Request) -> Reply:
        table = self.org.tables.get(request.query["module"])
        if table is None:
            return _no(400, "INVALID_MODULE", "the module name given seems to be invalid")
        id = {"id": "1", "api_name": "id", "data_type": "bigint", "read_only": True, "field_label": "Id"}
        rows = [_tables.shown(name, column, at) for at, (name, column) in enumerate(table.items())]
        return _reply({"fields": [id, *rows]})

    def _users(self, request: Request) -> Reply:
        return _reply({"users": [{**_org.USER, "status": "active"}], "info": {"more_records": False}})

    def _watch(self, request: Request) -> Reply:
        if request.method == "GET":
            one = self.channels.get(request.query.get("channel_id", ""))
            if one is None:
                return Reply(204, b"")
            return _reply({"watch": [{**one, "resource_name": name} for name in one["events"]], "info": {}})
        (given,) = json.loads(request.body)["watch"]
        until = datetime.fromisoformat(given["channel_expiry"]).timestamp()
        id = str(given.get("channel_id"))
        if until > self.org.clock() + self.longest_channel or (request.method == "PUT") != (
            id in self.channels
        ):
            return _reply(
                {"watch": [{"code": "INVALID_DATA", "details": {}, "message": "no", "status": "error"}]},
                status=400,
            )
        self.channels[id] = given
        events = [
            {"channel_expiry": given["channel_expiry"], "resource_name": one, "channel_id": id}
            for one in given["events"]
        ]
        done = {"code": "SUCCESS", "details": {"events": events}, "message": "done", "status": "success"}
        return _reply({"watch": [done]}, status=201 if request.method == "POST" else 200)

    def _count(self, request: Request, module: str) -> Reply:
        return _reply({"count": len(self.org.rows[module])})

    def _bulk_begin(self, request: Request) -> Reply:
        id = self.bulk.begin(json.loads(request.body)["query"])
        details = {"id": id, "operation": "read", "state": "ADDED", "created_by": _org.USER}
        details["created_time"] = self.org.stamp(None)
        done = {"status": "success", "code": "ADDED_SUCCESSFULLY", "message": "Added successfully."}
        return _reply({"data": [{**done, "details": details}], "info": {}}, status=201)

    def _bulk_state(self, request: Request, id: str) -> Reply:
        return _reply({"data": [self.bulk.state(id)]})

    def _bulk_result(self, request: Request, id: str) -> Reply:
        return Reply(200, self.bulk.file(id), {"Content-Type": "application/x-download"})

    # --- records --------------------------------------------------------------------------------------------

    def _records(self, request: Request, module: str) -> Reply:
        if module not in self.org.rows:
            return _no(400, "INVALID_MODULE", "the module name given seems to be invalid")
        if request.method == "GET":
            return self._list(request, module)
        body = json.loads(request.body)
        rows = [self._written(module, row, new=request.method == "POST") for row in body["data"]]
        return _verdicts(rows, 201 if request.method == "POST" else 200)

    def _single(self, request: Request, module: str, id: str) -> Reply:
        row = self.org.rows.get(module, {}).get(id)
        if row is None:
            return Reply(204, b"")
        return _reply({"data": [_plain(row)]}, headers=self._headers())

    def _list(self, request: Request, module: str) -> Reply:
        query = request.query
        names = query.get("fields", "").split(",")
        size = min(int(query.get("per_page", 200)), 200)
        if no := self._refused(query, module, size):
            return no
        rows = self._chosen(request, module)
        if rows is None:
            return Reply(304, b"")
        begin = (int(query.get("page", 1)) - 1) * size
        if "page_token" in query:
            begin = self.pages[query["page_token"]][1]
        part = rows[begin : begin + size]
        if not part:
            return Reply(204, b"")
        more = begin + size < len(rows)
        info = {"per_page": size, "count": len(part), "page": begin // size + 1, "more_records": more}
        info["next_page_token"] = self._token(module, begin + size) if more else None
        shown = [
            {name: value for name, value in _plain(row).items() if name in {*names, "id"}} for row in part
        ]
        for row in shown:
            row.pop("Ordered_Items", None)  # a list never shows a subform
        return _reply({"data": shown, "info": info}, headers=self._headers())

    def _refused(self, query: Mapping[str, str], module: str, size: int) -> Reply | None:
        if not query.get("fields"):
            return _no(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing")
        if query["fields"].count(",") >= 50:
            return _no(400, "LIMIT_EXCEEDED", "fields limit exceeded")
        token = query.get("page_token")
        if token and (token not in self.pages or self.pages[token][0] != module):
            return _no(400, "EXPIRED_VALUE", "the page_token has expired")
        if int(query.get("page", 1)) * size > _DEEP:
            return _no(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", "use page_token beyond 2000 records")
        return None

    def _chosen(self, request: Request, module: str) -> list[dict[str, Any]] | None:
        """By id, ascending; None: nothing has changed since."""
        query = request.query
        rows = sorted(self.org.rows[module].values(), key=lambda row: int(row["id"]))
        if module == "Leads" and query.get("converted", "false") != "both":
            wanted = query.get("converted") == "true"
            rows = [row for row in rows if bool(row.get("Converted__s")) == wanted]
        if "ids" in query:
            among = set(query["ids"].split(","))
            rows = [row for row in rows if row["id"] in among]
        since = request.headers.get("if-modified-since")
        if since is None:
            return rows
        rows = [row for row in rows if _later(row["Modified_Time"], since)]
        return rows or None

    def _deleted(self, request: Request, module: str) -> Reply:
        since = request.headers.get("if-modified-since")
        rows = [
            {name: value for name, value in one.items() if name != "module"}
            for one in self.org.deleted
            if one["module"] == module and (since is None or _later(one["deleted_time"], since))
        ]
        size, page = int(request.query.get("per_page", 200)), int(request.query.get("page", 1))
        part = rows[(page - 1) * size : page * size]
        if not part:
            return Reply(304 if since else 204, b"")
        info = {"per_page": size, "count": len(part), "page": page, "more_records": page * size < len(rows)}
        return _reply({"data": part, "info": info})

    def _upsert(self, request: Request, module: str) -> Reply:
        body = json.loads(request.body)
        fields = body.get("duplicate_check_fields") or []
        done = []
        for row in body["data"]:
            same = [
                one["id"]
                for one in self.org.rows[module].values()
                if any(row.get(name) and one.get(name) == row[name] for name in fields)
            ]
            done.append(self._written(module, {**row, **({"id": same[0]} if same else {})}, new=not same))
        return _verdicts(done, 200)

    def _written(self, module: str, row: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
        given = {name: value for name, value in row.items() if name != "id"}
        try:
            if not new and "id" not in row:
                raise _org.No("MANDATORY_NOT_FOUND", "required field not found", api_name="id")
            id = self.org.put(module, given, id=None if new else str(row["id"]))
        except _org.No as no:
            return {"code": no.code, "details": no.details, "message": no.message, "status": "error"}
        there = self.org.rows[module][id]
        names = ("Modified_Time", "Modified_By", "Created_Time", "Created_By", "id")
        details = {name: there[name] for name in names} | {"$approval_state": "approved"}
        return {
            "code": "SUCCESS",
            "details": details,
            "message": "record added" if new else "record updated",
            "status": "success",
        }

    def _coql(self, request: Request) -> Reply:
        found = _QUERY.fullmatch(json.loads(request.body)["select_query"])
        if found is None:
            return _no(400, "SYNTAX_ERROR", "error occurred while parsing the query")
        terms = [(name, re.sub(r"\\(.)", r"\1", text)) for name, text in _TERM.findall(found[2])]
        rows = [
            {"id": row["id"]}
            for row in sorted(self.org.rows[found[1]].values(), key=lambda row: int(row["id"]))
            if all(row.get(name) == text for name, text in terms)
        ][: int(found[3])]
        if not rows:
            return Reply(204, b"")
        return _reply({"data": rows, "info": {"count": len(rows), "more_records": False}})

    def _token(self, module: str, begin: int) -> str:
        token = secrets.token_hex(16)
        self.pages[token] = (module, begin)
        return token

    def _headers(self) -> dict[str, str]:
        return {} if self.credits is None else {"X-API-CREDITS-REMAINING": str(self.credits)}


def _later(moment: str, since: str) -> bool:
    return datetime.fromisoformat(moment) > datetime.fromisoformat(since)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return dict(json.loads(json.dumps(row)))


def _verdicts(rows: list[dict[str, Any]], good: int) -> Reply:
    bad = sum(row["status"] == "error" for row in rows)
    return _reply({"data": rows}, status=good if not bad else 400 if bad == len(rows) else 207)


def _reply(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(
        status,
        json.dumps(body).encode(),
        {"Content-Type": "application/json;charset=UTF-8", **(headers or {})},
    )


def _no(status: int, code: str, message: str) -> Reply:
    return _reply({"code": code, "details": {}, "message": message, "status": "error"}, status=status)
