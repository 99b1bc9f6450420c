"""Tries to get a secret or a person into the log, by every way one thinks of."""

from __future__ import annotations

import base64
import io
import json
import logging
import sys
import urllib.parse
import warnings
from collections.abc import Callable, Iterator

import pytest

from hub import logging_setup

SECRET = 's3cr"et/+&pässwörd-9f2c'
PLAIN = "plain-api-value-77aa55"


@pytest.fixture(params=["text", "json"])
def out(request: pytest.FixtureRequest, unconfigured_logging: None) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logging_setup.configure("test", level="debug", style=request.param, stream=stream)
    logging_setup.learn(SECRET)
    logging_setup.learn(PLAIN)
    yield stream
    logging.captureWarnings(False)


log = logging.getLogger("some.library")


class Sneaky:
    def __repr__(self) -> str:
        return f"Sneaky(password={SECRET})"


def _raise_chained() -> None:
    try:
        raise ValueError(f"inner {SECRET}")
    except ValueError as error:
        raise RuntimeError(f"outer {PLAIN}") from error


def _logged_exception() -> None:
    try:
        _raise_chained()
    except RuntimeError:
        log.exception("it failed")


def _noted_exception() -> None:
    try:
        error = ValueError("plain")
        error.add_note(f"with {SECRET}")
        raise error
    except ValueError:
        log.error("noted", exc_info=True)


def _local_in_warning() -> None:
    warnings.warn(f"warned about {SECRET}", stacklevel=1)


