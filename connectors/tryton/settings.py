"""What a connection to a Tryton ERP can be told."""

from __future__ import annotations

from hub.sdk import Setting

SETTINGS = (
    Setting("url", "url", "server with database, such as https://erp.example.org/company", required=True),
    Setting("key", "secret", "key of a validated user application of the kind REST API", required=True),
    Setting("fields", "list", "further simple fields of parties to read and write, under their own names"),
    Setting("company", "text", "sales: name or id of the company, if the key's user sees several"),
    Setting("warehouse", "text", "sales: name or code of the warehouse; without it the ERP's default"),
    Setting("payment_term", "text", "sales: name of the payment term; without it the ERP's default"),
    Setting(
        "taxes",
        "list",
        'sales: the ERP\'s tax of a rate where it has several, as in "0.19=VAT 19 %"',
    ),
    Setting(
        "unknown_product",
        "text",
        "sales: a code the ERP does not have: hold (refuse the sale), create, or placeholder",
        default="hold",
    ),
    Setting("placeholder_product", "text", "sales: code of the product that stands for unknown ones"),
    Setting("product_category", "text", "sales: accounting category of products the hub makes"),
    Setting("default_uom", "text", "sales: unit of products the hub makes, by symbol or name", default="u"),
    Setting("shipping_product", "text", "sales: code of the product for shipping; else a line without one"),
    Setting("discount_product", "text", "sales: code of the product for discounts; else a line without one"),
    Setting("fee_product", "text", "sales: code of the product for fees, tips and cents; else without one"),
    Setting("refund_product", "text", "sales: code of the product for refunds; else a line without one"),
)
