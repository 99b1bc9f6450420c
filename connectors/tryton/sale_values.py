"""The ERP's own values for what a sale shall be: addresses of the party, lines with product, unit, price and taxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from connectors.tryton import party, sale
from connectors.tryton.lookups import Lookups
from connectors.tryton.rest import Row, encode_date, encode_decimal
from connectors.tryton.sale_books import Books
from connectors.tryton.sale_prices import Order, Priced, price_lines
from connectors.tryton.sale_wish import Wish, day
from connectors.tryton.write import one_line
from hub.sdk import RecordRejected

ADDRESS = "party.address"
SIDES = {"billing": "invoice_address", "shipping": "shipment_address"}
GOODS = frozenset({"product", "bundle_parent", "bundle_child"})
"""Kinds of lines that are articles of the ERP; a gift card or custom line is one only if it has a code."""

_ADDRESS_FIELDS = (
    *("active", "street", "postal_code", "city", "country.code", "attn", "party_name"),
    *("subdivision.code", "subdivision.name", "create_date", "write_date"),
)
_COMPARED = ("line1", "line2", "line3", "postal_code", "city", "country", "company", "recipient")


class Values:
    """Builds values to write; makes an address or product that the sale needs and the ERP lacks."""

    def __init__(self, books: Books, lookups: Lookups) -> None:
        self._books = books
        self._lookups = lookups

    def new(self, wanted: Wish, marker: str) -> dict[str, Any]:
        """A whole new sale. Raises RecordRejected for what an order must have and this one lacks."""
        head = wanted.head
        if not head.get("party"):
            raise RecordRejected(
                "the order has no customer the ERP knows", fix="wait until the customer is there"
            )
        if not head.get("currency"):
            raise RecordRejected("the order has no currency")
        if wanted.order is None or not wanted.order.sold:
            raise RecordRejected("the order has no lines")
        id = self.party(head["party"])
        places = self._places(id, wanted.places)
        made = {
            **self.head({name: head[name] for name in ("reference", "comment", "date") if name in head}),
            "company": self._books.company,
            "party": id,
            "currency": self._books.currency(str(head["currency"])).id,
            "description": sale.MARKER + marker,
            "warehouse": self._books.warehouse(),
            **places,
            "lines": [["create", self.lines(self.priced(wanted.order))]],
        }
        term = self._books.payment_term()
        return {**made, "payment_term": term} if term else made

    def party(self, external_id: Any) -> int:
        text = str(external_id)
        rows = (
            self._books.rest.search_read(party.MODEL, [["id", "=", int(text)]], ["active"]).rows
            if text.isdecimal()
            else []
        )
        if not rows or not rows[0]["active"]:
            raise RecordRejected(
                f"the customer of the order, party {text}, is not there or not active",
                fix="activate it there",
            )
        return int(text)

    def head(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The plain fields of a sale."""
        made: dict[str, Any] = {}
        for name in ("reference", "comment"):
            if name in given:
                text = given[name]
                made[name] = (
                    one_line(text, name) if name == "reference" else text and str(text).replace("\0", "")
                )
        if given.get("date"):
            placed = day(given["date"], "date")
            made["sale_date"] = encode_date(placed.isoformat()) if placed else None
        return made

    # --- lines ----------------------------------------------------------------------------------

    def priced(self, order: Order) -> list[Priced]:
        """The lines as the ERP will have them, to the cent. Raises RecordRejected with the difference."""
        return price_lines(order, self._books.rates(), by_line=self._books.by_line())

    def lines(self, priced: Sequence[Priced]) -> list[dict[str, Any]]:
        """Raises RecordRejected for an article that is held, and for a tax the ERP lacks."""
        self._books.look_up([one.sku for one in priced if one.sku and _article(one)])
        return [self._line(one, number) for number, one in enumerate(priced, 1)]

    def _line(self, one: Priced, number: int) -> dict[str, Any]:
        article = _article(one)
        product = self._books.product(one.sku, one.name, one.price) if article else self._books.own(one.kind)
        label = one.name
        if product and one.sku and article and self._books.is_placeholder(product):
            label = f"{one.name} ({one.sku})"
        if one.kind == "discount" and one.line:
            label = f"Discount: {one.name}"
        made = {
            "type": "line",
            "sequence": number * 10,
            "product": product.id if product else None,
            "unit": self._books.unit(one.unit, product) if product else None,
            "quantity": float(one.quantity),
            "unit_price": encode_decimal(one.price),
            "description": label,
            "note": sale.note(one.kind, one.line, one.sku),
        }
        taxes = self._books.taxes(one.rate)
        return {**made, "taxes": [["add", taxes]]} if taxes else made

    # --- addresses ------------------------------------------------------------------------------

    def _places(self, owner: int, places: Mapping[str, Mapping[str, str | None]]) -> dict[str, int]:
        """Both addresses of a new sale: as the order has them, one for the other, else the party's first."""
        billing = places.get("billing") or places.get("shipping") or {}
        shipping = places.get("shipping") or places.get("billing") or {}
        first = self.address(owner, billing)
        second = first if shipping == billing else self.address(owner, shipping)
        return {"invoice_address": first, "shipment_address": second}

    def address(self, owner: int, wanted: Mapping[str, str | None]) -> int:
        """The party's address that reads so, made if there is none; with nothing wanted the party's first."""
        domain = [["party", "=", owner], ["active", "=", True]]
        rows = self._books.rest.search_read(ADDRESS, domain, _ADDRESS_FIELDS).rows
        asked = any(wanted.get(name) for name in (*_COMPARED, "subdivision"))
        for row in rows:
            if not asked or same_place(party.address(row), wanted):
                return int(row["id"])
        return self._books.rest.create(ADDRESS, [self._new_address(owner, wanted)])[0]

    def _new_address(self, owner: int, wanted: Mapping[str, str | None]) -> dict[str, Any]:
        country, region = wanted.get("country"), wanted.get("subdivision")
        lines = [text for name in party.LINES if (text := wanted.get(name))]
        made: dict[str, Any] = {
            "party": owner,
            "attn": wanted.get("recipient"),
            "party_name": wanted.get("company"),
            "street_unstructured": "\n".join(lines) or None,
            "postal_code": wanted.get("postal_code"),
            "city": wanted.get("city"),
            "country": self._lookups.country(country) if country else None,
        }
        if region and country:
            with suppress(RecordRejected):  # many ERPs have no regions loaded; the address does without
                made["subdivision"] = self._lookups.subdivision(country, region)
        return made


