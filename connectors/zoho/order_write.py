"""From a change of an order to a row of Sales_Orders.

Zoho computes an order's total from its lines; taxes it knows only as rates of its own. So the lines go as they are, and
whatever else the grand total of the origin holds (tax, shipping, fees, tips) goes into Adjustment: it comes out to the
cent, and is not itemised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, NamedTuple

from connectors.zoho import party
from connectors.zoho.api import Row
from connectors.zoho.fields import Fields
from connectors.zoho.order import LINES, MODULE, amount
from connectors.zoho.products import Products
from connectors.zoho.push import Wish
from connectors.zoho.users import Users
from hub.sdk import Change, RecordRejected, Unsupported

GRAND, DISCOUNT = "totals.grand_total", "totals.order_discounts"
_HANDLED = frozenset({"customer", "currency", "lines", "owner", "hub_ref", GRAND, DISCOUNT})
_LINE = frozenset({"line", "position", "kind", "sku", "name", "quantity", "unit_price", "discount", "total"})


class Customer(NamedTuple):
    """Whom an order is for, as Zoho wants it told."""

    contact: str | None
    account: str | None


class OrderWriter:
    """`whole`: an order as Zoho shows it, None if it is gone; `account_of`: a contact's account."""

    def __init__(
        self,
        fields: Fields,
        products: Products,
        users: Users,
        *,
        whole: Callable[[str], Row | None],
        account_of: Callable[[str], str | None],
        marker_field: str | None,
        home_currency: str | None,
        default_account: str | None,
    ) -> None:
        self._fields = fields
        self._products = products
        self._users = users
        self._whole = whole
        self._account_of = account_of
        self._marker = marker_field
        self._home = home_currency
        self._default_account = default_account

    def wish(self, change: Change) -> Wish:
        """The row of a change. Raises RecordRejected, Unsupported, NeedsSteward."""
        id = change.external_id
        before = None if id is None else self._whole(id)
        if id is not None and before is None:
            raise RecordRejected(f"sales order {id} is not there any more")
        row = self._row(change.payload, before)
        if id is not None:
            return Wish(change, MODULE, id, row)
        if not row.get("Subject"):
            raise RecordRejected(
                "a sales order needs a Subject", fix="let the map write it from the order's number"
            )
        unique = self._marker if change.marker and self._marker in self._fields.of(MODULE) else None
        if unique:
            row[unique] = change.marker
        return Wish(change, MODULE, None, row, unique)

    def _row(self, payload: Mapping[str, Any], before: Row | None) -> Row:
        there = self._fields.of(MODULE)
        row: Row = {}
        for name, value in payload.items():
            if name in _HANDLED:
                continue
            if name not in there:
                raise Unsupported(
                    f"sales orders have no field {name}",
                    fix="compare the map's lines with: hub connection discover",
                )
            row[name] = None if value == "" else value
        if "customer" in payload:
            row |= self._customer(payload["customer"])
        if "owner" in payload:
            row["Owner"] = self._users.owner(payload["owner"])
        if payload.get("currency"):
            row |= self._currency(str(payload["currency"]), before)
        if payload.keys() & {"lines", GRAND, DISCOUNT}:
            row |= self._amounts(payload, before)
        return row

    def _customer(self, external: Any) -> Row:
        parts = party.parted(str(external or ""))
        if parts is None or parts[0] not in (party.CONTACTS, party.ACCOUNTS):
            raise RecordRejected(
                f"a sales order cannot be for {external or 'nobody'}", fix="a lead must be converted first"
            )
        module, id = parts
        found = Customer(None, id) if module == party.ACCOUNTS else Customer(id, self._account_of(id))
        row: Row = {"Contact_Name": {"id": found.contact}} if found.contact else {}
        account = found.account or self._default_account
        return row | ({"Account_Name": {"id": account}} if account else {})

    def _currency(self, currency: str, before: Row | None) -> Row:
        if "Currency" in self._fields.of(MODULE):
            if before is not None and before.get("Currency") not in (None, currency):
                raise Unsupported(f"the order is in {before['Currency']}; a currency is never changed")
            return {"Currency": currency} if before is None else {}
        if self._home is None:
            raise RecordRejected("nobody says which currency the account has", fix="set home_currency")
        if self._home != currency:
            raise RecordRejected(
                f"the order is in {currency}, the account in {self._home}; nothing is converted"
            )
        return {}

    def _amounts(self, payload: Mapping[str, Any], before: Row | None) -> Row:
        """Lines, discount and what is left over. On an update, what the change does not speak of is as it was."""
        there = before or {}
        row: Row = {}
        net = sum((_net(one) for one in there.get(LINES) or ()), Decimal(0))
        if "lines" in payload:
            row[LINES], net = self._lines(payload["lines"], there.get(LINES) or ())
        discount = (
            _number(payload[DISCOUNT], DISCOUNT) if DISCOUNT in payload else amount(there.get("Discount"))
        )
        if DISCOUNT in payload:
            row["Discount"] = _json(discount)
        grand = payload.get(GRAND)
        if grand is None and before is None:
            return row
        wanted = _number(grand, GRAND) if grand is not None else amount(there.get("Grand_Total"))
        rest = wanted - net + discount - amount(there.get("Tax"))
        row["Adjustment"] = _json(rest)
        return row

    def _lines(self, given: Any, standing: Sequence[Row]) -> tuple[list[Row], Decimal]:
        """Zoho's rows: those that stand are kept by their product, the others made; what is left over is taken out."""
        free = list(standing)
        rows: list[Row] = []
        net = Decimal(0)
        for one in _products(given):
            price, quantity = (
                _number(one.get("unit_price"), "unit_price"),
                _number(one.get("quantity"), "quantity"),
            )
            off = _number(one.get("discount"), "discount")
            id, stands_in = self._products.id_of(one.get("sku"), name=one.get("name"), price=_json(price))
            row: Row = {
                "Product_Name": {"id": id},
                "Quantity": _json(quantity),
                "List_Price": _json(price),
                "Discount": _json(off),
            }
            if stands_in:
                row["Description"] = " ".join(str(one[name]) for name in ("sku", "name") if one.get(name))
            same = next((old for old in free if str((old.get("Product_Name") or {}).get("id")) == id), None)
            if same is not None:
                free.remove(same)
                row["id"] = str(same["id"])
            after = _cents(price * quantity) - off
            net += after + (_cents(after * _rate(same)) if same else Decimal(0))
            rows.append(row)
        if not rows:
            raise RecordRejected("a sales order needs a line with a product")
        return [*rows, *({"id": str(old["id"]), "_delete": None} for old in free)], net


