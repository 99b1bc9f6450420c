"""The store's webhooks: the body is signed (HMAC-SHA256 of the raw bytes, Base64); a first ping is not.

No time is signed, so an old message cannot be told from a new one: it is a hint only, and the record is fetched.
Delivery ids are made of the second and the webhook, so that two deliveries of one second share one (recorded); with
the signature behind it, it is one message's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import orjson

from hub.sdk import Hint, RecordRejected
from hub.sdk.signing import verify

SIGNATURE = "x-wc-webhook-signature"
TOPIC = "x-wc-webhook-topic"
DELIVERY = "x-wc-webhook-delivery-id"

OBJECTS = ("customer", "order")

_PING = re.compile(rb"webhook_id=\d{1,20}")


def hints(headers: Mapping[str, str], body: bytes, *, secrets: Iterable[str | None]) -> Sequence[Hint]:
    """What the webhook says has changed; nothing for a ping or another topic.

    Raises NotSigned for a bad signature, RecordRejected for another shape.
    """
    given = {name.lower(): value for name, value in headers.items()}
    if SIGNATURE not in given and _PING.fullmatch(body.strip()):
        return ()
    verify(body, given.get(SIGNATURE), secrets=secrets, encoding="base64")
    object, _, event = given.get(TOPIC, "").strip().lower().partition(".")
    if object not in OBJECTS:
        return ()
    try:
        said = orjson.loads(body)
        id = said["id"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise RecordRejected("the webhook's body is not as agreed: it names no record") from None
    if not isinstance(id, int) or isinstance(id, bool) or id < 1:
        raise RecordRejected("the webhook's body is not as agreed: its id is no number")
    delivery = given.get(DELIVERY)
    known = f"{delivery}.{given[SIGNATURE].strip()}" if delivery else None
    # The topic is not signed, but only a deletion's body holds nothing besides the id.
    return (Hint(object, str(id), deleted=event == "deleted" and len(said) == 1, delivery_id=known),)
