"""The vendor's own client against the fake store: then the fake is not only our own belief."""

from __future__ import annotations

from typing import Any

import pytest
from woo_key import KEY, SECRET
from woo_store import Store

from hub.sdk.oauth1 import OAuth1

woocommerce = pytest.importorskip(
    "woocommerce", reason="the vendor's client is not installed (pip install woocommerce)"
)


@pytest.fixture
def client(store: Store) -> Any:
    return woocommerce.API(url=store.url, consumer_key=KEY, consumer_secret=SECRET, version="wc/v3")


def test_customers(client: Any) -> None:
    made = client.post(
        "customers", {"email": "a@example.org", "first_name": "Ann", "billing": {"city": "Paris"}}
    )
    assert made.status_code == 201
    id = made.json()["id"]
    assert client.put(f"customers/{id}", {"first_name": "Zoé 改名"}).json()["first_name"] == "Zoé 改名"
    listed = client.get("customers", params={"email": "a@example.org", "per_page": 5})
    assert (listed.headers["X-WP-Total"], listed.json()[0]["billing"]["city"]) == ("1", "Paris")
    assert (
        client.post("customers", {"email": "A@example.org"}).json()["code"]
        == "registration-error-email-exists"
    )
    assert client.delete(f"customers/{id}").status_code == 501
    assert client.delete(f"customers/{id}", params={"force": "true"}).status_code == 200
    assert client.get(f"customers/{id}").status_code == 404


def test_orders_refunds_notes(client: Any) -> None:
    order = {
        "line_items": [{"name": "Book", "price": "20.00", "quantity": 2}],
        "set_paid": True,
        "currency": "EUR",
    }
    made = client.post("orders", order).json()
    assert (made["status"], made["total"]) == ("processing", "40.00")
    path = f"orders/{made['id']}"
    assert client.post(f"{path}/refunds", {"amount": "5.00", "api_refund": False}).status_code == 201
    assert client.post(f"{path}/refunds", {"amount": "500.00", "api_refund": False}).status_code == 500
    assert client.get(path).json()["refunds"][0]["total"] == "-5.00"
    client.post(f"{path}/notes", {"note": "sent"})
    assert [one["note"] for one in client.get(f"{path}/notes").json()] == ["sent"]
    found = client.get("orders", params={"modified_after": "2020-01-01T00:00:00", "dates_are_gmt": "true"})
    assert [one["id"] for one in found.json()] == [made["id"]]
    answer = client.post(
        "orders/batch", {"update": [{"id": made["id"], "customer_note": "x"}, {"id": 9, "status": "x"}]}
    )
    assert [("error" in one) for one in answer.json()["update"]] == [False, True]
    assert client.delete(path).status_code == 200
    assert client.get("orders").json() == []
    assert [one["id"] for one in client.get("orders", params={"status": "trash"}).json()] == [made["id"]]


def test_webhooks(client: Any) -> None:
    told = {"name": "x", "topic": "order.updated", "delivery_url": "https://hub.test/h", "secret": "s"}
    made = client.post("webhooks", told).json()
    assert "secret" not in made and made["status"] == "active"
    assert client.put(f"webhooks/{made['id']}", {"status": "paused"}).json()["status"] == "paused"


def test_refusals(client: Any, store: Store) -> None:
    assert client.get("customers", params={"per_page": 101}).json()["code"] == "rest_invalid_param"
    assert client.get("orders", params={"orderby": "bogus"}).status_code == 400
    assert client.get("orders", params={"since": "1"}).status_code == 400
    assert client.post("customers", {"email": 7}).status_code == 400
    assert client.get("nothing").json()["code"] == "rest_no_route"
    other = woocommerce.API(url=store.url, consumer_key=KEY, consumer_secret="cs_wrong", version="wc/v3")
    assert other.get("customers").status_code == 401
    store.door.https = True
    assert client.get("customers").status_code == 401


def test_both_clients_sign_alike() -> None:
    from woocommerce.oauth import OAuth

    url, params = "http://shop.test:8088/wp-json/wc/v3/orders", {"status": "any", "search": "é & b"}
    pairs = dict(OAuth1(KEY, SECRET).signed("GET", url, params, now=1_764_000_000.0, nonce="n1"))
    mine = pairs.pop("oauth_signature")
    theirs = OAuth(url=url, consumer_key=KEY, consumer_secret=SECRET, version="wc/v3", method="GET")
    assert theirs.generate_oauth_signature(pairs, url) == mine
