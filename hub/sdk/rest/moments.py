"""Times as REST systems write them, made comparable: texts in UTC with microseconds, which sort as times do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

_SPACED = "%Y-%m-%d %H:%M:%S"


class Moments:
    """One way of writing times. `zone`: of those that name none; at the end of summer time the earlier hour counts,
    so that going back to it misses nothing."""

    def __init__(self, format: str, *, zone: str = "UTC") -> None:
        self._format = format
        self._zone = ZoneInfo(zone)

    def read(self, value: Any) -> str:
        """The comparable text; "" for what is no time."""
        found: datetime | None = None
        try:
            if self._format in {"seconds", "milliseconds"}:
                divisor = 1.0 if self._format == "seconds" else 1000.0
                found = datetime.fromtimestamp(float(value) / divisor, UTC)
            elif isinstance(value, str) and value:
                found = datetime.fromisoformat(value)
        except (ValueError, TypeError, OverflowError, OSError):
            return ""
        if found is None:
            return ""
        return text_of(found if found.tzinfo else found.replace(tzinfo=self._zone, fold=0))

    def write(self, text: str) -> str:
        """A comparable text as the system wants it in a filter."""
        at = datetime.fromisoformat(text)
        if self._format == "seconds":
            return str(int(at.timestamp()))
        if self._format == "milliseconds":
            return str(int(at.timestamp() * 1000))
        if self._format == "spaced":
            return at.astimezone(self._zone).strftime(_SPACED)
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def text_of(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def epoch_text(seconds: float) -> str:
    return text_of(datetime.fromtimestamp(seconds, UTC))


def earlier(text: str, seconds: float) -> str:
    return text_of(datetime.fromisoformat(text) - timedelta(seconds=seconds))
