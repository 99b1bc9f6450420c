"""The words of the canonical model as data: the fields of each object, their kinds, labels and parts; enumerations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Entry(NamedTuple):
    """One field. kind None: only its parts carry values. labels: None = takes none, empty = any word, else these."""

    kind: str | None
    subs: Mapping[str, str] = {}
    labels: frozenset[str] | None = None
    label_needed: bool = False


CONTACT_LABELS = frozenset({"work", "home", "mobile", "billing", "shipping", "fax", "other"})
TAX_TYPES = frozenset({"vat", "gst", "ein", "uscc", "other"})
CHANNELS = frozenset({"email", "sms", "phone", "post", "whatsapp", "wechat", "social", "profiling"})
_ANY: frozenset[str] = frozenset()

_ADDRESS: Mapping[str, str] = {
    "recipient": "text",
    "company": "text",
    "line1": "text",
    "line2": "text",
    "line3": "text",
    "locality": "text",
    "region": "text",
    "region_code": "code",
    "postal_code": "code",
    "country": "country",
    "usage": "tags",
}
_POINT: Mapping[str, str] = {"verified_at": "instant", "status": "enum"}


def _plain(kind: str, words: str) -> dict[str, Entry]:
    return {word: Entry(kind) for word in words.split()}


def _lists(words: str) -> dict[str, Entry]:
    return {word: Entry("list") for word in words.split()}


CUSTOMER: Mapping[str, Entry] = {
    **_plain("enum", "kind status gender"),
    **_plain(
        "text", "display_name prefix given_name middle_name family_name suffix full_name company job_title"
    ),
    **_plain(
        "text", "department lifecycle_stage lead_status lead_source name legal_name trade_name industry"
    ),
    **_plain("text", "payment_terms"),
    **_plain("ref", "owner_ref"),
    **_plain("date", "birth_date"),
    **_plain("language", "language"),
    **_plain("timezone", "timezone"),
    **_plain("code", "registration_number"),
    **_plain("int", "employee_count"),
    **_plain("money", "annual_revenue credit_limit"),
    **_plain("url", "website"),
    **_plain("bool", "is_customer is_supplier tax_exempt"),
    **_plain("tags", "tags"),
    **_plain("instant", "source_updated_at"),
    "email": Entry("email", _POINT, CONTACT_LABELS),
    "phone": Entry("phone", {**_POINT, "extension": "text", "type": "text"}, CONTACT_LABELS),
    "address": Entry(None, _ADDRESS, CONTACT_LABELS),
    "web": Entry("url", _POINT, CONTACT_LABELS),
    "social": Entry(
        "handle", {**_POINT, "platform_user_id": "ref", "account": "ref", "profile_url": "url"}, _ANY
    ),
    "messaging": Entry("handle", {**_POINT, "platform_user_id": "ref", "account": "ref"}, _ANY),
    "tax_id": Entry("tax_id", {"country": "country"}, TAX_TYPES),
    "consent": Entry(
        None,
        {
            "status": "enum",
            "purpose": "text",
            "opt_in_level": "text",
            "legal_basis": "text",
            "captured_at": "instant",
            "source": "text",
            "evidence_ref": "ref",
        },
        CHANNELS,
        label_needed=True,
    ),
    "membership": Entry(
        None,
        {
            "number": "ref",
            "tier": "text",
            "status": "text",
            "joined_at": "date",
            "expires_at": "date",
            "points_balance": "decimal",
            "stored_value": "money",
        },
        _ANY,
        label_needed=True,
    ),
    "external_ref": Entry("ref", {}, _ANY, label_needed=True),
    "custom": Entry("custom"),
}

_TOTALS = (
    "items_subtotal item_discounts order_discounts shipping fees tax duties tip rounding grand_total paid"
    " refunded outstanding"
)

ORDER: Mapping[str, Entry] = {
    **_plain("text", "number channel cancel_reason po_number version"),
    **_plain("multiline", "note"),
    **_plain("ref", "customer_record"),
    **_plain("instant", "placed_at source_created_at source_updated_at cancelled_at"),
    **_plain("enum", "status payment_status fulfilment_status"),
    **_plain("currency", "currency presentment_currency"),
    **_plain("bool", "taxes_included test"),
    **_plain("tags", "tags"),
    # who a guest is: an order without customer_record makes a customer record of its own from these
    "email": Entry("email"),
    "phone": Entry("phone"),
    "billing_address": Entry(None, _ADDRESS),
    "shipping_address": Entry(None, _ADDRESS),
    "totals": Entry(None, dict.fromkeys(_TOTALS.split(), "money")),
    **_lists("lines tax_lines discounts payments fulfilments refunds"),
    "external_ref": Entry("ref", {}, _ANY, label_needed=True),
    "custom": Entry("custom"),
}

INTERACTION: Mapping[str, Entry] = {
    **_plain("ref", "author_record customer_record thread_ref in_reply_to owner_ref related_order"),
    **_plain("enum", "kind direction status"),
    **_plain("text", "channel subject"),
    **_plain("multiline", "body"),
    **_plain("language", "language"),
    **_plain("instant", "occurred_at source_updated_at"),
    **_plain("url", "permalink"),
    # who an author is: one without a customer record gets one of its own from these. domain: proved to be theirs;
    # global_id: one that means the same in every account of the network; email and phone: as written to us
    "author": Entry(
        "handle",
        {
            **dict.fromkeys(("network", "display_name", "domain"), "text"),
            **dict.fromkeys(("platform_user_id", "global_id"), "ref"),
            **dict.fromkeys(("profile_url", "website"), "url"),
            "email": "email",
            "phone": "phone",
        },
    ),
    "campaign": Entry(
        None,
        {
            **dict.fromkeys(("form_id", "ad_id"), "ref"),
            **dict.fromkeys(("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"), "text"),
        },
    ),
    **_lists("fields"),
    "custom": Entry("custom"),
}

OBJECTS: Mapping[str, Mapping[str, Entry]] = {
    "customer": CUSTOMER,
    "order": ORDER,
    "interaction": INTERACTION,
    "order.lines": {
        **_plain("ref", "external_id product_ref"),
        **_plain("int", "position"),
        **_plain("enum", "kind"),
        **_plain("text", "sku name unit"),
        **_plain("tags", "options"),
        **_plain("decimal", "quantity quantity_fulfilled quantity_refunded"),
        **_plain("money", "unit_price subtotal discount_total total tax_total"),
        "custom": Entry("custom"),
    },
    "order.tax_lines": {
        **_plain("text", "owner name"),
        **_plain("decimal", "rate"),
        **_plain("money", "amount"),
        **_plain("bool", "included"),
    },
    "order.discounts": {
        **_plain("text", "owner kind code method"),
        **_plain("decimal", "percentage"),
        **_plain("money", "value"),
    },
    "order.payments": {
        **_plain("text", "kind status gateway method"),
        **_plain("money", "amount"),
        **_plain("ref", "external_id reference"),
    },
    "order.fulfilments": {
        **_plain("text", "status"),
        **_plain("instant", "shipped_at delivered_at"),
        **_plain("tags", "tracking"),
        **_plain("pieces", "lines"),
        **_plain("ref", "external_id reference"),
    },
    "order.refunds": {
        **_plain("text", "reason status"),
        **_plain("money", "amount"),
        **_plain("pieces", "lines"),
        **_plain("ref", "external_id reference"),
    },
    "interaction.fields": {**_plain("text", "name"), **_plain("tags", "values")},
}

ENUMS: Mapping[str, tuple[str, ...]] = {
    "customer.kind": ("person", "organisation"),
    "customer.status": ("active", "merged", "erased", "archived"),
    "customer.gender": ("male", "female", "other"),
    "customer.consent.status": ("granted", "denied", "withdrawn", "pending"),
    "customer.email.status": ("valid", "bounced", "invalid", "blocked"),
    "order.status": ("open", "completed", "cancelled", "archived", "draft"),
    "order.payment_status": (
        *("pending", "authorized", "paid", "partially_paid"),
        *("partially_refunded", "refunded", "voided"),
    ),
    "order.fulfilment_status": ("pending", "partial", "shipped", "delivered", "cancelled", "returned"),
    "order.lines.kind": (
        *("product", "shipping", "fee", "gift_card", "tip", "custom"),
        *("bundle_parent", "bundle_child"),
    ),
    "interaction.kind": (
        *("message", "comment", "mention", "review", "lead_form"),
        *("ticket", "call", "meeting", "email", "reaction"),
    ),
    "interaction.direction": ("inbound", "outbound"),
    "interaction.status": ("new", "open", "pending", "resolved", "closed", "spam"),
}
"""Closed enumerations by object and field. Each also has the word `unknown` (canonical-model.md, "Values")."""

SYNONYMS: Mapping[str, Mapping[str, str]] = {
    "customer.kind": {
        **dict.fromkeys(
            ("company", "organization", "business", "b2b", "公司", "企业", "单位"), "organisation"
        ),
        **dict.fromkeys(("individual", "private", "contact", "b2c", "个人"), "person"),
    },
    "customer.gender": {
        **dict.fromkeys(("m", "man", "男", "男性"), "male"),
        **dict.fromkeys(("f", "w", "woman", "女", "女性"), "female"),
        **dict.fromkeys(("x", "d", "diverse", "non_binary", "其他"), "other"),
    },
    "customer.consent.status": {
        **dict.fromkeys(
            ("true", "yes", "y", "1", "subscribed", "opted_in", "opt_in", "是", "同意"), "granted"
        ),
        **dict.fromkeys(("false", "no", "n", "0", "否", "拒绝"), "denied"),
        **dict.fromkeys(("unsubscribed", "opted_out", "opt_out", "revoked", "退订"), "withdrawn"),
    },
    "order.status": {"canceled": "cancelled", "closed": "completed", "complete": "completed"},
    "order.payment_status": {"authorised": "authorized", "void": "voided", "partial": "partially_paid"},
    "order.fulfilment_status": {"canceled": "cancelled", "partially_shipped": "partial"},
}
"""Other spellings that mean exactly the canonical word; a vendor's own words belong in a map's [values] table."""


def enum_name(object: str, field: str, sub: str | None) -> str:
    """The key of ENUMS for a path. Contact points share one status."""
    if sub is None:
        return f"{object}.{field}"
    return "customer.email.status" if field != "consent" else f"{object}.{field}.{sub}"
