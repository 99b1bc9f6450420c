"""Contacts, accounts and leads: read, mapped, written, converted, owned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.zoho import party
from hub.sdk import Change, RateLimited

Make = Callable[..., Any]


def pulled(connector: Any, cursor: Any = None, *, object: str = "customer") -> tuple[dict[str, Any], Any]:
    records: dict[str, Any] = {}
    for page in connector.pull(object, cursor):
        assert not page.rejected
        records.update({one.external_id: one for one in page.records})
        cursor = page.cursor
    return records, cursor


def written(connector: Any, payload: dict[str, Any], external_id: str | None = None, **more: Any) -> Any:
    (receipt,) = connector.push("customer", [Change("k", external_id, payload, **more)])
    return receipt


def test_a_contact_is_a_person_at_its_account(zoho: Any, connect: Make, mapped: Make) -> None:
    account = zoho.org.put(
        "Accounts", {"Account_Name": "King Ltd", "Annual_Revenue": 850000, "Currency": "EUR"}
    )
    contact = zoho.org.put(
        "Contacts",
        {
            "First_Name": "Kris",
            "Last_Name": "Marrier",
            "Email": "kris@king.example",
            "Account_Name": {"id": account},
            "Mailing_Country": "United States",
            "Email_Opt_Out": True,
            "Tag": [{"name": "vip"}],
        },
    )
    records, _ = pulled(connect())
    person, firm = mapped("customer").pull(records[f"Contacts/{contact}"].raw)
    assert person.values["kind"] == "person" and firm.values["kind"] == "organisation"
    assert person.values["company"] == firm.values["name"] == "King Ltd"
    assert person.values["address.country"] == "US" and person.values["tags"] == ["vip"]
    assert person.values["consent[email].status"] == "withdrawn"
    assert person.values["owner_ref"] == "ada@example.org"
    (itself,) = mapped("customer").pull(records[f"Accounts/{account}"].raw)
    assert itself.values["external_ref[zoho]"] == firm.values["external_ref[zoho]"], (
        "both are the one account"
    )
    assert itself.values["annual_revenue"] == {"amount": "850000.00", "currency": "EUR"}
    assert itself.source_at is not None


def test_who_has_not_opted_out_has_said_nothing(zoho: Any, connect: Make, mapped: Make) -> None:
    id = zoho.org.put("Contacts", {"Last_Name": "Silent"})
    (person,) = mapped("customer").pull(connect().fetch("customer", [f"Contacts/{id}"])[0].raw)
    assert "consent[email].status" not in person.values


def test_a_lead_has_the_names_of_a_contact(zoho: Any, connect: Make, mapped: Make) -> None:
    connector = connect(new_persons="Leads")
    push = mapped("customer").push
    values = {
        "kind": "person", "given_name": "Ann", "family_name": "Lead", "company": "Acme", "job_title": "Boss",
        "address.line1": "1 High St", "address.locality": "London", "address.country": "GB",
    }  # fmt: skip
    receipt = written(connector, push(values, create=True))
    row = zoho.org.rows["Leads"][receipt.external_id.removeprefix("Leads/")]
    assert row["Designation"] == "Boss" and row["Company"] == "Acme" and row["City"] == "London"
    assert row["Country"] == "United Kingdom"
    (read,) = mapped("customer").pull(receipt.record.raw)
    assert {path: read.values[path] for path in values} == values


def test_an_amount_of_no_currency_is_left_out(zoho: Any, connect: Make, mapped: Make) -> None:
    id = zoho.org.put("Accounts", {"Account_Name": "Plain", "Annual_Revenue": 12.5})
    (plain,) = connect().fetch("customer", [f"Accounts/{id}"])
    assert "Annual_Revenue" not in plain.raw
    (euros,) = connect(home_currency="EUR").fetch("customer", [f"Accounts/{id}"])
    assert mapped("customer").pull(euros.raw)[0].values["annual_revenue"] == {
        "amount": "12.50",
        "currency": "EUR",
    }


def test_custom_fields_are_read_written_and_discovered(zoho: Any, connect: Make) -> None:
    id = zoho.org.put("Contacts", {"Last_Name": "Loyal", "Loyalty_Tier": "gold"})
    connector = connect()
    assert connector.fetch("customer", [f"Contacts/{id}"])[0].raw["Loyalty_Tier"] == "gold"
    assert written(connector, {"Loyalty_Tier": "a word nobody knows"}, f"Contacts/{id}").outcome == "done"
    assert zoho.org.rows["Contacts"][id]["Loyalty_Tier"] == "a word nobody knows"
    shapes = {shape.name: shape for shape in connector.discover()}
    assert next(one for one in shapes["Contacts"].fields if one.name == "Loyalty_Tier").custom
    assert {"Title", "Mailing_City"} <= {one.name for one in shapes["Leads"].fields}, "under the shared names"


def test_more_fields_than_a_call_takes_are_read_in_several(zoho: Any, connect: Make) -> None:
    tables = dict(zoho.org.tables)
    column = tables["Contacts"]["Loyalty_Tier"]
    tables["Contacts"] = {**tables["Contacts"], **{f"Extra_{number}": column for number in range(60)}}
    zoho.org.tables = tables
    id = zoho.org.put("Contacts", {"Last_Name": "Wide", "Extra_3": "three", "Extra_59": "last"})
    records, _ = pulled(connect())
    assert records[f"Contacts/{id}"].raw["Extra_59"] == "last"
    assert connect().fetch("customer", [f"Contacts/{id}"])[0] == records[f"Contacts/{id}"], (
        "both ways the same"
    )


def test_a_field_of_another_module_is_left_out_and_a_made_up_one_refused(zoho: Any, connect: Make) -> None:
    id = zoho.org.put("Accounts", {"Account_Name": "Firm"})
    connector = connect()
    assert written(connector, {"Title": "Boss", "Phone": "+4930123"}, f"Accounts/{id}").outcome == "done"
    assert zoho.org.rows["Accounts"][id]["Phone"] == "+4930123"
    receipt = written(connector, {"Titel": "Boss"}, f"Accounts/{id}")
    assert receipt.outcome == "refused" and "Titel" in receipt.cause


def test_owners_go_by_their_e_mail(zoho: Any, connect: Make) -> None:
    id = zoho.org.put("Contacts", {"Last_Name": "Owned"})
    assert written(connect(), {"owner": "ADA@example.org"}, f"Contacts/{id}").outcome == "done"
    stranger = written(connect(), {"owner": "bob@example.org"}, f"Contacts/{id}")
    assert stranger.outcome == "refused" and "bob@example.org" in stranger.cause


def test_a_batch_is_judged_row_by_row(zoho: Any, connect: Make) -> None:
    ids = [zoho.org.put("Contacts", {"Last_Name": f"Row {number}"}) for number in range(3)]
    zoho.requests.clear()
    changes = [
        Change("a", f"Contacts/{ids[0]}", {"Email": "good@example.org"}),
        Change("b", f"Contacts/{ids[1]}", {"Email": "bad"}),
        Change("c", f"Contacts/{ids[2]}", {"Last_Name": "x" * 81}),
        Change("d", None, {"kind": "organisation", "Account_Name": "New"}),
    ]
    receipts = connect().push("customer", changes)
    assert [one.outcome for one in receipts] == ["done", "refused", "refused", "done"]
    assert "api_name Email" in receipts[1].cause and "maximum_length 80" in receipts[2].cause
    writes = [
        one for one in zoho.requests if one.method in ("PUT", "POST") and one.path.startswith("/crm/v8/")
    ]
    assert [(one.method, one.path) for one in writes] == [
        ("POST", "/crm/v8/Accounts"),
        ("PUT", "/crm/v8/Contacts"),
    ]


def test_a_create_with_a_mark_is_made_once(zoho: Any, connect: Make) -> None:
    connector = connect(marker_field="Hub_ID")
    for _ in range(2):
        receipt = written(connector, {"kind": "person", "Last_Name": "Once"}, marker="cus_0000000000001")
        assert receipt.outcome == "done"
    assert [row["Hub_ID"] for row in zoho.org.rows["Contacts"].values()] == ["cus_0000000000001"]


def test_without_a_mark_a_create_is_found_by_its_content(zoho: Any, connect: Make) -> None:
    connector = connect()
    zoho.org.put("Contacts", {"Last_Name": "O'Neil", "First_Name": "Another"})
    change = Change(
        "k", None, {"kind": "person", "Last_Name": "O'Neil", "Email": "o@neil.example"}, marker="cus_1"
    )
    assert connector.find("customer", change) == []
    (receipt,) = connector.push("customer", [change])
    assert [one.external_id for one in connector.find("customer", change)] == [receipt.external_id]


def test_consent_goes_out_as_the_opposite_of_opting_out(zoho: Any, connect: Make, mapped: Make) -> None:
    id = zoho.org.put("Contacts", {"Last_Name": "Asked", "Email_Opt_Out": True})
    for status, flag in (("granted", False), ("denied", True), ("pending", True)):
        payload = mapped("customer").push({"consent[email].status": status}, create=False)
        written(connect(), payload, f"Contacts/{id}")
        assert zoho.org.rows["Contacts"][id]["Email_Opt_Out"] is flag, status


def test_a_converted_lead_leads_to_its_contact_and_is_gone(zoho: Any, connect: Make, mapped: Make) -> None:
    lead = zoho.org.put("Leads", {"Last_Name": "Becomes", "Company": "Acme"})
    _, cursor = pulled(connect())
    contact = zoho.org.convert(lead)
    records, _ = pulled(connect(), cursor)
    refs = {
        mapped("customer").pull(records[id].raw)[0].values["external_ref[zoho]"]
        for id in (f"Leads/{lead}", f"Contacts/{contact}")
    }
    assert refs == {f"Contacts/{contact}"}
    (gone,) = connect().fetch("customer", [f"Leads/{lead}"])
    assert gone.deleted
    fresh, _ = pulled(connect())
    assert f"Leads/{lead}" not in fresh, "who reads it for the first time needs the contact only"


def test_deletes_come_from_the_list_of_all_modules(zoho: Any, connect: Make) -> None:
    lead = zoho.org.put("Leads", {"Last_Name": "Short", "Company": "Lived"})
    account = zoho.org.put("Accounts", {"Account_Name": "Gone"})
    start = connect().deletes("customer", None, ())
    zoho.org.erase("Leads", lead)
    zoho.org.erase("Accounts", account, kind="permanent")
    told = connect().deletes("customer", start.cursor, ())
    assert set(told.external_ids) == {f"Leads/{lead}", f"Accounts/{account}"}


def test_pages_go_on_by_token_beyond_what_page_numbers_reach(zoho: Any, connect: Make) -> None:
    for number in range(450):
        zoho.org.put("Contacts", {"Last_Name": f"Many {number}"})
    zoho.requests.clear()
    records, cursor = pulled(connect(modules=["Contacts"]))
    assert len(records) == 450
    lists = [one for one in zoho.requests if one.path == "/crm/v8/Contacts"]
    assert ["page_token" in one.query for one in lists] == [False, True, True]
    assert not any("page" in one.query for one in lists), "a token never goes with a page number"
    assert pulled(connect(modules=["Contacts"]), cursor)[0].keys() <= records.keys()


def test_a_token_that_has_ended_begins_its_module_again(zoho: Any, connect: Make) -> None:
    ids = [zoho.org.put("Contacts", {"Last_Name": f"Late {number}"}) for number in range(250)]
    first = next(iter(connect(modules=["Contacts"]).pull("customer", None)))
    assert first.cursor["token"]
    zoho.pages.clear()
    records, _ = pulled(connect(modules=["Contacts"]), first.cursor)
    assert {f"Contacts/{id}" for id in ids} == set(records)


def test_a_module_that_is_added_later_is_read_whole(zoho: Any, connect: Make) -> None:
    zoho.org.put("Contacts", {"Last_Name": "First"}, at=1_700_000_000)
    lead = zoho.org.put("Leads", {"Last_Name": "Old", "Company": "Old"}, at=1_700_000_000)
    _, cursor = pulled(connect(modules=["Contacts"]))
    records, _ = pulled(connect(modules=["Contacts", "Leads"]), cursor)
    assert set(records) == {f"Leads/{lead}"}


def test_pulls_leave_the_last_credits_to_writes(zoho: Any, connect: Make) -> None:
    id = zoho.org.put("Contacts", {"Last_Name": "Spent"})
    zoho.credits = 150
    with pytest.raises(RateLimited) as found:
        pulled(connect())
    assert found.value.after == 1800.0
    receipt = written(connect(), {"First_Name": "Still"}, f"Contacts/{id}")
    assert receipt.outcome == "done"


def test_every_usual_field_is_read_by_the_map_or_left_out_on_purpose(mapped: Make) -> None:
    for module, names in party.USUAL.items():
        row = dict.fromkeys(names, "x")
        row |= {"id": "1", "Owner": {"id": "1"}, "Tag": [], "Email_Opt_Out": False, "Currency": "EUR"}
        row["Account_Name"] = {"id": "1", "name": "x"} if module == "Contacts" else "x"
        shown = party.raw(module, {name: row[name] for name in names}, home_currency=None)
        assert mapped("customer").unmapped(shown) == set()
