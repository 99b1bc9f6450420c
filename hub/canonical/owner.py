"""People of ours, mapped between systems so that a pushed record has a valid owner there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Owner:
    """One colleague as one system knows them."""

    connection: str
    external_id: str
    name: str | None = None
    email: str | None = None
