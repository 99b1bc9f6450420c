"""The models and fields of the fake Odoo by version: what real ones of 15, 17 and 19 have, as far as the tests need it.

A field is "type", "type:relation" or "type:relation:inverse"; `!` behind it = required, `~` = read only.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Field(NamedTuple):
    name: str
    type: str
    relation: str | None
    inverse: str | None
    required: bool
    readonly: bool
    selection: tuple[tuple[str, str], ...] = ()


_STAMPS = {"create_date": "datetime~", "write_date": "datetime~", "display_name": "char~"}
_PARTNER_TYPES = (
    ("contact", "Contact"),
    ("invoice", "Invoice Address"),
    ("delivery", "Delivery Address"),
    ("other", "Other Address"),
)

_ALL: dict[str, dict[str, str]] = {
    "res.partner": {
        **dict.fromkeys(
            ["name", "email", "phone", "mobile", "website", "function", "vat", "ref", "company_name"], "char"
        ),
        **dict.fromkeys(["street", "street2", "zip", "city", "comment", "company_registry"], "char"),
        "is_company": "boolean",
        "active": "boolean",
        "partner_share": "boolean~",
        "type": "selection",
        "lang": "selection",
        "title": "many2one:res.partner.title",
        "parent_id": "many2one:res.partner",
        "child_ids": "one2many:res.partner:parent_id",
        "commercial_partner_id": "many2one:res.partner~",
        "state_id": "many2one:res.country.state",
        "country_id": "many2one:res.country",
        "category_id": "many2many:res.partner.category",
        "customer_rank": "integer",
        "credit_limit": "float",
        "x_level": "selection",
        "x_points": "integer",
        "x_hub": "char",
    },
    "res.partner.category": {"name": "char!", "color": "integer", "active": "boolean"},
    "res.partner.title": {"name": "char!", "shortcut": "char"},
    "res.country": {"name": "char!", "code": "char"},
    "res.country.state": {"name": "char!", "code": "char!", "country_id": "many2one:res.country!"},
    "res.lang": {"name": "char!", "code": "char!", "active": "boolean"},
    "res.company": {
        "name": "char!",
        "partner_id": "many2one:res.partner!",
        "currency_id": "many2one:res.currency!",
    },
    "res.currency": {"name": "char!", "active": "boolean", "decimal_places": "integer~"},
    "res.users": {"login": "char!", "partner_id": "many2one:res.partner!", "active": "boolean"},
    "ir.model.data": {"module": "char!", "name": "char!", "model": "char!", "res_id": "integer"},
    "uom.uom": {"name": "char!"},
    "product.product": {
        "name": "char!",
        "default_code": "char",
        "barcode": "char",
        "active": "boolean",
        "sale_ok": "boolean",
        "list_price": "float",
        "detailed_type": "selection",
        "type": "selection",
        "uom_id": "many2one:uom.uom",
        "taxes_id": "many2many:account.tax",
    },
    "account.tax": {
        "name": "char!",
        "amount": "float!",
        "amount_type": "selection",
        "price_include": "boolean",
        "type_tax_use": "selection",
        "active": "boolean",
        "company_id": "many2one:res.company",
    },
    "sale.order": {
        "name": "char",
        "state": "selection~",
        "locked": "boolean",
        "partner_id": "many2one:res.partner!",
        "partner_invoice_id": "many2one:res.partner",
        "partner_shipping_id": "many2one:res.partner",
        "date_order": "datetime",
        "client_order_ref": "char",
        "origin": "char",
        "note": "html",
        "x_hub": "char",
        "company_id": "many2one:res.company",
        "currency_id": "many2one:res.currency~",
        "pricelist_id": "many2one:product.pricelist",
        "amount_untaxed": "monetary~",
        "amount_tax": "monetary~",
        "amount_total": "monetary~",
        "invoice_status": "selection~",
        "order_line": "one2many:sale.order.line:order_id",
        "invoice_ids": "many2many:account.move~",
        "picking_ids": "one2many:stock.picking:sale_id",
        "tag_ids": "many2many:crm.tag",
    },
    "product.pricelist": {"name": "char!", "currency_id": "many2one:res.currency!", "active": "boolean"},
    "crm.tag": {"name": "char!"},
    "sale.order.line": {
        "order_id": "many2one:sale.order!",
        "name": "text",
        "sequence": "integer",
        "display_type": "selection",
        "product_id": "many2one:product.product",
        "product_uom_qty": "float",
        "product_uom": "many2one:uom.uom",
        "price_unit": "float",
        "discount": "float",
        "tax_id": "many2many:account.tax",
        "price_subtotal": "monetary~",
        "price_tax": "float~",
        "price_total": "monetary~",
        "qty_delivered": "float",
        "qty_invoiced": "float~",
        "is_delivery": "boolean",
        "is_downpayment": "boolean",
        "is_reward_line": "boolean~",
        "move_ids": "one2many:stock.move:sale_line_id",
        "invoice_lines": "many2many:account.move.line",
    },
    "account.move.line": {
        "move_id": "many2one:account.move",
        "matched_credit_ids": "one2many:account.partial.reconcile:debit_move_id",
    },
    "account.partial.reconcile": {"debit_move_id": "many2one:account.move.line", "amount": "monetary"},
    "decimal.precision": {"name": "char!", "digits": "integer!"},
    "stock.picking": {
        "name": "char",
        "state": "selection~",
        "sale_id": "many2one:sale.order",
        "date_done": "datetime",
        "carrier_tracking_ref": "char",
        "picking_type_code": "selection~",
        "move_ids": "one2many:stock.move:picking_id",
        "partner_id": "many2one:res.partner",
    },
    "stock.move": {
        "picking_id": "many2one:stock.picking",
        "sale_line_id": "many2one:sale.order.line",
        "product_id": "many2one:product.product",
        "product_uom_qty": "float",
        "quantity": "float",
        "state": "selection~",
    },
    "account.move": {
        "name": "char",
        "move_type": "selection",
        "state": "selection",
        "payment_state": "selection~",
        "amount_total": "monetary~",
        "amount_residual": "monetary~",
        "invoice_date": "date",
        "ref": "char",
        "currency_id": "many2one:res.currency",
        "line_ids": "one2many:account.move.line:move_id",
    },
    "loyalty.program": {"name": "char!", "program_type": "selection!"},
    "loyalty.card": {
        "code": "char!",
        "points": "float",
        "partner_id": "many2one:res.partner",
        "program_id": "many2one:loyalty.program",
        "program_type": "selection~",
        "expiration_date": "date",
        "currency_id": "many2one:res.currency~",
    },
    "crm.lead": {
        **dict.fromkeys(["contact_name", "partner_name", "email_from", "phone", "mobile"], "char"),
        **dict.fromkeys(["website", "function", "street", "street2", "zip", "city"], "char"),
        "name": "char!",
        "type": "selection",
        "active": "boolean",
        "partner_id": "many2one:res.partner",
        "title": "many2one:res.partner.title",
        "state_id": "many2one:res.country.state",
        "country_id": "many2one:res.country",
        "lang_id": "many2one:res.lang",
        "tag_ids": "many2many:crm.tag",
        "stage_id": "many2one:crm.stage",
        "source_id": "many2one:utm.source",
        "user_id": "many2one:res.users",
    },
    "crm.stage": {"name": "char!"},
    "utm.source": {"name": "char!"},
}
SELECTIONS = {
    ("res.partner", "type"): _PARTNER_TYPES,
    ("res.partner", "x_level"): (("gold", "Gold"), ("silver", "Silver")),
    ("product.product", "detailed_type"): (("consu", "Consumable"), ("service", "Service")),
    ("product.product", "type"): (("consu", "Goods"), ("service", "Service")),
}
REQUIRED_ROWS = {"res.partner": "name"}


def models(version: int) -> dict[str, dict[str, Field]]:
    """The models of this version (15, 17 or 19)."""
    shapes = {model: dict(fields) for model, fields in _ALL.items()}
    partner, line, product = shapes["res.partner"], shapes["sale.order.line"], shapes["product.product"]
    if version < 16:
        del partner["company_registry"], shapes["loyalty.card"], shapes["loyalty.program"]
    if version >= 19:
        del partner["mobile"], partner["title"], shapes["res.partner.title"]
        del shapes["crm.lead"]["mobile"], shapes["crm.lead"]["title"]
        line["tax_ids"], line["product_uom_id"] = line.pop("tax_id"), line.pop("product_uom")
    if version >= 18:
        del product["detailed_type"]
    if version < 17:
        del shapes["sale.order"]["locked"]
        move = shapes["stock.move"]
        move["quantity_done"] = move.pop("quantity")
    return {
        model: {
            name: _field(model, name, text) for name, text in {"id": "integer~", **fields, **_STAMPS}.items()
        }
        for model, fields in shapes.items()
    }


def _field(model: str, name: str, text: str) -> Field:
    kind, *rest = text.rstrip("!~").split(":")
    relation, inverse = [*rest, None, None][:2]
    return Field(
        name,
        kind,
        relation,
        inverse,
        text.endswith("!"),
        text.endswith("~"),
        SELECTIONS.get((model, name), ()),
    )


def shown(field: Field, attributes: list[str] | None) -> dict[str, Any]:
    """A field as fields_get tells it."""
    whole: dict[str, Any] = {
        "type": field.type,
        "string": field.name.replace("_", " ").title(),
        "required": field.required,
        "readonly": field.readonly,
        "store": True,
    }
    if field.relation:
        whole["relation"] = field.relation
    if field.type == "selection":
        whole["selection"] = [list(one) for one in field.selection]
    return {name: value for name, value in whole.items() if not attributes or name in attributes}
