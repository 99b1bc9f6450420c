"""Whether a connection works, and which fields the store has: for `check` and `discover`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from connectors.woocommerce import customer, hooks, order
from connectors.woocommerce.record import ADDRESS
from connectors.woocommerce.rest import Rest, Row, strange
from hub.sdk import FieldShape, Finding, HubError, NeedsReauth, ObjectShape

_FIX = "is the url that of the site, is WooCommerce active there, and are permalinks pretty (or plain_permalinks set)?"
_KINDS = {"integer": "int", "number": "decimal", "boolean": "bool", "array": "list", "object": "object"}
_HINTS = {
    "basic": 'check the key; if it is right, the host may take the Authorization header away: try access = "query"',
    "query": "check the key; over plain http the store takes OAuth only",
    "oauth": "check the key; OAuth signs the Site Address of the store: if it is not the url, set site_url",
}


def findings(rest: Rest, *, role: str, hooked: bool) -> Iterator[Finding]:
    """Step by step; ends after the first that fails."""
    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("reach the store", lambda: _reach(rest)),
        ("read customers", lambda: _customers(rest, role)),
        ("read orders", lambda: _orders(rest)),
    )
    for name, step in steps:
        try:
            detail = step()
        except HubError as error:
            said = error.message + (f" ({error.cause})" if error.cause else "")
            yield Finding(name, False, said, _HINTS[rest.way] if isinstance(error, NeedsReauth) else _FIX)
            return
        yield Finding(name, True, detail)
    if rest.noisy:
        said = "the store prints PHP notices into its answers; they are passed over"
        yield Finding("answers", True, said, "set display_errors to off, or WP_DEBUG_DISPLAY to false, there")
    yield _webhooks(rest, hooked)


def _reach(rest: Rest) -> str:
    index = rest.read("", {"_fields": "namespace"})
    if not isinstance(index, dict) or index.get("namespace") != "wc/v3":
        raise strange("its index")
    return f"wc/v3 answers, calls are made by {rest.way}"


def _customers(rest: Rest, role: str) -> str:
    page = rest.listing(customer.PATH, {"role": role, "per_page": 1, "orderby": "id", "order": "asc"})
    for row in page.rows:
        customer.record(row)
    return f"{len(page.rows) if page.total is None else page.total} customers"


def _orders(rest: Rest) -> str:
    page = rest.listing(order.PATH, {"status": "any", "per_page": 1, "orderby": "id", "order": "desc"})
    for row in page.rows:
        order.record(row)
    said = f"{len(page.rows) if page.total is None else page.total} orders"
    version = page.rows[0].get("version") if page.rows else None
    return f"{said}, the last by WooCommerce {version}" if version else said


def _webhooks(rest: Rest, hooked: bool) -> Finding:
    name = "webhooks"
    if not hooked:
        said = "no secret is set: changed customers are found by the sweep only, later"
        return Finding(name, True, said, "set webhook_secret, and have the webhooks made")
    try:
        mine = [one for one in hooks.there(rest) if str(one.get("name")).startswith("CRM Hub")]
    except HubError as error:
        return Finding(name, True, f"a secret is set; their list cannot be read: {error.message}")
    off = [str(one.get("topic")) for one in mine if one.get("status") != "active"]
    if off:
        return Finding(name, True, f"switched off there: {', '.join(off)}", "have them repaired")
    return Finding(name, True, f"a secret is set; {len(mine)} webhooks of the hub are active")


def shapes(rest: Rest, *, role: str) -> list[ObjectShape]:
    """Customers, products and coupons as the store describes them, orders as they are read; meta data by sample."""
    customers = rest.listing(customer.PATH, {"role": role, "per_page": 100, "orderby": "id", "order": "desc"})
    orders = rest.listing(order.PATH, {"status": "any", "per_page": 100, "orderby": "id", "order": "desc"})
    people = [*_described(rest, "customers"), *_meta(customers.rows)]
    placed = [
        *(FieldShape(name, kind, readonly=name not in _WRITABLE) for name, kind in _ORDER.items()),
        *_meta(orders.rows),
    ]
    return [
        ObjectShape("customers", "customer", _once(people)),
        ObjectShape("orders", "order", _once(placed)),
        *(ObjectShape(name, None, _once(_described(rest, name))) for name in ("products", "coupons")),
    ]


def _described(rest: Rest, name: str) -> list[FieldShape]:
    """The store's own description of a kind of record (OPTIONS), nested objects flattened."""
    found = rest.read(name, method="OPTIONS")
    schema = found.get("schema") if isinstance(found, dict) else None
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        raise strange(f"the description of {name}")
    return list(_fields(schema["properties"]))


def _fields(properties: Mapping[str, Any], under: str = "") -> Iterator[FieldShape]:
    for name, one in properties.items():
        if not isinstance(one, dict) or name in ("meta_data", "password") or name.endswith("_gmt"):
            continue
        if one.get("type") == "object" and isinstance(one.get("properties"), dict):
            yield from _fields(one["properties"], f"{under}{name}.")
            continue
        said = one.get("type")
        kind = "instant" if said == "date-time" else _KINDS.get(str(said), "text")
        label = one.get("description")
        yield FieldShape(
            f"{under}{name}",
            kind,
            str(label) if label else None,
            required=bool(one.get("required")),
            readonly=bool(one.get("readonly")),
        )


def _meta(rows: list[Row]) -> Iterator[FieldShape]:
    """The keys of meta data that the records of a sample have."""
    for row in rows:
        for one in row.get("meta_data") or ():
            if isinstance(one, dict) and one.get("key"):
                kind = "text" if isinstance(one.get("value"), str) else "object"
                yield FieldShape(f"meta.{one['key']}", kind, custom=True)


def _once(fields: list[FieldShape]) -> list[FieldShape]:
    return list({one.name: one for one in reversed(fields)}.values())[::-1]


_WRITABLE = frozenset({"status", "customer_note", "fulfilments", "refunds"})
_ORDER = {
    **dict.fromkeys(("id", "number", "status", "payment", "fulfilment", "currency", "customer"), "text"),
    **dict.fromkeys(("customer_note", "created_via", "payment_method", "payment_method_title"), "text"),
    **dict.fromkeys(("transaction_id", "version", "mark", "origin"), "text"),
    **dict.fromkeys(("date_created", "date_modified", "date_paid", "date_completed"), "instant"),
    "prices_include_tax": "bool",
    **{f"{part}.{name}": "text" for part in ("billing", "shipping") for name in ADDRESS},
    "billing.email": "text",
    **dict.fromkeys(("lines", "tax_lines", "discounts", "payments", "refunds", "fulfilments"), "list"),
    "totals": "object",
}
