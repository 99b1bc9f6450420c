"""A postal address, the same shape in contact points and in the snapshots of an order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """country: ISO 3166-1 alpha-2; region_code: ISO 3166-2; usage: what it is used for."""

    recipient: str | None = None
    company: str | None = None
    line1: str | None = None
    line2: str | None = None
    line3: str | None = None
    locality: str | None = None
    region: str | None = None
    region_code: str | None = None
    postal_code: str | None = None
    country: str | None = None
    usage: tuple[str, ...] = ()
