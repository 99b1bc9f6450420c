"""Brings an order of the hub into Odoo, and its later life as far as that is safe.

A create is three calls (make, confirm, date), each of which may be lost. Our mark stands in the order from its first
moment: the same create again finds what there is and finishes it. One that Odoo adds up to another total, or will not
confirm, is taken out again and refused, so that no half order stays behind.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.odoo import order, order_lines, partner
from connectors.odoo.order import MODEL, number
from connectors.odoo.order_lines import Books, amount
from connectors.odoo.orders import Orders
from connectors.odoo.partner import link, named
from connectors.odoo.products import Products
from connectors.odoo.rpc import Domain, Row, Rpc
from connectors.odoo.write import flat
from hub.sdk import Change, HubError, OutcomeUnknown, Receipt, RecordRejected, Unsupported
from hub.sdk.writing import push_each

_DRAFT = ("draft", "sent")
_CONTENT = frozenset({"lines", "totals", "currency", "taxes_included", "customer"})
_KNOWN = _CONTENT | {"reference", "placed", "state", "source"}
# Or Odoo answers with a wizard that asks a person.
_UNASKED = {"disable_cancel_warning": True}
_CONFIRMED = ("sale", "done")


class OrderWriter:
    """One push call. `confirm`: whether an order becomes a sales order at once, or stays a quotation."""

    def __init__(
        self, rpc: Rpc, orders: Orders, products: Products, *, confirm: bool, company: int | None
    ) -> None:
        self._rpc = rpc
        self._orders = orders
        self._products = products
        self._confirm = confirm
        self._company = company
        self._books: Books | None = None

    def push(self, changes: Sequence[Change]) -> list[Receipt]:
        return push_each(changes, self._write)

    def find(self, marker: str) -> list[Row]:
        return self._rpc.search_read(MODEL, [[self._orders.mark, "=", marker]], self._orders.fields())

    def _write(self, change: Change) -> Receipt:
        for name in change.payload:
            if name.partition(".")[0] not in _KNOWN:
                raise Unsupported(
                    f"{name} of an order cannot be written to Odoo", fix="take its line out of the map's push"
                )
        change = change._replace(payload=_gathered(change.payload))
        id = self._create(change) if change.external_id is None else self._update(change)
        record = None
        with contextlib.suppress(HubError):
            record = next(iter(self._orders.records(self._orders.rows([id]))), None)
        return Receipt(change.key, "done", str(id), record)

    # --- create -------------------------------------------------------------------------------------

    def _create(self, change: Change) -> int:
        if not change.marker:
            raise RecordRejected("an order needs a mark, or it could be made twice")
        found = self.find(change.marker)
        if found:
            row = found[0]
        else:
            values = self._values(change)
            (id,) = self._ids(self._rpc.write(MODEL, "create", {"vals_list": [values]}))
            with _landed(f"order {id} was made, and could not be read again"):
                row = self._read(id)
        if row["state"] in _DRAFT:
            self._settle(row, change.payload)
        return int(row["id"])

    def _settle(self, row: Row, payload: Mapping[str, Any]) -> None:
        """Compare, confirm, and put back the date that confirming sets to now."""
        id = row["id"]
        try:
            _compare(row, payload)
            if self._confirm and payload.get("state") != "draft":
                self._rpc.write(MODEL, "action_confirm", ids=[id])
        except RecordRejected:
            self._take_back(id)
            raise
        except OutcomeUnknown:
            raise
        except HubError as error:
            raise OutcomeUnknown("the order was made, but not confirmed", cause=str(error)) from None
        if placed := _moment(payload.get("placed")):
            with _landed("the order was made, but its date was not written"):
                self._rpc.write(MODEL, "write", {"vals": {"date_order": placed}}, ids=[id])

    def _take_back(self, id: int) -> None:
        """Deleted; cancelled and without our mark where the user may not delete (a plain salesman may not)."""
        with _landed(f"order {id} was made, could not be finished, and could not be taken back"):
            try:
                self._rpc.write(MODEL, "unlink", ids=[id])
            except RecordRejected:
                self._rpc.write(MODEL, "action_cancel", ids=[id], context=_UNASKED)
                self._rpc.write(MODEL, "write", {"vals": {self._orders.mark: False}}, ids=[id])

    def _values(self, change: Change) -> dict[str, Any]:
        payload = change.payload
        customer = str(payload.get("customer") or "")
        if not customer.isdecimal():
            raise RecordRejected("the order has no customer in Odoo")
        if not self._rpc.by_ids(partner.MODEL, [int(customer)], ["id"]):
            raise RecordRejected(f"partner {customer} is not there")
        values: dict[str, Any] = {
            "partner_id": int(customer),
            self._orders.mark: change.marker,
            "order_line": self._lines(payload),
            **_plain(payload, self._orders.mark),
        }
        if self._company:
            values["company_id"] = self._company
        return values | self._pricelist(payload.get("currency"))

    def _lines(self, payload: Mapping[str, Any]) -> list[list[Any]]:
        pieces = order_lines.pieces(payload)
        books = self.books()
        fields = self._rpc.fields(order.LINE)
        lines: list[list[Any]] = []
        for piece, product in zip(pieces, self._products.of(pieces), strict=True):
            for values in order_lines.line_values(piece, product.id, books=books, own_taxes=product.taxes):
                if piece.kind == "shipping" and "is_delivery" in fields:
                    values["is_delivery"] = True
                lines.append([0, 0, {**values, "sequence": 10 + len(lines)}])
        return lines

    def books(self) -> Books:
        if self._books is None:
            digits = 2
            with contextlib.suppress(HubError):
                domain = [["name", "=", "Product Price"]]
                (found,) = self._rpc.search_read("decimal.precision", domain, ["digits"])[:1] or [
                    {"digits": 2}
                ]
                digits = int(found["digits"])
            mine = [
                one
                for one in self._orders.taxes().values()
                if not self._company or link(one.get("company_id")) in (None, self._company)
            ]
            fields = self._rpc.fields(order.LINE)
            name = "tax_ids" if "tax_ids" in fields else "tax_id"
            self._books = Books(mine, name, digits, Decimal("0.01"))
        return self._books

    def _pricelist(self, currency: Any) -> dict[str, Any]:
        """An order's currency is that of its price list; without one, the company's. Prices are ours in any case."""
        if not currency:
            raise RecordRejected("the order has no currency")
        mine: Domain = [["id", "=", self._company]] if self._company else []
        companies = self._rpc.search_read("res.company", mine, ["currency_id"], limit=1)
        if companies and named(companies[0]["currency_id"]) == currency:
            return {}
        domain: Domain = [["currency_id.name", "=", currency], ["active", "=", True]]
        found = self._rpc.search_read("product.pricelist", domain, ["id"], limit=1)
        if not found:
            raise RecordRejected(
                f"Odoo has no price list in {currency}", fix="make one there, in that currency"
            )
        return {"pricelist_id": found[0]["id"]}

    # --- update -------------------------------------------------------------------------------------

    def _update(self, change: Change) -> int:
        id = change.external_id or ""
        row = self._read(int(id)) if id.isdecimal() else None
        if row is None:
            raise RecordRejected(f"order {id} is not there")
        payload = change.payload
        asked = {name.partition(".")[0] for name in payload} & _CONTENT
        if asked:
            self._unchanged(row, payload, asked)
        values = _plain(payload, self._orders.mark)
        if "customer" in asked and str(link(row["partner_id"])) != str(payload["customer"]):
            values["partner_id"] = int(str(payload["customer"]))
        if values:
            self._rpc.write(MODEL, "write", {"vals": values}, ids=[row["id"]])
        if payload.get("state") == "cancel" and row["state"] != "cancel":
            self._cancel(row)
        elif payload.get("state") in _CONFIRMED and row["state"] in _DRAFT and self._confirm:
            self._rpc.write(MODEL, "action_confirm", ids=[row["id"]])
        return int(row["id"])

    def _unchanged(self, row: Row, payload: Mapping[str, Any], asked: set[str]) -> None:
        """Content is the origin's, but an order that is in work over here is not written over."""
        (record,) = self._orders.records([row])
        if (
            "customer" in asked
            and record.raw["customer"] != str(payload["customer"])
            and row["state"] not in _DRAFT
        ):
            raise Unsupported(
                f"the customer of order {row['name']} cannot be changed any more: it is confirmed",
                fix="settle it in Odoo",
            )
        if "lines" in asked and _content(payload) != _standing(record.raw):
            raise Unsupported(
                f"the lines of order {row['name']} cannot be changed by the hub once it is in Odoo",
                fix="change it there by hand, or cancel it there and place it anew",
            )
        if asked & {"totals", "currency"}:
            _compare(row, payload)

    def _cancel(self, row: Row) -> None:
        (record,) = self._orders.records([row])
        done = [one["name"] for one in record.raw["fulfilments"] if one["status"] == "shipped"]
        if done or record.raw["payments"] or record.raw["invoice_status"] == "invoiced":
            why = f"{', '.join(done)} has left the house" if done else "it is invoiced"
            raise Unsupported(
                f"order {row['name']} cannot be cancelled any more: {why}",
                fix="take the goods back or credit the invoice in Odoo",
            )
        said = self._rpc.write(MODEL, "action_cancel", ids=[row["id"]], context=_UNASKED)
        if said is not True and self._read(row["id"])["state"] != "cancel":
            raise RecordRejected("Odoo asks a person before it cancels this order", fix="cancel it there")

    def _read(self, id: int) -> Row:
        found = self._orders.rows([id])
        if not found:
            raise RecordRejected(f"order {id} is not there")
        return found[0]

    @staticmethod
    def _ids(said: Any) -> list[int]:
        if not isinstance(said, list) or len(said) != 1 or not isinstance(said[0], int):
            raise OutcomeUnknown("the answer to a create is not as agreed", cause=f"{said!r:.100}")
        return said


