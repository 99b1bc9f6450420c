"""The words of schedules: intervals, cron in a zone, quiet hours, missed times."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from hub.errors import WrongUse
from hub.flows.timetable import timetable

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def shown(moment: float) -> str:
    return datetime.fromtimestamp(moment, BERLIN).strftime("%Y-%m-%d %H:%M")


def test_an_interval() -> None:
    assert timetable("every 5m").after(1000.0) == 1300.0


def test_cron_in_the_connections_zone() -> None:
    table = timetable("cron 0 3 * * 1-5", zone="Europe/Berlin")
    friday = at("2026-11-27 12:00")
    assert [shown(one) for one in table.upcoming(friday, 2)] == ["2026-11-30 03:00", "2026-12-01 03:00"]


def test_cron_over_a_change_of_the_clocks_runs_once_a_day() -> None:
    table = timetable("cron 30 2 * * *", zone="Europe/Berlin")
    spring = table.upcoming(at("2026-03-27 12:00"), 3)  # on the 29th there is no 02:30
    assert [shown(one)[:10] for one in spring] == ["2026-03-28", "2026-03-29", "2026-03-30"]
    autumn = table.upcoming(at("2026-10-24 12:00"), 2)  # on the 25th it comes twice
    assert [shown(one)[:10] for one in autumn] == ["2026-10-25", "2026-10-26"]


def test_quiet_hours_put_off_to_their_end() -> None:
    table = timetable("every 1h", zone="Europe/Berlin", quiet="22:00-06:00")
    assert shown(table.after(at("2026-11-24 21:30"))) == "2026-11-25 06:00"
    assert shown(table.after(at("2026-11-24 12:00"))) == "2026-11-24 13:00"
    night = timetable("cron 0 * * * *", zone="Europe/Berlin", quiet="22:00-06:00")
    assert shown(night.after(at("2026-11-24 21:30"))) == "2026-11-25 06:00"


def test_nothing_starts_in_quiet_hours() -> None:
    table = timetable("every 1h", zone="Europe/Berlin", quiet="12:00-13:00")
    noon = at("2026-11-24 12:30")
    assert not table.starts(noon - 60, now=noon)
    assert table.starts(noon, now=noon + 3600)


@pytest.mark.parametrize(("missed", "starts"), [("once", True), ("skip", False)])
def test_a_missed_time_is_made_up_for_once_or_not_at_all(missed: str, starts: bool) -> None:
    table = timetable("every 1h", missed=missed)
    assert table.starts(0.0, now=7200.0) is starts
    assert table.starts(7190.0, now=7200.0)  # late is not missed


@pytest.mark.parametrize("words", ["hourly", "every 1s", "cron 99 * * * *", "cron 0 3", "every 5 weeks"])
def test_what_is_no_schedule_is_refused(words: str) -> None:
    with pytest.raises(WrongUse):
        timetable(words)


@pytest.mark.parametrize("words", ["22-06", "25:00-06:00", "22:00"])
def test_what_are_no_quiet_hours_is_refused(words: str) -> None:
    with pytest.raises(WrongUse):
        timetable("every 5m", quiet=words)
