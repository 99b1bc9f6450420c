from __future__ import annotations

import hashlib
import hmac

import pytest

from hub.errors import RecordRejected
from hub.sdk.signing import sign, verify, verify_moment

BODY = '{"name": "Zoë"}'.encode()


def test_a_known_vector() -> None:
    # RFC 4231, test case 2
    wanted = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert sign(b"what do ya want for nothing?", "Jefe") == wanted
    verify(b"what do ya want for nothing?", wanted, secrets=["Jefe"])
    verify(b"what do ya want for nothing?", wanted.upper(), secrets=["Jefe"])


@pytest.mark.parametrize("encoding", ["hex", "base64"])
@pytest.mark.parametrize("digest", ["sha256", "sha1", "sha512"])
def test_round_trip_and_rotation(encoding, digest) -> None:
    old = sign(BODY, "old-secret", digest=digest, encoding=encoding, prefix="v1=")
    for secrets in (["old-secret"], ["new-secret", "old-secret"], ["old-secret", None, ""]):
        verify(BODY, old, secrets=secrets, digest=digest, encoding=encoding, prefix="v1=")
    with pytest.raises(RecordRejected):
        verify(BODY, old, secrets=["new-secret"], digest=digest, encoding=encoding, prefix="v1=")


@pytest.mark.parametrize("secrets", [[], [None], [""]])
def test_without_a_secret_nothing_holds(secrets) -> None:
    empty = hmac.new(b"", BODY, hashlib.sha256).hexdigest()
    with pytest.raises(RecordRejected):
        verify(BODY, empty, secrets=secrets)


@pytest.mark.parametrize(
    "signature", [None, "", "v1=", "zz", "v1=zz", "é", "v1=" + "0" * 64, "v1=" + "00" * 31]
)
def test_malformed_signatures(signature) -> None:
    with pytest.raises(RecordRejected) as error:
        verify(BODY, signature, secrets=["a-secret"], prefix="v1=")
    assert "a-secret" not in str(error.value)


def test_every_byte_counts() -> None:
    signature = sign(BODY, "a-secret")
    for changed in (BODY + b" ", BODY[1:], BODY.replace(b" ", b""), b""):
        with pytest.raises(RecordRejected):
            verify(changed, signature, secrets=["a-secret"])
    with pytest.raises(RecordRejected):
        verify(BODY, signature, secrets=["a-secret"], prefix="sha256=")


def test_the_window_is_two_sided_and_nan_is_outside() -> None:
    verify_moment(1000.0, now=1300.0)
    verify_moment(1300.0, now=1000.0)
    for sent_at in (999.0, 1601.0, float("nan"), float("inf")):
        with pytest.raises(RecordRejected):
            verify_moment(sent_at, now=1300.0)