def _gathered(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload with its totals as one table, however they came."""
    given = flat(payload)
    plain = {name: value for name, value in given.items() if "." not in name}
    totals = {name.removeprefix("totals."): v for name, v in given.items() if name.startswith("totals.")}
    return {**plain, **({"totals": totals} if totals else {})}


def _plain(payload: Mapping[str, Any], mark: str) -> dict[str, Any]:
    """What can be written at any time."""
    values: dict[str, Any] = {}
    if "reference" in payload and mark != "client_order_ref":
        values["client_order_ref"] = payload["reference"] or False
    if placed := _moment(payload.get("placed")):
        values["date_order"] = placed
    if payload.get("source") and mark != "origin":
        values["origin"] = payload["source"]
    for name, value in values.items():
        if isinstance(value, str) and "\0" in value:
            raise RecordRejected(f"{name} holds a NUL character, which Odoo cannot store")
    return values


def _moment(value: Any) -> str | None:
    if not value:
        return None
    try:
        found = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise RecordRejected(f"{value!r} is no moment") from None
    return found.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _compare(row: Row, payload: Mapping[str, Any]) -> None:
    """Raise RecordRejected unless Odoo's sum is ours."""
    totals = payload.get("totals") or {}
    there, here = named(row["currency_id"]), payload.get("currency")
    if here and there != here:
        raise RecordRejected(
            f"Odoo counts this order in {there}, not in {here}", fix="see the customer's price list"
        )
    for name, field in (("grand", "amount_total"), ("tax", "amount_tax")):
        if totals.get(name) is None:
            continue
        ours, theirs = amount(totals[name]), number(row[field])
        if ours != theirs:
            word = "total" if field == "amount_total" else "tax"
            raise RecordRejected(
                f"Odoo's {word} of this order would be {theirs:f}, the hub's is {ours:f}: "
                f"{theirs - ours:+f} apart",
                fix="compare the taxes and the rounding of taxes (Settings, Invoicing) in Odoo with the store's",
            )


def _content(payload: Mapping[str, Any]) -> list[tuple[str, Decimal]]:
    counted: dict[str, Decimal] = {}
    for one in order_lines.pieces({**payload, "totals": {}}):
        key = one.code or ""
        if one.kind == "product":
            counted[key] = counted.get(key, Decimal(0)) + one.quantity
    return sorted(counted.items())


def _standing(raw: Mapping[str, Any]) -> list[tuple[str, Decimal]]:
    counted: dict[str, Decimal] = {}
    for one in raw["lines"]:
        key = one["sku"] or ""
        if one["kind"] == "product":
            counted[key] = counted.get(key, Decimal(0)) + Decimal(one["quantity"])
    return sorted(counted.items())


@contextlib.contextmanager
def _landed(what: str) -> Iterator[None]:
    """Something has landed already: whatever goes wrong from here leaves the change in doubt."""
    try:
        yield
    except OutcomeUnknown:
        raise
    except HubError as error:
        raise OutcomeUnknown(what, cause=str(error)) from None
