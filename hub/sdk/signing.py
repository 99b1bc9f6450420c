"""Proves that a webhook came from the system: HMAC over the raw bytes, compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from typing import Literal

from hub.errors import NotSigned

Encoding = Literal["hex", "base64"]
Digest = Literal["sha256", "sha1", "sha512"]


def sign(
    body: bytes, secret: str, *, digest: Digest = "sha256", encoding: Encoding = "hex", prefix: str = ""
) -> str:
    """The signature a sender would give: for tests, and for systems that sign requests."""
    mac = hmac.new(secret.encode(), body, getattr(hashlib, digest)).digest()
    return prefix + (mac.hex() if encoding == "hex" else base64.b64encode(mac).decode())


def verify(
    body: bytes,
    signature: str | None,
    *,
    secrets: Iterable[str | None],
    digest: Digest = "sha256",
    encoding: Encoding = "hex",
    prefix: str = "",
) -> None:
    """Raise NotSigned unless one of the live `secrets` signed exactly these bytes.

    During a rotation two secrets are live. Every one is tried, so that the time taken tells nothing. `prefix`: what
    stands before the signature ("sha256="). A missing secret never matches.
    """
    given = _decoded(signature, encoding, prefix)
    good = False
    for secret in secrets:
        if not secret:
            continue
        wanted = hmac.new(secret.encode(), body, getattr(hashlib, digest)).digest()
        good |= hmac.compare_digest(wanted, given)
    if not good:
        raise NotSigned(
            "the webhook's signature does not hold",
            fix="compare the webhook secret here with the one in the remote system",
        )


def verify_moment(sent_at: float, *, now: float, window: float = 300.0) -> None:
    """Raise NotSigned if the signed time (epoch seconds) is further than `window` seconds from `now`: a replay."""
    if not abs(now - sent_at) <= window:
        raise NotSigned(
            "the webhook is too old or too new",
            cause=f"it was signed {now - sent_at:.0f} s ago; {window:.0f} s are allowed",
            fix="check both clocks; if they agree, somebody repeats an old message",
        )


def _decoded(signature: str | None, encoding: Encoding, prefix: str) -> bytes:
    """The signature's bytes; b"" (which no HMAC equals) for one that is missing or malformed."""
    text = (signature or "").strip()
    if not text.startswith(prefix):
        return b""
    text = text[len(prefix) :]
    try:
        return bytes.fromhex(text) if encoding == "hex" else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""
