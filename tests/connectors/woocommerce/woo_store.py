"""A WooCommerce store in this process: wc/v3 as its recordings and its description show it, kept in dictionaries.

On demand (attributes): `plain` permalinks, `zone` (hours that its local times are ahead), `notices` printed before the
JSON, `role`s of users, `door.https`, `door.site`, `hidden` ids that lists leave out in silence; `arm` does the rest.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import woo_rules as rules
from woo_desk import Desk
from woo_key import Door
from woo_orders import Orders
from woo_rules import No, valid

from hub.testkit.loopback import Loopback, Reply, Request

Row = dict[str, Any]
Answer = tuple[int, Any, dict[str, str]]

ADDRESS = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "postcode",
    "country",
    "state",
)
STATES: Mapping[str, Mapping[str, str]] = {
    "us": {"CA": "California", "NY": "New York"},
    "cn": {"CN2": "Beijing / 北京", "CN1": "Yunnan / 云南"},
    "fr": {},
}
_OURS = re.compile(r"(oauth_.*|consumer_key|consumer_secret|rest_route|_hub)")


class Store(Loopback):
    def __init__(self) -> None:
        super().__init__()
        self.door = Door()
        self.door.clock = lambda: time.time() + self.clock_ahead
        self.plain = False
        self.zone = 0
        self.notices = b""
        self.hidden: set[int] = set()
        self.writable = True
        self.customers: dict[int, Row] = {}
        self.webhooks: dict[int, Row] = {}
        self.products: dict[int, Row] = {}
        self.orders = Orders(self.now)
        self._users = 0
        self._metas = 0

    # --- what people and tests do there, without HTTP -------------------------------------------------

    def now(self) -> int:
        return int(time.time() + self.clock_ahead)

    def put(self, fields: Mapping[str, Any], *, id: int | None = None, clean: bool = True) -> int:
        """Create a customer, or change the given fields of one. `clean`: as a single call does. Raises No."""
        with self._lock:
            email = fields.get("email")
            if email is not None and "@" not in email:
                raise No(400, "customer_invalid_email", "Invalid email address")
            taken = [
                one for one, row in self.customers.items() if email and row["email"].lower() == email.lower()
            ]
            if any(one != id for one in taken):
                said = f"An account is already registered with {email}. Please log in or use a different email address."
                raise No(400, "registration-error-email-exists", said)
            if id is None:
                self._users += 1
                id = self._users
                self.customers[id] = self._blank(id, str(email))
            row = self.customers[id]
            for name in ("email", "first_name", "last_name"):
                if name in fields:
                    plain = fields[name] if name == "email" or not clean else rules.sanitized(fields[name])
                    row[name] = plain
            for part in ("billing", "shipping"):
                row[part] |= fields.get(part) or {}
            self.keep_meta(row, fields.get("meta_data") or ())
            row["modified"] = self.now()
            return id

    def _blank(self, id: int, email: str) -> Row:
        return {
            "id": id,
            "created": self.now(),
            "modified": None,
            "email": email,
            "first_name": "",
            "last_name": "",
            "role": "customer",
            "username": email.partition("@")[0],
            "billing": dict.fromkeys((*ADDRESS, "email", "phone"), ""),
            "shipping": dict.fromkeys((*ADDRESS, "phone"), ""),
            "meta_data": [],
        }

    def keep_meta(self, row: Row, entries: Sequence[Mapping[str, Any]]) -> None:
        for one in entries:
            standing = next((each for each in row["meta_data"] if each["key"] == one["key"]), None)
            if standing is None:
                self._metas += 1
                row["meta_data"].append({"id": self._metas, "key": one["key"], "value": one["value"]})
            elif one["value"] is None:
                row["meta_data"].remove(standing)
            else:
                standing["value"] = one["value"]

    def shown(self, id: int) -> Row:
        """A customer as the API renders it."""
        row = self.customers[id]
        return {
            "id": id,
            **self.moments("date_created", row["created"]),
            **self.moments("date_modified", row["modified"]),
            **{name: row[name] for name in ("email", "first_name", "last_name", "role", "username")},
            "billing": dict(row["billing"]),
            "shipping": dict(row["shipping"]),
            "is_paying_customer": False,
            "avatar_url": f"https://avatars.test/{id}",
            "meta_data": [dict(one) for one in row["meta_data"]],
            "_links": {"self": [{"href": f"{self.url}/wp-json/wc/v3/customers/{id}"}]},
        }

    def moments(self, name: str, at: int | None) -> Row:
        """A moment in the site's zone, and its twin in GMT."""
        if at is None:
            return {name: None, f"{name}_gmt": None}
        gmt = datetime.fromtimestamp(at, UTC)
        local = gmt + timedelta(hours=self.zone)
        return {name: local.strftime("%Y-%m-%dT%H:%M:%S"), f"{name}_gmt": gmt.strftime("%Y-%m-%dT%H:%M:%S")}

    # --- the API ------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Reply:
        route = self._route(request)
        if route is None:
            return Reply(404, b"<html><body>Not Found</body></html>", {"Content-Type": "text/html"})
        try:
            status, body, headers = self._answer(request, route)
        except No as no:
            (status, body), headers = no.reply, {}
        if request.query.get("_fields"):
            body = _only(body, request.query["_fields"].split(","))
        content = self.notices + json.dumps(body).encode()
        return Reply(status, content, {"Content-Type": "application/json; charset=UTF-8", **headers})

    def _route(self, request: Request) -> str | None:
        if "rest_route" in request.query and request.path in ("/", "/index.php"):
            path = request.query["rest_route"]
        else:
            found = None if self.plain else re.fullmatch(r"(?:/index\.php)?/wp-json(/.*)", request.path)
            path = found[1] if found else ""
        found = re.fullmatch(r"/wc/v3(?:/(.*))?", path.rstrip("/") or "/")
        return None if found is None else found[1] or ""

    def _answer(self, request: Request, route: str) -> Answer:
        query = {name: value for name, value in request.query.items() if not _OURS.fullmatch(name)}
        if route == "" and request.method == "GET":
            # The index is public, but a wrong signature is refused wherever it comes.
            signed = "oauth_consumer_key" in request.query or "authorization" in request.headers
            if signed and (verdict := self.door.judge(request)):
                raise No(401, *verdict)
            return 200, {"namespace": "wc/v3", "routes": {}}, {}
        if verdict := self.door.judge(request):
            raise No(401, *verdict)
        if request.method not in ("GET", "OPTIONS") and not self.writable:
            said = "The API key provided does not have write permissions."
            raise No(401, "woocommerce_rest_authentication_error", said)
        for pattern, handler in self._routes():
            if found := re.fullmatch(pattern, f"{request.method} {route}"):
                return handler(
                    query, _body(request), *(int(one) if one.isdecimal() else one for one in found.groups())
                )
        raise No(404, "rest_no_route", "No route was found matching the URL and request method.")

    def _routes(self) -> list[tuple[str, Callable[..., Answer]]]:
        one = r"(\d+)"
        return [
            (r"OPTIONS (?:customers|orders|products|coupons)", self._options),
            (r"GET customers", self._customers),
            (r"POST customers", self._customer_new),
            (rf"GET customers/{one}", self._customer),
            (rf"(?:PUT|POST|PATCH) customers/{one}", self._customer_put),
            (rf"DELETE customers/{one}", self._customer_delete),
            (r"POST customers/batch", self._customers_batch),
            (r"GET products", self._products),
            (r"GET data/countries/([a-z]+)", self._country),
            (r"GET webhooks", self._webhooks),
            (r"POST webhooks", self._webhook_new),
            (rf"(?:PUT|POST|PATCH) webhooks/{one}", self._webhook_put),
            *Desk(self).routes(),
        ]

    def _options(self, query: Row, body: Any) -> Answer:
        text = {"type": "string", "description": "A text."}
        properties: Row = {
            "id": {"type": "integer", "readonly": True},
            "email": text,
            "meta_data": {"type": "array"},
        }
        properties["billing"] = {"type": "object", "properties": dict.fromkeys(ADDRESS, text)}
        return 200, {"namespace": "wc/v3", "schema": {"properties": properties}}, {}

    # customers

    def _customers(self, query: Row, body: Any) -> Answer:
        valid(query, rules.CUSTOMERS, in_query=True)
        role = query.get("role", "customer")
        rows = [row for row in self.customers.values() if role in ("all", row["role"])]
        if email := query.get("email"):
            rows = [row for row in rows if row["email"].lower() == email.lower()]
        keys: dict[str, Callable[[Row], Any]] = {
            "id": lambda row: row["id"],
            "registered_date": lambda row: row["created"],
        }
        key = keys.get(query.get("orderby", "name"), lambda row: row["username"])
        return self.page(query, sorted(rows, key=key), self.shown, descends=query.get("order") == "desc")

    def page(self, query: Row, rows: list[Row], shown: Callable[[int], Row], *, descends: bool) -> Answer:
        if descends:
            rows = rows[::-1]
        if query.get("include"):
            wanted = {int(one) for one in query["include"].split(",")}
            rows = [row for row in rows if row["id"] in wanted]
        size = int(query.get("per_page", 10))
        start = int(query["offset"]) if "offset" in query else (int(query.get("page", 1)) - 1) * size
        seen = [row for row in rows[start : start + size] if row["id"] not in self.hidden]
        total = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(-(-len(rows) // size))}
        return 200, [shown(row["id"]) for row in seen], total

    def _customer(self, query: Row, body: Any, id: int) -> Answer:
        valid(query, rules.ONE, in_query=True)
        self._known(id, 404, "wc_user_invalid_id", "Invalid user ID.")
        return 200, self.shown(id), {}

    def _known(self, id: int, status: int, code: str, message: str) -> None:
        if id not in self.customers:
            raise No(status, code, message)

    def _customer_new(self, query: Row, body: Any) -> Answer:
        valid(body, rules.CUSTOMER_BODY, in_query=False)
        if "email" not in body:
            raise No(400, "rest_missing_callback_param", "Missing parameter(s): email", params=["email"])
        return 201, self.shown(self.put(body)), {}

    def _customer_put(self, query: Row, body: Any, id: int) -> Answer:
        valid(body, rules.CUSTOMER_BODY, in_query=False)
        self._known(id, 400, "woocommerce_rest_invalid_id", "Invalid resource ID.")
        self.put(body, id=id)
        return 200, self.shown(id), {}

    def _customer_delete(self, query: Row, body: Any, id: int) -> Answer:
        valid(query, rules.DELETE, in_query=True)
        self._known(id, 404, "wc_user_invalid_id", "Invalid user ID.")
        if query.get("force") != "true":
            raise No(501, "woocommerce_rest_trash_not_supported", "Customers do not support trashing.")
        shown = self.shown(id)
        self.erase(id)
        return 200, shown, {}

    def erase(self, id: int) -> None:
        with self._lock:
            del self.customers[id]
            self.orders.orphan(id)

    def _customers_batch(self, query: Row, body: Any) -> Answer:
        """Row by row; items are not checked against the description, nor cleaned."""
        valid(body, rules.BATCH, in_query=False)
        if sum(len(one) for one in body.values()) > 100:
            raise No(
                413, "woocommerce_rest_request_entity_too_large", "Unable to accept more than 100 items."
            )
        answer: Row = {}
        for verb in ("create", "update"):
            if verb in body:
                answer[verb] = [self._customer_row(one, new=verb == "create") for one in body[verb]]
        return 200, answer, {}

    def _customer_row(self, one: Row, *, new: bool) -> Row:
        id = None if new else int(one["id"])
        try:
            valid(
                {name: value for name, value in one.items() if name != "id"},
                rules.CUSTOMER_BODY,
                in_query=False,
            )
            if id is not None:
                self._known(id, 400, "woocommerce_rest_invalid_id", "Invalid resource ID.")
            return self.shown(self.put(one, id=id, clean=False))
        except No as no:
            return {"id": id or 0, "error": no.reply[1]}

    def order_shown(self, id: int) -> Row:
        return self.orders.shown(id, self.moments)

    def _products(self, query: Row, body: Any) -> Answer:
        valid(query, rules.PRODUCTS, in_query=True)
        wanted = query.get("sku", "").split(",")
        rows = [row for row in self.products.values() if "sku" not in query or row["sku"] in wanted]
        return self.page(query, rows, lambda id: dict(self.products[id]), descends=False)

    def _country(self, query: Row, body: Any, code: str) -> Answer:
        valid(query, rules.ONE, in_query=True)
        if code not in STATES:
            raise No(
                404,
                "woocommerce_rest_data_invalid_location",
                "There are no locations matching these parameters.",
            )
        states = [{"code": one, "name": name} for one, name in STATES[code].items()]
        return 200, {"code": code.upper(), "name": code, "states": states}, {}

    # webhooks

    def _webhooks(self, query: Row, body: Any) -> Answer:
        valid(query, rules.WEBHOOKS, in_query=True)
        rows = list(self.webhooks.values())
        return self.page(query, rows, self._webhook_shown, descends=query.get("order", "desc") == "desc")

    def _webhook_shown(self, id: int) -> Row:
        """Without its secret."""
        return {name: value for name, value in self.webhooks[id].items() if name != "secret"}

    def _webhook_new(self, query: Row, body: Any) -> Answer:
        valid(body, rules.WEBHOOK_BODY, in_query=False)
        if not body.get("delivery_url", "").startswith(("http://", "https://")):
            raise No(
                400,
                "woocommerce_rest_webhook_invalid_delivery_url",
                "Webhook delivery URL must be a valid URL.",
            )
        id = len(self.webhooks) + 1
        self.webhooks[id] = {"id": id, "status": "active", **body}
        return 201, self._webhook_shown(id), {}

    def _webhook_put(self, query: Row, body: Any, id: int) -> Answer:
        valid(body, {**rules.WEBHOOK_BODY, "delivery_url": None}, in_query=False)
        if id not in self.webhooks:
            raise No(400, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.")
        self.webhooks[id] |= body
        return 200, self._webhook_shown(id), {}


def _body(request: Request) -> Any:
    if not request.body:
        return {}
    try:
        return json.loads(request.body)
    except ValueError:
        raise No(400, "rest_invalid_json", "Invalid JSON body passed.") from None


def _only(body: Any, names: Sequence[str]) -> Any:
    if isinstance(body, list):
        return [_only(one, names) for one in body]
    return {name: value for name, value in body.items() if name in names} if "code" not in body else body
