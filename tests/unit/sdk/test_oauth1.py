"""OAuth 1.0a: the examples of RFC 5849, and what a server checks of a one-legged signature."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from hub.sdk import Http
from hub.sdk.oauth1 import OAuth1, base_string
from hub.testkit.loopback import Fault, Loopback, Reply, Request

NOW = 1_764_000_000.0


def test_the_signature_of_the_rfcs_first_example() -> None:
    """RFC 5849, 1.2: the photo that printer.example.com asks for."""
    auth = OAuth1(
        "dpf43f3p2l4k3l03",
        "kd94hf93k423kf44",
        token="nnch734d00sl2jdk",
        token_secret="pfkkdhi9sl3r4s00",
        method="HMAC-SHA1",
    )
    sent = dict(
        auth.signed(
            "GET",
            "http://photos.example.net/photos",
            {"file": "vacation.jpg", "size": "original"},
            now=137131202,
            nonce="chapoH",
        )
    )
    assert sent["oauth_signature"] == "MdpQcU8iPSUjWoN/UDMsK2sui9I="
    assert sent["file"] == "vacation.jpg"


def test_the_base_string_of_the_rfc() -> None:
    """RFC 5849, 3.4.1.1, with its repeated, empty and oddly written parameters."""
    pairs = [
        ("b5", "=%3D"),
        ("a3", "a"),
        ("c@", ""),
        ("a2", "r b"),
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
        ("c2", ""),
        ("a3", "2 q"),
    ]
    assert base_string("post", "http://EXAMPLE.COM:80/request", pairs) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D"
        "%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3D"
        "HMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )


def test_one_legged_sha256_ends_its_key_with_an_ampersand() -> None:
    pairs = OAuth1("ck_1", "cs_2").signed("GET", "http://shop.test:8088/wp-json/x", {"a": "1"}, now=NOW)
    signature = dict(pairs)["oauth_signature"]
    unsigned = [(name, value) for name, value in pairs if name != "oauth_signature"]
    text = base_string("GET", "http://shop.test:8088/wp-json/x", unsigned)
    wanted = base64.b64encode(hmac.new(b"cs_2&", text.encode(), hashlib.sha256).digest()).decode()
    assert signature == wanted


def test_the_address_a_system_knows_itself_by_is_signed() -> None:
    def signature(url: str, auth: OAuth1) -> str:
        return dict(auth.signed("GET", url, None, now=NOW, nonce="n"))["oauth_signature"]

    through = OAuth1("k", "s", known_as=("http://10.0.0.7:81/", "http://shop.example.org/de/"))
    assert signature("http://10.0.0.7:81/wp-json", through) == signature(
        "http://shop.example.org/de/wp-json", OAuth1("k", "s")
    )


def test_an_earlier_signature_in_a_link_is_left_out() -> None:
    pairs = OAuth1("k", "s").signed("GET", "http://a.test/x?page=2&oauth_nonce=old", None, now=NOW, nonce="n")
    assert [value for name, value in pairs if name == "oauth_nonce"] == ["n"]
    assert ("page", "2") in pairs


class Nonces(Loopback):
    def answer(self, request: Request) -> Reply:
        return Reply(200, b"{}", {"Content-Type": "application/json"})


def test_each_attempt_is_signed_anew() -> None:
    with Nonces() as server:
        server.arm(Fault("status", status=503))
        http = Http(sleep=lambda seconds: None).at(server.url, auth=OAuth1("ck_key", "cs_secret"))
        http.get("things", params={"page": 1})
        nonces = [request.query["oauth_nonce"] for request in server.requests]
    assert len(nonces) == 2 and len(set(nonces)) == 2
    assert all(request.query["page"] == "1" for request in server.requests)


def test_a_repr_tells_nothing() -> None:
    auth = OAuth1("ck_public", "cs_secret")
    assert "cs_secret" not in repr(auth) and auth.secrets[0] == "cs_secret"


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256"])
def test_the_method_is_told(method: str) -> None:
    sent = dict(OAuth1("k", "s", method=method).signed("GET", "http://a.test/", None, now=NOW))  # type: ignore[arg-type]
    assert sent["oauth_signature_method"] == method and sent["oauth_timestamp"] == "1764000000"
