"""What Odoo's "Send Webhook Notification" posts: a secret in the URL, which travels as basic authentication."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from odoo_fake_server import FakeOdoo

from hub.errors import NotSigned, RecordRejected
from hub.sdk import Hint

SECRET = "s3cret-of-the-hook"


def test_partners_and_orders_are_hinted(odoo: FakeOdoo, connect: Any) -> None:
    connector = connect(webhook_secret=SECRET)
    assert connector.verify_webhook(*odoo.webhook("res.partner", 7, secret=SECRET)) == [Hint("customer", "7")]
    assert connector.verify_webhook(*odoo.webhook("sale.order", 9, secret=SECRET)) == [Hint("order", "9")]
    assert connector.verify_webhook(*odoo.webhook("res.country", 9, secret=SECRET)) == []
    address = {"parent_id": 3, "type": "invoice"}
    hints = connector.verify_webhook(*odoo.webhook("res.partner", 7, secret=SECRET, fields=address))
    assert hints == [Hint("customer", "3")]
    picking = odoo.webhook("stock.picking", 5, secret=SECRET, fields={"sale_id": 9})
    assert connector.verify_webhook(*picking) == [Hint("order", "9")]


def test_the_hint_of_an_address_brings_its_parent(odoo: FakeOdoo, connect: Any) -> None:
    values = {"name": "Ann", "child_ids": [[0, 0, {"type": "invoice", "city": "Bonn"}]]}
    id = odoo.engine.create("res.partner", values)
    child = next(one["id"] for one in odoo.engine.rows["res.partner"].values() if one["parent_id"] == id)
    found = {one.external_id: one.deleted for one in connect().fetch("customer", [str(child)])}
    assert found == {str(id): False, str(child): True}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic "},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic aHViOndyb25n"},
        {"Authorization": f"Bearer {SECRET}"},
        {"Authorization": "Basic \u00e9"},
    ],
)
def test_without_the_secret_nothing_is_believed(
    odoo: FakeOdoo, connect: Any, headers: dict[str, str]
) -> None:
    _, body = odoo.webhook("res.partner", 7, secret=SECRET)
    with pytest.raises(NotSigned, match="secret"):
        connect(webhook_secret=SECRET).verify_webhook(headers, body)


def test_no_secret_set_means_no_webhooks(odoo: FakeOdoo, connect: Any) -> None:
    with pytest.raises(NotSigned):
        connect().verify_webhook(*odoo.webhook("res.partner", 7, secret=""))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"_model": "res.partner", "_id": "7; DROP"}'])
def test_other_bodies_are_refused(odoo: FakeOdoo, connect: Any, body: bytes) -> None:
    headers, _ = odoo.webhook("res.partner", 7, secret=SECRET)
    with pytest.raises(RecordRejected):
        connect(webhook_secret=SECRET).verify_webhook(headers, body)


def test_the_library_odoo_posts_with_makes_a_header_of_the_urls_password(odoo: FakeOdoo) -> None:
    """Odoo calls requests.post(url, …): the password in the URL arrives as basic authentication, not in the path."""
    url = odoo.url.replace("http://", f"http://hub:{SECRET}@") + "/hooks/erp"
    requests.post(url, data=b"{}", timeout=5)
    wanted, _ = odoo.webhook("res.partner", 7, secret=SECRET)
    assert odoo.requests[-1].headers["authorization"] == wanted["Authorization"]
    assert SECRET not in odoo.requests[-1].target
