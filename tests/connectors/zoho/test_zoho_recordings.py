"""Every recording of the vendor's folder goes through the map, or stands in the short list of those that cannot."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.zoho import party
from hub.canonical.flat import customer_of, values_of
from hub.canonical.schema import to_json

Make = Callable[..., Any]

_PLACE = Path(os.environ.get("HUB_TEST_VENDORS", "/nonexistent")) / "zoho-crm" / "recorded"
needed = pytest.mark.skipif(
    not _PLACE.is_dir(), reason="the recordings are not here: name their folder in HUB_TEST_VENDORS"
)

# What a recording holds that is no customer, and why it goes through no map of customers.
NO_CUSTOMERS = {
    "Deals": "an opportunity: the connector reads none",
    "Products": "a product: read for the lines of orders only",
    "users": "a user of the account: an owner, not a customer",
}
# Recordings without a record in an answer: what was written, or what was deleted.
NO_RECORD = {
    *(
        f"{act}-{what}"
        for act in ("create", "update", "delete")
        for what in ("account", "contact", "deal", "product")
    ),
    *("update-lead", "delete-lead", "convert-lead"),
}


def answers() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(recording, module, body) of every answer to a GET."""
    for file in sorted(_PLACE.glob("*.json")):
        for path, told in json.loads(file.read_text())["api"].get("get", {}).items():
            yield file.stem, path.split("/")[3], told["response"]


@needed
def test_every_recording_is_accounted_for() -> None:
    with_records = {file for file, _, _ in answers()}
    assert {file.stem for file in _PLACE.glob("*.json")} == with_records | NO_RECORD
    assert {module for _, module, _ in answers()} <= {*party.MODULES, *NO_CUSTOMERS}


@needed
def test_every_recorded_customer_becomes_a_valid_canonical_one(mapped: Make) -> None:
    compiled, seen = mapped("customer"), 0
    for file, module, body in answers():
        if module in NO_CUSTOMERS:
            continue
        for row in body["data"]:
            if "__trimmed__" in row:  # where whoever recorded it cut a list short
                continue
            record = party.record(module, row, home_currency=None)
            json.dumps(record.raw)
            assert compiled.unmapped(record.raw) == set(), file
            for part in compiled.pull(record.raw):
                assert not part.notes, (file, part.notes)
                customer = customer_of(part.values, id="cus_0000000000001")
                assert to_json(customer)["kind"] == (
                    "organisation" if part.part or module == "Accounts" else "person"
                )
                again = values_of(customer)
                lost = {path for path, value in part.values.items() if again.get(path) != value}
                assert lost <= {"source_updated_at"}, (file, lost)
                seen += 1
    assert seen > 20


@needed
def test_a_recorded_contact_field_by_field(mapped: Make) -> None:
    rows = json.loads((_PLACE / "list-contacts.json").read_text())["api"]["get"]["/crm/v2/Contacts"][
        "response"
    ]["data"]
    row = next(one for one in rows if one["Account_Name"])
    person, firm = mapped("customer", country="US").pull(
        party.record("Contacts", row, home_currency=None).raw
    )
    assert (
        person.values["given_name"] == row["First_Name"] and person.values["family_name"] == row["Last_Name"]
    )
    assert (
        person.values["address.country"] == "US"
        and person.values["address.postal_code"] == row["Mailing_Zip"]
    )
    assert person.values["email"] == row["Email"].lower()
    assert firm.values == {
        "kind": "organisation",
        "name": row["Account_Name"]["name"],
        "external_ref[zoho]": f"Accounts/{row['Account_Name']['id']}",
    }


@needed
def test_an_account_amount_is_in_the_currency_of_the_organisation(mapped: Make) -> None:
    rows = json.loads((_PLACE / "accounts.json").read_text())["api"]["get"]["/crm/v2/Accounts"]["response"][
        "data"
    ]
    row = next(one for one in rows if one["Annual_Revenue"])
    (firm,) = mapped("customer").pull(party.record("Accounts", row, home_currency=None).raw)
    assert firm.values["annual_revenue"] == {
        "amount": f"{row['Annual_Revenue']}.00",
        "currency": row["$currency_symbol"],
    }
