"""Whether a connection works, and what this Odoo holds: for `check` and `discover`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from connectors.odoo import leads as lead
from connectors.odoo import partner
from connectors.odoo.faults import Missing
from connectors.odoo.rpc import Rpc
from hub.sdk import ConnectionBroken, ConnectionView, FieldShape, Finding, HubError, ObjectShape

_FIX = "is the server running, and is the url right?"
Said = tuple[str, str | None]


def findings(
    connection: ConnectionView, *, connect: Callable[[], Rpc], read: Callable[[str], int]
) -> Iterator[Finding]:
    """Step by step; ends after the first that fails."""
    steps: tuple[tuple[str, Callable[[], Said]], ...] = (
        ("log in", lambda: (f"{connect().name}, database {connection.settings['database']}", None)),
        ("rights", lambda: _rights(connect())),
        ("read partners", lambda: (f"{read('customer')} partners", None)),
        *((("leads", lambda: _leads(connect(), read)),) if connection.settings.get("leads") is True else ()),
        ("sale orders", lambda: _orders(connect(), read)),
        ("words", lambda: _words(connect())),
        ("webhooks", lambda: _hooks(connection)),
    )
    for name, step in steps:
        try:
            detail, fix = step()
        except HubError as error:
            detail = error.message + (f" ({error.cause})" if error.cause else "")
            yield Finding(name, False, detail, error.fix or _FIX)
            return
        yield Finding(name, True, detail, fix)


def may(rpc: Rpc, model: str, right: str) -> bool:
    """Whether the user may; false also where the model is missing. `has_access` came in 18, as the other went."""
    try:
        return bool(rpc.read(model, "has_access", {"operation": right}, ids=[]))
    except Missing:
        named = {"operation": right, "raise_exception": False}
    try:
        return bool(rpc.read(model, "check_access_rights", named))
    except Missing:
        return False


def _rights(rpc: Rpc) -> Said:
    missing = [right for right in ("read", "write", "create") if not may(rpc, partner.MODEL, right)]
    if "read" in missing:
        raise ConnectionBroken(
            "the user may not read partners", fix="give the user the rights of Contacts in Odoo"
        )
    if missing:
        return f"the user may not {', '.join(missing)} partners", "enough for reading; writes will be refused"
    return "read, write and create partners", None


def _orders(rpc: Rpc, read: Callable[[str], int]) -> Said:
    """The app may be missing: then there are customers only."""
    if not may(rpc, "sale.order", "read"):
        return "no sale orders: the app Sales is missing, or the user may not read them; customers only", None
    able = may(rpc, "sale.order", "create")
    return f"{read('order')} orders; {'and they may be made' if able else 'none may be made'}", None


def _leads(rpc: Rpc, read: Callable[[str], int]) -> Said:
    if not may(rpc, lead.MODEL, "read"):
        raise ConnectionBroken(
            "no leads: the app CRM is missing, or the user may not read them",
            fix="install CRM in Odoo, give the user the rights of Sales: all documents, or set leads = false",
        )
    able = may(rpc, lead.MODEL, "write")
    return f"{read('lead')} open leads without a partner{'' if able else '; writes will be refused'}", None


def _words(rpc: Rpc) -> Said:
    """What Odoo has words for, so that nobody wonders where a language or a mobile number went."""
    languages = [str(row["code"]) for row in rpc.search_read("res.lang", [["active", "=", True]], ["code"])]
    lacking = [name for name in ("mobile", "title") if name not in rpc.fields(partner.MODEL)]
    detail = f"languages {', '.join(languages)}"
    if lacking:
        detail += f"; this version has no field {' and no field '.join(lacking)}: it is not written"
    return detail, None


def _hooks(connection: ConnectionView) -> Said:
    if connection.secret("webhook_secret"):
        return "a secret is set for webhooks", None
    return "no webhook_secret: changes come by pull only", None


def shapes(rpc: Rpc, *, leads: bool = False) -> Sequence[ObjectShape]:
    """The fields of partners as the maps name them, and all further simple ones, which `fields` opens."""
    theirs = rpc.fields(partner.MODEL)
    ours = [FieldShape(name, kind, _label(theirs, name)) for name, kind in _ours() if _has(theirs, name)]
    ours += [FieldShape(name, kind, None, readonly=True) for name, kind in _READ_ONLY]
    if leads:
        ours += [FieldShape(name, "char", None, readonly=True) for name in lead.SHOWN]
    named = {one.name for one in ours} | _INNER
    further = [
        FieldShape(
            name,
            str(shape.get("type")),
            shape.get("string"),
            required=bool(shape.get("required")),
            readonly=bool(shape.get("readonly")),
            custom=name.startswith("x_"),
        )
        for name, shape in sorted(theirs.items())
        if name not in named and shape.get("type") in {*partner.SIMPLE, "many2one"}
    ]
    return [ObjectShape(partner.MODEL, "customer", [*ours, *further]), *_order_shape(rpc)]


def _order_shape(rpc: Rpc) -> Sequence[ObjectShape]:
    """The words of our raw orders; the amounts and lists among them are made of several tables."""
    if not may(rpc, "sale.order", "read"):
        return []
    return [ObjectShape("sale.order", "order", [FieldShape(name, kind, None) for name, kind in _ORDER])]


def _ours() -> Iterator[tuple[str, str]]:
    yield from ((name, "char") for name in (*partner.PLAIN, *partner.STREET))
    yield from (("kind", "selection"), ("lang", "char"), ("title", "char"), ("tags", "list"))
    yield from ((name, "char") for name in ("state", "state_code", "country"))
    for slot in partner.ADDRESSES:
        yield from (
            (f"{slot}.{name}", "char") for name in (*partner.CHILD_PLAIN, "state", "state_code", "country")
        )


def _has(theirs: Mapping[str, Any], name: str) -> bool:
    return name in theirs or name not in (*partner.PLAIN, *partner.STREET, "title")


def _label(theirs: Mapping[str, Mapping[str, Any]], name: str) -> str | None:
    found = theirs.get(name, {}).get("string")
    return str(found) if found else None


_ORDER = (
    *((name, "char") for name in ("number", "state", "customer", "email", "reference", "source", "hub_ref")),
    *((name, "char") for name in ("currency", "invoice_status", "payment", "fulfilment")),
    *((name, "datetime") for name in ("placed", "created", "changed")),
    *((name, "dict") for name in ("billing", "shipping", "totals")),
    *((name, "list") for name in ("lines", "payments", "refunds", "fulfilments")),
)
_READ_ONLY = (
    ("id", "integer"),
    ("active", "boolean"),
    ("email_more", "char"),
    ("company", "char"),
    ("parent", "char"),
    ("also", "list"),
    ("changed", "datetime"),
)
_INNER = frozenset(
    {"is_company", "state_id", "country_id", "category_id", "parent_id", "create_date", "write_date"}
)
