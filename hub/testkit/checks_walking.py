"""Conformance: lists with bad habits, cursors, and clocks."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from hub.errors import HubError
from hub.testkit.bench import PAGE, Bench, Pulled
from hub.testkit.loopback import Fault

_MANY = 100_000
# The hour that comes twice in Berlin begins at 00:00 UTC; the one that never comes would have begun at 01:00 UTC.
_AUTUMN = datetime(2026, 10, 25, tzinfo=UTC).timestamp()
_SPRING = datetime(2026, 3, 29, tzinfo=UTC).timestamp()


def pull_ends_when_pages_repeat(bench: Bench, object: str) -> None:
    """A system that answers every page with the first, or the second, ends the pull or breaks it: no endless round."""
    bench.seed(object, PAGE * 3)
    with bench.faulty() as proxy:
        for skip in range(3):
            reads = lambda request: not bench.adapter.is_write(request.method, request.path, request.body)  # noqa: E731
            proxy.arm(Fault("again", times=_MANY, skip=skip, when=reads))
            before = len(proxy.requests)
            try:
                bench.pull(object, connector=bench.connector(url=proxy.address))
            except HubError as error:
                bench.raised(error)
            calls = len(proxy.requests) - before
            assert calls < 1000, f"{calls} calls before the circle was seen"


def pull_walks_over_empty_pages(bench: Bench, object: str) -> None:
    """Empty pages in the middle of a list are not its end."""
    ids = bench.seed(object, PAGE * 2 + 1)
    with bench.adapter.habit("empty_pages"):
        _lost(ids, bench.pull(object))


def pull_ends_on_a_repeated_last_page(bench: Bench, object: str) -> None:
    """A list without an end but its last page again and again: all records come, then it ends or is called a circle."""
    ids = bench.seed(object, PAGE * 2 + 1)
    with bench.adapter.habit("repeat_last"):
        pulled, _ = _until_error(bench, object)
    _lost(ids, pulled)


def pull_sees_a_circle(bench: Bench, object: str) -> None:
    """A page token that leads back is an error, or led past; it is no endless pull, and no silent loss."""
    ids = bench.seed(object, PAGE * 3)
    with bench.adapter.habit("token_loop"):
        pulled, error = _until_error(bench, object)
    if error is None:
        _lost(ids, pulled)


def pull_survives_drift(bench: Bench, object: str) -> None:
    """A row of every page moves to the end while the list is read: none of the others is missed."""
    ids = bench.seed(object, PAGE * 3)
    with bench.adapter.habit("drift"):
        first = bench.pull(object, pages=4)
    _lost(ids, first, bench.pull(object, first.cursor))


def pull_reads_within_its_overlap(bench: Bench, object: str) -> None:
    """A record that shows up late, with a time a little before the cursor's, comes with the next pull."""
    overlap = bench.capabilities(object).overlap_seconds
    source = bench.connector()
    bench.seed(object, 1)
    cursor = bench.pull(object, connector=source).cursor
    payload = bench.adapter.payload(object, bench.number())
    late = bench.adapter.seed_at(object, payload, source.http.server_now() - overlap / 2)
    _lost([late], bench.pull(object, cursor))


def pull_survives_a_wrong_clock(bench: Bench, object: str) -> None:
    """The system's clock is a quarter of an hour fast or slow against ours: later changes still come."""
    for seconds in (900.0, -900.0):
        with bench.adapter.skew(seconds):
            old = bench.seed(object, 2)
            cursor = bench.pull(object).cursor
            bench.adapter.change(object, old[0], text=f"By Another Clock {seconds}")
            new = bench.seed(object, 1)
            later = bench.pull(object, cursor)
            _lost([old[0], *new], later)
            assert bench.text(object, later.records[old[0]].raw) == f"By Another Clock {seconds}"


def pull_ignores_our_time_zone(bench: Bench, object: str) -> None:
    """In whatever time zone this machine stands, the same records come, and later changes do."""
    for zone in ("Pacific/Auckland", "America/St_Johns"):
        with _machine_in(zone):
            ids = bench.seed(object, PAGE + 1)
            pulled = bench.pull(object)
            _lost(ids, pulled)
            for one in ids:
                bench.same(object, pulled.records[one])
            bench.adapter.change(object, ids[0], text=f"Changed in {zone}")
            later = bench.pull(object, pulled.cursor)
            _lost([ids[0]], later)
            assert bench.text(object, later.records[ids[0]].raw) == f"Changed in {zone}"


def pull_keeps_the_hour_that_comes_twice(bench: Bench, object: str) -> None:
    """Changes around the ends of summer time, in a system of its own: from any page on, none of them is missed."""
    adapter = type(bench.adapter)()
    with tempfile.TemporaryDirectory() as folder:
        fresh = Bench(adapter, bench.kind, bench.manifest, folder=Path(folder), home=bench.home)
        with fresh:
            setup = adapter.setup()._replace(timezone="Europe/Berlin")
            moments = [base + hours * 1800 for base in (_SPRING, _AUTUMN) for hours in range(-1, 5)]
            ids = [
                adapter.seed_at(object, adapter.payload(object, fresh.number()), moment) for moment in moments
            ]
            whole = fresh.pull(object, connector=fresh.connector(setup=setup))
            _lost(ids, whole)
            for taken in range(1, len(whole.cursors)):
                first = fresh.pull(object, pages=taken, connector=fresh.connector(setup=setup))
                rest = fresh.pull(object, first.cursor, connector=fresh.connector(setup=setup))
                _lost(ids, first, rest)


@contextmanager
def _machine_in(zone: str) -> Iterator[None]:
    try:
        with patch.dict("os.environ", {"TZ": zone}):
            time.tzset()
            yield
    finally:
        time.tzset()


def _until_error(bench: Bench, object: str) -> tuple[Pulled, HubError | None]:
    pulled = Pulled({}, [], [])
    try:
        for page in bench.connector().pull(object, None):
            pulled.records.update({record.external_id: record for record in page.records})
            pulled.cursors.append(page.cursor)
            assert len(pulled.cursors) < 1000, "the pull does not end"
    except HubError as error:
        bench.raised(error)
        return pulled, error
    return pulled, None


def _lost(ids: list[str], *pulls: Pulled) -> None:
    got = {one for pulled in pulls for one, record in pulled.records.items() if not record.deleted}
    lost = [one for one in ids if one not in got]
    assert not lost, f"lost: {lost}"
