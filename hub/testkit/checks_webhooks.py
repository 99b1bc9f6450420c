"""Conformance: webhooks beyond the plain signature (checks_reading.webhooks_are_verified)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from unittest.mock import patch

from hub.errors import NotSigned, RecordRejected
from hub.sdk.connector import Hint
from hub.testkit.adapter import NotApplicable
from hub.testkit.bench import Bench

SECRET, OLD = "webhook_secret", "webhook_secret_old"
_RUBBISH = (
    b"",
    b"null",
    b"[]",
    b"0",
    b'"x"',
    b"{}",
    b"{",
    b"\xff\xfe",
    b"[" * 5000,
    b'{"id": null}',
    b'{"id": {}}',
)


def webhook_secrets_rotate(bench: Bench, object: str) -> None:
    """During a rotation both secrets are good; with none of them, or with none at all, no message is."""
    (one,) = bench.seed(object, 1)
    headers, body = bench.adapter.webhook(object, one)
    right = bench.adapter.setup().secrets.get(SECRET)
    if not right:
        raise NotApplicable(f"its webhooks are not proved by the setting {SECRET}")
    for secrets in ({SECRET: "the-next-one-2217", OLD: right}, {SECRET: right, OLD: "the-one-before-9920"}):
        assert _hints(bench, headers, body, secrets=secrets), "a live secret is not taken"
    for secrets in ({SECRET: "the-next-one-2217", OLD: "the-one-before-9920"}, {SECRET: "", OLD: ""}):
        try:
            _hints(bench, headers, body, secrets=secrets)
        except NotSigned as error:
            bench.raised(error)
            continue
        raise AssertionError(
            f"no live secret signed it, yet it is taken ({'none' if not secrets[SECRET] else 'two'} set)"
        )


def repeated_webhook_is_known(bench: Bench, object: str) -> None:
    """The same message again gives the same hints, by the same delivery id: the inbox then knows it."""
    (one,) = bench.seed(object, 1)
    headers, body = bench.adapter.webhook(object, one)
    assert _hints(bench, headers, body) == _hints(bench, headers, body)


def oversize_webhook_is_rejected(bench: Bench, object: str) -> None:
    """A long body that nobody signed is turned away unread."""
    (one,) = bench.seed(object, 1)
    headers, body = bench.adapter.webhook(object, one)
    for long in (body + b" " * 3_000_000, b"[" * 3_000_000, b'{"a":' * 500_000):
        _rejected(bench, "an oversize body", headers, long)


def unsigned_ping_is_taken(bench: Bench, object: str) -> None:
    """The system's unsigned ping is answered, and says nothing; anything that only begins like it is rejected."""
    headers, body = bench.adapter.webhook_ping()
    assert list(_hints(bench, headers, body)) == [], "a ping gives hints"
    _rejected(bench, "more than a ping", headers, body + b"&and=more" + b"x" * 500)


def signed_rubbish_is_rejected(bench: Bench, object: str) -> None:
    """A signed body of another shape is rejected, or says nothing; it is no crash."""
    for rubbish in _RUBBISH:
        headers, body = bench.adapter.signed(rubbish)
        try:
            hints = _hints(bench, headers, body)
        except RecordRejected as error:
            bench.raised(error)
            continue
        assert not hints, f"{rubbish[:40]!r} gives {hints}"


def vectors_hold(bench: Bench, object: str) -> None:
    """Messages that the vendor signed, or that were recorded, are judged rightly."""
    vectors = bench.adapter.webhook_vectors()
    assert vectors, "no vectors: raise NotApplicable"
    for vector in vectors:
        try:
            with patch("time.time", return_value=vector.sent_at) if vector.sent_at else nullcontext():
                _hints(bench, vector.headers, vector.body, secrets={SECRET: vector.secret})
        except NotSigned:
            assert not vector.good, f"{vector.what}: signed by the vendor, and not taken"
            continue
        assert vector.good, f"{vector.what}: taken, but wrongly signed"


def _hints(
    bench: Bench, headers: Mapping[str, str], body: bytes, *, secrets: Mapping[str, str] | None = None
) -> Sequence[Hint]:
    setup = bench.adapter.setup()
    kept = {**setup.secrets, **(secrets or {})}
    return list(bench.connector(setup=setup._replace(secrets=kept)).verify_webhook(headers, body))


def _rejected(bench: Bench, what: str, headers: Mapping[str, str], body: bytes) -> None:
    try:
        _hints(bench, headers, body)
    except RecordRejected as error:
        bench.raised(error)
        return
    raise AssertionError(f"{what} was taken for a good webhook")
