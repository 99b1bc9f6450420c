"""Large modules by bulk read: job, patience, zip; the records are the same as those of the lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.sdk import ConnectionBroken, RemoteUnavailable

Make = Callable[..., Any]


def read(connector: Any, cursor: Any = None) -> tuple[dict[str, Any], Any, list[Any]]:
    """(records, last cursor, cursors) up to the end, waiting for Zoho as often as it asks."""
    records: dict[str, Any] = {}
    cursors: list[Any] = []
    for _ in range(20):
        try:
            for page in connector.pull("customer", cursor):
                assert not page.rejected
                records.update({one.external_id: one for one in page.records})
                cursor = page.cursor
                cursors.append(cursor)
        except RemoteUnavailable as error:
            assert error.after and "preparing" in str(error)
            continue
        return records, cursor, cursors
    raise AssertionError("the pull does not end")


@pytest.fixture
def people(zoho: Any) -> list[str]:
    account = zoho.org.put(
        "Accounts", {"Account_Name": 'King, "Ltd"', "Annual_Revenue": 12.5, "Employees": 7}
    )
    given = {"Email_Opt_Out": True, "Date_of_Birth": "1980-02-03", "Account_Name": {"id": account}}
    return [
        zoho.org.put(
            "Contacts", {"Last_Name": f"Line\nbreak, {number} 欧阳", "Loyalty_Tier": "gold", **given}
        )
        for number in range(7)
    ]


def test_bulk_and_lists_show_the_same_records(zoho: Any, connect: Make, people: list[str]) -> None:
    lead = zoho.org.put("Leads", {"Last_Name": "Becomes", "Company": "Acme"})
    zoho.org.convert(lead)
    by_list, _, _ = read(connect(home_currency="EUR"))
    by_bulk, cursor, _ = read(connect(home_currency="EUR", bulk_from=1))
    assert by_bulk.keys() == by_list.keys() and f"Contacts/{people[0]}" in by_bulk
    for id, record in by_bulk.items():
        listed = {name: value for name, value in by_list[id].raw.items() if name != "tags"}
        assert record.raw == listed, id
    assert [job["query"]["module"]["api_name"] for job in zoho.bulk.jobs.values()] == [
        "Accounts",
        "Contacts",
        "Leads",
    ]
    assert set(cursor) == {"since", "modules"}, "between passes nothing of a job is left"


def test_small_modules_and_later_pulls_go_by_list(zoho: Any, connect: Make, people: list[str]) -> None:
    _, cursor, _ = read(connect(bulk_from=5))
    assert [job["query"]["module"]["api_name"] for job in zoho.bulk.jobs.values()] == ["Contacts"]
    read(connect(bulk_from=1), cursor)
    assert len(zoho.bulk.jobs) == 1, "what has changed comes by list"


def test_a_pull_goes_on_behind_any_page_of_a_file(zoho: Any, connect: Make, people: list[str]) -> None:
    zoho.bulk.sheet_size = 3
    taken: list[tuple[set[str], Any]] = []
    cursor = None
    while cursor is None or "module" in cursor:
        try:
            for page in connect(modules=["Contacts"], bulk_from=1).pull("customer", cursor):
                cursor = page.cursor
                taken.append(({one.external_id for one in page.records}, cursor))
        except RemoteUnavailable:
            continue
    whole = {f"Contacts/{id}" for id in people}
    assert len(zoho.bulk.jobs) == 3 and {id for ids, _ in taken for id in ids} == whole
    for number, (_, cursor) in enumerate(taken[:-1], start=1):
        rest, _, _ = read(connect(modules=["Contacts"], bulk_from=1), cursor)
        before = {id for ids, _ in taken[:number] for id in ids}
        assert before | set(rest) == whole, cursor


def test_nothing_that_changes_while_zoho_prepares_is_lost(
    zoho: Any, connect: Make, people: list[str]
) -> None:
    zoho.bulk.patience = 2
    connector = connect(modules=["Contacts"], bulk_from=1)
    pages = connector.pull("customer", None)
    cursor = next(iter(pages)).cursor
    _, cursor, _ = read(connect(modules=["Contacts"], bulk_from=1), cursor)
    zoho.org.put("Contacts", {"Last_Name": "Changed"}, id=people[0])
    later, _, _ = read(connect(modules=["Contacts"], bulk_from=1), cursor)
    assert later[f"Contacts/{people[0]}"].raw["Last_Name"] == "Changed"


def test_a_job_that_fails_says_what_to_do(zoho: Any, connect: Make, people: list[str]) -> None:
    zoho.bulk.broken = True
    with pytest.raises(ConnectionBroken, match="bulk_from = 0"):
        list(connect(bulk_from=1).pull("customer", None))
