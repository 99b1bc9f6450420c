"""How a record is known elsewhere."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExternalRef:
    """The id a record has in a connection; always text."""

    connection: str
    external_id: str
