"""What the apps of the fake Odoo do by themselves: contacts, sales, stock, invoices."""

from __future__ import annotations

from typing import Any

from odoo_fake_engine import Engine, Fault, Row, user_error

_SYNCED = ("vat", "company_registry")


class Apps(Engine):
    """`warehouse`: a confirmed order makes a picking. `confirm_fails`: what action_confirm says instead of doing it."""

    warehouse = True
    confirm_fails: str | None = None

    def default(self, model: str, row: Row) -> None:
        if model == "res.partner":
            row |= {
                "type": "contact",
                "lang": "en_US",
                "partner_share": True,
                "commercial_partner_id": row["id"],
            }
        if model == "crm.lead":
            row |= {"type": "lead"}
        if model == "sale.order":
            row |= {
                "state": "draft",
                "name": f"S{row['id']:05d}",
                "date_order": self.now,
                "invoice_status": "no",
            }
            row |= {"company_id": 1, "currency_id": 1}
        if model == "sale.order.line":
            row |= {"product_uom_qty": 1.0, "sequence": 10}
        if model == "product.product":
            row |= {"sale_ok": True, "type": "consu", "uom_id": 1, "list_price": 1.0}
            if "detailed_type" in row:
                row["detailed_type"] = "consu"
        if model == "account.tax":
            row |= {"amount_type": "percent", "type_tax_use": "sale", "company_id": 1}

    def after(self, model: str, ids: list[int], values: Row, *, created: bool) -> None:
        if model == "res.partner":
            for id in ids:
                self._family(self.rows[model][id], values)
        elif model == "sale.order.line":
            for id in ids:
                row = self.rows[model][id]
                if created and not row["price_unit"] and row["product_id"] and "price_unit" not in values:
                    row["price_unit"] = self.rows["product.product"][row["product_id"]]["list_price"]
                if created and not row["name"] and row["product_id"]:
                    row["name"] = self.rows["product.product"][row["product_id"]]["name"]
                self._amounts(row)
        elif model == "sale.order":
            for id in ids:
                order = self.rows[model][id]
                for name in ("partner_invoice_id", "partner_shipping_id"):
                    order[name] = order[name] or order["partner_id"]
                if order["pricelist_id"]:
                    order["currency_id"] = self.rows["product.pricelist"][order["pricelist_id"]][
                        "currency_id"
                    ]
                self._total(id)

    def _family(self, row: Row, values: Row) -> None:
        """The company stands for its people; its numbers are theirs, and its address goes to its contacts."""
        parent = self.rows["res.partner"].get(row["parent_id"] or 0)
        row["commercial_partner_id"] = (
            row["id"] if row["is_company"] or not parent else parent["commercial_partner_id"]
        )
        if row["commercial_partner_id"] != row["id"]:
            company = self.rows["res.partner"][row["commercial_partner_id"]]
            row |= {name: company[name] for name in _SYNCED if name in row}
        for other in list(self.rows["res.partner"].values()):
            if other["parent_id"] == row["id"] and values.keys() & {*_SYNCED, "is_company"}:
                self._family(other, {})
                other["write_date"] = self.now

    def convert(self, lead: int, partner: int | None = None) -> int:
        """A seller makes an opportunity of it, tied to a partner, who is new unless given and gets no stamp by it."""
        self.tick()
        row = self.rows["crm.lead"][lead]
        if partner is None:
            values = {"name": row["contact_name"] or row["partner_name"], "email": row["email_from"]}
            partner = self.create("res.partner", values)
        self.write("crm.lead", [lead], {"partner_id": partner, "type": "opportunity"})
        return partner

    # --- sales --------------------------------------------------------------------------------------

    @property
    def taxes(self) -> str:
        return "tax_ids" if self.version >= 19 else "tax_id"

    def _amounts(self, row: Row) -> None:
        base = round(row["price_unit"] * (1 - row["discount"] / 100) * row["product_uom_qty"], 6)
        taxes = [self.rows["account.tax"][id] for id in row[self.taxes]]
        inside = sum(tax["amount"] for tax in taxes if tax["price_include"])
        outside = sum(tax["amount"] for tax in taxes if not tax["price_include"])
        net = round(base / (1 + inside / 100), 2)
        gross = round(base, 2) if inside else net
        tax = round(gross - net + net * outside / 100, 2)
        row |= {"price_subtotal": net, "price_tax": tax, "price_total": round(net + tax, 2)}
        self._total(row["order_id"])

    def _total(self, id: int) -> None:
        order = self.rows["sale.order"].get(id or 0)
        if order is None:
            return
        lines = [one for one in self.rows["sale.order.line"].values() if one["order_id"] == id]
        order["amount_untaxed"] = round(sum(one["price_subtotal"] for one in lines), 2)
        order["amount_tax"] = round(sum(one["price_tax"] for one in lines), 2)
        order["amount_total"] = round(order["amount_untaxed"] + order["amount_tax"], 2)

    def action_confirm(self, ids: list[int]) -> bool:
        if self.confirm_fails:
            raise user_error(self.confirm_fails)
        for id in ids:
            order = self.rows["sale.order"][id]
            if order["state"] not in ("draft", "sent"):
                raise user_error(
                    f"It is not allowed to confirm an order in the following states: {order['state']}"
                )
            order |= {
                "state": "sale",
                "date_order": self.now,
                "write_date": self.now,
                "invoice_status": "to invoice",
            }
            if self.warehouse:
                self._pick(order)
        return True

    def _pick(self, order: Row) -> None:
        values = {
            "name": f"WH/OUT/{order['id']:05d}",
            "sale_id": order["id"],
            "picking_type_code": "outgoing",
        }
        picking = self.create("stock.picking", values)
        self.rows["stock.picking"][picking] |= {"state": "assigned", "picking_type_code": "outgoing"}
        for line in list(self.rows["sale.order.line"].values()):
            product = self.rows["product.product"].get(line["product_id"] or 0)
            if line["order_id"] != order["id"] or not product or product["type"] == "service":
                continue
            move = self.create(
                "stock.move",
                {
                    "picking_id": picking,
                    "sale_line_id": line["id"],
                    "product_id": line["product_id"],
                    "product_uom_qty": line["product_uom_qty"],
                },
            )
            self.rows["stock.move"][move]["state"] = "assigned"

    def ship(self, picking: int, tracking: str | None = None) -> None:
        """A warehouse hand validates the picking: neither the order nor its lines get a new stamp by that."""
        self.tick()
        row = self.rows["stock.picking"][picking]
        row |= {"state": "done", "date_done": self.now, "carrier_tracking_ref": tracking or False}
        row["write_date"] = self.now
        done = "quantity_done" if self.version < 17 else "quantity"
        for move in self.rows["stock.move"].values():
            if move["picking_id"] == picking:
                move |= {"state": "done", done: move["product_uom_qty"], "write_date": self.now}
                line = self.rows["sale.order.line"][move["sale_line_id"]]
                line["qty_delivered"] += move["product_uom_qty"]

    def invoice(self, order: int, *, refund: float = 0.0) -> int:
        """An accountant makes and posts the invoice, or a credit note of `refund`, which is paid out at once."""
        self.tick()
        sale = self.rows["sale.order"][order]
        total = refund or sale["amount_total"]
        id = self.create(
            "account.move", {"move_type": "out_refund" if refund else "out_invoice", "state": "posted"}
        )
        row = self.rows["account.move"][id]
        row |= {
            "name": f"INV/2026/{id:05d}",
            "payment_state": "paid" if refund else "not_paid",
            "amount_total": total,
        }
        row |= {"amount_residual": 0.0 if refund else total, "invoice_date": self.now.date().isoformat()}
        line = self.create("account.move.line", {"move_id": id})
        for one in self.rows["sale.order.line"].values():
            if one["order_id"] == order:
                one["invoice_lines"] = [*one["invoice_lines"], line]
        sale["invoice_ids"] = [*sale["invoice_ids"], id]
        sale["invoice_status"] = "invoiced"
        return id

    def pay(self, invoice: int, amount: float) -> None:
        """Money comes in: only the reconciliation is new, neither order nor invoice gets a new stamp."""
        self.tick()
        row = self.rows["account.move"][invoice]
        row["amount_residual"] = round(row["amount_residual"] - amount, 2)
        row["payment_state"] = "partial" if row["amount_residual"] else "paid"
        line = next(one["id"] for one in self.rows["account.move.line"].values() if one["move_id"] == invoice)
        self.create("account.partial.reconcile", {"debit_move_id": line, "amount": amount})

    def action_cancel(self, ids: list[int], context: Row) -> Any:
        for id in ids:
            order = self.rows["sale.order"][id]
            if order.get("locked") or order["state"] == "done":
                raise user_error("You cannot cancel a locked order. Please unlock it first.")
            if order["state"] != "draft" and not context.get("disable_cancel_warning"):
                return {"type": "ir.actions.act_window", "res_model": "sale.order.cancel", "target": "new"}
            for picking in self.rows["stock.picking"].values():
                if picking["sale_id"] == id and picking["state"] != "done":
                    picking |= {"state": "cancel", "write_date": self.now}
            order |= {"state": "cancel", "write_date": self.now, "invoice_status": "no"}
        return True

    def forget(self, model: str, keep: int) -> None:
        """Drop the oldest records beyond `keep`, without a word: only to keep long test runs quick."""
        rows, child = self.rows[model], {"res.partner": "parent_id", "sale.order": "order_id"}[model]
        inner = "sale.order.line" if model == "sale.order" else model
        mains = [id for id, row in rows.items() if model == "sale.order" or (not row["parent_id"] and id > 5)]
        old = set(mains[:-keep])
        for id in old:
            del rows[id]
        for id in [id for id, row in self.rows[inner].items() if row[child] in old]:
            del self.rows[inner][id]

    def unlink(self, model: str, ids: list[int]) -> bool:
        if model == "sale.order":
            for id in ids:
                if self.rows[model].get(id, {}).get("state") not in ("draft", "cancel", None):
                    raise user_error("You can not delete a sent quotation or a confirmed sales order.")
        if model == "res.partner":
            for order in self.rows["sale.order"].values():
                if order["partner_id"] in ids:
                    text = (
                        "The operation cannot be completed: another model requires the record being deleted."
                    )
                    raise Fault("odoo.exceptions.ValidationError", text)
            for one in self.rows[model].values():
                if one["parent_id"] in ids:  # "set null": its addresses stay, orphaned
                    one |= {"parent_id": False, "commercial_partner_id": one["id"]}
        return super().unlink(model, ids)
