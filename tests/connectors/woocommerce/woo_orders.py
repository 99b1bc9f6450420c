"""The orders of the fake store: placed with lines, coupons, taxes; changed, refunded, noted upon."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
Moments = Callable[[str, int | None], Row]

CENT = Decimal("0.01")
_ADDRESS = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
)
_PAID = ("processing", "completed")


class Orders:
    """By id. `now`: the store's clock in whole seconds."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self.rows: dict[int, Row] = {}
        self.gross = False
        self._last = 100
        self._items = 0

    def _id(self) -> int:
        self._last += 1
        return self._last

    def place(self, body: Mapping[str, Any], *, tax: Decimal = Decimal(0)) -> int:
        """An order of `line_items` (`price` without tax, `total` after discount if another), `shipping_lines` and
        `fee_lines`; every one taxed by `tax`."""
        id, now = self._id(), self._now()
        row: Row = {
            "id": id,
            "status": body.get("status") or ("processing" if body.get("set_paid") else "pending"),
            "currency": body.get("currency") or "EUR",
            "created": now,
            "modified": now,
            "paid": now if body.get("set_paid") else None,
            "completed": None,
            "customer_id": body.get("customer_id") or 0,
            "billing": {**dict.fromkeys((*_ADDRESS, "email", "phone"), ""), **(body.get("billing") or {})},
            "shipping": {**dict.fromkeys((*_ADDRESS, "phone"), ""), **(body.get("shipping") or {})},
            "customer_note": body.get("customer_note") or "",
            "payment_method": body.get("payment_method") or "",
            "payment_method_title": body.get("payment_method_title") or "",
            "transaction_id": body.get("transaction_id") or "",
            "meta_data": [{"id": 1, **one} for one in body.get("meta_data") or ()],
            "gross": self.gross,
            "refunds": [],
            "notes": [],
            "coupon_lines": [dict(one) for one in body.get("coupon_lines") or ()],
            "tax": tax,
        }
        for kind in ("line_items", "shipping_lines", "fee_lines"):
            row[kind] = [self._item(kind, one, tax) for one in body.get(kind) or ()]
        self.rows[id] = row
        return id

    def _item(self, kind: str, one: Mapping[str, Any], tax: Decimal) -> Row:
        self._items += 1
        quantity = int(one.get("quantity") or 1)
        before = Decimal(
            str(one.get("subtotal") or Decimal(str(one.get("price") or one.get("total") or 0)) * quantity)
        )
        total = Decimal(str(one.get("total") or before))
        taxes = (total * tax).quantize(CENT)
        item: Row = {
            "id": self._items,
            "total": f"{total:.2f}",
            "total_tax": f"{taxes:.2f}",
            "taxes": [{"id": 1, "total": f"{taxes:.2f}"}] if tax else [],
            "meta_data": [],
        }
        if kind == "line_items":
            item |= {
                "name": one.get("name") or "Thing",
                "product_id": one.get("product_id") or 0,
                "variation_id": 0,
                "quantity": quantity,
                "tax_class": "",
                "subtotal": f"{before:.2f}",
                "subtotal_tax": f"{(before * tax).quantize(CENT):.2f}",
                "sku": one.get("sku"),
                "price": float(total / quantity),
            }
        elif kind == "shipping_lines":
            item |= {"method_title": one.get("method_title") or "Parcel", "method_id": "flat_rate"}
        else:
            item |= {"name": one.get("name") or "Fee", "tax_class": "", "amount": f"{total:.2f}"}
        return item

    def change(self, id: int, body: Mapping[str, Any]) -> None:
        row = self.rows[id]
        for name in ("customer_note", "transaction_id", "customer_id"):
            if name in body:
                row[name] = body[name]
        if status := body.get("status"):
            row["status"] = status
            if status in _PAID and row["paid"] is None:
                row["paid"] = self._now()
            if status == "completed" and row["completed"] is None:
                row["completed"] = self._now()
        row["modified"] = self._now()

    def orphan(self, customer: int) -> None:
        """A customer is deleted: the orders become those of guests."""
        for row in self.rows.values():
            if row["customer_id"] == customer:
                row |= {"customer_id": 0, "modified": self._now()}

    def refund(self, id: int, body: Mapping[str, Any]) -> Row | None:
        """None: it is more than what is left."""
        row = self.rows[id]
        left = self._total(row) - sum((Decimal(one["amount"]) for one in row["refunds"]), Decimal(0))
        amount = Decimal(body.get("amount") or "0")
        if amount <= 0 or amount > left:
            return None
        made = {
            "id": self._id(),
            "at": self._now(),
            "amount": f"{amount:.2f}",
            "reason": body.get("reason") or "",
            "by_gateway": body.get("api_refund", True),
            "lines": list(body.get("line_items") or ()),
        }
        row["refunds"].append(made)
        if amount == left:
            row["status"] = "refunded"
        row["modified"] = self._now()
        return made

    def note(self, id: int, body: Mapping[str, Any]) -> Row:
        made = {"id": self._id(), "note": body["note"], "customer_note": bool(body.get("customer_note"))}
        self.rows[id]["notes"].append(made)
        return made

    def refund_shown(self, one: Row, moments: Moments) -> Row:
        lines = [
            {
                "id": 1000 + place,
                "quantity": -line["quantity"],
                "total": "0.00",
                "meta_data": [{"id": 1, "key": "_refunded_item_id", "value": str(line["id"])}],
            }
            for place, line in enumerate(one["lines"])
        ]
        return {
            "id": one["id"],
            **moments("date_created", one["at"]),
            "amount": one["amount"],
            "reason": one["reason"],
            "refunded_payment": one["by_gateway"],
            "meta_data": [],
            "line_items": lines,
        }

    def _total(self, row: Row) -> Decimal:
        kinds = ("line_items", "shipping_lines", "fee_lines")
        return sum(
            (Decimal(one["total"]) + Decimal(one["total_tax"]) for kind in kinds for one in row[kind]),
            Decimal(0),
        )

    def _sums(self, row: Row) -> Row:
        def summed(kind: str, name: str) -> Decimal:
            return sum((Decimal(one[name]) for one in row[kind]), Decimal(0))

        tax = sum(
            (summed(kind, "total_tax") for kind in ("line_items", "shipping_lines", "fee_lines")), Decimal(0)
        )
        shipping_tax = summed("shipping_lines", "total_tax")
        rate = {
            "id": 900,
            "rate_code": "TAX-1",
            "rate_id": 1,
            "label": "VAT",
            "rate_percent": float(row["tax"] * 100),
        }
        told = {"tax_total": f"{tax - shipping_tax:.2f}", "shipping_tax_total": f"{shipping_tax:.2f}"}
        taken = summed("line_items", "subtotal") - summed("line_items", "total")
        taken_tax = summed("line_items", "subtotal_tax") - summed("line_items", "total_tax")
        return {
            "discount_total": f"{taken:.2f}",
            "discount_tax": f"{taken_tax:.2f}",
            "shipping_total": f"{summed('shipping_lines', 'total'):.2f}",
            "shipping_tax": f"{shipping_tax:.2f}",
            "cart_tax": f"{tax - shipping_tax:.2f}",
            "total": f"{self._total(row):.2f}",
            "total_tax": f"{tax:.2f}",
            "tax_lines": [{**rate, **told}] if row["tax"] else [],
        }

    def shown(self, id: int, moments: Moments) -> Row:
        row = self.rows[id]

        return {
            "id": id,
            "parent_id": 0,
            **{name: row[name] for name in ("status", "currency", "customer_id", "billing", "shipping")},
            "version": "11.0.1",
            "prices_include_tax": row["gross"],
            **self._sums(row),
            "order_key": f"wc_order_{id}abcdef",
            **{name: row[name] for name in ("payment_method", "payment_method_title", "transaction_id")},
            "created_via": "checkout",
            "customer_note": row["customer_note"],
            "number": str(id),
            "meta_data": [dict(one) for one in row["meta_data"]],
            **{
                name: [dict(one) for one in row[name]]
                for name in ("line_items", "shipping_lines", "fee_lines")
            },
            "coupon_lines": [{"id": 800, **one} for one in row["coupon_lines"]],
            "refunds": [
                {"id": one["id"], "reason": one["reason"], "total": f"-{one['amount']}"}
                for one in row["refunds"]
            ],
            "payment_url": f"https://shop.test/checkout/order-pay/{id}/?key=wc_order_{id}abcdef",
            "is_editable": row["status"] in ("pending", "on-hold"),
            **moments("date_created", row["created"]),
            **moments("date_modified", row["modified"]),
            **moments("date_completed", row["completed"]),
            **moments("date_paid", row["paid"]),
            "currency_symbol": "€",
            "_links": {},
        }