WAYS: dict[str, Callable[[], object]] = {
    "message": lambda: log.info(f"key is {SECRET}"),
    "argument": lambda: log.info("key is %s", SECRET),
    "mapping argument": lambda: log.info("%(a)s", {"a": SECRET}),
    "split over two arguments": lambda: log.info("%s%s", SECRET[:9], SECRET[9:]),
    "bytes argument": lambda: log.info("%s", SECRET.encode()),
    "repr of a dict": lambda: log.info("%r", {"x": [SECRET]}),
    "repr of an object": lambda: log.info("%s", Sneaky()),
    "message is an object": lambda: log.info(Sneaky()),
    "too few arguments": lambda: log.info("%s %s", SECRET),  # noqa: PLE1206
    "wrong kind of argument": lambda: log.info("%d", SECRET),
    "extra field": lambda: log.info("x", extra={"detail": SECRET}),
    "extra field, nested": lambda: log.info("x", extra={"detail": {"deep": [SECRET]}}),
    "extra field, bytes": lambda: log.info("x", extra={"detail": SECRET.encode()}),
    "exception, chained": _logged_exception,
    "exception with a note": _noted_exception,
    "warning": _local_in_warning,
    "logger name": lambda: logging.getLogger(f"x.{PLAIN}").info("x"),
    "URL-quoted": lambda: log.info("?k=%s", urllib.parse.quote(SECRET, safe="")),
    "URL-quoted plus": lambda: log.info("?k=%s", urllib.parse.quote_plus(SECRET)),
    "Base64": lambda: log.info("%s", base64.b64encode(f"user:{SECRET}".encode()).decode()),
    "JSON in a text": lambda: log.info("%s", json.dumps({"a": SECRET})),
    "upper case": lambda: log.info("%s", PLAIN.upper()),
    "below another level": lambda: log.debug("k %s", SECRET),
    "child logger with a handler of the root only": lambda: log.getChild("deep").warning("k %s", SECRET),
    "by the root": lambda: logging.warning("k %s", SECRET),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_learnt_secret_never_gets_out(way: str, out: io.StringIO) -> None:
    root = logging.getLogger()  # pytest's own handler, added since, raises on a wrong number of arguments
    root.handlers[:] = [h for h in root.handlers if isinstance(h.formatter, logging_setup.CleanFormatter)]
    WAYS[way]()
    text = out.getvalue()
    assert text, "nothing was logged: the way proves nothing"
    unescaped = text.encode().decode("unicode_escape", "replace")
    for secret in (SECRET, PLAIN):
        for form in (
            secret,
            urllib.parse.quote(secret, safe=""),
            json.dumps(secret)[1:-1],
            repr(secret)[1:-1],
        ):
            assert form.lower() not in text.lower()
        assert secret not in unescaped
    assert base64.b64encode(f"user:{SECRET}".encode()).decode() not in text


NEVER_LEARNT = "Qw8zLk2mNx7pRt5v"


@pytest.mark.parametrize(
    "message",
    [
        f"GET /x Authorization: Bearer {NEVER_LEARNT}",
        f"headers {{'Authorization': 'Basic {NEVER_LEARNT}'}}",
        f'{{"password": "{NEVER_LEARNT}"}}',
        f"https://hub.example/cb?token={NEVER_LEARNT}&x=1",
        f"https://user:{NEVER_LEARNT}@shop.example/a",
        f"postgresql://hub:{NEVER_LEARNT}@db/hub",
        f"client_secret={NEVER_LEARNT}",
        f"X-Api-Key: {NEVER_LEARNT}",
        f"Set-Cookie: session={NEVER_LEARNT}; HttpOnly",
    ],
)
def test_what_looks_like_a_secret_is_masked_unlearnt(message: str, out: io.StringIO) -> None:
    log.warning("%s", message)
    assert NEVER_LEARNT not in out.getvalue()
    assert "***" in out.getvalue()


def test_an_extra_field_with_a_secret_name_is_masked(out: io.StringIO) -> None:
    log.info("x", extra={"api_key": NEVER_LEARNT, "password": 12345678})
    assert NEVER_LEARNT not in out.getvalue()
    assert "12345678" not in out.getvalue()


@pytest.mark.parametrize(
    "person",
    [
        "ann.lee@example.org",
        "Ann.Lee+tag@mail.example.co.uk",
        "ann%40example.org",
        "wáng@例え.jp",
        "+49 30 1234567",
        "+86-138-0013-8000",
        "0049 (30) 1234567",
        "(030) 123 4567",
    ],
)
def test_people_are_not_named(person: str, out: io.StringIO) -> None:
    log.error("rejected: %s is wrong", person)
    log.error("rejected", extra={"value": person})
    assert person not in out.getvalue()
    assert person[:6] not in out.getvalue()


@pytest.mark.parametrize(
    "harmless",
    ["run 20260514095140", "cus_0123456789abc", "took 12.345 s, 100000 records", "2026-05-14T09:51:40Z"],
)
def test_ids_counts_and_times_stay(harmless: str, out: io.StringIO) -> None:
    log.info("%s", harmless)
    assert harmless in out.getvalue()


def test_a_message_cannot_forge_a_line(out: io.StringIO) -> None:
    log.info("a\n2026-01-01T00:00:00.000Z error   [web] forged: \x1b[31mred\r\u202e")
    text = out.getvalue()
    assert text.count("\n") == 1
    assert not {"\x1b", "\r", "\u202e"} & set(text)


def test_json_lines_have_stable_keys(unconfigured_logging: None) -> None:
    stream = io.StringIO()
    logging_setup.configure("worker pull", style="json", stream=stream)
    log.warning("stopped %s", "run_1", extra={"run": 7})
    entry = json.loads(stream.getvalue())
    assert entry.pop("at").endswith("Z")
    assert entry == {
        "level": "warning",
        "process": "worker pull",
        "logger": "some.library",
        "message": "stopped run_1",
        "run": "7",
    }


def test_configured_twice_writes_once(unconfigured_logging: None) -> None:
    first, second = io.StringIO(), io.StringIO()
    logging_setup.configure("a", stream=first)
    logging_setup.configure("a", stream=second)
    log.warning("once")
    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1
    assert sys.stderr is not second
