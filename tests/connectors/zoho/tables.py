"""The fields that the fake account has: a small choice of Zoho's standard ones, and two custom ones per module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Column(NamedTuple):
    type: str = "text"
    longest: int = 255
    required: bool = False
    custom: bool = False
    unique: bool = False
    readonly: bool = False


_TEXT, _PICK, _BOOL, _TIME = (
    Column(),
    Column("picklist"),
    Column("boolean"),
    Column("datetime", readonly=True),
)
_BASE: Mapping[str, Column] = {
    "Owner": Column("ownerlookup"),
    "Created_Time": _TIME,
    "Modified_Time": _TIME,
    "Created_By": Column("ownerlookup", readonly=True),
    "Modified_By": Column("ownerlookup", readonly=True),
    "Tag": Column("text"),
    "Description": Column("textarea", 32000),
    "Currency": _PICK,
    "Hub_ID": Column(longest=50, custom=True, unique=True),
    "Loyalty_Tier": Column("picklist", custom=True),
}
_PERSON: Mapping[str, Column] = {
    "First_Name": Column(longest=40),
    "Last_Name": Column(longest=80, required=True),
    "Full_Name": Column(readonly=True),
    "Salutation": _PICK,
    "Email": Column("email", 100),
    "Secondary_Email": Column("email", 100),
    "Email_Opt_Out": _BOOL,
    "Lead_Source": _PICK,
    **{name: Column("phone", 50) for name in ("Phone", "Mobile", "Fax")},
}


def _texts(words: str) -> dict[str, Column]:
    return dict.fromkeys(words.split(), _TEXT)


FIELDS: Mapping[str, Mapping[str, Column]] = {
    "Contacts": {
        **_BASE,
        **_PERSON,
        **_texts("Title Department Mailing_Street Mailing_City Mailing_State Mailing_Zip Mailing_Country"),
        **_texts("Other_Street Other_City Other_State Other_Zip Other_Country"),
        **{name: Column("phone", 50) for name in ("Home_Phone", "Other_Phone")},
        "Date_of_Birth": Column("date"),
        "Account_Name": Column("lookup"),
    },
    "Accounts": {
        **_BASE,
        "Account_Name": Column(longest=200, required=True),
        "Account_Number": Column("bigint"),
        "Account_Type": _PICK,
        "Phone": Column("phone", 50),
        "Fax": Column("phone", 50),
        "Website": Column("website", 450),
        "Industry": _PICK,
        "Employees": Column("integer"),
        "Annual_Revenue": Column("currency"),
        **_texts("Billing_Street Billing_City Billing_State Billing_Code Billing_Country"),
        **_texts("Shipping_Street Shipping_City Shipping_State Shipping_Code Shipping_Country"),
    },
    "Leads": {
        **_BASE,
        **_PERSON,
        **_texts("Company Designation Street City State Zip_Code Country"),
        "Website": Column("website", 450),
        "Industry": _PICK,
        "Lead_Status": _PICK,
        "Annual_Revenue": Column("currency"),
        "No_of_Employees": Column("integer"),
        "Converted__s": Column("boolean", readonly=True),
        "Converted_Contact": Column("lookup", readonly=True),
    },
    "Products": {
        **_BASE,
        "Product_Name": Column(required=True),
        "Product_Code": Column(),
        "Unit_Price": Column("currency"),
        "Product_Active": _BOOL,
    },
    "Sales_Orders": {
        **_BASE,
        "Subject": Column(required=True),
        "SO_Number": Column("bigint", readonly=True),
        "Status": _PICK,
        "Purchase_Order": Column(),
        "Due_Date": Column("date"),
        "Carrier": _PICK,
        "Contact_Name": Column("lookup"),
        "Account_Name": Column("lookup"),
        "Exchange_Rate": Column("double"),
        "Ordered_Items": Column("subform", required=True),
        "Terms_and_Conditions": Column("textarea", 32000),
        **{name: Column("currency") for name in ("Discount", "Adjustment")},
        **{name: Column("currency", readonly=True) for name in ("Sub_Total", "Tax", "Grand_Total")},
        **_texts("Billing_Street Billing_City Billing_State Billing_Code Billing_Country"),
        **_texts("Shipping_Street Shipping_City Shipping_State Shipping_Code Shipping_Country"),
    },
}


def shown(name: str, column: Column, number: int) -> dict[str, Any]:
    """As GET /settings/fields shows it."""
    return {
        "id": str(7328395000000002000 + number),
        "api_name": name,
        "field_label": name.replace("_", " "),
        "data_type": column.type,
        "custom_field": column.custom,
        "system_mandatory": column.required,
        "read_only": column.readonly,
        "field_read_only": column.readonly,
        "length": column.longest,
        "visible": True,
    }
