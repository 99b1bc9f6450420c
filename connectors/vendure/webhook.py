"""Webhooks of the store. Vendure sends none by itself: a small plugin forwards its events.

What we understand: a POST of `{"id", "topic", "occurredAt", "data": {…}}` with the header `x-signature-sha256`, the
HMAC-SHA256 of the raw body in hex. Topics: `customer.created|updated|deleted` (data.id), `customer.address.…`
(data.customerId), `order.…` (data.id); all others say nothing to us.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from hub.sdk import Hint, RecordRejected
from hub.sdk.signing import verify, verify_moment

SIGNATURE = "x-signature-sha256"

# An order in these states is a cart: nobody has ordered anything yet.
_CART = frozenset({"Created", "AddingItems", "ArrangingPayment"})


def hints(headers: Mapping[str, str], body: bytes, *, secrets: Iterable[str | None]) -> Sequence[Hint]:
    """What the webhook says has changed. Raises RecordRejected for a bad signature, an old message, another shape."""
    given = {name.lower(): value for name, value in headers.items()}
    verify(body, given.get(SIGNATURE), secrets=secrets)
    try:
        said = orjson.loads(body)
        topic, data = str(said["topic"]), dict(said["data"])
        sent_at = datetime.fromisoformat(said["occurredAt"]).timestamp()
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise RecordRejected("the webhook's body is not as agreed") from None
    verify_moment(sent_at, now=time.time())
    return _hints(topic, data)


def _hints(topic: str, data: Mapping[str, Any]) -> Sequence[Hint]:
    if topic.startswith("customer.address."):
        return _one("customer", data.get("customerId"))
    if topic.startswith("customer."):
        return _one("customer", data.get("id"), deleted=topic == "customer.deleted")
    if topic.startswith("order.") and data.get("to") not in _CART:
        return _one("order", data.get("orderId") or data.get("id"))
    return ()


def _one(object: str, id: Any, *, deleted: bool = False) -> Sequence[Hint]:
    """A hint, if the message names its record; one that does not is for the sweep."""
    return (Hint(object, str(id), deleted),) if isinstance(id, int | str) and id else ()
