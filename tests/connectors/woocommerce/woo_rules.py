"""What the documented API takes: parameters and their types, per route, of wc/v3 as WooCommerce 11 has it.

The real store passes over parameters that it does not know; this one refuses them, for we are to send none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

Rule = tuple[str, ...]


class No(Exception):
    """A refusal in the store's words."""

    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        super().__init__(message)
        self.reply = (status, {"code": code, "message": message, "data": {"status": status, **data}})


TEXT: Rule = ("text",)
WHOLE: Rule = ("whole",)
YES_NO: Rule = ("yes_no",)
ANY: Rule = ("any",)

_NAMES = (
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
STATUSES = (
    *("auto-draft", "pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed"),
    "checkout-draft",
)
ROLES = (
    *("all", "administrator", "editor", "author", "contributor", "subscriber", "customer", "shop_manager"),
)
PAGING: Mapping[str, Rule] = {
    "context": ("word", "view", "edit"),
    "page": ("whole", "1", ""),
    "per_page": ("whole", "1", "100"),
    "search": TEXT,
    "exclude": ("numbers",),
    "include": ("numbers",),
    "offset": WHOLE,
    "order": ("word", "asc", "desc"),
    "_fields": TEXT,
}
_DATES: Mapping[str, Rule] = {
    **dict.fromkeys(("after", "before", "modified_after", "modified_before"), ("moment",)),
    "dates_are_gmt": YES_NO,
}
CUSTOMERS: Mapping[str, Rule] = {
    **PAGING,
    "orderby": ("word", "id", "include", "name", "registered_date"),
    "email": ("email",),
    "role": ("word", *ROLES),
}
ORDERS: Mapping[str, Rule] = {
    **PAGING,
    **_DATES,
    "orderby": ("word", "date", "id", "include", "title", "slug", "modified"),
    "status": ("words", "any", "trash", *STATUSES),
    "customer": WHOLE,
    "product": WHOLE,
    "dp": WHOLE,
}
REFUNDS: Mapping[str, Rule] = {
    **PAGING,
    **_DATES,
    "orderby": ("word", "date", "id", "include", "title", "slug", "modified"),
    "dp": WHOLE,
}
WEBHOOKS: Mapping[str, Rule] = {
    **PAGING,
    "orderby": ("word", "date", "id", "title"),
    "status": ("word", "all", "active", "paused", "disabled"),
}
PRODUCTS: Mapping[str, Rule] = {
    **PAGING,
    **_DATES,
    "orderby": ("word", "date", "id", "include", "title", "slug", "modified"),
    "sku": TEXT,
}
NOTES: Mapping[str, Rule] = {
    "context": ("word", "view", "edit"),
    "type": ("word", "any", "customer", "internal"),
}
ONE: Mapping[str, Rule] = {"context": ("word", "view", "edit"), "_fields": TEXT}
DELETE: Mapping[str, Rule] = {"force": YES_NO, "reassign": WHOLE}

_SHIPPING: Mapping[str, Rule] = dict.fromkeys((*_NAMES, "phone"), TEXT)
CUSTOMER_BODY: Mapping[str, Any] = {
    "email": ("email",),
    **dict.fromkeys(("first_name", "last_name", "username", "password"), TEXT),
    "billing": {**_SHIPPING, "email": ("email",)},
    "shipping": _SHIPPING,
    "meta_data": ("meta",),
}
ORDER_BODY: Mapping[str, Any] = {
    "status": ("word", *STATUSES),
    "customer_id": WHOLE,
    **dict.fromkeys(
        ("currency", "customer_note", "payment_method", "payment_method_title", "transaction_id"), TEXT
    ),
    "billing": {**_SHIPPING, "email": ("email",)},
    "shipping": _SHIPPING,
    "meta_data": ("meta",),
    **dict.fromkeys(("line_items", "shipping_lines", "fee_lines", "coupon_lines"), ("objects",)),
    "set_paid": YES_NO,
}
REFUND_BODY: Mapping[str, Any] = {
    "amount": TEXT,
    "reason": TEXT,
    "refunded_by": WHOLE,
    "meta_data": ("meta",),
    "line_items": ("objects",),
    "api_refund": YES_NO,
    "api_restock": YES_NO,
}
NOTE_BODY: Mapping[str, Any] = {"note": TEXT, "customer_note": YES_NO, "added_by_user": YES_NO}
WEBHOOK_BODY: Mapping[str, Any] = {
    **dict.fromkeys(("name", "topic", "secret", "delivery_url"), TEXT),
    "status": ("word", "active", "paused", "disabled"),
}
BATCH: Mapping[str, Any] = {"create": ("objects",), "update": ("objects",), "delete": ("any",)}

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")


def faults(
    given: Mapping[str, Any], rules: Mapping[str, Any], *, in_query: bool, under: str = ""
) -> dict[str, str]:
    """Parameter → what is wrong with it."""
    found: dict[str, str] = {}
    for name, value in given.items():
        rule = rules.get(name)
        if rule is None:
            found[under + name] = f"{under}{name} is no parameter of this route."
        elif isinstance(rule, Mapping):
            if isinstance(value, Mapping):
                found |= faults(value, rule, in_query=in_query, under=f"{under}{name}.")
            else:
                found[under + name] = f"{under}{name} is not of type object."
        elif said := _fault(value, rule, in_query):
            found[under + name] = f"{under}{name} {said}"
    return found


def _fault(value: Any, rule: Rule, in_query: bool) -> str | None:
    kind, *words = rule
    if kind == "any":
        return None
    if kind in ("text", "email", "moment", "word"):
        return _text_fault(value, kind, words)
    if kind == "whole":
        return _whole_fault(value, words, in_query)
    if kind == "yes_no":
        fine = value in ("true", "false", "1", "0") if in_query else isinstance(value, bool)
        return None if fine else "is not of type boolean."
    items = value.split(",") if in_query and isinstance(value, str) else value
    if not isinstance(items, list):
        return "is not of type array."
    return None if all(_fits(one, kind, words) for one in items) else f"has items that are no {kind}."


def _text_fault(value: Any, kind: str, words: list[str]) -> str | None:
    if not isinstance(value, str):
        return "is not of type string."
    if kind == "email" and not _EMAIL.fullmatch(value):
        return "is not a valid email address."
    if kind == "word" and value not in words:
        return f"is not one of {', '.join(words)}."
    return "is not a valid date." if kind == "moment" and not _is_moment(value) else None


def _fits(one: Any, kind: str, words: list[str]) -> bool:
    if kind == "numbers":
        return str(one).isdecimal()
    if kind == "words":
        return one in words
    meta = kind != "meta" or (set(one) <= {"id", "key", "value"} and isinstance(one.get("key"), str))
    return isinstance(one, Mapping) and meta


def _whole_fault(value: Any, words: list[str], in_query: bool) -> str | None:
    text = str(value)
    if isinstance(value, bool) or not (text.isdecimal() if in_query else isinstance(value, int)):
        return "is not of type integer."
    low, high = words or ("", "")
    if (low and int(text) < int(low)) or (high and int(text) > int(high)):
        return f"must be between {low} (inclusive) and {high or 'any'} (inclusive)"
    return None


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return "T" in text


def valid(given: Any, rule: Mapping[str, Any], *, in_query: bool) -> None:
    if not isinstance(given, dict):
        raise No(400, "rest_invalid_json", "Invalid JSON body passed.")
    if wrong := faults(given, rule, in_query=in_query):
        raise No(400, "rest_invalid_param", f"Invalid parameter(s): {', '.join(wrong)}", params=wrong)


def sanitized(text: str) -> str:
    """What WordPress makes of a one-line text field (sanitize_text_field): no tags, no line breaks, no %41.

    Compared with WordPress 6.1 itself, for every text of the conformance suite.
    """
    if "<" in text:
        text = re.sub(r"(?si)<(script|style)[^>]*>.*?</\1>", "", text)
        text = re.sub(r"<[a-zA-Z/!?][^>]*>?", "", text)
        text = text.replace("<", "&lt;")
    text = re.sub(r"[\r\n\t ]+", " ", text).strip()
    bare = re.sub(r"%[a-fA-F0-9]{2}", "", text)
    return re.sub(r" +", " ", bare).strip() if bare != text else text
