"""Customers: what is written, how, and what the store says to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from woo_store import Store

from connectors.woocommerce import customer
from connectors.woocommerce.connector import WooCommerceConnector
from connectors.woocommerce.record import MARK, meta, plain
from hub.mapping.engine import CompiledMap
from hub.sdk import Change, NeedsReauth
from hub.testkit.loopback import Fault, Reply, Request

Connect = Callable[..., WooCommerceConnector]


def test_a_create_carries_our_mark_and_no_blanks(store: Store, woo: WooCommerceConnector) -> None:
    payload = {
        "email": "a@example.org",
        "first_name": "Ann",
        "last_name": "",
        "billing.city": "Paris",
        "billing.email": None,
    }
    (receipt,) = woo.push("customer", [Change("k", None, payload, marker="cus_1")])
    assert receipt.outcome == "done"
    assert json.loads(store.requests[-1].body) == {
        "email": "a@example.org",
        "first_name": "Ann",
        "billing": {"city": "Paris"},
        "meta_data": [{"key": MARK, "value": "cus_1"}],
    }
    assert receipt.record is not None and receipt.record.raw["meta"] == {MARK: "cus_1"}


def test_an_update_says_blanks_and_only_what_changes(store: Store, woo: WooCommerceConnector) -> None:
    made = store.put({"email": "a@example.org", "billing": {"city": "Paris", "phone": "1"}})
    payload = {"billing.city": "", "billing": {"phone": "+49301"}, "meta.vat": "DE1", "meta.old": None}
    (receipt,) = woo.push("customer", [Change("k", str(made), payload)])
    assert receipt.outcome == "done"
    row = store.customers[made]
    assert (row["billing"]["city"], row["billing"]["phone"], row["email"]) == ("", "+49301", "a@example.org")
    assert meta(row["meta_data"])["vat"] == "DE1"


def test_several_changes_are_one_call_answered_row_by_row(store: Store, woo: WooCommerceConnector) -> None:
    store.put({"email": "taken@example.org"})
    made = str(store.put({"email": "b@example.org"}))
    changes = [
        Change("new", None, {"email": "new@example.org"}),
        Change("there", made, {"first_name": "Bob"}),
        Change("twin", None, {"email": "Taken@example.org"}),
        Change("gone", "4711", {"first_name": "Nobody"}),
        Change("none", None, {"first_name": "No e-mail"}),
        Change("odd", "a/b", {"first_name": "Climber"}),
        Change("nul", made, {"first_name": "nul\0"}),
    ]
    before = len(store.requests)
    receipts = {one.key: one for one in woo.push("customer", changes)}
    assert len(store.requests) == before + 1 and store.requests[-1].path.endswith("/customers/batch")
    assert {key: one.outcome for key, one in receipts.items()} == {
        "new": "done",
        "there": "done",
        **dict.fromkeys(("twin", "gone", "none", "odd", "nul"), "refused"),
    }
    assert "already registered" in str(receipts["twin"].cause)
    assert store.customers[int(made)]["first_name"] == "Bob"


def test_a_batch_without_verdict_leaves_all_in_doubt(store: Store, woo: WooCommerceConnector) -> None:
    store.arm(Fault("lost"))
    changes = [Change(str(number), None, {"email": f"x{number}@example.org"}) for number in range(2)]
    assert [one.outcome for one in woo.push("customer", changes)] == ["unknown", "unknown"]
    assert len(store.customers) == 2


@pytest.mark.parametrize(
    "body", [b"{}", b'{"create": []}', b'{"create": [{"id": 1}]}', b'{"create": [null, {"id": 0}]}']
)
def test_a_batch_answered_in_another_shape_is_no_verdict(
    store: Store, woo: WooCommerceConnector, body: bytes
) -> None:
    store.arm(Fault("json", body=body))
    changes = [Change(str(number), None, {"email": f"x{number}@example.org"}) for number in range(2)]
    assert [one.outcome for one in woo.push("customer", changes)] == ["unknown", "unknown"]


def test_find_goes_by_e_mail_whatever_the_role_and_leaves_anothers_alone(
    store: Store, woo: WooCommerceConnector
) -> None:
    made = store.put({"email": "Ann@Example.org"})
    store.customers[made]["role"] = "subscriber"
    change = Change("k", None, {"email": " ann@example.org "}, marker="cus_1")
    assert [one.external_id for one in woo.find("customer", change)] == [str(made)]
    store.put({"meta_data": [{"key": MARK, "value": "cus_2"}]}, id=made)
    assert woo.find("customer", change) == []
    assert woo.find("customer", change._replace(marker="cus_2")) != []
    assert woo.find("customer", change._replace(payload={})) == []


@pytest.mark.parametrize("name", ["role", "id", "billing.vat", "orders", "meta.", "username"])
def test_what_cannot_be_written_is_refused_by_name(woo: WooCommerceConnector, name: str) -> None:
    (receipt,) = woo.push("customer", [Change("k", "1", {name: "x"})])
    assert receipt.outcome == "refused" and name in str(receipt.cause)


def test_all_roles_are_read_or_the_one_that_is_set(store: Store, connect: Connect) -> None:
    store.put({"email": "a@example.org"})
    staff = store.put({"email": "b@example.org"})
    store.customers[staff]["role"] = "shop_manager"
    read = [
        [r.external_id for page in connect(**given).pull("customer", None) for r in page.records]
        for given in ({}, {"role": "customer"})
    ]
    assert read == [["1", "2"], ["1"]]


def test_moments_are_utc_and_unknown_fields_stay(store: Store, maps: dict[str, CompiledMap]) -> None:
    made = store.put({"email": "a@example.org"})
    row = {
        **store.shown(made),
        "loyalty": {"points": 7},
        "date_modified_gmt": "2026-11-22T23:30:00",
        "date_modified": "2026-11-23T07:30:00",
    }
    raw = customer.raw(row)
    assert raw["updated"] == "2026-11-22T23:30:00Z" and raw["loyalty"] == {"points": 7}
    assert "_links" not in raw and "avatar_url" not in raw
    assert maps["customer"].unmapped(raw) == {"loyalty.points"}
    assert plain({"date_created": "2026-01-01T10:00:00"}) == {"date_created": "2026-01-01T10:00:00"}


def test_a_customer_nobody_has_changed_yet_was_last_changed_when_made() -> None:
    row: dict[str, Any] = {
        "id": 1,
        "email": "a@example.org",
        "date_created_gmt": "2026-01-01T10:00:00",
        "date_modified_gmt": None,
    }
    raw = customer.raw(row)
    assert (
        raw["updated"] == "2026-01-01T10:00:00Z"
        and raw["billing"]["city"] == ""
        and raw["shipping"]["phone"] == ""
    )


def test_the_shipped_map_reads_and_writes_a_person(store: Store, maps: dict[str, CompiledMap]) -> None:
    billing = {
        "first_name": "Ann",
        "last_name": "Lee",
        "address_1": "1 Main",
        "city": "Paris",
        "country": "FR",
        "phone": "+33123456789",
    }
    made = store.put({"email": "ann@example.org", "first_name": "Ann", "billing": billing})
    (pulled,) = maps["customer"].pull(customer.raw(store.shown(made)))
    assert pulled.values["address.recipient"] == "Ann Lee" and pulled.values["phone"] == "+33123456789"
    assert pulled.values["kind"] == "person" and pulled.values["address.country"] == "FR"
    payload = maps["customer"].push(
        {"given_name": "Zoe", "email": "z@example.org", "address.line1": "2 Main"}, create=True
    )
    assert payload == {
        "first_name": "Zoe",
        "billing.first_name": "Zoe",
        "email": "z@example.org",
        "billing.address_1": "2 Main",
    }
    assert maps["customer"].push({"given_name": "Zoe"}, create=False) == {"first_name": "Zoe"}


def test_an_e_mail_that_the_store_takes_for_none_finds_nobody(
    store: Store, woo: WooCommerceConnector
) -> None:
    assert woo.find("customer", Change("k", None, {"email": "root@localhost"})) == []
    assert store.requests[-1].query["email"] == "root@localhost"


@pytest.mark.parametrize(
    ("code", "outcome"), [("woocommerce_rest_cannot_edit", "refused"), ("rest_forbidden", None), ("", None)]
)
def test_a_record_that_this_user_may_not_touch_is_refused_alone(
    store: Store, woo: WooCommerceConnector, code: str, outcome: str | None
) -> None:
    made = store.put({"email": "a@example.org"})
    said = {
        "code": code,
        "message": "Sorry, you are not allowed to edit this resource.",
        "data": {"status": 403},
    }
    answer = store.answer
    store.answer = lambda request: Reply(403, json.dumps(said).encode())  # type: ignore[method-assign]
    change = Change("k", str(made), {"first_name": "New"})
    if outcome is None:
        with pytest.raises(NeedsReauth):
            woo.push("customer", [change])
    else:
        assert [one.outcome for one in woo.push("customer", [change])] == [outcome]
    store.answer = answer  # type: ignore[method-assign]


def test_states_are_read_by_name_and_written_by_the_stores_code(
    store: Store, woo: WooCommerceConnector, maps: dict[str, CompiledMap]
) -> None:
    billing = {"country": "CN", "state": "CN2"}
    made = store.put(
        {"email": "wang@example.org", "billing": billing, "shipping": {"country": "US", "state": "CA"}}
    )
    (record,) = woo.fetch("customer", [str(made)])
    (pulled,) = maps["customer"].pull(record.raw)
    assert pulled.values["address.region"] == "Beijing / 北京"
    assert pulled.values["address[shipping].region"] == "California"

    def written(**payload: Any) -> str:
        change = Change(
            "k", str(made), {f"billing.{name}": value for name, value in payload.items()}, record.raw
        )
        assert woo.push("customer", [change])[0].outcome == "done"
        return str(store.customers[made]["billing"]["state"])

    assert written(region="云南") == "CN1"
    assert written(region="new york", country="US") == "NY"
    assert written(region="CA", country="US") == "CA"
    assert written(region="Île-de-France", country="FR") == "Île-de-France"
    assert written(region="", country="FR") == ""
    assert written(region="Anywhere", country="XX") == "Anywhere"
    asked = [one.path for one in store.requests if "/data/" in one.path]
    assert len(asked) == len(set(asked)), "each table is asked for once a job"


def test_a_key_that_may_not_see_the_tables_reads_codes(store: Store, woo: WooCommerceConnector) -> None:
    made = store.put({"email": "a@example.org", "billing": {"country": "US", "state": "CA"}})
    answer = store.answer

    def barred(request: Request) -> Reply:
        return Reply(403, b'{"code": "x", "message": "no"}') if "/data/" in request.path else answer(request)

    store.answer = barred  # type: ignore[method-assign]
    assert woo.fetch("customer", [str(made)])[0].raw["billing"]["region"] == "CA"
    store.answer = answer  # type: ignore[method-assign]


def test_a_table_that_cannot_be_read_after_a_write_is_no_doubt_about_it(
    store: Store, woo: WooCommerceConnector
) -> None:
    made = store.put({"email": "a@example.org", "billing": {"country": "US", "state": "CA"}})
    store.arm(Fault("status", status=503, times=9, when=lambda request: "/data/" in request.path))
    (receipt,) = woo.push("customer", [Change("k", str(made), {"first_name": "New"})])
    assert (receipt.outcome, receipt.record) == ("done", None)


def test_a_row_of_a_batch_that_failed_there_is_in_doubt(store: Store, woo: WooCommerceConnector) -> None:
    error = {"code": "woocommerce_rest_cannot_create", "message": "No", "data": {"status": 500}}
    store.arm(Fault("json", body=json.dumps({"create": [{"id": 0, "error": error}] * 2}).encode()))
    changes = [Change(str(number), None, {"email": f"x{number}@example.org"}) for number in range(2)]
    assert [one.outcome for one in woo.push("customer", changes)] == ["unknown", "unknown"]
