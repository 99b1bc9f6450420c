"""Contacts, accounts and leads as the hub sees them: one raw shape, under Zoho's own field names.

Where a lead or a contact names the same thing otherwise, the name is one for all three (ALIASES). What is added:
`module`, `kind`, `ref` (the record it stands for: a converted lead is its contact), `account_ref`, `owner`, `tags`,
`email_consent`, `currency`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from connectors.zoho.api import Row
from hub.sdk import RecordRejected, RemoteRecord

CONTACTS, ACCOUNTS, LEADS = "Contacts", "Accounts", "Leads"
MODULES = (ACCOUNTS, CONTACTS, LEADS)
KINDS: Mapping[str, str] = {CONTACTS: "person", ACCOUNTS: "organisation", LEADS: "person"}

_BOTH = ("id", "Owner", "Tag", "Currency", "Created_Time", "Modified_Time", "Description")
_PERSON = (
    *("First_Name", "Last_Name", "Salutation", "Email", "Secondary_Email", "Email_Opt_Out"),
    *("Phone", "Mobile", "Fax", "Lead_Source"),
)
USUAL: Mapping[str, tuple[str, ...]] = {
    CONTACTS: (
        *_BOTH,
        *_PERSON,
        *("Home_Phone", "Other_Phone", "Title", "Department", "Date_of_Birth", "Account_Name"),
        *("Mailing_Street", "Mailing_City", "Mailing_State", "Mailing_Zip", "Mailing_Country"),
        *("Other_Street", "Other_City", "Other_State", "Other_Zip", "Other_Country"),
    ),
    ACCOUNTS: (
        *_BOTH,
        *("Account_Name", "Account_Number", "Account_Type", "Phone", "Fax", "Website", "Industry"),
        *("Employees", "Annual_Revenue"),
        *("Billing_Street", "Billing_City", "Billing_State", "Billing_Code", "Billing_Country"),
        *("Shipping_Street", "Shipping_City", "Shipping_State", "Shipping_Code", "Shipping_Country"),
    ),
    LEADS: (
        *_BOTH,
        *_PERSON,
        *(
            "Company",
            "Designation",
            "Website",
            "Industry",
            "Annual_Revenue",
            "No_of_Employees",
            "Lead_Status",
        ),
        *("Street", "City", "State", "Zip_Code", "Country", "Converted__s", "Converted_Contact"),
    ),
}
ALIASES: Mapping[str, Mapping[str, str]] = {
    CONTACTS: {"Account_Name": "Account"},
    ACCOUNTS: {},
    LEADS: {
        "Designation": "Title",
        "No_of_Employees": "Employees",
        "Street": "Mailing_Street",
        "City": "Mailing_City",
        "State": "Mailing_State",
        "Zip_Code": "Mailing_Zip",
        "Country": "Mailing_Country",
    },
}
MADE = ("module", "kind", "ref", "account_ref", "owner", "tags", "email_consent", "currency")
_HIDDEN = frozenset(
    {
        "Tag",
        "Owner",
        "Email_Opt_Out",
        "Currency",
        "Converted__s",
        "Converted_Contact",
        "Created_By",
        "Modified_By",
    }
)


def external_id(module: str, id: Any) -> str:
    return f"{module}/{id}"


def parted(external: str) -> tuple[str, str] | None:
    """(module, id) of an external id; None if it is none of ours."""
    module, _, id = external.partition("/")
    return (module, id) if module and id.isascii() and id.isdecimal() else None


def record(module: str, row: Row, *, home_currency: str | None) -> RemoteRecord:
    """The remote record of a row. Raises RecordRejected for a row of another shape."""
    try:
        shown = raw(module, row, home_currency=home_currency)
    except (KeyError, TypeError, AttributeError) as error:
        raise RecordRejected("Zoho did not show this record as agreed", cause=repr(error)) from None
    return RemoteRecord(external_id(module, row["id"]), shown, digest(shown))


def raw(module: str, row: Row, *, home_currency: str | None) -> dict[str, Any]:
    """JSON types only."""
    aliases = ALIASES[module]
    shown = {
        aliases.get(name, name): value
        for name, value in row.items()
        if not name.startswith("$") and name not in _HIDDEN
    }
    shown |= {"module": module, "kind": KINDS[module], "ref": external_id(module, row["id"])}
    owner = row.get("Owner") or {}
    shown["owner"] = owner.get("email") or owner.get("id")
    if "Tag" in row:
        shown["tags"] = [str(one["name"]) for one in row["Tag"] or ()]
    if "Email_Opt_Out" in row:
        # Not opted out is no consent: it says nothing.
        shown["email_consent"] = "withdrawn" if row["Email_Opt_Out"] is True else None
    if module == CONTACTS:
        account = row.get("Account_Name")
        shown["account_ref"] = external_id(ACCOUNTS, account["id"]) if account else None
    if module == LEADS and (became := _became(row)):
        shown["ref"] = external_id(CONTACTS, became)
    return _money(shown, row, home_currency)


def converted(row: Row) -> bool:
    """Whether a lead has become a contact: it is shown no more, and cannot be written."""
    return row.get("Converted__s") is True or row.get("$converted") is True


def digest(shown: Mapping[str, Any]) -> str:
    """A version of everything that is shown: two edits of one second differ in it."""
    return hashlib.blake2b(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()


def currency_of(row: Row, home: str | None) -> str | None:
    """What a record's amounts are in: its own currency, where the account has several; else the account's."""
    symbol = str(row.get("$currency_symbol") or "")
    code = symbol if len(symbol) == 3 and symbol.isascii() and symbol.isupper() else None
    return row.get("Currency") or home or code


def _became(row: Row) -> str | None:
    contact = row.get("Converted_Contact")
    if not isinstance(contact, dict):
        detail = row.get("$converted_detail")
        contact = {"id": detail.get("contact")} if isinstance(detail, dict) else {}
    id = contact.get("id")
    return str(id) if id else None


def _money(shown: dict[str, Any], row: Row, home: str | None) -> dict[str, Any]:
    """With the currency beside the amount. An amount of nobody knows what is left out rather than guessed."""
    code = currency_of(row, home)
    if "Annual_Revenue" not in shown:
        return shown
    if code is None:
        shown.pop("Annual_Revenue")
    else:
        shown["currency"] = code
        amount = shown["Annual_Revenue"]
        shown["Annual_Revenue"] = None if amount is None else str(amount)
    return shown
