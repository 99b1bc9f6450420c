"""24 hours of changes in and out, as bars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hub.store.queries.glance import Traffic

HOURS = 24
HEIGHT = 40.0  # of each half, in units of the drawing


class Hour(NamedTuple):
    """One hour. at: its beginning, epoch seconds. The heights are of HEIGHT for the busiest hour."""

    at: float
    coming: int
    going: int
    up: float
    down: float


def hours(traffic: Iterable[Traffic], *, since: float) -> list[Hour]:
    """The hours since a time, oldest first; every one, also those where nothing happened."""
    coming, going = [0] * HOURS, [0] * HOURS
    for one in traffic:
        (coming if one.direction == "in" else going)[min(max(one.hour, 0), HOURS - 1)] += one.changes
    most = max(*coming, *going, 1)
    return [
        Hour(since + n * 3600, coming[n], going[n], _height(coming[n], most), _height(going[n], most))
        for n in range(HOURS)
    ]


def _height(count: int, most: int) -> float:
    return round(max(HEIGHT * count / most, 1.5), 1) if count else 0.0
