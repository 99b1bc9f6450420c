"""Webhooks: what is believed, what is passed over, and how the store is brought to send them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from woo_delivery import delivery
from woo_store import Store

from connectors.woocommerce.connector import WooCommerceConnector
from connectors.woocommerce.hooks import TOPICS
from hub.sdk import Hint, NotSigned, RecordRejected

Connect = Callable[..., WooCommerceConnector]
HOOKS = "woo-hook-5f2e1d0c"
URL = "https://hub.example.org/hooks/shop"


def body(**fields: object) -> bytes:
    return json.dumps({"id": 7, **fields}).encode()


def test_the_unsigned_ping_is_taken_and_says_nothing(woo: WooCommerceConnector) -> None:
    assert woo.verify_webhook({"Content-Type": "application/x-www-form-urlencoded"}, b"webhook_id=12") == ()


@pytest.mark.parametrize("said", [b"webhook_id=12&id=7", b"webhook_id=x", b'{"id": 7}', b"", b"webhook_id="])
def test_anything_else_unsigned_is_refused(woo: WooCommerceConnector, said: bytes) -> None:
    with pytest.raises(NotSigned):
        woo.verify_webhook({}, said)


def test_a_ping_that_bears_a_signature_must_be_signed_well(woo: WooCommerceConnector) -> None:
    with pytest.raises(NotSigned):
        woo.verify_webhook({"X-WC-Webhook-Signature": "AAAA"}, b"webhook_id=12")


@pytest.mark.parametrize(
    ("topic", "content", "wanted"),
    [
        ("customer.created", body(email="a@example.org"), ("customer", False)),
        ("customer.deleted", body(), ("customer", True)),
        ("order.updated", body(status="processing"), ("order", False)),
        ("order.deleted", body(), ("order", True)),
        # The topic is not signed: what still shows the record does not tell of its end.
        ("order.deleted", body(status="processing"), ("order", False)),
        ("order.restored", body(status="processing"), ("order", False)),
    ],
)
def test_topics(woo: WooCommerceConnector, topic: str, content: bytes, wanted: tuple[str, bool]) -> None:
    (hint,) = woo.verify_webhook(*delivery(topic, content))
    assert (hint.object, hint.external_id, hint.deleted) == (wanted[0], "7", wanted[1])


@pytest.mark.parametrize("topic", ["product.updated", "coupon.created", "action.woocommerce_add_to_cart", ""])
def test_other_topics_say_nothing(woo: WooCommerceConnector, topic: str) -> None:
    assert list(woo.verify_webhook(*delivery(topic, b'{"action": "x", "arg": 1}'))) == []


def test_both_secrets_live_during_a_rotation(connect: Connect) -> None:
    woo = connect(webhook_secret_old="the-one-before")
    for secret in (HOOKS, "the-one-before"):
        assert woo.verify_webhook(*delivery("order.updated", body(), secret=secret))
    with pytest.raises(NotSigned):
        woo.verify_webhook(*delivery("order.updated", body(), secret="another-one"))


def test_one_delivery_id_for_two_messages_is_two_ids(woo: WooCommerceConnector) -> None:
    def known(content: bytes) -> str | None:
        hints: list[Hint] = list(woo.verify_webhook(*delivery("customer.updated", content)))
        return hints[0].delivery_id

    assert known(body(a=1)) == known(body(a=1)) != known(body(a=2))


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"id": "7"}', b'{"id": true}', b'{"id": 0}', b"{}"])
def test_a_signed_body_of_another_shape_is_rejected(woo: WooCommerceConnector, content: bytes) -> None:
    with pytest.raises(RecordRejected) as caught:
        woo.verify_webhook(*delivery("order.updated", content))
    assert not isinstance(caught.value, NotSigned)


def test_webhooks_are_made_once_for_each_topic(store: Store, woo: WooCommerceConnector) -> None:
    first = woo.ensure_webhooks(URL, HOOKS)
    assert all(one.ok for one in first) and [one.step for one in first] == list(TOPICS)
    woo.ensure_webhooks(URL, HOOKS)
    assert [one["topic"] for one in store.webhooks.values()] == list(TOPICS)
    assert {one["secret"] for one in store.webhooks.values()} == {HOOKS}
    assert {one["delivery_url"] for one in store.webhooks.values()} == {URL}


def test_one_that_the_store_gave_up_is_switched_on_again_and_told_the_new_secret(
    store: Store, woo: WooCommerceConnector
) -> None:
    woo.ensure_webhooks(URL, HOOKS)
    store.webhooks[2]["status"] = "disabled"
    off = {one.step: one for one in woo.check()}["webhooks"]
    assert TOPICS[1] in off.detail and off.fix
    said = {one.step: one.detail for one in woo.ensure_webhooks(URL, "a-new-secret")}
    assert "disabled" in said[TOPICS[1]]
    assert {(one["status"], one["secret"]) for one in store.webhooks.values()} == {("active", "a-new-secret")}


def test_others_are_left_alone_and_twins_are_told(store: Store, woo: WooCommerceConnector) -> None:
    shape = {"status": "paused", "secret": "theirs", "name": "ERP"}
    store.webhooks[1] = {"id": 1, "topic": "order.updated", "delivery_url": "https://erp.test/x", **shape}
    store.webhooks[2] = {"id": 2, "topic": "order.updated", "delivery_url": URL, **shape}
    store.webhooks[3] = {"id": 3, "topic": "order.updated", "delivery_url": URL, **shape}
    findings = [one for one in woo.ensure_webhooks(URL, HOOKS) if one.step == "order.updated"]
    assert len(findings) == 2 and "3" in str(findings[1].fix)
    assert store.webhooks[1]["secret"] == "theirs" and store.webhooks[1]["status"] == "paused"
    assert store.webhooks[2]["secret"] == HOOKS


def test_a_refusal_ends_it_with_a_fix_and_tells_no_secret(store: Store, woo: WooCommerceConnector) -> None:
    store.writable = False
    (finding,) = woo.ensure_webhooks(URL, HOOKS)
    assert not finding.ok and finding.fix and HOOKS not in str(finding)
    (finding,) = [one for one in woo.ensure_webhooks("not-a-url", HOOKS) if not one.ok]
    assert HOOKS not in str(finding)
