"""How often: the words of `schedule`."""

from __future__ import annotations

import re

from hub.errors import WrongUse

_EVERY = re.compile(r"every\s+(\d{1,5})\s*([smhd])", re.IGNORECASE)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LEAST = 5.0


def seconds(schedule: str) -> float:
    """The seconds between two pulls: `every 30s`, `every 5m`, `every 2h`, `every 1d`. Raises WrongUse."""
    found = _EVERY.fullmatch(schedule.strip())
    if found is None:
        raise WrongUse(f"{schedule!r} is no schedule.", fix='Write "every 5m"; units: s, m, h, d.')
    length = int(found[1]) * _SECONDS[found[2].lower()]
    if length < _LEAST:
        raise WrongUse(f"{schedule!r} is too often.", fix=f'The least is "every {_LEAST:.0f}s".')
    return length
