"""Bad input: each record gives a clear cause and is kept, the rest is in, and a later good row resolves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem
from sqlalchemy import event, text

from hub.flows import fixing
from hub.store.queries import listings

System = Callable[..., MemorySystem]
PEOPLE = """\
object = "customer"
[pull]
given_name = "first"
email = "mail"
birth_date = { from = "born", via = ["date(%d.%m.%Y)"] }
annual_revenue = { from = "revenue", currency = "currency" }
company = "firm"
"""
FILES = """\
[connection.shop]
connector = "files"
path = "in/"
[[connection.shop.file]]
object = "customer"
match = "*.csv"
id = "id"
map = "people.toml"
"""
HEADER = "id,first,mail,born,revenue,currency,firm"
GOOD = "1,Ann,ann@x.org,14.05.1980,12.50,EUR,Lee Ltd"


@pytest.fixture
def take(hub: Hub) -> Callable[..., dict[str, str]]:
    """Put these rows beside a good one and sync; returns what is in quarantine."""
    (hub.home / "people.toml").write_text(PEOPLE, encoding="utf-8")
    (hub.home / "in").mkdir()
    hub.apply(FILES)

    def taken(*rows: str) -> dict[str, str]:
        (hub.home / "in" / "people.csv").write_text("\n".join([HEADER, GOOD, *rows, ""]), encoding="utf-8")
        assert hub.sync().exit_code == 0  # with quarantined rows a sync is done
        return hub.quarantine()

    return taken


def resolves(hub: Hub, take: Callable[..., dict[str, str]], id: str, row: str) -> None:
    assert take(row) == {}
    assert id in hub.quarantine("resolved")
    assert hub.count("customer") == 2


def test_a_broken_row(hub: Hub, take: Callable[..., dict[str, str]]) -> None:
    found = take("2,Bo")
    (cause,) = found.values()
    assert "people.csv" in cause
    assert "line 3" in cause
    assert hub.count("customer") == 1
    assert "2,Bo" in hub.one("SELECT raw FROM quarantine").replace('","', ",")


def test_a_wrong_date(hub: Hub, take: Callable[..., dict[str, str]]) -> None:
    found = take("2,Bo,bo@x.org,31.02.1980,1,EUR,")
    assert "birth_date" in found["2"]
    assert "31.02.1980" in found["2"]
    assert hub.count("customer") == 1
    assert '"31.02.1980"' in hub.one("SELECT raw FROM quarantine")
    resolves(hub, take, "2", "2,Bo,bo@x.org,28.02.1980,1,EUR,")


def test_an_unknown_currency(hub: Hub, take: Callable[..., dict[str, str]]) -> None:
    found = take("2,Bo,bo@x.org,,1,EURO$,")
    assert "annual_revenue" in found["2"]
    assert "EURO$" in found["2"]
    resolves(hub, take, "2", "2,Bo,bo@x.org,,1,USD,")
    assert hub.golden("shop", "2")["annual_revenue"] == {"amount": "1.00", "currency": "USD"}


def test_a_field_of_five_megabytes(hub: Hub, take: Callable[..., dict[str, str]]) -> None:
    found = take(f"2,Bo,bo@x.org,,,,{'x' * 5_000_000}", "3,Cy,cy@x.org,,,,")
    (cause,) = found.values()
    assert "line" in cause or "company" in cause
    assert len(cause) < 500
    assert hub.count("customer") == 2
    assert len(hub.one("SELECT raw FROM quarantine")) < 70_000  # evidence, not storage


def test_a_field_of_a_hundred_kilobytes_is_named(hub: Hub, take: Callable[..., dict[str, str]]) -> None:
    found = take(f"2,Bo,bo@x.org,,,,{'x' * 100_000}")
    assert "company" in found["2"]
    assert len(found["2"]) < 500
    resolves(hub, take, "2", "2,Bo,bo@x.org,,,,Ek AB")


def test_two_ids_alike(hub: Hub, take: Callable[..., dict[str, str]]) -> None:
    found = take("2,Bo,bo@x.org,,,,", "2,Cy,cy@x.org,,,,")
    assert set(found) == {"2"}
    assert "people.csv" in found["2"]
    assert hub.count("customer") == 1
    resolves(hub, take, "2", "2,Bo,bo@x.org,,,,")


def test_a_known_record_that_turns_bad_keeps_its_last_good_state(
    hub: Hub, take: Callable[..., dict[str, str]]
) -> None:
    take("2,Bo,bo@x.org,28.02.1980,1,EUR,Ek AB")
    assert "birth_date" in take("2,Bob,bo@x.org,soon,1,EUR,Ek AB")["2"]
    assert hub.golden("shop", "2")["given_name"] == "Bo"
    assert hub.golden("shop", "2")["birth_date"] == "1980-02-28"


def test_all_at_once_with_the_rest_in(hub: Hub, take: Callable[..., dict[str, str]]) -> None:
    rest = [f"9{number},Di,di{number}@x.org,,,," for number in range(30)]
    found = take(
        "2,Bo",
        "3,Cy,c@x.org,31.02.1980,,,",
        "4,Di,d@x.org,,1,EURO$,",
        "5,E,e@x.org,,,,",
        "5,F,f@x.org,,,,",
        *rest,
    )
    assert len(found) == 4
    assert hub.count("customer") == 31
    assert hub.sync().exit_code == 0
    assert hub.sync(strict=True).exit_code == 1
    assert len(hub.quarantine()) == 4  # the same causes again are the same rows


def test_retry_takes_a_record_once_its_map_is_mended(hub: Hub, take: Callable[..., dict[str, str]]) -> None:
    take("2,Bo,bo@x.org,1980/02/28,1,EUR,")
    (hub.home / "people.toml").write_text(PEOPLE.replace("%d.%m.%Y", "%Y/%m/%d"), encoding="utf-8")
    hub.apply(FILES)
    with hub.db.read() as conn:
        rows = [listings.quarantined(conn, hub.one("SELECT id FROM quarantine"))]
    done = fixing.retry(hub.db, hub.settings, rows)
    assert (done.taken, done.refused, done.left) == (1, 0, {})
    assert hub.quarantine() == {}
    assert hub.golden("shop", "2")["birth_date"] == "1980-02-28"


def test_a_record_of_a_remote_that_cannot_be_mapped(hub: Hub, system: System) -> None:
    alpha = system("alpha")
    alpha.put(id="a1", first="Ann", last="Lee", mail="ann@x.org")
    alpha.put(id="a2", first="Bo", last="Ek", mail="bo@x.org", firm="x" * 100_000)
    hub.connect("alpha", "update = true", map=MAP)
    hub.settle()
    assert list(hub.quarantine()) == ["a2"]
    alpha.edit("a2", firm="Ek AB")
    hub.settle()
    assert (hub.quarantine(), hub.golden("alpha", "a2")["company"]) == ({}, "Ek AB")


# --- a full disk --------------------------------------------------------------------------------------


@pytest.fixture
def full(hub: Hub) -> Iterator[Callable[[bool], None]]:
    """Make the disk of the store full, or free again."""
    if not hub.db.is_sqlite:
        pytest.skip(
            "a full disk is simulated by SQLite's max_page_count; a PostgreSQL server has no such switch"
        )
    limit = {"pages": 1_073_741_823}

    def capped(connection: object, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {limit['pages']}")  # type: ignore[attr-defined]

    event.listen(hub.db.engine, "checkout", capped)

    def fill(on: bool) -> None:
        with hub.db.engine.connect() as conn:
            pages = conn.execute(text("PRAGMA page_count")).scalar_one()
        limit["pages"] = pages + 2 if on else 1_073_741_823

    yield fill
    fill(False)


def test_a_full_disk_stops_the_run_with_its_cause_nothing_half_committed_and_it_resumes(
    hub: Hub, full: Callable[[bool], None], tmp_path: Path
) -> None:
    (hub.home / "people.toml").write_text(PEOPLE, encoding="utf-8")
    (hub.home / "in").mkdir()
    rows = [f"{number},Ann,ann{number}@x.org,,,,{'x' * 200}" for number in range(2500)]
    (hub.home / "in" / "people.csv").write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    hub.apply(FILES)
    full(True)
    report = hub.sync()
    assert report.exit_code == 1
    (pull,) = [one for one in report.outcomes if one.kind == "pull"]
    assert pull.state == "later"
    assert "no room left" in (pull.cause or "")
    in_pages = hub.count("customer")
    assert in_pages % 1000 == 0  # whole pages only
    assert in_pages < 2500
    for table in ("source_record", "binding", "identity"):
        assert hub.count(table) == in_pages
    hub.assert_healthy()
    full(False)
    assert hub.sync().exit_code == 0
    assert hub.count("customer") == 2500
