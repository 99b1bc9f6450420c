"""Membership in a loyalty program and its ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from hub.canonical.money import Money


@dataclass(frozen=True, slots=True)
class Membership:
    """One customer in one program. points_balance: 积分; stored_value: 储值."""

    program: str
    number: str | None = None
    tier: str | None = None
    status: str | None = None
    joined_at: date | None = None
    expires_at: date | None = None
    points_balance: Decimal | None = None
    stored_value: Money | None = None


@dataclass(frozen=True, slots=True)
class LoyaltyTransaction:
    """A movement of points or stored money. type: earn, burn, expire, adjust, top_up or spend."""

    type: str
    occurred_at: datetime
    external_id: str
    points: Decimal | None = None
    money: Money | None = None
    order: str | None = None