def same_place(shown: Mapping[str, Any], wanted: Mapping[str, str | None]) -> bool:
    """Whether an address reads as wanted; a recipient it does not name is the party itself."""
    return all(
        _core(shown.get(name)) == _core(wanted.get(name))
        or (name == "recipient" and not _core(shown.get(name)) and not _core(shown.get("company")))
        for name in _COMPARED
    )


def differences(row: Row, lines: Sequence[Priced]) -> list[str]:
    """How the lines of a standing sale of ours differ from those wanted, in words."""
    there = {_key(sale.noted(one)): one for one in sale.sold(row)}
    wanted = {_key({"kind": one.kind, "line": one.line or "", "sku": one.sku or ""}): one for one in lines}
    told = []
    for key in sorted(there.keys() | wanted.keys()):
        old, new = there.get(key), wanted.get(key)
        was = f"{sale.plain(old['quantity'])} × {sale.plain(old['unit_price'])}" if old else "nothing"
        shall = f"{sale.plain(new.quantity)} × {sale.plain(new.price)}" if new else "nothing"
        if was != shall:
            name = old["description"] if old else new.name if new else ""
            told.append(f"{name}: {was} there, {shall} wanted")
    return told


def _key(said: Mapping[str, str]) -> tuple[str, str, str]:
    return said.get("kind") or "", said.get("line") or "", said.get("sku") or ""


def _article(one: Priced) -> bool:
    return one.kind in GOODS or (one.kind in ("gift_card", "custom") and bool(one.sku))


def _core(value: Any) -> str:
    return " ".join(str(value or "").split()).casefold()
