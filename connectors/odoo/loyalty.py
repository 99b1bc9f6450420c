"""Loyalty cards and e-wallets of partners (16 on), read only: points must not be moved from outside.

Of each kind the newest live card counts; programs of other kinds (gift cards, promotions) are nobody's membership.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.odoo.partner import link, named, plain
from connectors.odoo.probe import may
from connectors.odoo.rpc import Domain, Row, Rpc

MODEL = "loyalty.card"
KINDS = ("loyalty", "ewallet")
_FIELDS = (
    "id",
    "code",
    "points",
    "partner_id",
    "program_id",
    "program_type",
    "expiration_date",
    "currency_id",
)


class Cards:
    """`wanted`: whether the connection wants them at all."""

    def __init__(self, rpc: Rpc, *, wanted: bool) -> None:
        self._rpc = rpc
        self._wanted = wanted
        self._there: bool | None = None

    def readable(self) -> bool:
        """Whether this Odoo has loyalty cards that the user may read."""
        if self._there is None:
            self._there = self._wanted and may(self._rpc, MODEL, "read")
        return self._there

    def of(self, partners: Sequence[int]) -> Mapping[int, dict[str, Any]]:
        """By partner, by kind of program."""
        found: dict[int, dict[str, Any]] = {}
        if partners and self.readable():
            domain: Domain = [["partner_id", "in", sorted(partners)], ["program_type", "in", list(KINDS)]]
            for row in self._rpc.search_read(MODEL, domain, self._rpc.known(MODEL, _FIELDS)):
                holder = link(row["partner_id"])
                if holder is not None:
                    found.setdefault(holder, {})[str(row["program_type"])] = _card(row)
        return found

    def holders(self, since: str) -> list[int]:
        """Partners with a card that moved since: that leaves no stamp on the partner."""
        if not self.readable():
            return []
        domain: Domain = [["write_date", ">=", since], ["partner_id", "!=", False]]
        rows = self._rpc.search_read(MODEL, domain, ["partner_id"])
        return sorted({id for row in rows if (id := link(row["partner_id"]))})


def _card(row: Row) -> dict[str, Any]:
    return {
        "program": named(row["program_id"]),
        "number": plain(row["code"]),
        "points": str(row["points"]),
        "expires": plain(row.get("expiration_date")),
        "currency": named(row.get("currency_id")),
    }
