"""Whether a connection works, and what the ERP holds: for `check` and `discover`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from connectors.tryton import party, sale
from connectors.tryton.lookups import Lookups
from connectors.tryton.rest import Rest, Unreadable
from connectors.tryton.sale_books import Books
from hub.sdk import ConnectionBroken, ConnectionView, FieldShape, Finding, Http, HubError, ObjectShape

SERIES = "8."
_MODELS = (party.MODEL, "party.address", "party.contact_mechanism", "party.identifier")
_SALES: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("sale.sale", "sale.line"), ("read", "write", "create")),
    **dict.fromkeys(("stock.shipment.out", "stock.move"), ("read", "write")),
    **dict.fromkeys(("account.invoice", "account.invoice.line", "account.tax", "product.product"), ("read",)),
}
_FIX = "is the server running, and is the url right?"
_RIGHTS = ("read", "write", "create")
# Fields every record has, and what is reached through our own names.
_INNER = frozenset({"id", "create_uid", "create_date", "write_uid", "write_date", "rec_name", "xml_id"})
_LISTS = frozenset({"one2many", "many2many", "binary", "dict"})


def findings(
    http: Http, rest: Rest, *, connection: ConnectionView, lookups: Lookups, books: Books
) -> Iterator[Finding]:
    """Step by step; ends after the first that fails."""
    steps: tuple[tuple[str, Callable[[], tuple[str, str | None]]], ...] = (
        ("reach the server", lambda: _version(http, str(connection.settings["url"]))),
        ("read parties", lambda: _read(rest)),
        ("rights", lambda: _rights(rest)),
        ("further fields", lambda: _fields(lookups)),
        ("countries", lambda: _countries(lookups)),
        ("sales", lambda: _sales(rest, books)),
    )
    for name, step in steps:
        try:
            detail, fix = step()
        except HubError as error:
            yield Finding(
                name, False, error.message + (f" ({error.cause})" if error.cause else ""), error.fix or _FIX
            )
            return
        yield Finding(name, True, detail, fix)


def _version(http: Http, url: str) -> tuple[str, str | None]:
    """The series of the server, which it tells anybody; not a word of our key in this call."""
    server, _, database = url.rstrip("/").rpartition("/")
    if server.endswith("/") or not database:
        raise ConnectionBroken("the url names no database", fix="it is http(s)://HOST[:PORT]/DATABASE")
    question = {"id": 0, "method": "common.server.version", "params": []}
    answer = http.at(server).post("rpc/", json=question, reads=True, accept=(400, 401, 403, 404, 405))
    said: Any = answer.json() if answer.ok else {}
    series = str(said.get("result")) if isinstance(said, dict) and "result" in said else None
    if series is None:
        return "it answers, but does not tell its version", None
    if not series.startswith(SERIES):
        raise ConnectionBroken(
            f"the server is Tryton {series}", fix=f"this connector needs the REST API of series {SERIES}x"
        )
    return f"Tryton {series}", None


def _read(rest: Rest) -> tuple[str, str | None]:
    count = rest.count(party.MODEL, [])
    rest.search_read(party.MODEL, [], party.FIELDS, limit=1)
    return f"{count} parties", None


def _rights(rest: Rest) -> tuple[str, str | None]:
    access: Mapping[str, Mapping[str, bool]] = rest.tables(
        "ir.model.access", "get_access", {"models": list(_MODELS)}
    )
    missing = [
        f"{right} {model}"
        for model in _MODELS
        for right in _RIGHTS
        if not access.get(model, {}).get(right, False)
    ]
    if any(one.startswith("read ") for one in missing):
        raise ConnectionBroken(
            f"the key's user may not {', '.join(missing)}", fix="give the user the party groups"
        )
    if missing:
        return f"the key's user may not {', '.join(missing)}", "enough for reading; writes will be refused"
    return "read, write and create parties", None


def _fields(lookups: Lookups) -> tuple[str, str | None]:
    return ", ".join(lookups.types()) or "none asked for", None


def _countries(lookups: Lookups) -> tuple[str, str | None]:
    count = len(lookups.countries())
    fix = None if count else "run trytond_import_countries there, or addresses with a country will be refused"
    return f"{count} countries", fix


def _sales(rest: Rest, books: Books) -> tuple[str, str | None]:
    """Whether orders can be kept there, with every setting for them; a connection for customers alone is fine too."""
    try:
        rest.count(sale.MODEL, [])
    except Unreadable as error:
        return (
            "the key's user sees no sales" + (f" ({error.cause})" if error.cause else ""),
            "enough for customers; for orders the modules sale, stock and account_invoice must be active there",
        )
    count = books.rest.count(sale.MODEL, [["company", "=", books.company]])
    books.checked()
    access: Mapping[str, Mapping[str, bool]] = rest.tables(
        "ir.model.access", "get_access", {"models": list(_SALES)}
    )
    missing = [
        f"{right} {model}"
        for model, rights in _SALES.items()
        for right in rights
        if not access.get(model, {}).get(right, False)
    ]
    said = f"{count} sales of {books.company_name}"
    if missing:
        fix = "give the user the sales, stock and account groups, or what is not allowed will be refused"
        return f"{said}; the key's user may not {', '.join(missing)}", fix
    return said, None


def shapes(rest: Rest) -> Sequence[ObjectShape]:
    """The fields of a party as the maps name them, and its further simple ones, which the setting `fields` opens."""
    theirs: Mapping[str, Mapping[str, Any]] = rest.tables(party.MODEL, "fields_get", {})
    ours = [FieldShape(name, kind, label) for name, kind, label in _OURS]
    ours += [FieldShape(name, kind, label, readonly=True) for name, kind, label in _READ_ONLY]
    named = {one.name for one in ours} | _INNER
    further = [
        FieldShape(
            name,
            shape["type"],
            shape.get("string"),
            required=bool(shape.get("required")),
            readonly=bool(shape.get("readonly")),
            custom=True,
        )
        for name, shape in sorted(theirs.items())
        if name not in named and shape["type"] not in _LISTS
    ]
    return [ObjectShape(party.MODEL, "customer", [*ours, *further]), *_sale_shape(rest)]


def _sale_shape(rest: Rest) -> list[ObjectShape]:
    """A sale as the maps name it, where there are sales."""
    try:
        rest.count(sale.MODEL, [])
    except Unreadable:
        return []
    written = [FieldShape(name, kind, label) for name, kind, label in _OURS_OF_SALES]
    read = [FieldShape(name, kind, label, readonly=True) for name, kind, label in _READ_OF_SALES]
    return [ObjectShape(sale.MODEL, "order", [*written, *read])]


_OURS = (
    ("name", "char", "Name"),
    ("code", "char", "Code"),
    ("lang", "char", "Language"),
    *((kind, "char", kind.capitalize()) for kind in party.MECHANISMS),
    *((f"address.{name}", "char", None) for name in ("recipient", "company", *party.LINES)),
    *((f"address.{name}", "char", None) for name in ("postal_code", "city", "country")),
    *((f"address.{name}", "char", None) for name in ("subdivision", "subdivision_code")),
    *((f"identifier.{kind}", "char", None) for kind in party.TAX_KINDS),
)
_OURS_OF_SALES = (
    ("party", "many2one", "Party"),
    ("currency", "char", "Currency"),
    ("comment", "text", "Comment"),
    ("status", "selection", "State; only `cancelled` can be asked for"),
    *((f"billing.{name}", "char", "Invoice Address") for name in (*party.LINES, "postal_code", "city")),
    *((f"shipping.{name}", "char", "Shipment Address") for name in (*party.LINES, "postal_code", "city")),
    *(
        (f"{side}.{name}", "char", None)
        for side in ("billing", "shipping")
        for name in ("recipient", "company")
    ),
    *((f"{side}.country", "char", None) for side in ("billing", "shipping")),
    ("lines", "list", "Lines"),
    ("fulfilments", "list", "Shipments that have left"),
    ("refunds", "list", "Returns and credit notes"),
)
_READ_OF_SALES = (
    *((name, "char", None) for name in ("id", "number", "reference", "order", "hub", "description", "state")),
    *(("payment", "selection", "Invoice State"), ("fulfilment", "selection", "Shipment State")),
    *(("date", "date", "Sale Date"), ("created", "datetime", None), ("changed", "datetime", None)),
    *((name, "list", None) for name in ("discounts", "payments")),
    *(
        (f"totals.{name}", "numeric", None)
        for name in ("items", "shipping", "fees", "discounts", "tax", "total")
    ),
)
_READ_ONLY = (
    ("id", "integer", "ID"),
    ("active", "boolean", "Active"),
    ("replaced_by", "integer", "Replaced By"),
    ("categories", "list", "Categories"),
    ("also", "dict", "Further addresses, contacts and identifiers"),
    ("changed", "datetime", "Last change of the party or what belongs to it"),
)
