"""OAuth 1.0a (RFC 5849): signs each request anew. One-legged (key and secret only), or with a token.

A nonce counts once, so the signature is made per attempt, by Http; it goes into the query, where no proxy or CGI
gateway takes it away. A body that is no form is not signed, says the RFC: over plain http it could be altered.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

Method = Literal["HMAC-SHA1", "HMAC-SHA256"]
Pairs = list[tuple[str, str]]

_DIGESTS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}
_PORTS = {"http": 80, "https": 443}


class Moment(NamedTuple):
    """What makes a signature unlike every other: epoch seconds, and a nonce not used before."""

    timestamp: int
    nonce: str


class OAuth1:
    """Credentials that sign. `known_as`: (address we call, the one the system knows itself by), if they differ."""

    __slots__ = ("_key", "_known_as", "_method", "_secret", "_token", "_token_secret")

    def __init__(
        self,
        key: str,
        secret: str,
        *,
        token: str | None = None,
        token_secret: str = "",
        method: Method = "HMAC-SHA256",
        known_as: tuple[str, str] | None = None,
    ) -> None:
        self._key = key
        self._secret = secret
        self._token = token
        self._token_secret = token_secret
        self._method = method
        self._known_as = known_as

    def __repr__(self) -> str:
        return "OAuth1(***)"

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._secret, self._token_secret)

    def headers(self) -> Mapping[str, str]:
        """None: what is signed stands in the query."""
        return {}

    def signed(
        self, method: str, url: str, params: Any = None, *, now: float, nonce: str | None = None
    ) -> Pairs:
        """All parameters of the request, those of `url`'s query too, with the signature among them."""
        plain = [
            *parse_qsl(urlsplit(url).query, keep_blank_values=True),
            *((str(name), str(value)) for name, value in _pairs(params)),
        ]
        plain = [(name, value) for name, value in plain if not name.startswith("oauth_")]
        moment = Moment(int(now), nonce or secrets.token_hex(16))
        pairs = [*plain, *self._ours(moment)]
        return [*pairs, ("oauth_signature", self._signature(method, self._known(url), pairs))]

    def _ours(self, moment: Moment) -> Pairs:
        token = [("oauth_token", self._token)] if self._token is not None else []
        return [
            ("oauth_consumer_key", self._key),
            *token,
            ("oauth_nonce", moment.nonce),
            ("oauth_signature_method", self._method),
            ("oauth_timestamp", str(moment.timestamp)),
        ]

    def _known(self, url: str) -> str:
        if self._known_as and url.startswith(self._known_as[0]):
            return self._known_as[1].rstrip("/") + url[len(self._known_as[0].rstrip("/")) :]
        return url

    def _signature(self, method: str, url: str, pairs: Pairs) -> str:
        key = f"{_encoded(self._secret)}&{_encoded(self._token_secret)}"
        text = base_string(method, url, pairs)
        mac = hmac.new(key.encode(), text.encode(), _DIGESTS[self._method])
        return base64.b64encode(mac.digest()).decode()


def base_string(method: str, url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """What is signed (RFC 5849, 3.4.1). `pairs`: every parameter of query and form, decoded."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.port and parts.port != _PORTS.get(parts.scheme):
        host = f"{host}:{parts.port}"
    address = f"{parts.scheme.lower()}://{host}{parts.path or '/'}"
    normal = "&".join(
        f"{a}={b}" for a, b in sorted((_encoded(name), _encoded(value)) for name, value in pairs)
    )
    return f"{method.upper()}&{_encoded(address)}&{_encoded(normal)}"


def _encoded(text: str) -> str:
    return quote(text, safe="~")


def _pairs(params: Any) -> Iterable[tuple[Any, Any]]:
    if params is None:
        return ()
    return params.items() if isinstance(params, Mapping) else params
