"""Http over TLS: whom it trusts, and that a call ends with its lease there too."""

from __future__ import annotations

import ipaddress
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hub.errors import ConnectionBroken, OutcomeUnknown
from hub.sdk.http import Http
from hub.sdk.limits import Limits
from hub.testkit.loopback import Fault, Loopback, Reply, Request


class Secure(Loopback):
    def __init__(self, certificate: Path) -> None:
        super().__init__()
        self._certificate = certificate

    def start(self) -> Secure:
        super().start()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate)
        assert self._server is not None
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        return self

    @property
    def url(self) -> str:
        return super().url.replace("http:", "https:")

    def answer(self, request: Request) -> Reply:
        return Reply(200, b'"safe"')


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Own Authority")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def server(certificate: Path) -> Iterator[Secure]:
    with Secure(certificate) as running:
        yield running


def test_an_unknown_authority_is_not_trusted_and_nothing_is_sent(server: Secure, raised: Any) -> None:
    error = raised(lambda: Http(limits=Limits(attempts=1)).at(server.url).post("x"))
    assert isinstance(error, ConnectionBroken) and "certificate" in str(error) and error.fix
    assert not server.requests


def test_the_companys_own_authority_can_be_named(server: Secure, certificate: Path) -> None:
    assert Http(ca_file=str(certificate)).at(server.url).get("x").json() == "safe"


def test_a_certificate_for_another_host_is_refused(server: Secure, certificate: Path, raised: Any) -> None:
    url = server.url.replace("127.0.0.1", "localhost")
    error = raised(lambda: Http(ca_file=str(certificate), limits=Limits(attempts=1)).at(url).get("x"))
    assert isinstance(error, ConnectionBroken) and "certificate" in str(error)


def test_private_addresses_are_refused_before_the_handshake(server: Secure, raised: Any) -> None:
    error = raised(lambda: Http(allow_private=False).at(server.url).get("x"))
    assert isinstance(error, ConnectionBroken) and "private" in str(error)


def test_the_lease_cuts_a_slow_answer(server: Secure, certificate: Path, raised: Any) -> None:
    end = time.monotonic() + 0.5
    limits = Limits(least_write=0.1)
    api = Http(ca_file=str(certificate), deadline=lambda: end - time.monotonic(), limits=limits).at(
        server.url
    )
    assert api.get("x").ok
    server.arm(Fault("slow", seconds=20.0))
    assert type(raised(lambda: api.post("x"))) is OutcomeUnknown
    assert time.monotonic() < end + 2.0


def test_a_ca_file_that_cannot_be_used_is_said(tmp_path: Path, raised: Any) -> None:
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("no certificate")
    for path in (rubbish, tmp_path / "missing.pem"):
        error = raised(lambda path=path: Http(ca_file=str(path)))
        assert isinstance(error, ConnectionBroken) and path.name in str(error) and error.fix
