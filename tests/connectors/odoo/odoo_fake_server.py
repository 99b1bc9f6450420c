"""A stateful Odoo in this process: JSON-RPC as 15 and 17 speak it, and JSON-2 beside it from 19 on.

Built from the recordings of real servers and from what Odoo's source does; it refuses unknown models, fields, methods
and arguments with Odoo's own errors, so that a request a real one would not take fails the test.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from odoo_fake_apps import Apps
from odoo_fake_engine import Fault, Row, value_error

from hub.testkit.loopback import Loopback, Reply, Request

DATABASE, LOGIN, KEY, PASSWORD = "hub", "hub@example.org", "k3y-of-the-hub-user", "passw0rd-of-the-user"
WRITES = ("create", "write", "unlink", "load", "action_confirm", "action_cancel")
_JSON = {"Content-Type": "application/json; charset=utf-8"}


def denied() -> Fault:
    return Fault("odoo.exceptions.AccessDenied", "Access Denied", 403)


class FakeOdoo(Loopback):
    """`version` 15, 17 or 19. `rights`: model → rights the user has (default: all of them)."""

    def __init__(self, version: int = 17) -> None:
        super().__init__()
        self.version = version
        self.engine = Apps(version)
        self.rights: dict[str, set[str]] = {}
        self.faults: list[Fault] = []
        self.log: list[tuple[str, str]] = []
        self._furnish()

    def _furnish(self) -> None:
        make = self.engine.create
        make("res.currency", {"name": "EUR", "active": True})
        make("res.currency", {"name": "USD", "active": True})
        for name, code in (("Germany", "DE"), ("United States", "US"), ("China", "CN"), ("France", "FR")):
            make("res.country", {"name": name, "code": code})
        for name, code, country in (("California", "CA", 2), ("New York", "NY", 2), ("Bayern", "BY", 1)):
            make("res.country.state", {"name": name, "code": code, "country_id": country})
        make("res.lang", {"name": "English (US)", "code": "en_US", "active": True})
        make("res.lang", {"name": "German / Deutsch", "code": "de_DE", "active": True})
        make("res.lang", {"name": "French / Français", "code": "fr_FR", "active": False})
        if self.version < 19:
            make("res.partner.title", {"name": "Madam", "shortcut": "Mrs."})
        make("res.partner", {"name": "My Company", "is_company": True})
        make("res.company", {"name": "My Company", "partner_id": 1, "currency_id": 1})
        make("res.partner", {"name": "Hub User"})
        self.engine.rows["res.partner"][2]["partner_share"] = False
        make("res.users", {"login": LOGIN, "partner_id": 2, "active": True})
        make("uom.uom", {"name": "Units"})
        make("decimal.precision", {"name": "Product Price", "digits": 2})
        for name, code in (("Chair", "CHAIR"), ("Desk", "DESK"), ("Delivery", "SHIPPING")):
            make("product.product", {"name": name, "default_code": code, "list_price": 10.0})
        self.engine.rows["product.product"][3]["type"] = "service"
        make("product.pricelist", {"name": "Default", "currency_id": 1, "active": True})
        for name, rate, inside in (("19%", 19.0, False), ("19% incl.", 19.0, True), ("7%", 7.0, False)):
            make("account.tax", {"name": name, "amount": rate, "price_include": inside})

    # --- the way in ---------------------------------------------------------------------------------

    def answer(self, request: Request) -> Reply:
        self.engine.tick()
        if request.path == "/jsonrpc":
            return self._envelope(request, self._service)
        if request.path == "/web/webclient/version_info":
            return self._envelope(request, lambda params: self._version())
        if request.path == "/web/session/authenticate":
            return self._envelope(request, self._session)
        parts = request.path.strip("/").split("/")
        if self.version >= 19 and parts[:2] == ["json", "2"] and len(parts) == 4:
            return self._json2(request, parts[2], parts[3])
        return Reply(404, b"<!doctype html><title>404 Not Found</title>", {"Content-Type": "text/html"})

    def _envelope(self, request: Request, serve: Callable[[Row], Any]) -> Reply:
        try:
            asked = json.loads(request.body)
            params = asked["params"]
        except (ValueError, KeyError, TypeError):
            return Reply(400, b"<h1>Bad Request</h1><p>Invalid JSON data</p>", {"Content-Type": "text/html"})
        body: Row = {"jsonrpc": "2.0", "id": asked.get("id")}
        try:
            result = serve(params)
            if result is not None:
                body["result"] = result
        except Fault as fault:
            body["error"] = {"code": 200, "message": "Odoo Server Error", "data": serialized(fault)}
        return Reply(200, json.dumps(body).encode(), _JSON)

    def _version(self) -> Row:
        series = f"{self.version}.0"
        info = [self.version, 0, 0, "final", 0, ""]
        return {
            "server_version": series,
            "server_version_info": info,
            "server_serie": series,
            "protocol_version": 1,
        }

    def _session(self, params: Row) -> Row:
        """What odoorpc logs in with."""
        uid = self._uid(params["db"], params["login"], params["password"])
        if not uid:
            raise denied()
        return {"uid": uid, "user_context": {"lang": "en_US", "tz": "UTC", "uid": uid}, "db": params["db"]}

    def _uid(self, database: str, login: str, password: str) -> int | bool:
        if database != DATABASE:
            text = f'connection to server failed: FATAL:  database "{database}" does not exist\n'
            raise Fault("psycopg2.OperationalError", text, 500)
        return 1 if login == LOGIN and password in (KEY, PASSWORD) else False

    def _service(self, params: Row) -> Any:
        service, method, args = params["service"], params["method"], params["args"]
        if service == "common" and method == "version":
            return self._version()
        if service == "common" and method in ("authenticate", "login"):
            return self._uid(*args[:3])
        if service != "object" or method not in ("execute", "execute_kw"):
            raise Fault("builtins.AttributeError", f"no service {service}.{method}", 500)
        database, uid, password, model, name, *rest = args
        if not self._uid(database, LOGIN, password) or uid != 1:
            raise denied()
        positional, named = (
            (rest[0], rest[1] if len(rest) > 1 else {}) if method == "execute_kw" else (rest, {})
        )
        named = dict(named)
        context = named.pop("context", None) or {}
        ids = None
        if name in _RECORD:
            ids, *positional = positional
            ids = ids if isinstance(ids, list) else [ids]
        single = name == "create" and isinstance(positional[0], dict)
        if single:
            positional = [[positional[0]]]
        order = self._signature(name)
        if order is None:
            raise Fault("builtins.AttributeError", f"type object {model!r} has no attribute {name!r}", 500)
        if len(positional) > len(order):
            raise Fault("builtins.TypeError", f"{name}() takes {len(order)} positional arguments", 500)
        given = {**dict(zip(order, positional, strict=False)), **named}
        self._bind(name, order, given)
        found = self._call(model, name, ids, given, context)
        return found[0] if single else found

    def _json2(self, request: Request, model: str, name: str) -> Reply:
        try:
            scheme, _, key = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or key != KEY:
                raise Fault("werkzeug.exceptions.Unauthorized", "Invalid apikey", 401)
            if request.headers.get("x-odoo-database", DATABASE) != DATABASE:
                return Reply(404, b"<!doctype html><title>404</title>", {"Content-Type": "text/html"})
            given = dict(json.loads(request.body))
            ids, context = given.pop("ids", None), given.pop("context", {})
            if model not in self.engine.models:
                raise Fault("werkzeug.exceptions.NotFound", f"the model {model!r} does not exist", 404)
            order = self._signature(name)
            if order is None or name.startswith("_"):
                raise Fault("werkzeug.exceptions.NotFound", f"no method {name!r} on {model!r}", 404)
            if name not in _RECORD and ids:
                raise Fault(
                    "werkzeug.exceptions.UnprocessableEntity", f"cannot call {model}.{name} with ids", 422
                )
            self._bind(name, order, given, "werkzeug.exceptions.UnprocessableEntity")
            found = self._call(model, name, ids if name in _RECORD else None, given, context)
            return Reply(200, json.dumps(found).encode(), _JSON)
        except Fault as fault:
            return Reply(fault.status, json.dumps(serialized(fault)).encode(), _JSON)

    # --- methods ------------------------------------------------------------------------------------

    def _signature(self, name: str) -> tuple[str, ...] | None:
        if name in ("check_access_rights", "has_access"):
            # One went as the other came, in 18.
            return _SIGNATURES[name] if (name == "has_access") == (self.version >= 18) else None
        if name in ("search_count", "search") and self.version < 16:
            return ("args", *_SIGNATURES[name][1:])
        return _SIGNATURES.get(name)

    @staticmethod
    def _bind(name: str, order: tuple[str, ...], given: Row, kind: str = "builtins.TypeError") -> None:
        for one in given:
            if one not in order:
                raise Fault(kind, f"{name}() got an unexpected keyword argument {one!r}", 422)

    def _call(self, model: str, name: str, ids: list[int] | None, given: Row, context: Row) -> Any:
        engine = self.engine
        engine.fields(model)
        self.log.append((model, name))
        companies = context.get("allowed_company_ids") or []
        if any(one not in engine.rows["res.company"] for one in companies):
            raise Fault("odoo.exceptions.AccessError", "Access to unauthorized or invalid companies.", 403)
        right = {"create": "create", "load": "create", "write": "write", "unlink": "unlink"}.get(name, "read")
        if right not in self.rights.get(model, {right}) and name in (
            *WRITES,
            "search_read",
            "read",
            "search",
        ):
            text = f"You are not allowed to access '{model}' ({model}) records."
            raise Fault("odoo.exceptions.AccessError", text, 403)
        if self.faults and name in WRITES:
            raise self.faults.pop(0)
        before = {m: {id: dict(row) for id, row in rows.items()} for m, rows in engine.rows.items()}
        try:
            return self._do(model, name, ids or [], given, context)
        except Fault:
            if name in WRITES:
                engine.rows = before  # every exception rolls the whole call back
            raise

    def _do(self, model: str, name: str, ids: list[int], given: Row, context: Row) -> Any:  # noqa: PLR0911, PLR0912
        engine = self.engine
        domain = given.get("domain", given.get("args")) or []
        if name in ("search_read", "search"):
            page = {key: given.get(key) for key in ("order", "offset", "limit")}
            found = engine.search(model, domain, context, **page)
            return engine.read(model, found, given.get("fields")) if name == "search_read" else found
        if name == "search_count":
            return len(engine.search(model, domain, context))
        if name == "read":
            return engine.read(model, ids, given.get("fields"))
        if name == "fields_get":
            return engine.fields_get(model, given.get("allfields"), given.get("attributes"))
        if name == "create":
            if not isinstance(given["vals_list"], list):
                raise value_error("vals_list is no list")
            return [engine.create(model, one) for one in given["vals_list"]]
        if name == "write":
            return engine.write(model, ids, given["vals"])
        if name == "unlink":
            return engine.unlink(model, ids)
        if name == "load":
            return engine.load(model, given["fields"], given["data"])
        if name == "check_object_reference":
            return self._reference(given["module"], given["xml_id"])
        if name in ("has_access", "check_access_rights"):
            return given["operation"] in self.rights.get(model, {given["operation"]})
        if name == "default_get":
            return {}
        if name == "context_get":
            return {"lang": "en_US", "tz": "UTC", "uid": 1}
        if name == "action_confirm":
            return engine.action_confirm(ids)
        return engine.action_cancel(ids, context)

    def _reference(self, module: str, name: str) -> list[Any]:
        for row in self.engine.rows["ir.model.data"].values():
            if (row["module"], row["name"]) == (module, name):
                return [row["model"], row["res_id"]]
        raise value_error(f"External ID not found in the system: {module}.{name}")

    # --- webhooks -----------------------------------------------------------------------------------

    def webhook(self, model: str, id: int, *, secret: str, fields: Row | None = None) -> tuple[Row, bytes]:
        """What "Send Webhook Notification" posts to https://hub:SECRET@…, whose user becomes a header on the way."""
        said = {"_model": model, "_id": id, "_action": "Tell the hub(#42)", **(fields or {})}
        pair = base64.b64encode(f"hub:{secret}".encode()).decode()
        headers = {"Content-Type": "application/json", "Authorization": f"Basic {pair}"}
        return headers, json.dumps(said, sort_keys=True, default=str).encode()


def serialized(fault: Fault) -> Row:
    return {
        "name": fault.name,
        "message": fault.message,
        "arguments": [fault.message],
        "context": {},
        "debug": f"Traceback (most recent call last):\n  …\n{fault.name}: {fault.message}",
    }


_RECORD = ("read", "write", "unlink", "action_confirm", "action_cancel", "has_access")
_SIGNATURES: dict[str, tuple[str, ...]] = {
    "search_read": ("domain", "fields", "offset", "limit", "order"),
    "search": ("domain", "offset", "limit", "order"),
    "search_count": ("domain", "limit"),
    "read": ("fields", "load"),
    "fields_get": ("allfields", "attributes"),
    "create": ("vals_list",),
    "write": ("vals",),
    "unlink": (),
    "load": ("fields", "data"),
    "check_object_reference": ("module", "xml_id", "raise_on_access_error"),
    "has_access": ("operation",),
    "check_access_rights": ("operation", "raise_exception"),
    "context_get": (),
    "default_get": ("fields_list",),
    "action_confirm": (),
    "action_cancel": (),
}
