"""When a stream is pulled: the words of `schedule`, of a connection's `quiet` hours, and of `missed` times.

`every 5m`, or `cron 0 3 * * 1-5` (minute, hour, day, month, weekday) in the connection's time zone, in which daylight
saving is as cron has it (the `cronsim` library). In quiet hours nothing is started; what was due then starts when they
end. After a stop of the hub a missed time is made up for once, or with `missed = "skip"` not at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from hub.errors import WrongUse

MISSED = ("once", "skip")
_EVERY = re.compile(r"every\s+(\d{1,5})\s*([smhd])", re.IGNORECASE)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_QUIET = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_LEAST = 5.0
_LATE = 300.0  # seconds after which a time counts as missed, not as late
_LOOKED_AT = 2000  # cron times in quiet hours before we say that there is none outside


@dataclass(frozen=True, slots=True)
class Timetable:
    """When. every: seconds, or else cron: its five fields. quiet: from and to, in the zone; to may lie before from."""

    zone: ZoneInfo
    every: float | None = None
    cron: str | None = None
    quiet: tuple[time, time] | None = None
    missed: str = "once"

    def after(self, moment: float) -> float:
        """The next time after this one, outside the quiet hours. Epoch seconds."""
        if self.every is not None:
            return self._awake(moment + self.every)
        start = datetime.fromtimestamp(moment, self.zone)
        for found, _ in zip(CronSim(self.cron or "", start), range(_LOOKED_AT), strict=False):
            if not self._sleeps(found):
                return found.timestamp()
        return self._awake(moment)

    def upcoming(self, moment: float, count: int) -> list[float]:
        """The next so many times."""
        found: list[float] = []
        for _ in range(count):
            found.append(self.after(found[-1] if found else moment))
        return found

    def starts(self, due: float, *, now: float) -> bool:
        """Whether what was due then is started now: not in quiet hours, nor if it was missed and is not made up for."""
        if self._sleeps(datetime.fromtimestamp(now, self.zone)):
            return False
        return self.missed == "once" or now - due <= _LATE

    def _awake(self, moment: float) -> float:
        at = datetime.fromtimestamp(moment, self.zone)
        if self.quiet is None or not self._sleeps(at):
            return moment
        end = at.replace(hour=self.quiet[1].hour, minute=self.quiet[1].minute, second=0, microsecond=0)
        return (end if end > at else end + timedelta(days=1)).timestamp()

    def _sleeps(self, at: datetime) -> bool:
        if self.quiet is None:
            return False
        begin, end = self.quiet
        clock = at.time()
        return begin <= clock < end if begin <= end else clock >= begin or clock < end


@lru_cache(maxsize=512)
def timetable(
    schedule: str, *, zone: str = "UTC", quiet: str | None = None, missed: str = "once"
) -> Timetable:
    """Read the words. Raises WrongUse for a schedule, quiet hours or a word that is none."""
    if missed not in MISSED:
        raise WrongUse(f"missed is {missed!r}.", fix=f"Use one of: {', '.join(MISSED)}.")
    silent = None if quiet is None else quiet_hours(quiet)
    found = _EVERY.fullmatch(schedule.strip())
    if found is not None:
        every = int(found[1]) * _SECONDS[found[2].lower()]
        if every < _LEAST:
            raise WrongUse(f"{schedule!r} is too often.", fix=f'The least is "every {_LEAST:.0f}s".')
        return Timetable(ZoneInfo(zone), every=every, quiet=silent, missed=missed)
    word, _, fields = schedule.strip().partition(" ")
    if word.lower() != "cron":
        raise WrongUse(
            f"{schedule!r} is no schedule.", fix='Write "every 5m" (s, m, h, d) or "cron 0 3 * * 1-5".'
        )
    try:
        CronSim(fields, datetime.now(UTC))
    except CronSimError as error:
        raise WrongUse(
            f"{fields!r} is no cron expression: {error}.",
            fix="Five fields: minute, hour, day, month, weekday.",
        ) from None
    return Timetable(ZoneInfo(zone), cron=fields, quiet=silent, missed=missed)


def quiet_hours(text: str) -> tuple[time, time]:
    """`22:00-06:00` as two times. Raises WrongUse."""
    found = _QUIET.fullmatch(text.strip())
    numbers = [int(one) for one in found.groups()] if found else []
    if not numbers or max(numbers[0], numbers[2]) > 23 or max(numbers[1], numbers[3]) > 59:
        raise WrongUse(f"{text!r} are no quiet hours.", fix='Write "22:00-06:00".')
    return time(numbers[0], numbers[1]), time(numbers[2], numbers[3])
