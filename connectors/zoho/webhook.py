"""Notifications of Zoho CRM. They bear no signature: a token that we chose when we subscribed comes back in the body.

The body: {server_time (ms), module, operation (insert | update | delete), ids [...], channel_id, token, …}.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Collection, Iterable, Mapping, Sequence

import orjson

from connectors.zoho.order import MODULE
from connectors.zoho.party import KINDS, external_id
from hub.sdk import Hint, NotSigned, RecordRejected
from hub.sdk.signing import verify_moment

_WINDOW = 3600.0  # seconds; Zoho repeats what was not taken


def hints(body: bytes, *, secrets: Iterable[str | None], modules: Collection[str] = KINDS) -> Sequence[Hint]:
    """What the notification says has changed, of the `modules` that are read. Raises NotSigned, RecordRejected for
    another shape."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise NotSigned("the notification bears no token", fix=_FIX) from None
    given = str(said.get("token") or "") if isinstance(said, Mapping) else ""
    good = False
    for secret in secrets:
        if secret:
            good |= hmac.compare_digest(secret.encode(), given.encode())
    if not good:
        raise NotSigned("the notification does not bear our token", fix=_FIX)
    try:
        module, ids = str(said["module"]), [str(one) for one in said["ids"]]
        sent_at = float(said["server_time"]) / 1000.0
    except (KeyError, TypeError, ValueError):
        raise RecordRejected("the notification's body is not as agreed") from None
    verify_moment(sent_at, now=time.time(), window=_WINDOW)
    deleted = said.get("operation") == "delete"
    if module in modules:
        return [Hint("customer", external_id(module, id), deleted) for id in ids]
    return [Hint("order", id, deleted) for id in ids] if module == MODULE else []


_FIX = "compare webhook_secret with the token of the channel; a pull renews it there (setting notify_url)"
