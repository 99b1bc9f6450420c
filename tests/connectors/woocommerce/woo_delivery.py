"""Webhooks as the store sends them."""

from __future__ import annotations

from collections.abc import Mapping

from hub.sdk.signing import sign

HOOKS = "woo-hook-5f2e1d0c"


def delivery(
    topic: str, body: bytes, *, secret: str = HOOKS, id: str = "6e9a"
) -> tuple[Mapping[str, str], bytes]:
    """A webhook as the store sends it."""
    resource, _, event = topic.partition(".")
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "WooCommerce/11.0.1 Hookshot (WordPress/7.1)",
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Resource": resource,
        "X-WC-Webhook-Event": event,
        "X-WC-Webhook-ID": "2",
        "X-WC-Webhook-Delivery-ID": id,
        "X-WC-Webhook-Signature": sign(body, secret, encoding="base64"),
    }
    return headers, body
