"""Reads sale orders with what stands in other tables, a page at a time: some eight calls, however many orders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connectors.odoo import order, partner
from connectors.odoo.lookups import Lookups
from connectors.odoo.order import Parts, taxes_of
from connectors.odoo.partner import link, plain
from connectors.odoo.probe import may
from connectors.odoo.rpc import Domain, Row, Rpc
from hub.sdk import ConnectionBroken, RemoteRecord, Unsupported

PICKING, MOVE, INVOICE = "stock.picking", "stock.move", "account.move"
RECONCILED = "account.partial.reconcile"
_PICKING_FIELDS = (
    *(
        "id",
        "name",
        "state",
        "sale_id",
        "date_done",
        "carrier_tracking_ref",
        "picking_type_code",
        "write_date",
    ),
)
_MOVE_FIELDS = (
    *(
        "id",
        "picking_id",
        "sale_line_id",
        "product_id",
        "product_uom_qty",
        "quantity",
        "quantity_done",
        "state",
    ),
)
_INVOICE_FIELDS = (
    *("id", "name", "move_type", "state", "payment_state", "amount_total", "amount_residual", "write_date"),
)


class Orders:
    """`mark`: the field of sale orders in which our mark stands."""

    def __init__(self, rpc: Rpc, lookups: Lookups, *, mark: str) -> None:
        self._rpc = rpc
        self._lookups = lookups
        self.mark = mark
        self._may: dict[str, bool] = {}
        self._taxes: dict[int, Row] | None = None

    def fields(self) -> list[str]:
        known = self._rpc.known(order.MODEL, [*dict.fromkeys((*order.FIELDS, self.mark))])
        if self.mark not in known:
            raise ConnectionBroken(
                f'sale orders have no field "{self.mark}"', fix="correct the setting `order_marker_field`"
            )
        return known

    def rows(self, ids: Sequence[int]) -> list[Row]:
        return self._rpc.by_ids(order.MODEL, ids, self.fields())

    def records(self, rows: Sequence[Row]) -> list[RemoteRecord]:
        if not rows:
            return []
        parts = self._parts(rows)
        return [order.record(row, parts, lookups=self._lookups, mark=self.mark) for row in rows]

    def touched(self, since: str) -> Domain:
        """Orders written since, or with a line, parcel, invoice or payment that was: they do not stamp the order."""
        leaves = [["write_date", ">=", since], ["order_line.write_date", ">=", since]]
        if self._has(PICKING):
            leaves += [
                ["picking_ids.write_date", ">=", since],
                ["order_line.move_ids.write_date", ">=", since],
            ]
        if self._has(INVOICE):
            invoice = "order_line.invoice_lines.move_id"
            leaves.append([f"{invoice}.write_date", ">=", since])
            if self._allowed(RECONCILED) and self._allowed("account.move.line"):
                leaves.append([f"{invoice}.line_ids.matched_credit_ids.create_date", ">=", since])
        return [*(["|"] * (len(leaves) - 1)), *leaves]

    def needed(self) -> None:
        """Raises Unsupported where there are no sale orders to read."""
        if not self._allowed(order.MODEL):
            raise Unsupported(
                "this Odoo has no sale orders for us: the app Sales is missing, or the user may not read them"
            )

    def taxes(self) -> dict[int, Row]:
        """All taxes of sales, archived ones too."""
        if self._taxes is None:
            fields = ["id", "name", "amount", "amount_type", "price_include", "active", "company_id"]
            rows = self._rpc.search_read(
                "account.tax", [["type_tax_use", "=", "sale"]], self._rpc.known("account.tax", fields)
            )
            self._taxes = {row["id"]: row for row in rows}
        return self._taxes

    def _allowed(self, model: str) -> bool:
        """Whether the app is there and this user may read it; asked once."""
        if model not in self._may:
            self._may[model] = may(self._rpc, model, "read")
        return self._may[model]

    def _has(self, model: str) -> bool:
        name = "picking_ids" if model == PICKING else "invoice_ids"
        return name in self._rpc.fields(order.MODEL) and self._allowed(model)

    def _parts(self, rows: Sequence[Row]) -> Parts:
        ids = [row["id"] for row in rows]
        lines = self._rpc.search_read(
            order.LINE,
            [["order_id", "in", ids]],
            self._rpc.known(order.LINE, order.LINE_FIELDS),
            order="sequence asc, id asc",
        )
        pickings = self._pickings(ids)
        moves = self._moves([one["id"] for one in pickings or ()])
        products = {link(one.get("product_id")) for one in (*lines, *moves)}
        everybody = {
            link(row.get(name))
            for row in rows
            for name in ("partner_id", "partner_invoice_id", "partner_shipping_id")
        }
        found = self._rpc.by_ids(
            partner.MODEL, [id for id in everybody if id], self._rpc.known(partner.MODEL, partner.FIELDS)
        )
        self._lookups.learn_states(link(one.get("state_id")) for one in found)
        known = self.taxes() if any(taxes_of(one) for one in lines) else {}
        return Parts(
            lines=_by(lines, "order_id"),
            pickings=None if pickings is None else _by(pickings, "sale_id"),
            moves=_by(moves, "picking_id"),
            invoices=self._invoices(ids),
            partners={one["id"]: one for one in found},
            skus=self._skus(id for id in products if id),
            taxes=known,
        )

    def _skus(self, ids: Iterable[int]) -> dict[int, str | None]:
        rows = self._rpc.by_ids("product.product", list(ids), ["default_code"])
        return {row["id"]: plain(row["default_code"]) for row in rows}

    def _pickings(self, orders: Sequence[int]) -> list[Row] | None:
        """What goes out. What comes back is a picking as well, and no parcel to the customer."""
        if not self._has(PICKING):
            return None
        fields = self._rpc.known(PICKING, _PICKING_FIELDS)
        domain: Domain = [["sale_id", "in", list(orders)], ["picking_type_code", "=", "outgoing"]]
        return self._rpc.search_read(PICKING, domain, fields)

    def _moves(self, pickings: Sequence[int]) -> list[Row]:
        if not pickings:
            return []
        fields = self._rpc.known(MOVE, _MOVE_FIELDS)
        return self._rpc.search_read(MOVE, [["picking_id", "in", list(pickings)]], fields)

    def _invoices(self, orders: Sequence[int]) -> dict[int, list[Row]] | None:
        """By order: `invoice_ids` is not stored, so it is read, not asked for."""
        if not self._has(INVOICE):
            return None
        held = self._rpc.by_ids(order.MODEL, orders, ["invoice_ids"])
        ids = sorted({id for row in held for id in row.get("invoice_ids") or ()})
        fields = self._rpc.known(INVOICE, _INVOICE_FIELDS)
        invoices = {one["id"]: one for one in self._rpc.by_ids(INVOICE, ids, fields)}
        return {
            row["id"]: [invoices[id] for id in row.get("invoice_ids") or () if id in invoices] for row in held
        }


def _by(rows: Iterable[Row], name: str) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        id = link(row.get(name))
        if id is not None:
            found.setdefault(id, []).append(row)
    return found
