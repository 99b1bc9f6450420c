"""Webhooks of a declared connector: proved as its table [rest.webhook] says, then read as hints."""

from __future__ import annotations

import base64
import binascii
import hmac
import math
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from hub.errors import NotSigned, RecordRejected
from hub.sdk.connector import Hint
from hub.sdk.rest.names import reach
from hub.sdk.rest.tables import WebhookTable
from hub.sdk.signing import verify, verify_moment

_FIX = "compare the webhook secret here with the one in the remote system"


def hints(
    table: WebhookTable, headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str | None]
) -> list[Hint]:
    """What a webhook says has changed. Raises NotSigned, RecordRejected for a body that is not as agreed."""
    given = {name.lower(): value for name, value in headers.items()}
    proof = given.get(table.header.lower())
    if table.ping and proof is None and re.fullmatch(table.ping.encode(), body.strip()):
        return []
    _prove(table, given, body, proof=proof, secrets=secrets)
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RecordRejected("the webhook's body is not as agreed: it is no JSON") from None
    events = reach(said, table.events)
    listed = events if isinstance(events, list) else [events]
    return [hint for event in listed for hint in _hint(table, given, said, event)]


def _prove(
    table: WebhookTable,
    given: Mapping[str, str],
    body: bytes,
    *,
    proof: str | None,
    secrets: Sequence[str | None],
) -> None:
    if table.kind != "hmac":
        shown = proof if table.kind == "token" else _password(proof)
        _same((shown or "").removeprefix(table.prefix), secrets)
        return
    moment = given.get(table.time.lower(), "") if table.time else ""
    signed = moment.encode() + b"." + body if table.time else body
    verify(signed, proof, secrets=secrets, digest=table.digest, encoding=table.encoding, prefix=table.prefix)
    if table.time:
        verify_moment(_seconds(moment), now=time.time(), window=table.window)


def _hint(table: WebhookTable, given: Mapping[str, str], said: Any, event: Any) -> Iterable[Hint]:
    words, id = [reach(event, name) for name in table.word.split()], reach(event, table.id)
    word = ".".join(str(one) for one in words)
    if not all(isinstance(one, str) for one in words):
        raise RecordRejected(f"the webhook's body is not as agreed: an event has no {table.word}")
    object = next((mine for start, mine in table.objects.items() if word.startswith(start)), None)
    if object is None:
        return
    if isinstance(id, bool) or not isinstance(id, int | str) or id == "":
        raise RecordRejected(f"the webhook's body is not as agreed: an event has no {table.id}")
    delivery = (given.get(table.delivery.lower()) or reach(said, table.delivery)) if table.delivery else None
    gone = any(word.endswith(end) for end in table.deleted)
    yield Hint(object, str(id), gone, str(delivery) if isinstance(delivery, int | str) and delivery else None)


def _same(shown: str, secrets: Sequence[str | None]) -> None:
    good = False
    for secret in secrets:
        if secret:
            good |= hmac.compare_digest(secret.encode(), shown.encode("utf-8", "replace"))
    if not good:
        raise NotSigned("the webhook does not bear our secret", fix=_FIX)


def _password(proof: str | None) -> str:
    scheme, _, packed = (proof or "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(packed, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


def _seconds(moment: str) -> float:
    try:
        return float(moment)
    except ValueError:
        return math.nan
