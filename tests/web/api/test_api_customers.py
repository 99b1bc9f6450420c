"""Customers by API: by our id, by what others call them, with the origin of each value; merged ids; versions."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hub.canonical.ids import read, show
from hub.flows import steward
from hub.flows.wiring import load_wiring


def test_one_customer_whole(api: Any) -> None:
    id = api.id("1")
    found = api.ask(f"/customers/{id}")
    assert (found.status_code, found.content_type) == (200, "application/json")
    assert found.json["id"] == id
    assert found.json["fields"] == {
        "display_name": "Ann Archer",
        "full_name": "Ann Archer",
        "given_name": "Ann",
        "family_name": "Archer",
        "kind": "person",
        "email": "ann@x.org",
        "phone": "+4930901820",
        "address.locality": "Berlin",
    }
    assert found.json["also"] == {}
    assert found.json["created_at"].endswith("Z")


def test_a_version_is_asked_for_once(api: Any) -> None:
    id = api.id("1")
    tag = api.ask(f"/customers/{id}").headers["ETag"]
    for known in (tag, f"W/{tag}", f'"0", {tag}', "*"):
        again = api.ask(f"/customers/{id}", headers={"If-None-Match": known})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert api.ask(f"/customers/{id}", headers={"If-None-Match": '"0"'}).status_code == 200
    api.patch(id, {"job_title": "Boss"})
    changed = api.ask(f"/customers/{id}", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag
    assert "no-store" not in changed.headers["Cache-Control"]


def test_only_some_fields(still: Any) -> None:
    id = still.id("1")
    found = still.ask(f"/customers/{id}?fields=email,address").json
    assert found["fields"] == {"email": "ann@x.org", "address.locality": "Berlin"}
    assert found["id"] == id
    wrong = still.ask(f"/customers/{id}?fields=emial")
    assert (wrong.status_code, wrong.json["fix"]) == (400, "Did you mean 'email'?")
    page = still.ask("/customers?fields=given_name,consent").json
    assert {"given_name": "Ann"} in [one["fields"] for one in page["customers"]]


@pytest.mark.parametrize(
    "query",
    [
        {"connection": "crm", "external_id": "1"},
        {"connection": "kunden", "external_id": "A1"},
        {"email": "ann@x.org"},
        {"email": " ANN@X.org "},
        {"phone": "+4930901820"},
        {"phone": "+49 (30) 90 18 20"},
        {"q": "ann berlin"},
    ],
)
def test_what_others_call_a_customer(still: Any, query: dict[str, str]) -> None:
    found = still.ask("/customers", query_string=query)
    assert found.status_code == 200
    assert [one["fields"]["email"] for one in found.json["customers"]] == ["ann@x.org"]
    assert found.json["next"] is None


def test_nobody_is_an_empty_list_and_no_connection_is_an_error(still: Any) -> None:
    for query in (
        {"connection": "crm", "external_id": "999"}, {"email": "no@x.org"}, {"phone": "+49309999999"}, {"q": "nobody"},
    ):  # fmt: skip
        assert still.ask("/customers", query_string=query).json == {"customers": [], "next": None}
    missing = still.ask("/customers", query_string={"connection": "none", "external_id": "1"})
    assert (missing.status_code, missing.json["code"]) == (404, "not_found")


def test_what_was_pinned_written_or_is_no_key_is_found_as_well(api: Any) -> None:
    ann, bob = api.id("1"), api.id("2")
    steward.set_pin(api.db, load_wiring(api.db), read("cus", bob), path="email", value="pin@x.org", by="t")
    api.patch(ann, {"email[work]": "api@x.org", "phone": "+49 30 123456"})
    api.patch(bob, {"email[home]": "info@x.org"})

    def who(**query: str) -> list[str]:
        return [one["id"] for one in api.ask("/customers", query_string=query).json["customers"]]

    assert who(email="pin@x.org") == [bob]
    assert who(email="api@x.org") == [ann]
    assert who(phone="+4930123456") == [ann]
    assert who(email="info@x.org") == [bob]
    assert who(email="bob@x.org") == [bob]  # overruled by the pin, and still one of the further values


def test_all_customers_in_pages(still: Any) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = still.ask("/customers", query_string=query).json
        seen += [one["id"] for one in page["customers"]]
        cursor = page["next"]
        if cursor is None:
            break
        assert len(page["customers"]) == 2
    assert len(seen) == 4
    assert seen == sorted(seen, reverse=True)
    first = still.ask("/customers?q=x&limit=1").json
    second = still.ask("/customers", query_string={"q": "x", "limit": 1, "cursor": first["next"]}).json
    assert first["customers"][0]["id"] > second["customers"][0]["id"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("emial=ann@x.org", "emial"),
        (f"q={'x' * 201}", "q"),
        ("q=", "q"),
    ],
)
def test_a_wrong_argument_is_named(still: Any, query: str, named: str) -> None:
    found = still.ask(f"/customers?{query}")
    assert found.status_code == 400
    assert list(found.json["arguments"]) == [named]


@pytest.mark.parametrize(
    "query",
    [
        "email=a@x.org&phone=1",
        "connection=crm",
        "external_id=1",
        "email=nonsense",
        "phone=none",
        "q=%20",
        "cursor=x",
    ],
)
def test_a_question_that_cannot_be_answered_is_no_list(still: Any, query: str) -> None:
    found = still.ask(f"/customers?{query}")
    assert found.status_code in (400, 404)
    assert found.json["detail"]


def test_where_every_value_comes_from(api: Any) -> None:
    id = api.id("1")
    steward.set_pin(api.db, load_wiring(api.db), read("cus", id), path="job_title", value="Boss", by="eve")
    api.patch(id, {"department": "Sales", "phone": None})
    found = api.ask(f"/customers/{id}/provenance").json
    assert set(found["fields"]) >= set(api.ask(f"/customers/{id}").json["fields"])
    town = found["fields"]["address.locality"]
    assert town["source"] == {"connection": "crm", "object": "customer", "external_id": "1", "part": ""}
    assert (town["value"], town["rule"], town["kind"]) == ("Berlin", "only", "first_sight")
    assert town["observed_at"]
    assert found["fields"]["given_name"]["derived"] is True
    pinned = found["fields"]["job_title"]
    assert (pinned["pinned_by"], pinned["source"], pinned["rule"]) == ("eve", None, "pin")
    written = found["fields"]["department"]
    assert (written["source"]["connection"], written["kind"]) == ("api", "edit")
    assert found["fields"]["phone"]["value"] is None  # emptied, and why


def test_the_records_behind_it(api: Any) -> None:
    id = api.id("1")
    api.patch(id, {"job_title": "Boss"})
    found = api.ask(f"/customers/{id}/records").json["records"]
    assert sorted((one["connection"], one["external_id"]) for one in found) == [
        ("crm", "1"),
        ("kunden", "A1"),
    ]


def test_a_merged_id_says_where_it_went_and_comes_back(api: Any) -> None:
    ann, bob = api.id("1"), api.id("2")
    wiring = load_wiring(api.db)
    steward.merge(api.db, wiring, a=read("cus", ann), b=read("cus", bob), by="eve")
    stays, left = sorted((ann, bob))
    for path, method in (("", "GET"), ("?fields=email", "GET"), ("/orders?limit=3", "GET"), ("/provenance", "GET"),
                         ("/records", "GET"), ("", "PATCH")):  # fmt: skip
        options = {"json": {"fields": {"email": "x@y.org"}}} if method == "PATCH" else {}
        found = api.ask(f"/customers/{left}{path}", method=method, **options)
        assert (found.status_code, found.content_type) == (308, "application/problem+json")
        assert found.headers["Location"] == f"/api/v1/customers/{stays}{path}"
        assert (found.json["moved_to"], found.json["code"]) == (stays, "moved")
    assert api.client.get(
        f"/api/v1/customers/{left}", headers={"Authorization": f"Bearer {api.token}"}, follow_redirects=True
    ).json["id"] == stays  # fmt: skip
    kinds = [
        (one["kind"], one["customer_id"], one["other_id"]) for one in api.ask("/changes").json["changes"]
    ]
    assert ("MERGED", left, stays) in kinds
    steward.unmerge(api.db, wiring, read("cus", stays), records_out=[read("cus", left)], by="eve")
    assert api.ask(f"/customers/{left}").status_code == 200
    last = api.ask("/changes").json["changes"]
    assert ("UNMERGED", left, stays) in [(one["kind"], one["customer_id"], one["other_id"]) for one in last]


def test_the_id_of_a_record_that_joined_at_once_moves_too(api: Any) -> None:
    """kunden A1 was Ann from its first reading: its home id never had a golden record of its own."""
    from sqlalchemy import text

    with api.db.read() as conn:
        home = conn.scalar(text("SELECT id FROM source_record WHERE external_id = 'A1'"))
    found = api.ask(f"/customers/{show('cus', home)}")
    assert (found.status_code, found.json["moved_to"]) == (308, api.id("1"))


def test_no_customer_and_no_id(still: Any) -> None:
    for id, code in (
        ("cus_0000000000001", "not_found"),
        ("nonsense", "not_found"),
        ("ord_0000000000001", "not_found"),
    ):
        found = still.ask(f"/customers/{id}")
        assert (found.status_code, found.json["code"], found.json["status"]) == (404, code, 404)


def test_an_erased_one_is_gone(api: Any) -> None:
    from hub.store.queries.customers import FeedRow, append_feed

    with api.db.write() as conn:
        append_feed(conn, [FeedRow(77, "ERASED")], now=time.time())
    found = api.ask(f"/customers/{show('cus', 77)}")
    assert (found.status_code, found.json["code"]) == (410, "gone")


def test_its_orders(api: Any) -> None:
    id = api.id("1")
    found = api.ask(f"/customers/{id}/orders").json
    assert found["next"] is None
    (order,) = found["orders"]
    assert (order["connection"], order["external_id"], order["customer_id"]) == ("crm", "O1", id)
    assert [line["sku"] for line in order["fields"]["lines"]] == ["S1", "S2"]
    assert order["fields"]["lines"][0]["unit_price"] == {"amount": "5.00", "currency": "EUR"}
    assert api.ask(f"/orders/{order['id']}").json == order
    by_theirs = api.ask("/orders", query_string={"connection": "crm", "external_id": "O1"}).json
    assert by_theirs["orders"] == [order]
    assert api.ask("/orders/ord_0000000000001").status_code == 404
    assert api.ask("/orders", query_string={"connection": "crm", "external_id": "none"}).json["orders"] == []
    assert api.ask("/orders", query_string={"connection": "crm"}).status_code == 400
    assert api.ask(f"/customers/{api.id('2')}/orders").json == {"orders": [], "next": None}
