"""How a call proves who it is: fixed header, bearer token, or basic. The values never show in a repr."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Protocol


class Auth(Protocol):
    """Gives the headers that authenticate one call, and the secrets that must never be shown."""

    @property
    def secrets(self) -> tuple[str, ...]: ...

    def headers(self) -> Mapping[str, str]: ...


class Header:
    """A fixed header, such as `X-Api-Key`."""

    __slots__ = ("_name", "_value")

    def __init__(self, name: str, value: str) -> None:
        self._name = name
        self._value = value

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._value,)

    def headers(self) -> Mapping[str, str]:
        return {self._name: self._value}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class Bearer(Header):
    """`Authorization: Bearer <token>`; another `scheme` where the vendor wants one."""

    __slots__ = ("_token",)

    def __init__(self, token: str, *, scheme: str = "Bearer") -> None:
        super().__init__("Authorization", f"{scheme} {token}")
        self._token = token

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._token,)


class Basic(Header):
    """HTTP basic authentication, UTF-8 (RFC 7617)."""

    __slots__ = ("_parts",)

    def __init__(self, user: str, password: str) -> None:
        packed = base64.b64encode(f"{user}:{password}".encode()).decode()
        super().__init__("Authorization", f"Basic {packed}")
        self._parts = (password, packed)

    @property
    def secrets(self) -> tuple[str, ...]:
        return self._parts
