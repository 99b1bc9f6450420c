"""The way to an address, step by step: its name, the host, its certificate. Nothing is sent but a handshake."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from hub import guard
from hub.errors import ConnectionBroken
from hub.sdk.address import check_base_url, refuse_address
from hub.sdk.connector import Finding

_DAY = 86_400.0
_SOON = 14  # days


def way(
    url: str, *, allow_private: bool = True, ca_file: str | None = None, timeout: float = 5.0
) -> Iterator[Finding]:
    """A finding for each step to `url`; ends with the first that fails. Never raises."""
    guard.refuse_network()
    try:
        parts = urlsplit(check_base_url(url))
    except ConnectionBroken as error:
        yield Finding("address", False, error.message, error.fix or "write it as https://host")
        return
    host, secure = str(parts.hostname), parts.scheme.lower() == "https"
    port = parts.port or (443 if secure else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        for one in addresses:
            refuse_address(one, allow_private=allow_private)
    except (OSError, UnicodeError) as error:
        yield Finding(
            "name", False, f"{host} is not known here: {error}", "check its spelling, and this machine's DNS"
        )
        return
    except ConnectionBroken as error:
        yield Finding("name", False, error.message, error.fix or "check the url")
        return
    yield Finding("name", True, f"{host} is {', '.join(addresses[:3])}")
    try:
        with socket.create_connection((host, port), timeout=timeout) as plain:
            yield Finding("host", True, f"port {port} answers")
            if secure:
                yield _certificate(plain, host, ca_file=ca_file)
    except OSError as error:
        fix = "check the port, firewalls, and that the system runs"
        yield Finding("host", False, f"nobody answers at {host}, port {port}: {error}", fix)
        return
    if not secure:
        told = "plain http: whoever is on the way reads the credentials"
        yield Finding("encryption", True, told, "use https, unless the system stands beside the hub")


def _certificate(plain: socket.socket, host: str, *, ca_file: str | None) -> Finding:
    try:
        context = ssl.create_default_context(cafile=ca_file)
        with context.wrap_socket(plain, server_hostname=host) as sock:
            seen = sock.getpeercert() or {}
            version = sock.version()
    except ssl.SSLCertVerificationError as error:
        fix = "check the url's host name, or name the company's own authority in ca_file"
        return Finding("certificate", False, f"it is not trusted: {error.verify_message}", fix)
    except OSError as error:
        fix = "does the system speak https on this port?"
        return Finding("certificate", False, f"no encryption came about: {error}", fix)
    ends = str(seen.get("notAfter", ""))
    days = int((ssl.cert_time_to_seconds(ends) - time.time()) / _DAY) if ends else None
    told = f"trusted, {version}" + (f", {days} days left" if days is not None else "")
    soon = days is not None and days <= _SOON
    return Finding("certificate", True, told, "have it renewed over there" if soon else None)
