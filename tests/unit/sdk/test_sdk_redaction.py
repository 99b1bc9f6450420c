"""Tries to get a secret past the redactor."""

from __future__ import annotations

import base64
import json
import logging
from urllib.parse import quote, quote_plus

import pytest

from hub.sdk.auth import Basic, Bearer, Header
from hub.sdk.redaction import RedactingFilter, Redactor, sensitive

SECRET = 'p4ss/w+rd="ü &x'
PLAIN = "sk-51Hx0abcDEF"


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower(),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        repr(SECRET),
        repr({"a": SECRET}),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
        SECRET.upper(),
        f"\n{SECRET}\t",
        f"x{SECRET}y",
    ],
)
def test_a_known_secret_in_every_spelling(spelling: str) -> None:
    shown = Redactor([SECRET]).text(f"before {spelling} after")
    assert "before" in shown and "after" in shown
    assert spelling.strip() not in shown
    assert "w+rd" not in shown.lower() and "w%2brd" not in shown.lower()


@pytest.mark.parametrize("user", ["", "a", "ab", "xyz", "admin", "Ädmin"])
@pytest.mark.parametrize("secret", [PLAIN, PLAIN + "x", PLAIN + "xy"])
def test_basic_authentication_of_any_length(user: str, secret: str) -> None:
    packed = base64.b64encode(f"{user}:{secret}".encode()).decode()
    shown = Redactor([secret]).text(f"got <{packed}>")
    assert packed not in shown
    # The characters of Base64 that hold the secret: at most a few at the ends may be left.
    zone = packed.rstrip("=")[-(-(len(user.encode()) + 1) * 4 // 3) :]
    left = [zone[at : at + 4] for at in range(len(zone) - 3) if zone[at : at + 4] in shown]
    assert not left


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://x/y?api_key={PLAIN}&a=1",
        f"GET https://x/y?a=1&access_token={PLAIN}",
        f"https://x/y?key={PLAIN}",
        f"https://x/?oauth_signature={PLAIN}",
        f"https://user:{PLAIN}@x.example/y",
        f"https://{PLAIN}@x.example/y",
        f"Authorization: Bearer {PLAIN}",
        f"authorization: Token {PLAIN}",
        f"headers {{'Authorization': 'Basic {PLAIN}'}}",
        f'{{"access_token":"{PLAIN}","expires_in":3600}}',
        f'{{"client_secret" : "{PLAIN}"}}',
        f'{{"refresh_token": "{PLAIN}\\" still"}}',
        f"Set-Cookie: session={PLAIN}; Path=/",
        f"X-Api-Key: {PLAIN}",
        f"X-Shop-Access-Token: {PLAIN}",
        f"password={PLAIN}",
        f"username=joe&password={PLAIN}&x=1",
        f"Bearer {PLAIN}xx",
        f"hub_secret={PLAIN}",
    ],
)
def test_values_under_sensitive_names_are_masked_without_being_known(text: str) -> None:
    shown = Redactor().text(text)
    assert PLAIN not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "text",
    [
        "GET https://x/y?page=2&limit=100 answered 404",
        "customer 4711: the e-mail is taken",
        "the token expired: log in again",
        '{"name": "Zoë", "city": "Köln"}',
        '{"code": "rest_cannot_view", "message": "no", "author": "Zoë"}',
        "certificate verification failed: hostname mismatch",
    ],
)
def test_ordinary_messages_stay_readable(text: str) -> None:
    assert Redactor([SECRET]).text(text) == text


def test_short_and_empty_secrets_do_not_mask_everything() -> None:
    redactor = Redactor(["", "a", "abc", None or "", "   "])
    assert redactor.text("abc a abcd") == "abc a abcd"


def test_a_secret_that_contains_another() -> None:
    redactor = Redactor(["longer-secret-value"])
    redactor.learn("secret")
    assert redactor.text("longer-secret-value") == "***"


def test_learning_while_watching() -> None:
    redactor = Redactor()
    resolve = redactor.watching({"key": PLAIN}.get)
    assert PLAIN in redactor.text(PLAIN)
    assert (resolve("key"), resolve("other")) == (PLAIN, None)
    assert redactor.text(f"a{PLAIN}b") == "a***b"
    assert PLAIN not in repr(redactor)


def test_mapping_and_names() -> None:
    shown = Redactor([PLAIN]).mapping(
        {"Authorization": PLAIN, "X-Note": f"has {PLAIN}", "Accept": "text/html"}
    )
    assert shown == {"Authorization": "***", "X-Note": "has ***", "Accept": "text/html"}
    assert all(
        map(sensitive, ("Cookie", "X-Auth-Token", "api_key", "apikey", "Client-Secret", "key", "password"))
    )
    assert not any(
        map(
            sensitive,
            ("Accept", "monkey", "name", "page", "author_name", "design", "assigned_to", "country_code"),
        )
    )


def test_the_log_filter_masks_arguments_too(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("test.redaction")
    masking = RedactingFilter(Redactor([PLAIN]))
    logger.addFilter(masking)
    with caplog.at_level(logging.DEBUG, "test.redaction"):
        logger.debug("call %s with %r", f"https://x/?a={PLAIN}", {"a": PLAIN})
    logger.removeFilter(masking)
    assert PLAIN not in caplog.text and "call https://x/?a=***" in caplog.text


def test_auth_shows_nothing() -> None:
    for auth in (Bearer(PLAIN), Basic("joe", PLAIN), Header("X-Key", PLAIN)):
        assert PLAIN not in repr(auth) and PLAIN not in str(auth)
        assert PLAIN in auth.secrets
    packed = Basic("joe", PLAIN).headers()["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(packed).decode() == f"joe:{PLAIN}"
    assert Bearer("t", scheme="Token").headers() == {"Authorization": "Token t"}
    assert Header("X-Key", "v").headers() == {"X-Key": "v"}
