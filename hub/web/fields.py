"""What the canonical fields are called for people, in which order they stand, and why a value won, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hub.canonical.paths import group
from hub.web.say import lazy_gettext

NAMES: Mapping[str, str] = {
    "display_name": lazy_gettext("Name"),
    "full_name": lazy_gettext("Full name"),
    "family_name": lazy_gettext("Family name"),
    "given_name": lazy_gettext("Given name"),
    "middle_name": lazy_gettext("Middle name"),
    "name": lazy_gettext("Name"),
    "kind": lazy_gettext("Kind"),
    "birth_date": lazy_gettext("Birth date"),
    "gender": lazy_gettext("Gender"),
    "language": lazy_gettext("Language"),
    "job_title": lazy_gettext("Position"),
    "company": lazy_gettext("Company"),
    "email": lazy_gettext("E-mail"),
    "phone": lazy_gettext("Phone"),
    "website": lazy_gettext("Website"),
    "web": lazy_gettext("Website"),
    "social": lazy_gettext("Social account"),
    "messaging": lazy_gettext("Messenger"),
    "address": lazy_gettext("Address"),
    "consent": lazy_gettext("Consent"),
    "tax_id": lazy_gettext("Tax id"),
    "tags": lazy_gettext("Tags"),
    "credit_limit": lazy_gettext("Credit limit"),
    "currency": lazy_gettext("Currency"),
    "loyalty": lazy_gettext("Loyalty"),
    "source_updated_at": lazy_gettext("Changed there"),
    "customer_record": lazy_gettext("Customer"),
    "number": lazy_gettext("Number"),
    "placed_at": lazy_gettext("Placed"),
    "status": lazy_gettext("Status"),
    "payment_status": lazy_gettext("Payment"),
    "fulfilment_status": lazy_gettext("Delivery"),
    "totals": lazy_gettext("Totals"),
    "lines": lazy_gettext("Lines"),
    "lifecycle_stage": lazy_gettext("Stage"),
    "notes": lazy_gettext("Notes"),
}
LABELS: Mapping[str, str] = {
    "mobile": lazy_gettext("mobile"),
    "work": lazy_gettext("work"),
    "home": lazy_gettext("home"),
    "fax": lazy_gettext("fax"),
    "billing": lazy_gettext("billing"),
    "shipping": lazy_gettext("shipping"),
    "email": lazy_gettext("by e-mail"),
    "phone": lazy_gettext("by phone"),
    "sms": lazy_gettext("by text message"),
    "vat": lazy_gettext("VAT"),
}
SUBS: Mapping[str, str] = {
    "country": lazy_gettext("country"),
    "postal_code": lazy_gettext("postal code"),
    "region": lazy_gettext("region"),
    "locality": lazy_gettext("town"),
    "line1": lazy_gettext("street"),
    "line2": lazy_gettext("second line"),
    "line3": lazy_gettext("third line"),
    "company": lazy_gettext("company"),
    "recipient": lazy_gettext("recipient"),
}
RULES: Mapping[str, str] = {
    "only": lazy_gettext("no other says anything"),
    "pin": lazy_gettext("a person fixed it"),
    "hold": lazy_gettext("kept as it was until somebody decides"),
    "live": lazy_gettext("the others are retired"),
    "owner": lazy_gettext("its system owns the field"),
    "restrictive": lazy_gettext("the most restrictive consent"),
    "edit": lazy_gettext("somebody edited it there"),
    "latest": lazy_gettext("the latest"),
    "priority": lazy_gettext("its connection is preferred"),
    "frequent": lazy_gettext("most records say so"),
    "complete": lazy_gettext("the most complete"),
    "verified": lazy_gettext("verified"),
    "manual": lazy_gettext("a person decides; until then the latest"),
    "id": lazy_gettext("all else equal, the older record"),
    "derived": lazy_gettext("follows from the name"),
}
LOST: Mapping[str, str] = {
    "latest": lazy_gettext("older"),
    "edit": lazy_gettext("first sight, not an edit"),
    "priority": lazy_gettext("its connection comes after"),
    "live": lazy_gettext("retired"),
    "owner": lazy_gettext("another system owns the field"),
    "frequent": lazy_gettext("fewer records say so"),
    "complete": lazy_gettext("less complete"),
    "pin": lazy_gettext("a person fixed another"),
    "hold": lazy_gettext("waits for a decision"),
    "restrictive": lazy_gettext("less restrictive"),
    "id": lazy_gettext("all else equal, the younger record"),
}
_ORDER = tuple(NAMES)
LARGE_FIRST = (
    "country",
    "region",
    "locality",
    "line1",
    "line2",
    "line3",
    "company",
    "recipient",
    "postal_code",
)
SMALL_FIRST = (
    "recipient",
    "company",
    "line1",
    "line2",
    "line3",
    "locality",
    "region",
    "postal_code",
    "country",
)
_PATH = re.compile(r"(?P<field>\w+)(?:\[(?P<label>[^]]+)\])?(?:\.(?P<sub>\w+))?")


def label(path: str) -> str:
    """A path in words: `phone[mobile]` → Phone · mobile. What has no name is shown as it is."""
    found = _PATH.fullmatch(path)
    name = NAMES.get(found["field"]) if found else None
    if found is None or name is None:
        return path
    parts = [str(name)]
    if found["label"]:
        parts.append(str(LABELS.get(found["label"], found["label"])))
    if found["sub"] and found["sub"] != "status":
        parts.append(str(SUBS.get(found["sub"], found["sub"])))
    return " · ".join(parts)


def row_of(path: str) -> str:
    """The row a path is shown in: the parts of an address share one, everything else has its own."""
    return group(path) if path.startswith("address") else path


def place(path: str) -> tuple[int, str]:
    """Where a row stands."""
    field = re.split(r"[.\[]", path)[0]
    return (_ORDER.index(field) if field in _ORDER else len(_ORDER), path)


def address(parts: Mapping[str, str]) -> str:
    """An address on one line: in Chinese order (the large first, no commas) where it is written in Chinese."""
    chinese = any("一" <= letter <= "鿿" for letter in "".join(str(one) for one in parts.values()))
    order = LARGE_FIRST if chinese else SMALL_FIRST
    known = [str(parts[name]) for name in order if parts.get(name)]
    return (" " if chinese else ", ").join(dict.fromkeys(known))
