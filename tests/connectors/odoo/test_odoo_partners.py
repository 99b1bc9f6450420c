"""Partners against the fake Odoo of 15, 17 and 19: what is peculiar to Odoo, both ways."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from odoo_fake_engine import Fault
from odoo_fake_server import KEY, LOGIN, PASSWORD, FakeOdoo

from connectors.odoo.connector import OdooConnector
from hub.errors import ConnectionBroken, NeedsReauth
from hub.mapping.engine import CompiledMap, compile_map
from hub.mapping.load import load_map
from hub.mapping.spec import Context
from hub.resources import map_text
from hub.sdk import Change, RemoteRecord

PARTNER = "res.partner"


def shipped() -> CompiledMap:
    text = map_text("odoo", "customer")
    assert text
    return compile_map(load_map(text, file="customer.toml"), context=Context())


def pulled(odoo: OdooConnector, cursor: Any = None) -> tuple[dict[str, RemoteRecord], Any]:
    pages = list(odoo.pull("customer", cursor))
    return {one.external_id: one for page in pages for one in page.records}, pages[-1].cursor


def create(odoo: OdooConnector, payload: dict[str, Any], marker: str = "cus_1") -> Any:
    (receipt,) = odoo.push("customer", [Change("k", None, payload, marker=marker)])
    return receipt


def later(odoo: FakeOdoo) -> None:
    """Past the overlap of a pull."""
    odoo.clock_ahead += 1000
    odoo.engine.ahead = timedelta(seconds=odoo.clock_ahead)
    odoo.engine.tick()


def test_own_users_and_companies_are_no_customers(odoo: FakeOdoo, connect: Any) -> None:
    id = odoo.engine.create(PARTNER, {"name": "Somebody"})
    odoo.engine.create(PARTNER, {"name": "Our clerk", "parent_id": 1})
    found, _ = pulled(connect())
    assert set(found) == {str(id)}


def test_a_person_at_a_company_does_not_bear_its_number(odoo: FakeOdoo, connect: Any) -> None:
    company = odoo.engine.create(PARTNER, {"name": "ACME", "is_company": True, "vat": "DE136695976"})
    person = odoo.engine.create(PARTNER, {"name": "Ann", "parent_id": company})
    assert odoo.engine.rows[PARTNER][person]["vat"] == "DE136695976"
    found, _ = pulled(connect())
    (ann,) = shipped().pull(found[str(person)].raw)
    assert (
        ann.values["kind"] == "person" and ann.values["company"] == "ACME" and "tax_id[vat]" not in ann.values
    )
    (acme,) = shipped().pull(found[str(company)].raw)
    assert acme.values["kind"] == "organisation" and acme.values["tax_id[vat]"] == "DE136695976"
    (receipt,) = connect().push("customer", [Change("k", str(person), {"vat": "FR1"})])
    assert receipt.outcome == "refused" and "company" in (receipt.cause or "")


def test_a_changed_address_brings_its_parent(odoo: FakeOdoo, connect: Any) -> None:
    id = odoo.engine.create(
        PARTNER, {"name": "Ann", "child_ids": [[0, 0, {"type": "invoice", "city": "Bonn"}]]}
    )
    other = odoo.engine.create(PARTNER, {"name": "Bob"})
    later(odoo)
    _, cursor = pulled(connect())
    later(odoo)
    child = next(one["id"] for one in odoo.engine.rows[PARTNER].values() if one["parent_id"] == id)
    stamp = odoo.engine.rows[PARTNER][id]["write_date"]
    odoo.engine.write(PARTNER, [child], {"city": "Köln"})
    assert odoo.engine.rows[PARTNER][id]["write_date"] == stamp, "Odoo does not stamp the parent"
    found, _ = pulled(connect(), cursor)
    assert set(found) == {str(id)} and str(other) not in found
    assert found[str(id)].raw["billing"]["city"] == "Köln"


def test_an_archived_address_goes_and_an_orphaned_one_is_no_customer(odoo: FakeOdoo, connect: Any) -> None:
    id = odoo.engine.create(
        PARTNER, {"name": "Ann", "child_ids": [[0, 0, {"type": "delivery", "city": "Bonn"}]]}
    )
    child = next(one["id"] for one in odoo.engine.rows[PARTNER].values() if one["parent_id"] == id)
    later(odoo)
    _, cursor = pulled(connect())
    later(odoo)
    odoo.engine.write(PARTNER, [child], {"active": False})
    found, _ = pulled(connect(), cursor)
    assert found[str(id)].raw["shipping"]["city"] is None
    odoo.engine.unlink(PARTNER, [id])
    assert pulled(connect())[0] == {}


def test_archived_and_unlinked_partners_are_told_as_deleted(odoo: FakeOdoo, connect: Any) -> None:
    ids = [str(odoo.engine.create(PARTNER, {"name": f"P{n}"})) for n in range(3)]
    odoo.engine.write(PARTNER, [int(ids[0])], {"active": False})
    odoo.engine.unlink(PARTNER, [int(ids[1])])
    assert connect().deletes("customer", None, ids).external_ids == ids[:2]
    assert pulled(connect())[0][ids[0]].deleted
    fetched = {one.external_id: one.deleted for one in connect().fetch("customer", ids)}
    assert fetched == {ids[0]: True, ids[1]: True, ids[2]: False}


def test_a_customer_makes_the_round_trip(odoo: FakeOdoo, connect: Any) -> None:
    values = {
        "kind": "person",
        "display_name": "Ann Example",
        "email": "ann@example.org",
        "phone": "+4930901820",
        "job_title": "Buyer",
        "language": "de-DE",
        "address.line1": "Weg 1",
        "address.locality": "Berlin",
        "address.country": "DE",
        "address[billing].recipient": "Kasse",
        "address[billing].locality": "München",
        "address[billing].region": "Bayern",
        "address[billing].country": "DE",
        "address[shipping].line1": "Tor 3",
        "address[shipping].country": "FR",
        "phone[shipping]": "+4930901821",
    }
    map = shipped()
    made = create(connect(), map.push(values, create=True))
    assert made.outcome == "done", made.cause
    (back,) = map.pull(made.record.raw)
    assert {path: back.values.get(path) for path in values} == values
    assert map.unmapped(made.record.raw) == set()
    kinds = {one["type"] for one in odoo.engine.rows[PARTNER].values() if one["parent_id"]}
    assert kinds == {"invoice", "delivery"}
    cleared = {"address[billing].recipient": None, "address[billing].locality": None, "job_title": None}
    gone = {"address[billing].region": None, "address[billing].country": None}
    payload = map.push({**cleared, **gone}, create=False)
    (receipt,) = connect().push("customer", [Change("u", made.external_id, payload)])
    assert receipt.outcome == "done", receipt.cause
    assert not any(receipt.record.raw["billing"].values()) and receipt.record.raw["function"] is None
    child = next(one for one in odoo.engine.rows[PARTNER].values() if one["type"] == "invoice")
    assert child["active"] is False, "an address that vanished is archived, for orders may refer to it"


def test_the_same_create_again_makes_no_second_one(odoo: FakeOdoo, connect: Any) -> None:
    first = create(connect(), {"name": "Ann", "billing.city": "Bonn"})
    again = create(connect(), {"name": "Ann", "billing.city": "Köln"})
    assert again.outcome == "done" and again.external_id == first.external_id
    assert again.record.raw["billing"]["city"] == "Köln"
    assert sum(one["name"] == "Ann" for one in odoo.engine.rows[PARTNER].values()) == 1


def test_a_mark_is_found_by_users_who_may_not_list_external_ids(odoo: FakeOdoo, connect: Any) -> None:
    odoo.rights["ir.model.data"] = set()
    made = create(connect(), {"name": "Ann"})
    change = Change("k", None, {"name": "Ann"}, marker="cus_1")
    assert [one.external_id for one in connect().find("customer", change)] == [made.external_id]
    assert connect().find("customer", change._replace(marker="cus_2")) == []


def test_one_refused_of_many_creates_leaves_the_others(odoo: FakeOdoo, connect: Any) -> None:
    names = ["A", "", "C", "D"]
    changes = [Change(str(n), None, {"name": name}, marker=f"cus_{n}") for n, name in enumerate(names)]
    receipts = connect().push("customer", changes)
    assert [one.outcome for one in receipts] == ["done", "refused", "done", "done"]
    assert "name" in (receipts[1].cause or "")
    assert len([1 for model, name in odoo.log if name == "load"]) < 7


def test_words_odoo_does_not_have(odoo: FakeOdoo, connect: Any) -> None:
    payload = {
        "name": "Ann",
        "lang": "fr_FR",
        "country": "DE",
        "state": "Atlantis",
        "mobile": "+4915112345678",
    }
    made = create(connect(), payload)
    assert made.outcome == "done", made.cause
    assert (made.record.raw["state"], made.record.raw["lang"]) == (None, "en_US")
    assert made.record.raw.get("mobile") == (None if odoo.version >= 19 else "+4915112345678")
    refused = create(connect(unknown_words="refuse"), payload, marker="cus_2")
    word = "no field for mobile" if odoo.version >= 19 else "not installed"
    assert refused.outcome == "refused" and word in (refused.cause or "")


def test_several_mails_in_one_field(odoo: FakeOdoo, connect: Any) -> None:
    id = odoo.engine.create(PARTNER, {"name": "Ann", "email": "Ann <a@example.org>, b@example.org"})
    raw = pulled(connect())[0][str(id)].raw
    assert (raw["email"], raw["email_more"]) == ("a@example.org", "b@example.org")
    (receipt,) = connect().push("customer", [Change("k", str(id), {"email": "c@example.org"})])
    assert receipt.record.raw["email"] == "c@example.org"
    assert odoo.engine.rows[PARTNER][id]["email"] == "c@example.org, b@example.org"


def test_custom_fields_are_discovered_read_and_written(odoo: FakeOdoo, connect: Any) -> None:
    (shape,) = [one for one in connect().discover() if one.object == "customer"]
    assert {one.name for one in shape.fields if one.custom} == {"x_level", "x_points", "x_hub"}
    made = create(connect(fields=["customer_rank"]), {"name": "Ann", "x_level": "gold", "x_points": "7"})
    assert made.outcome == "done", made.cause
    raw = made.record.raw
    assert (raw["x_level"], raw["x_points"], raw["x_hub"], raw["customer_rank"]) == ("gold", 7, None, 0)
    bad = create(connect(), {"name": "Bob", "x_points": "many"}, marker="cus_2")
    assert bad.outcome == "refused"


def test_loyalty_cards_and_wallets_are_read(odoo: FakeOdoo, connect: Any) -> None:
    id = odoo.engine.create(PARTNER, {"name": "Ann"})
    if odoo.version < 16:
        assert "loyalty" not in pulled(connect())[0][str(id)].raw
        return
    for kind, code, points in (
        ("loyalty", "044a", 120.5),
        ("ewallet", "044b", 30.0),
        ("gift_card", "044c", 50.0),
    ):
        program = odoo.engine.create("loyalty.program", {"name": kind.title(), "program_type": kind})
        values = {"code": code, "points": points, "partner_id": id, "program_id": program}
        card = odoo.engine.create("loyalty.card", {**values, "program_type": kind, "currency_id": 1})
    later(odoo)
    _, cursor = pulled(connect())
    later(odoo)
    odoo.engine.write("loyalty.card", [card - 2], {"points": 130.5})
    found, _ = pulled(connect(), cursor)
    (ann,) = shipped().pull(found[str(id)].raw)
    assert ann.values["membership[loyalty].points_balance"] == "130.5"
    assert ann.values["membership[loyalty].number"] == "044a"
    assert ann.values["membership[ewallet].stored_value"] == {
        "amount": "30.0",
        "currency": "EUR",
    } or ann.values["membership[ewallet].stored_value"] == {"amount": "30.00", "currency": "EUR"}
    assert shipped().unmapped(found[str(id)].raw) == set()
    assert "loyalty" not in pulled(connect(loyalty=False))[0][str(id)].raw


def test_only_the_admins_partners(odoo: FakeOdoo, connect: Any) -> None:
    ids = [odoo.engine.create(PARTNER, {"name": f"P{n}", "customer_rank": n}) for n in range(3)]
    found, _ = pulled(connect(partner_domain='[["customer_rank",">",0]]'))
    assert set(found) == {str(id) for id in ids[1:]}
    with pytest.raises(ConnectionBroken, match="domain"):
        pulled(connect(partner_domain="customers"))


@pytest.mark.parametrize(
    ("name", "text", "outcome"),
    [
        ("odoo.exceptions.UserError", "No.", "refused"),
        ("odoo.exceptions.AccessError", "You are not allowed to modify 'Contact' records.", "refused"),
        ("psycopg2.errors.SerializationFailure", "could not serialize access", "retry"),
        ("psycopg2.errors.LockNotAvailable", "could not obtain lock on row", "retry"),
        ("psycopg2.OperationalError", "server closed the connection unexpectedly", "unknown"),
        ("builtins.KeyError", "'x'", "refused"),
    ],
)
def test_what_an_error_during_a_write_means(
    odoo: FakeOdoo, connect: Any, name: str, text: str, outcome: str
) -> None:
    id = odoo.engine.create(PARTNER, {"name": "Ann"})
    other = odoo.engine.create(PARTNER, {"name": "Bob"})
    odoo.faults = [Fault(name, text, 500)]
    changes = [Change("1", str(id), {"name": "A"}), Change("2", str(other), {"name": "B"})]
    try:
        first = connect().push("customer", changes)[0].outcome
    except Exception as error:
        assert getattr(error, "code", "") == "remote_unavailable", error  # nothing was written: raised
        first = "retry"
    assert first == outcome


def test_a_wrong_key_and_a_password(odoo: FakeOdoo, connect: Any) -> None:
    with pytest.raises(NeedsReauth):
        pulled(connect(key="nonsense-key"))
    assert pulled(connect(key=PASSWORD))[0] == {}, "JSON-RPC takes the password too"


def test_the_protocol_follows_the_version(odoo: FakeOdoo, connect: Any) -> None:
    def paths() -> set[str]:
        odoo.requests.clear()
        list(connect().pull("customer", None))
        return {one.path.split("/")[1] for one in odoo.requests[2:]}

    assert paths() == ({"json"} if odoo.version >= 19 else {"jsonrpc"})
    (finding,) = [one for one in connect(protocol="jsonrpc").check() if one.step == "log in"]
    assert "JSON-RPC" in finding.detail and KEY not in finding.detail and LOGIN not in finding.detail
