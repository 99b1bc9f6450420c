"""A sales order as the hub sees it: Zoho's simple fields under their own names, and what is made of the rest.

Zoho adds up: a line's Total − Discount = Total_After_Discount, + Tax = Net_Total; the sum of those is Sub_Total, and
Sub_Total − Discount + Tax (of the order) + Adjustment = Grand_Total. Nothing is made to fit here: a part that is not
understood shows as a difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from connectors.zoho import party
from connectors.zoho.api import Row
from hub.sdk import RecordRejected, RemoteRecord

MODULE = "Sales_Orders"
LINES = "Ordered_Items"

_AMOUNTS = frozenset(
    {"Sub_Total", "Tax", "Discount", "Adjustment", "Grand_Total", "Excise_Duty", "Sales_Commission"}
)
_HIDDEN = frozenset(
    {"Owner", "Tag", "Currency", "Created_By", "Modified_By", "Contact_Name", "Account_Name", LINES}
)


def record(row: Row, *, home_currency: str | None, marker_field: str | None) -> RemoteRecord:
    """The remote record of a whole order. Raises RecordRejected for another shape, or amounts of no currency."""
    try:
        shown = raw(row, home_currency=home_currency, marker_field=marker_field)
    except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise RecordRejected("Zoho did not show this order as agreed", cause=repr(error)) from None
    return RemoteRecord(str(row["id"]), shown, party.digest(shown))


def raw(row: Row, *, home_currency: str | None, marker_field: str | None) -> dict[str, Any]:
    """JSON types only; amounts as decimal texts."""
    currency = party.currency_of(row, home_currency)
    if currency is None:
        raise RecordRejected(
            "nobody says what this order's amounts are in",
            fix="set home_currency, for the account has no field Currency",
        )
    simple = {
        name: value
        for name, value in row.items()
        if not name.startswith("$")
        and name not in _HIDDEN | _AMOUNTS
        and not isinstance(value, dict | list)
        and name != marker_field
    }
    lines = [_line(place, one) for place, one in enumerate(row.get(LINES) or (), start=1)]
    owner = row.get("Owner") or {}
    return {
        **simple,
        "customer": _customer(row),
        "contact": _name(row.get("Contact_Name")),
        "account": _name(row.get("Account_Name")),
        "owner": owner.get("email") or owner.get("id"),
        "tags": [str(one["name"]) for one in row.get("Tag") or ()],
        "currency": currency,
        "hub_ref": row.get(marker_field) if marker_field else None,
        "lines": lines,
        "tax_lines": list(_taxes(row)),
        "discounts": list(_discounts(row)),
        "totals": _totals(row),
    }


def amount(value: Any) -> Decimal:
    """A number of Zoho's JSON, exactly as it is written there; nothing is none."""
    return Decimal(str(value)) if value not in (None, "") else Decimal(0)


def text(value: Decimal) -> str:
    return f"{value:f}"


def _customer(row: Row) -> str | None:
    """The person, if the order names one; else the organisation."""
    for name, module in (("Contact_Name", party.CONTACTS), ("Account_Name", party.ACCOUNTS)):
        found = row.get(name)
        if found:
            return party.external_id(module, found["id"])
    return None


def _name(found: Any) -> str | None:
    return str(found["name"]) if isinstance(found, Mapping) and found.get("name") else None


def _line(place: int, one: Row) -> Row:
    product = one.get("Product_Name") or {}
    return {
        "id": str(one["id"]),
        "position": int(one.get("Sequence_Number") or place),
        "product": str(product["id"]) if product.get("id") else None,
        "sku": product.get("Product_Code"),
        "name": product.get("name"),
        "description": one.get("Description"),
        "quantity": text(amount(one.get("Quantity"))),
        "unit_price": text(amount(one.get("List_Price"))),
        "subtotal": text(amount(one.get("Total"))),
        "discount": text(amount(one.get("Discount"))),
        "total": text(_after(one)),
        "tax": text(amount(one.get("Tax"))),
    }


def _after(one: Row) -> Decimal:
    if one.get("Total_After_Discount") is not None:
        return amount(one["Total_After_Discount"])
    return amount(one.get("Total")) - amount(one.get("Discount"))


def _taxes(row: Row) -> Iterator[Row]:
    owners = [("", row.get("$line_tax") or ())]
    owners += [(str(one["id"]), one.get("Line_Tax") or ()) for one in row.get(LINES) or ()]
    for owner, taxes in owners:
        for tax in taxes:
            if amount(tax.get("value")):
                yield {
                    "owner": owner or None,
                    "name": tax.get("name"),
                    "rate": text(amount(tax.get("percentage")) / 100),
                    "amount": text(amount(tax.get("value"))),
                }


def _discounts(row: Row) -> Iterator[Row]:
    for one in row.get(LINES) or ():
        if amount(one.get("Discount")):
            yield {"owner": str(one["id"]), "value": text(amount(one["Discount"]))}
    if amount(row.get("Discount")):
        yield {"owner": None, "value": text(amount(row["Discount"]))}


def _totals(row: Row) -> Row:
    lines = row.get(LINES) or ()
    return {
        "items_subtotal": text(sum((amount(one.get("Total")) for one in lines), Decimal(0))),
        "item_discounts": text(sum((amount(one.get("Total")) - _after(one) for one in lines), Decimal(0))),
        "order_discounts": text(amount(row.get("Discount"))),
        "tax": text(sum((amount(one.get("Tax")) for one in lines), amount(row.get("Tax")))),
        "rounding": text(amount(row.get("Adjustment"))),
        "grand_total": text(amount(row.get("Grand_Total"))),
    }
