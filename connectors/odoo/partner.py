"""A partner as the hub sees it: which fields are read, and how it and its address children become one flat raw record.

Odoo keeps persons, companies and addresses in one table. A partner with a parent and another type than `contact` is an
address of its parent; everything else is a customer of its own. Of each type the first active child counts, the
others stand under `also`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from connectors.odoo.lookups import Lookups
from connectors.odoo.rpc import Domain, Row, Rpc
from hub.sdk import RemoteRecord

MODEL = "res.partner"
ADDRESSES: Mapping[str, str] = {"billing": "invoice", "shipping": "delivery", "other": "other"}
PLAIN = ("name", "email", "phone", "mobile", "website", "function", "vat", "company_registry", "ref")
STREET = ("street", "street2", "zip", "city")
PLACE = ("state_id", "country_id")
FIELDS: tuple[str, ...] = (
    *("id", "active", "is_company", "parent_id", "commercial_partner_id", "type", "company_name", "lang"),
    "partner_share",
    *PLAIN,
    *STREET,
    *PLACE,
    *("title", "category_id", "create_date", "write_date"),
)
CHILD_PLAIN = ("name", "company_name", "email", "phone", *STREET)
CHILD_FIELDS = ("id", "active", "is_company", "parent_id", "type", *CHILD_PLAIN, *PLACE, "write_date")

# Odoo copies these from the company to its persons: there they say nothing about the person.
_OF_THE_COMPANY = frozenset({"vat", "company_registry"})
_MAIL = re.compile(r"[^\s<>,;\"]+@[^\s<>,;\"]+")
SIMPLE = frozenset(
    {"char", "text", "html", "integer", "float", "monetary", "boolean", "date", "datetime", "selection"}
)


def is_address(row: Mapping[str, Any]) -> bool:
    """Also one whose parent was deleted: Odoo keeps its addresses, orphaned and often without a name."""
    if row.get("is_company") or row.get("type") in (None, False, "contact"):
        return False
    return bool(row.get("parent_id")) or row["type"] in ("invoice", "delivery") or not row.get("name")


def children_of(rpc: Rpc, ids: Sequence[int]) -> dict[int, list[Row]]:
    """The address children of these partners, archived ones too, by parent, in the order of their ids."""
    found: dict[int, list[Row]] = {id: [] for id in ids}
    if ids:
        domain: Domain = [
            ["parent_id", "in", sorted(ids)],
            ["type", "!=", "contact"],
            ["is_company", "=", False],
        ]
        for row in rpc.search_read(MODEL, domain, rpc.known(MODEL, CHILD_FIELDS)):
            if (parent := link(row.get("parent_id"))) in found:
                found[parent].append(row)
    return found


def link(value: Any) -> int | None:
    """The id in a many2one, which comes as [id, "its name"], an id, or false."""
    if isinstance(value, list | tuple) and value:
        value = value[0]
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def named(value: Any) -> str | None:
    """The name in a many2one."""
    return str(value[1]) if isinstance(value, list | tuple) and len(value) > 1 and value[1] else None


def plain(value: Any, kind: str = "char") -> Any:
    """A simple value; Odoo spells empty `false`, in texts of old data also ""."""
    if kind == "boolean":
        return bool(value)
    if kind == "many2one":
        return named(value)
    return None if value is False or value == "" else value


def first_mail(text: Any) -> tuple[str | None, str | None]:
    """Odoo takes several addresses in one field, and names beside them: the first address, and what follows it."""
    if not isinstance(text, str) or not text.strip():
        return None, None
    found = _MAIL.search(text)
    if found is None or text.count("@") == 1:
        bare = found[0] if found and "<" in text else text.strip()
        return bare, None
    rest = text[found.end() :].lstrip(' >,;"')
    return found[0], rest or None


def record(
    row: Row,
    children: Sequence[Row],
    *,
    lookups: Lookups,
    extra: Mapping[str, str],
    cards: Mapping[str, Any] | None = None,
) -> RemoteRecord:
    """`extra`: further fields with types; `cards`: as loyalty.py has them, and `lead`. Archived counts as deleted."""
    content = {**raw(row, children, lookups=lookups, extra=extra), **_cards(cards or {})}
    return RemoteRecord(str(row["id"]), content, digest(content), deleted=not content["active"])


def digest(content: Mapping[str, Any]) -> str:
    packed = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(packed, digest_size=12).hexdigest()


def raw(row: Row, children: Sequence[Row], *, lookups: Lookups, extra: Mapping[str, str]) -> dict[str, Any]:
    active = [one for one in children if one.get("active")]
    mail, more = first_mail(row.get("email"))
    parent = row.get("parent_id")
    own = link(row.get("commercial_partner_id")) in (None, row["id"])
    result: dict[str, Any] = {
        "id": row["id"],
        "active": bool(row.get("active", True)),
        "kind": "organisation" if row.get("is_company") else "person",
        **{name: plain(row[name]) for name in PLAIN if name in row},
        "email": mail,
        "email_more": more,
        "lang": plain(row.get("lang")),
        "company": named(parent) or plain(row.get("company_name")),
        "parent": str(link(parent)) if link(parent) else None,
        **address(row, lookups),
        "tags": lookups.tags(row.get("category_id") or ()),
    }
    if "title" in row:
        result["title"] = named(row["title"])
    if not own:
        result |= {name: None for name in _OF_THE_COMPANY if name in result}
    also: list[dict[str, Any]] = []
    for slot, type in ADDRESSES.items():
        mine = [_child(one, lookups) for one in active if one["type"] == type]
        result[slot] = mine[0] if mine else _child({}, lookups)
        also += mine[1:]
    also += [_child(one, lookups) for one in active if one["type"] not in ADDRESSES.values()]
    result["also"] = also
    stamps = [str(one["write_date"]) for one in (row, *children) if one.get("write_date")]
    result["changed"] = max(stamps, default=None)
    return result | {name: plain(row.get(name), kind) for name, kind in extra.items()}


def _cards(cards: Mapping[str, Any]) -> dict[str, Any]:
    """A partner without a card says nothing of one."""
    return {name: cards[name] for name in ("loyalty", "ewallet", "lead") if name in cards}


def address(row: Mapping[str, Any], lookups: Lookups) -> dict[str, Any]:
    state = lookups.state(link(row.get("state_id")))
    return {
        **{name: plain(row.get(name)) for name in STREET},
        "state": state.name if state else None,
        "state_code": state.code if state else None,
        "country": lookups.country_code(link(row.get("country_id"))),
    }


def _child(row: Mapping[str, Any], lookups: Lookups) -> dict[str, Any]:
    content = {name: plain(row.get(name)) for name in CHILD_PLAIN if name not in STREET}
    content["email"] = first_mail(content["email"])[0]
    return {**content, **address(row, lookups)}
