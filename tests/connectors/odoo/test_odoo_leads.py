"""Leads against the fake Odoo of 15, 17 and 19: read as customers, written back, gone once they are a partner."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from odoo_fake_server import FakeOdoo

from connectors.odoo.connector import OdooConnector
from hub.errors import NotSigned
from hub.mapping.engine import CompiledMap, compile_map
from hub.mapping.load import load_map
from hub.mapping.spec import Context
from hub.resources import map_text
from hub.sdk import Change, RemoteRecord

LEAD, PARTNER = "crm.lead", "res.partner"
ANN = {
    "name": "Wants chairs",
    "contact_name": "Ann Lee",
    "partner_name": "ACME",
    "email_from": "ann@example.org",
}


def shipped() -> CompiledMap:
    text = map_text("odoo", "customer")
    assert text
    return compile_map(load_map(text, file="customer.toml"), context=Context())


def values(record: RemoteRecord) -> Any:
    (found,) = shipped().pull(record.raw)
    return found.values


def pulled(odoo: OdooConnector, cursor: Any = None) -> tuple[list[RemoteRecord], Any]:
    pages = list(odoo.pull("customer", cursor))
    return [one for page in pages for one in page.records], pages[-1].cursor


def later(odoo: FakeOdoo) -> None:
    odoo.clock_ahead += 1000
    odoo.engine.ahead = timedelta(seconds=odoo.clock_ahead)
    odoo.engine.tick()


def written(odoo: OdooConnector, id: str, payload: dict[str, Any]) -> Any:
    (receipt,) = odoo.push("customer", [Change("k", id, payload)])
    return receipt


def test_without_the_setting_nothing_is_asked_of_leads(odoo: FakeOdoo, connect: Any) -> None:
    odoo.engine.create(LEAD, ANN)
    found, cursor = pulled(connect())
    assert found == [] and "leads" not in cursor
    assert not any(model == LEAD for model, _ in odoo.log)


def test_a_lead_is_a_prospect_with_all_that_is_known_of_its_contact(odoo: FakeOdoo, connect: Any) -> None:
    stage = odoo.engine.create("crm.stage", {"name": "Qualified"})
    source = odoo.engine.create("utm.source", {"name": "Fair"})
    tag = odoo.engine.create("crm.tag", {"name": "Chairs"})
    more = {
        "stage_id": stage,
        "source_id": source,
        "tag_ids": [[6, 0, [tag]]],
        "city": "Köln",
        "phone": "+49 221 5550",
    }
    id = odoo.engine.create(LEAD, {**ANN, **more, "function": "Buyer"})
    (record,), _ = pulled(connect(leads=True))
    assert record.external_id == f"lead/{id}" and not record.deleted
    found = values(record)
    assert (found["display_name"], found["company"], found["job_title"]) == ("Ann Lee", "ACME", "Buyer")
    assert (found["lifecycle_stage"], found["lead_status"], found["lead_source"]) == (
        "prospect",
        "Qualified",
        "Fair",
    )
    assert found["address.locality"] == "Köln" and found["email"] == "ann@example.org"
    assert record.raw["tags"] == ["Chairs"] and found["external_ref[odoo_lead]"].endswith(
        f"{odoo.url.rpartition('/')[2]}/lead/{id}"
    )


def test_a_company_alone_and_nobody_at_all(odoo: FakeOdoo, connect: Any) -> None:
    odoo.engine.create(LEAD, {"name": "Desks", "partner_name": "ACME"})
    odoo.engine.create(LEAD, {"name": "Somebody rang"})
    (record,), _ = pulled(connect(leads=True))
    assert (record.raw["kind"], record.raw["name"], record.raw["company"]) == ("organisation", "ACME", None)


def test_opportunities_of_partners_lost_and_old_leads_are_no_customers(odoo: FakeOdoo, connect: Any) -> None:
    partner = odoo.engine.create(PARTNER, {"name": "Known"})
    odoo.engine.create(LEAD, {**ANN, "partner_id": partner})
    odoo.engine.create(LEAD, {**ANN, "active": False})
    found, _ = pulled(connect(leads=True))
    assert [one.external_id for one in found] == [str(partner)]


def test_the_cursor_goes_on_for_both_and_leads_may_be_opened_later(odoo: FakeOdoo, connect: Any) -> None:
    lead = odoo.engine.create(LEAD, ANN)
    _, cursor = pulled(connect())
    later(odoo)
    found, cursor = pulled(connect(leads=True), cursor)
    assert [one.external_id for one in found] == [f"lead/{lead}"]
    later(odoo)
    assert pulled(connect(leads=True), cursor)[0] == []
    odoo.engine.write(LEAD, [lead], {"phone": "+49 221 5550"})
    (again,), _ = pulled(connect(leads=True), cursor)
    assert again.raw["phone"] == "+49 221 5550"


@pytest.mark.parametrize("known", [False, True])
def test_a_converted_lead_is_gone_after_its_partner_that_names_it(
    odoo: FakeOdoo, connect: Any, known: bool
) -> None:
    lead = odoo.engine.create(LEAD, ANN)
    old = odoo.engine.create(PARTNER, {"name": "Ann Lee"}) if known else None
    connection = connect(leads=True)
    _, cursor = pulled(connection)
    later(odoo)
    partner = odoo.engine.convert(lead, old)
    told, _ = pulled(connection, cursor)
    assert [(one.external_id, one.deleted) for one in told] == [(str(partner), False), (f"lead/{lead}", True)]
    assert values(told[0])["external_ref[odoo_lead]"].endswith(f"{odoo.url.rpartition('/')[2]}/lead/{lead}")
    (fetched,) = connection.fetch("customer", [f"lead/{lead}"])
    assert fetched.deleted
    assert connection.deletes("customer", None, [str(partner), f"lead/{lead}"]).external_ids == [
        f"lead/{lead}"
    ]


def test_lost_and_unlinked_leads_are_gone(odoo: FakeOdoo, connect: Any) -> None:
    lost, unlinked, there = (odoo.engine.create(LEAD, ANN) for _ in range(3))
    connection = connect(leads=True)
    later(odoo)
    _, cursor = pulled(connection)
    odoo.engine.tick()
    odoo.engine.write(LEAD, [lost], {"active": False})
    odoo.engine.unlink(LEAD, [unlinked])
    assert [(one.external_id, one.deleted) for one in pulled(connection, cursor)[0]] == [
        (f"lead/{lost}", True)
    ]
    bound = [f"lead/{id}" for id in (lost, unlinked, there)]
    assert list(connection.deletes("customer", None, bound).external_ids) == bound[:2]


def test_contact_fields_are_written_back_beside_partners(odoo: FakeOdoo, connect: Any) -> None:
    lead = odoo.engine.create(LEAD, {**ANN, "email_from": "ann@example.org"})
    partner = odoo.engine.create(PARTNER, {"name": "Bob"})
    changes = [
        Change(
            "a",
            f"lead/{lead}",
            {"name": "Ann Li", "email": "li@example.org", "phone": "+4922155", "zip": "50667"},
        ),
        Change("b", str(partner), {"phone": "+4930555"}),
        Change("c", "lead/999", {"phone": "+4930555"}),
    ]
    receipts = connect(leads=True).push("customer", changes)
    assert [(one.key, one.outcome) for one in receipts] == [("a", "done"), ("b", "done"), ("c", "refused")]
    row = odoo.engine.rows[LEAD][lead]
    assert (row["contact_name"], row["partner_name"], row["zip"]) == ("Ann Li", "ACME", "50667")
    assert (row["email_from"], row["phone"], row["name"]) == ("li@example.org", "+4922155", "Wants chairs")
    assert receipts[0].record is not None and receipts[0].record.raw["name"] == "Ann Li"
    assert odoo.engine.rows[PARTNER][partner]["phone"] == "+4930555"


def test_country_and_language_of_a_lead(odoo: FakeOdoo, connect: Any) -> None:
    lead = odoo.engine.create(LEAD, ANN)
    receipt = written(connect(leads=True), f"lead/{lead}", {"country": "DE", "lang": "en-US"})
    assert receipt.outcome == "done"
    assert (receipt.record.raw["country"], receipt.record.raw["lang"]) == ("DE", "en_US")


def test_what_a_lead_has_no_field_for_is_left_out_or_refused(odoo: FakeOdoo, connect: Any) -> None:
    lead = odoo.engine.create(LEAD, ANN)
    payload = {"vat": "DE136695976", "billing.city": "Bonn", "phone": "1"}
    strict = written(connect(leads=True, unknown_words="refuse"), f"lead/{lead}", payload)
    assert strict.outcome == "refused" and "vat" in strict.cause
    assert odoo.engine.rows[LEAD][lead]["phone"] is False
    assert written(connect(leads=True), f"lead/{lead}", payload).outcome == "done"
    assert odoo.engine.rows[LEAD][lead]["phone"] == "1"


def test_a_lead_that_became_a_partner_is_not_written(odoo: FakeOdoo, connect: Any) -> None:
    lead = odoo.engine.create(LEAD, ANN)
    odoo.engine.convert(lead)
    receipt = written(connect(leads=True), f"lead/{lead}", {"phone": "1"})
    assert receipt.outcome == "refused" and "partner" in receipt.cause


def test_check_and_discover_know_leads(odoo: FakeOdoo, connect: Any) -> None:
    odoo.engine.create(LEAD, ANN)
    said = {one.step: one for one in connect(leads=True).check()}
    assert said["leads"].ok and "1 open" in said["leads"].detail
    assert "leads" not in {one.step for one in connect().check()}
    names = {one.name for one in connect(leads=True).discover()[0].fields}
    assert {"lead", "lead_status", "owner"} <= names
    odoo.rights[LEAD] = set()
    last = list(connect(leads=True).check())[-1]
    assert not last.ok and "leads = false" in (last.fix or "")


def test_a_webhook_of_a_lead_tells_of_its_partner_first(odoo: FakeOdoo, connect: Any) -> None:
    connection = connect(leads=True, webhook_secret="s3cret")
    basic = {"Authorization": "Basic " + base64.b64encode(b"hub:s3cret").decode()}
    body = json.dumps({"_model": LEAD, "_id": 7, "partner_id": 3}).encode()
    assert [one.external_id for one in connection.verify_webhook(basic, body)] == ["3", "lead/7"]
    with pytest.raises(NotSigned):
        connection.verify_webhook({}, body)
