"""Requests held against the vendor's own description: the route index that a real store gave of itself.

It is not part of this project; `HUB_TEST_VENDORS` names the folder it lies in (default: `../shared/vendors` beside it).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from hub.testkit.loopback import Request

Row = dict[str, Any]

# Of WordPress itself, and what proves who we are.
_ALWAYS = re.compile(r"_fields|_hub|oauth_.*|consumer_key|consumer_secret|rest_route")
# The index leaves them out, the vendor's documentation of the route has them.
_UNLISTED = {
    ("POST", "/wc/v3/orders/(?P<order_id>[\\d]+)/refunds"): {"line_items"},
}


def vendors() -> Path | None:
    given = os.environ.get("HUB_TEST_VENDORS")
    folder = Path(given) if given else Path(__file__).parents[4] / "shared" / "vendors"
    return folder / "woocommerce" if (folder / "woocommerce").is_dir() else None


@cache
def routes() -> Mapping[str, Any]:
    folder = vendors()
    assert folder is not None
    index = json.loads((folder / "wc-v3-route-index.json").read_text(encoding="utf-8"))
    found: Mapping[str, Any] = index["routes"]
    return found


def complaints(requests: Iterable[Request]) -> list[str]:
    """What the description does not allow of these requests."""
    return [said for one in requests for said in _complaints(one)]


def _complaints(request: Request) -> list[str]:
    path = request.query.get("rest_route") or request.path.partition("/wp-json")[2]
    if path.endswith("/batch"):
        return _of_batch(request, path.removesuffix("/batch"))
    if path.rstrip("/") == "/wc/v3" or request.method == "OPTIONS":
        return []
    for pattern, route in routes().items():
        if re.fullmatch(pattern, path):
            for endpoint in route["endpoints"]:
                if request.method in endpoint["methods"]:
                    where = f"{request.method} {path}"
                    extra = _UNLISTED.get((request.method, pattern), set())
                    return [f"{where}: {said}" for said in _wrong(request, endpoint.get("args") or {}, extra)]
    return [f"{request.method} {path}: there is no such route"]


def _of_batch(request: Request, path: str) -> list[str]:
    """Each item as if it were sent alone: the index describes no batch by its items."""
    found: list[str] = []
    for verb, items in json.loads(request.body).items():
        for item in items:
            method, one = ("POST", path) if verb == "create" else ("PUT", f"{path}/{item['id']}")
            body = json.dumps({name: value for name, value in item.items() if name != "id"}).encode()
            alone = request._replace(method=method, path=f"/wp-json{one}", query={}, body=body)
            found += _complaints(alone) if verb in ("create", "update") else [f"{path}/batch: {verb}"]
    return found


def _wrong(request: Request, args: Mapping[str, Any], extra: set[str]) -> Iterable[str]:
    for name, value in request.query.items():
        if not _ALWAYS.fullmatch(name) and name not in extra:
            yield from _against(args, name, _typed(value, args.get(name) or {}))
    for name, value in (json.loads(request.body) if request.body else {}).items():
        if name not in extra:
            yield from _against(args, name, value)


def _against(args: Mapping[str, Any], name: str, value: Any) -> Iterable[str]:
    if name not in args:
        yield f"{name} is no parameter"
        return
    for error in jsonschema.Draft4Validator(_plain(args[name])).iter_errors(value):
        yield f"{name}: {error.message}"


def _plain(schema: Any) -> Any:
    """JSON Schema of WordPress's dialect: `required` as a yes-or-no, types of its own."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        name: _plain(value)
        for name, value in schema.items()
        if name not in ("required", "default", "context")
    }
    if kept.get("type") in ("date-time", "mixed"):
        del kept["type"]
    if "properties" in kept:
        kept.setdefault("additionalProperties", False)
    return kept


def _typed(value: str, schema: Mapping[str, Any]) -> Any:
    """A parameter of the query as the store reads it."""
    kind = schema.get("type")
    if kind == "integer" and value.lstrip("-").isdecimal():
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind == "array":
        return [_typed(one, schema.get("items") or {}) for one in value.split(",")]
    return value
