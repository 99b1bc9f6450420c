"""The settings of a connection to Odoo; README.md says more of each."""

from __future__ import annotations

from hub.sdk import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting("url", "url", "the server's own address, such as https://erp.example.org", required=True),
    Setting("database", "text", "name of the database", required=True),
    Setting("login", "text", "the user's login; JSON-RPC needs it, JSON-2 does not"),
    Setting("key", "secret", "an API key of that user (or, for JSON-RPC, the password)", required=True),
    Setting(
        "protocol",
        "text",
        "auto (JSON-2 where there is one, else JSON-RPC), jsonrpc or json2",
        default="auto",
    ),
    Setting("companies", "list", "ids of the companies to work in, the one to write in first"),
    Setting("fields", "list", "further simple fields of partners; those named x_… come by themselves"),
    Setting(
        "partner_domain",
        "text",
        'which partners are customers, as a JSON domain: [["customer_rank",">",0]]',
    ),
    Setting(
        "marker_field",
        "text",
        "a text field of partners for our mark, such as x_crm_hub; default: external id",
    ),
    Setting(
        "unknown_words",
        "text",
        "a region, language, title or mobile that Odoo has no word or field for: leave (it out) or refuse",
        default="leave",
    ),
    Setting(
        "loyalty",
        "bool",
        "whether loyalty cards and e-wallets are read, where there are any",
        default=True,
    ),
    Setting(
        "leads",
        "bool",
        "whether leads and opportunities without a partner are read as customers (app CRM)",
        default=False,
    ),
    Setting(
        "order_marker_field",
        "text",
        "the text field of sale orders for our mark, such as x_crm_hub",
        default="origin",
    ),
    Setting(
        "confirm_orders",
        "bool",
        "whether orders we make are confirmed, or stay quotations",
        default=True,
    ),
    Setting(
        "unknown_product",
        "text",
        "a product whose sku is nobody's internal reference: hold (refuse), create or placeholder",
        default="hold",
    ),
    Setting(
        "placeholder_product",
        "text",
        "internal reference of the product that stands for unknown ones",
    ),
    Setting(
        "shipping_product",
        "text",
        "internal reference of the product for shipping",
        default="SHIPPING",
    ),
    Setting(
        "discount_product",
        "text",
        "internal reference of the product for discounts",
        default="DISCOUNT",
    ),
    Setting("webhook_secret", "secret", "the password in the URL of Odoo's webhook actions"),
    Setting("webhook_secret_old", "secret", "the one before, during a rotation"),
)
