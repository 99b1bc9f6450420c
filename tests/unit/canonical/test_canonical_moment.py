from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.canonical import moment
from hub.canonical.unfit import Unfit

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "timezone", "instant"),
    [
        ("2026-05-14T09:51:40Z", BERLIN, "2026-05-14T09:51:40Z"),
        ("2026-05-14T09:51:40+02:00", BERLIN, "2026-05-14T07:51:40Z"),
        ("2026-05-14T09:51:40.500000Z", "UTC", "2026-05-14T09:51:40.500000Z"),
        ("2026-05-14T09:51:40.000Z", "UTC", "2026-05-14T09:51:40Z"),
        ("2026-05-14 09:51", BERLIN, "2026-05-14T07:51:00Z"),
        ("2026-05-14", "Asia/Shanghai", "2026-05-13T16:00:00Z"),
        ("2026/5/4 9:05:07", "UTC", "2026-05-04T09:05:07Z"),
        ("2026-10-25 02:30", BERLIN, "2026-10-25T00:30:00Z"),  # twice there: the earlier
        ("2026-03-29 02:30", BERLIN, "2026-03-29T01:30:00Z"),  # never there: as if the clock had not been set
        (" 2026-05-14T09:51:40Z\u200b", "UTC", "2026-05-14T09:51:40Z"),
    ],
)
def test_instants_become_utc(text: str, timezone: str, instant: str) -> None:
    assert moment.to_instant(text, timezone) == instant
    assert moment.to_instant(instant, timezone) == instant


@pytest.mark.parametrize(
    "wrong", ["14.05.2026", "2026-13-01T00:00:00Z", "9999-12-31T23:59:59-23:00", 5, True, [], "x" * 9999]
)
def test_what_is_no_instant_is_unfit(wrong: object) -> None:
    with pytest.raises(Unfit):
        moment.to_instant(wrong)


def test_an_unknown_zone_is_unfit() -> None:
    for name in ("Mars/Olympus", "../../etc/passwd", ""):
        with pytest.raises(Unfit, match="is no time zone"):
            moment.to_instant("2026-05-14", name)


@pytest.mark.parametrize(
    ("instant", "twice"),
    [
        ("2026-10-25T00:30:00Z", True),
        ("2026-10-25T01:30:00Z", True),
        ("2026-10-24T23:59:00Z", False),
        ("2026-10-25T02:00:00Z", False),
        ("2026-03-29T01:30:00Z", False),
    ],
)
def test_times_the_clock_shows_twice_are_known(instant: str, twice: bool) -> None:
    assert moment.ambiguous(instant, BERLIN) is twice
    assert moment.ambiguous(instant, "UTC") is False


@given(
    st.datetimes(
        min_value=datetime.fromisoformat("1900-01-01"), max_value=datetime.fromisoformat("2100-01-01")
    )
)
def test_what_is_shown_is_read_again(when: datetime) -> None:
    text = moment.show(when.replace(tzinfo=UTC))
    assert moment.to_instant(text, BERLIN) == text
    assert moment.seconds(text, BERLIN) == when.replace(tzinfo=UTC).timestamp()


@given(st.dates())
def test_dates_stay_dates(day: object) -> None:
    assert moment.to_date(str(day)) == str(day)
    assert moment.to_date(str(day).replace("-", "")) == str(day)
