"""Odoo's "Send Webhook Notification" (17 on): a POST of `{"_model", "_id", "_action", …}`, unsigned.

What can carry a secret is its URL alone. One of the form `https://hub:SECRET@host/hooks/name` makes Odoo send it as
basic authentication, so that it stands in a header and in no log of paths.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from hub.sdk import Hint, NotSigned, RecordRejected


def hints(
    headers: Mapping[str, str], body: bytes, *, secrets: Iterable[str | None], leads: bool = False
) -> Sequence[Hint]:
    """What the webhook says has changed. Raises NotSigned for a wrong secret, RecordRejected for another shape."""
    given = {name.lower(): value for name, value in headers.items()}
    _verify(_token(given), secrets)
    try:
        said: Any = orjson.loads(body)
        model, id = said["_model"], said["_id"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise RecordRejected("the webhook's body is not as Odoo sends it") from None
    if not isinstance(id, int) or isinstance(id, bool) or id <= 0:
        raise RecordRejected("the webhook names no record")
    if model == "res.partner":
        # An address is told under its own id: the record it belongs to stands beside it, if the action sends it.
        parent = said.get("parent_id")
        address = isinstance(parent, int) and parent and said.get("type") not in (None, "contact")
        return [Hint("customer", str(parent if address else id))]
    if model == "crm.lead" and leads:
        # The partner it became, if the action sends it, is read before the lead is gone.
        became = said.get("partner_id")
        partner = [Hint("customer", str(became))] if isinstance(became, int) and became else []
        return [*partner, Hint("customer", f"lead/{id}")]
    if model == "sale.order":
        return [Hint("order", str(id))]
    for name, object in (("order_id", "order"), ("sale_id", "order"), ("partner_id", "customer")):
        if isinstance(said.get(name), int) and said[name]:
            return [Hint(object, str(said[name]))]
    return []


def _token(headers: Mapping[str, str]) -> str:
    """The password of basic authentication; "" for anything else."""
    scheme, _, packed = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        pair = base64.b64decode(packed.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return pair.partition(":")[2]


def _verify(token: str, secrets: Iterable[str | None]) -> None:
    good = False
    for secret in secrets:
        if secret:
            good |= hmac.compare_digest(secret.encode(), token.encode())
    if not good:
        raise NotSigned(
            "the webhook's secret does not hold",
            fix="in Odoo, write the URL of the action as https://hub:SECRET@… with the secret set here",
        )
