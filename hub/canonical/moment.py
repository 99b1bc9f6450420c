"""Dates stay dates; instants become UTC (canonical-model.md, "Values")."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.canonical.clean import word
from hub.canonical.unfit import Unfit

DATE_FIX = (
    "Expected 2026-02-28, 20260228, 2026/02/28 or 2026年2月28日; for another, name the format in the map, "
    'for example via = ["date(%d.%m.%Y)"].'
)
INSTANT_FIX = (
    "Expected ISO 8601 such as 2026-05-14T09:51:40Z or 2026-05-14 09:51; for another, name the format in the map, "
    'for example via = ["datetime(%d.%m.%Y %H:%M)"] or ["epoch"].'
)

_DATE = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ]\d{1,2}:\d{2}.*)?|(\d{4})(\d{2})(\d{2})")
_DATE_ZH = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?")
_OFFSET = re.compile(r"(?:[zZ]|[+-]\d{2}:?\d{2}|UTC|GMT)\s*$")
_LOOSE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


@lru_cache(maxsize=512)
def zone(name: str) -> tzinfo:
    """The time zone called `name`. Raises Unfit if there is none."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Unfit("is no time zone", fix="Expected a name such as Europe/Berlin.") from None


@lru_cache(maxsize=32_768)
def _date_of_text(text: str) -> str | None:
    text = word(text)
    if not text:
        return None
    found = _DATE.fullmatch(text)
    if found:
        year, month, day = (found[1], found[3], found[4]) if found[1] else (found[5], found[6], found[7])
    elif zh := _DATE_ZH.fullmatch(text):
        year, month, day = zh.groups()
    else:
        raise Unfit("is not a date", fix=DATE_FIX)
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        raise Unfit("is a day that no calendar has", fix=DATE_FIX) from None


def to_date(value: Any) -> str | None:
    """`YYYY-MM-DD` from ISO 8601 or another order that can mean only one day; None if blank. Raises Unfit."""
    if value.__class__ is not str:
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            raise Unfit("is not a date", fix=DATE_FIX)
        value = str(value)
    return _date_of_text(value)


def dated(text: str, formats: tuple[str, ...]) -> str:
    """`YYYY-MM-DD` from a text in the first of `formats` (strptime) that fits. Raises Unfit."""
    for shape in formats:
        try:
            return datetime.strptime(text, shape).date().isoformat()  # noqa: DTZ007  a date has no zone
        except ValueError:
            continue
    raise Unfit("is not a date", fix=f"Expected the format {' or '.join(formats)}.")


def show(moment: datetime) -> str:
    """An aware datetime as the hub writes instants: UTC, `Z`, fraction only if it is not zero."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def ambiguous(instant: str, timezone: str) -> bool:
    """True if the clocks of `timezone` show this instant's local time twice (end of summer time)."""
    return timezone != "UTC" and _ambiguous(instant[:15], timezone)


@lru_cache(maxsize=4096)
def _ambiguous(ten_minutes: str, timezone: str) -> bool:
    where = zone(timezone)
    local = datetime.fromisoformat(f"{ten_minutes}0:00+00:00").astimezone(where).replace(tzinfo=None)
    early, late = local.replace(tzinfo=where, fold=0), local.replace(tzinfo=where, fold=1)
    return early.utcoffset() != late.utcoffset() and early.timestamp() < late.timestamp()


def has_offset(text: str) -> bool:
    """True if a written time says how far it is from UTC."""
    return _OFFSET.search(text) is not None


def _moment(value: Any, timezone: str) -> datetime | None:
    if value.__class__ is not str:
        if value is None:
            return None
        raise Unfit("is not an instant", fix=INSTANT_FIX)
    text = word(value)
    if not text:
        return None
    found = _read(text)
    if found is None:
        raise Unfit("is not an instant", fix=INSTANT_FIX)
    # fold 0: an ambiguous time is the earlier one
    return found if found.tzinfo is not None else found.replace(tzinfo=zone(timezone))


def _read(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    found = _LOOSE.fullmatch(text)
    if not found:
        return None
    try:
        return datetime(*(int(part or 0) for part in found.groups()))  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return None


def to_instant(value: Any, timezone: str = "UTC") -> str | None:
    """`2026-05-14T09:51:40Z` (UTC, fraction only if not zero); None if blank. A naive time is one of `timezone`.

    Raises Unfit. A number is refused: whether it counts seconds or milliseconds only the map can say.
    """
    found = _moment(value, timezone)
    if found is None:
        return None
    try:
        return show(found)
    except (OverflowError, ValueError):
        raise Unfit("is out of the calendar", fix=INSTANT_FIX) from None


def seconds(value: Any, timezone: str = "UTC") -> float | None:
    """The same as epoch seconds. Raises Unfit."""
    found = _moment(value, timezone)
    try:
        return None if found is None else found.timestamp()
    except (OverflowError, ValueError):
        raise Unfit("is out of the calendar", fix=INSTANT_FIX) from None


def from_epoch(seconds: float) -> str:
    """Epoch seconds as the hub writes instants, to the microsecond. Raises Unfit out of the calendar."""
    try:
        return show(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, ValueError, OSError):
        raise Unfit("is out of the calendar") from None


def reader(timezone: str | None) -> Callable[[Any], str | None]:
    """`to_instant` bound to a connection's time zone."""
    name = timezone or "UTC"
    return lambda value: to_instant(value, name)
