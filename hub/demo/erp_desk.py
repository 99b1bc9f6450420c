"""The ERP as its own people use it: only through its own API, never through the hub."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hub.demo.erp import Erp
from hub.demo.population import Party

KINDS = ("email", "phone", "mobile", "fax", "website")
_FIELDS = (
    *("name", "code", "lang.code", "categories.rec_name"),
    *(f"contact_mechanisms.{name}" for name in ("type", "value", "active")),
    *(f"identifiers.{name}" for name in ("type", "code", "active")),
    *(
        f"addresses.{name}"
        for name in ("active", "attn", "party_name", "street", "postal_code", "city", "country.code")
    ),
    *(f"addresses.{name}" for name in ("subdivision.name", "subdivision.code")),
)
_PAGE = 500


def enter(erp: Erp, parties: Iterable[Party]) -> list[str]:
    """Somebody enters these customers by hand. Returns the ERP's ids, in their order."""
    countries = {one["code"]: one["id"] for one in erp.call("GET", "country.country?f=code&s=1000")}
    rows = [_row(one, countries) for one in parties]
    return [str(id) for id in erp.call("POST", "party.party/create", {"vlist": rows})]


def change_mobile(erp: Erp, id: str, number: str) -> None:
    """Somebody types a new mobile number into a party's form."""
    mechanisms = erp.call("GET", f"party.party/{id}?f=contact_mechanisms.type&f=contact_mechanisms.active")
    old = next(one for one in mechanisms["contact_mechanisms"] if one["type"] == "mobile" and one["active"])
    erp.call("PUT", f"party.contact_mechanism/{old['id']}", {"value": number})


def parties(erp: Erp) -> dict[str, dict[str, Any]]:
    """Every party but the company's own as the ERP shows it, by id: canonical path → the ERP's own text."""
    own = {one["party"] for one in erp.call("GET", "company.company?f=party")}
    query = "&".join(f"f={name}" for name in _FIELDS)
    found: list[dict[str, Any]] = []
    while True:
        page = erp.call("GET", f"party.party?{query}&s={_PAGE}&p={len(found) // _PAGE}")
        found += page
        if len(page) < _PAGE:
            return {str(row["id"]): _flat(row) for row in found if row["id"] not in own}


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A party in canonical words. Written here a second time on purpose: the proof must not lean on the connector."""
    found: dict[str, Any] = {"display_name": row["name"], "custom.tryton.code": row["code"]}
    found["language"] = (row["lang"] or {}).get("code")
    found["tags"] = [one["rec_name"] for one in row["categories"]]
    for kind, path in zip(KINDS, ("email", "phone", "phone[mobile]", "phone[fax]", "website"), strict=True):
        values = [one["value"] for one in row["contact_mechanisms"] if one["active"] and one["type"] == kind]
        found[path] = values[0] if values else None
    identifiers = {one["type"]: one["code"] for one in row["identifiers"] if one["active"] and one["type"]}
    for kind, path in (("cn_vat", "uscc"), ("eu_vat", "vat"), ("in_vat", "gst"), ("us_ein", "ein")):
        found[f"tax_id[{path}]"] = identifiers.get(kind)
    active = [one for one in row["addresses"] if one["active"]]
    return found | _address(active[0] if active else {})


def _address(row: Mapping[str, Any]) -> dict[str, Any]:
    lines = [*(row.get("street") or "").splitlines(), None, None, None]
    subdivision = row.get("subdivision") or {}
    return {
        "address.recipient": row.get("attn"),
        "address.company": row.get("party_name"),
        "address.line1": lines[0],
        "address.line2": lines[1],
        "address.line3": lines[2],
        "address.postal_code": row.get("postal_code"),
        "address.locality": row.get("city"),
        "address.country": (row.get("country") or {}).get("code"),
        "address.region": subdivision.get("name"),
        "address.region_code": subdivision.get("code"),
    }


def _row(party: Party, countries: Mapping[str, int]) -> dict[str, Any]:
    mechanisms = {"email": party.email, "phone": party.phone, "mobile": party.mobile}
    address = {
        "street_unstructured": party.place.line1,
        "postal_code": party.place.postal_code,
        "city": party.place.city,
        "country": countries[party.place.country],
    }
    row: dict[str, Any] = {
        "name": party.name,
        "contact_mechanisms": [
            ["create", [{"type": kind, "value": value} for kind, value in mechanisms.items() if value]]
        ],
        "addresses": [["create", [address]]],
    }
    if party.uscc:
        row["identifiers"] = [["create", [{"type": "cn_vat", "code": party.uscc}]]]
    return row
