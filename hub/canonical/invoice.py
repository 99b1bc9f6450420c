"""A bill (canonical-model.md, "later")."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hub.canonical.money import Money


@dataclass(frozen=True, slots=True)
class Invoice:
    """order, customer: ids of ours."""

    number: str | None = None
    order: str | None = None
    customer: str | None = None
    issued: date | None = None
    due: date | None = None
    total: Money | None = None
    paid: Money | None = None
    status: str | None = None
