"""A sale that may come (canonical-model.md, "later")."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from hub.canonical.money import Money
from hub.canonical.order import Line


@dataclass(frozen=True, slots=True)
class Opportunity:
    """customer, owner: ids of ours; probability from 0 to 1."""

    number: str | None = None
    name: str | None = None
    customer: str | None = None
    stage: str | None = None
    amount: Money | None = None
    probability: Decimal | None = None
    expected_close: date | None = None
    owner: str | None = None
    source: str | None = None
    status: str | None = None
    lines: tuple[Line, ...] = ()
