"""Which addresses the hub may call (DESIGN §9): http or https, no credentials, private ranges only if allowed.

The name is judged when a connector is set up, the address once connected and before the first byte is sent, so that a
name which resolves differently the second time gains nothing.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, quote, urlsplit

from hub.errors import ConnectionBroken, RecordRejected

_PORTS = {"http": 80, "https": 443}


def check_base_url(url: str) -> str:
    """`url` without a trailing slash. Raises ConnectionBroken for one not to be called, without repeating it."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise ConnectionBroken(
            "the url cannot be read", fix="write it as https://host or https://host:port"
        ) from None
    if parts.username is not None or parts.password is not None:
        raise ConnectionBroken(
            "the url holds a user name or password",
            fix="take them out and give them as secrets (env:NAME or file:PATH)",
        )
    if parts.scheme.lower() not in _PORTS:
        raise ConnectionBroken(f'the url must begin with http:// or https://, not "{parts.scheme}:"')
    if not parts.hostname:
        raise ConnectionBroken("the url has no host name")
    if parts.query or parts.fragment:
        raise ConnectionBroken("the url must not hold a query or fragment", fix="give the address only")
    if port == 0:
        raise ConnectionBroken("the url has port 0")
    return url.strip().rstrip("/")


def refuse_address(address: str, *, allow_private: bool) -> None:
    """Raise ConnectionBroken if this IP address must not be called.

    Link-local (cloud metadata services live there), multicast, unspecified and reserved ones never;
    private and loopback ones only with `allow_private`.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    if mapped is not None:
        ip = mapped
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified or (ip.is_reserved and not ip.is_loopback):
        raise ConnectionBroken(f"{ip} is no address of a remote system")
    if not allow_private and not ip.is_global:
        raise ConnectionBroken(
            f"{ip} is a private address, and this connection may not call those",
            fix="set allow_private = true for this connection if the system is in your own network",
        )


def same_site(one: str, other: str) -> bool:
    """Whether credentials for `one` may go to `other`: same host and port, or http become https on default ports."""
    a, b = urlsplit(one), urlsplit(other)
    if a.hostname != b.hostname:
        return False
    if a.scheme == b.scheme:
        return _port(a) == _port(b)
    return (a.scheme, b.scheme) == ("http", "https") and (_port(a), _port(b)) == (80, 443)


def segment(text: str) -> str:
    """`text` as one segment of a path, such as an external id. Raises RecordRejected for one that would climb out."""
    if text in {"", ".", ".."}:
        raise RecordRejected(f'"{text}" is no usable id in an address')
    return quote(text, safe="")


def _port(parts: SplitResult) -> int | None:
    return parts.port or _PORTS.get(parts.scheme)
