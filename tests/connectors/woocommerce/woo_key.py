"""How a store checks who calls, in code of its own: Basic and query over https, OAuth 1.0a over plain http."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import NamedTuple
from urllib.parse import quote, unquote

from hub.testkit.loopback import Request

KEY = "ck_5a1d0c3e9f7b4a2d8c6e"
SECRET = "cs_9e8d7c6b5a493827160f"
_WINDOW = 15 * 60


class Verdict(NamedTuple):
    """None: it is the key's owner. Else the code and the words of a 401."""

    code: str
    message: str


class Door:
    """`https`: the store believes that it is called over https (a proxy before it says so)."""

    def __init__(self) -> None:
        self.https = False
        self.site: str | None = None
        self.clock = time.time
        self._nonces: set[str] = set()

    def judge(self, request: Request) -> Verdict | None:
        if "wp-json/wc/" not in request.target:
            return Verdict("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        if self.https:
            return self._simple(request)
        if "oauth_consumer_key" in request.query:
            return self._oauth(request)
        return Verdict("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")

    def _simple(self, request: Request) -> Verdict | None:
        given = request.headers.get("authorization", "")
        pair = (request.query.get("consumer_key", ""), request.query.get("consumer_secret", ""))
        if given.startswith("Basic "):
            user, _, password = base64.b64decode(given[6:]).decode().partition(":")
            pair = (user, password)
        if pair == (KEY, SECRET):
            return None
        if pair[0] == KEY:
            return Verdict("woocommerce_rest_authentication_error", "Consumer secret is invalid.")
        return Verdict("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")

    def _oauth(self, request: Request) -> Verdict | None:
        query = dict(request.query)
        signature = unquote(query.pop("oauth_signature", "").replace(" ", "+"))
        error = "woocommerce_rest_authentication_error"
        if query["oauth_consumer_key"] != KEY:
            return Verdict(error, "Consumer key is invalid.")
        site = self.site or f"http://{request.headers.get('host', '')}"
        base = "&".join(
            (
                request.method,
                _rfc3986(site + request.path),
                "%26".join(_rfc3986(f"{_rfc3986(name)}={_rfc3986(query[name])}") for name in sorted(query)),
            )
        )
        digest = {"HMAC-SHA256": hashlib.sha256, "HMAC-SHA1": hashlib.sha1}.get(
            query["oauth_signature_method"]
        )
        if digest is None:
            return Verdict(error, "Invalid signature - signature method is invalid.")
        wanted = base64.b64encode(hmac.new(f"{SECRET}&".encode(), base.encode(), digest).digest()).decode()
        if not hmac.compare_digest(wanted, signature):
            return Verdict(error, "Invalid signature - provided signature does not match.")
        if abs(self.clock() - int(query["oauth_timestamp"])) > _WINDOW:
            return Verdict(error, "Invalid timestamp.")
        if query["oauth_nonce"] in self._nonces:
            return Verdict(error, "Invalid nonce - nonce has already been used.")
        self._nonces.add(query["oauth_nonce"])
        return None


def _rfc3986(text: str) -> str:
    return quote(text, safe="~")