def _products(given: Any) -> list[Mapping[str, Any]]:
    """The lines that are products; shipping and fees are in the grand total."""
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise RecordRejected("lines is not a list of objects")
    for one in given:
        strangers = set(one) - _LINE
        if strangers:
            raise Unsupported(f"{', '.join(sorted(strangers))} of a line cannot be written to Zoho")
    return [one for one in given if one.get("kind", "product") not in ("shipping", "fee", "tip")]


def _net(one: Row) -> Decimal:
    return amount(one.get("Net_Total")) if one.get("Net_Total") is not None else amount(one.get("Total"))


def _rate(one: Row) -> Decimal:
    """Of the taxes that a line bears there, together."""
    return sum((amount(tax.get("percentage")) for tax in one.get("Line_Tax") or ()), Decimal(0)) / 100


def _cents(value: Decimal) -> Decimal:
    """Zoho rounds a line's amounts to two places."""
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _number(value: Any, name: str) -> Decimal:
    said = value.get("amount") if isinstance(value, Mapping) else value
    if said in (None, ""):
        return Decimal(0)
    try:
        found = Decimal(str(said))
    except InvalidOperation:
        raise RecordRejected(f"{name} takes a number, not {said!r}") from None
    if not found.is_finite():
        raise RecordRejected(f"{name} takes a number, not {said!r}")
    return found


def _json(value: Decimal) -> int | float:
    """As JSON writes it: Zoho takes numbers only. Fifteen digits are exact in a double."""
    return int(value) if value == value.to_integral_value() else float(value)
