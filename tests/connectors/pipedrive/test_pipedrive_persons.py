"""Persons: the primary e-mail and phone among others, and the recorded answers of a live account through the map."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pipedrive_server import FOLDER, PipedriveServer

from connectors.pipedrive.connector import PipedriveConnector
from hub.mapping.engine import CompiledMap, compile_map
from hub.mapping.load import load_map
from hub.mapping.spec import Context
from hub.resources import map_text
from hub.sdk import Change

Connect = Callable[..., PipedriveConnector]
MAILS = [
    {"label": "home", "value": "private@example.org", "primary": False},
    {"label": "work", "value": "zoe@example.org", "primary": True},
]


@pytest.fixture(scope="module")
def customers() -> CompiledMap:
    text = map_text("pipedrive", "customer")
    assert text
    return compile_map(load_map(text, file="customer.toml"), context=Context(country="US"))


def test_the_primary_entry_is_shown(pipedrive: PipedriveServer, connect: Connect) -> None:
    id = pipedrive.put({"name": "Zoë", "emails": MAILS, "phones": [{"value": "", "primary": True}]})
    (record,) = connect().fetch("customer", [id])
    assert (record.raw["email"], record.raw["phone"]) == ("zoe@example.org", None)


def test_a_write_changes_the_primary_entry_and_keeps_the_others(
    pipedrive: PipedriveServer, connect: Connect
) -> None:
    id = pipedrive.put({"name": "Zoë", "emails": MAILS})
    (record,) = connect().fetch("customer", [id])
    change = Change("k", id, {"email": "new@example.org"}, before=record.raw)
    (receipt,) = connect().push("customer", [change])
    assert receipt.outcome == "done"
    assert sorted(pipedrive.rows[id]["emails"], key=lambda one: str(one["value"])) == [
        {"label": "work", "value": "new@example.org", "primary": True},
        MAILS[0],
    ]


def test_a_blank_takes_the_primary_entry_out(pipedrive: PipedriveServer, connect: Connect) -> None:
    id = pipedrive.put({"name": "Zoë", "emails": MAILS})
    (record,) = connect().fetch("customer", [id])
    connect().push("customer", [Change("k", id, {"email": None}, before=record.raw)])
    assert pipedrive.rows[id]["emails"] == [MAILS[0]]


def test_a_map_never_writes_what_the_specification_does_not_take(customers: CompiledMap) -> None:
    values = {
        "display_name": "Zoë Núñez",
        "given_name": "Zoë",
        "family_name": "Núñez",
        "email": "z@example.org",
    }
    assert set(customers.push(values, create=True)) == {"name", "email"}


def recorded() -> list[Path]:
    return sorted(FOLDER.glob("recorded/*person*.json"))


def persons(found: Any) -> Iterator[dict[str, Any]]:
    if isinstance(found, list):
        for one in found:
            yield from persons(one)
    elif isinstance(found, dict):
        if "first_name" in found and "update_time" in found:
            yield found
            return
        for value in found.values():
            yield from persons(value)


def as_v2(row: dict[str, Any]) -> dict[str, Any]:
    """A person as API v1 showed it, with the names and times of v2, after the vendor's documents."""
    kept = {
        name: row.get(name)
        for name in ("id", "name", "first_name", "last_name", "birthday", "job_title", "notes")
    }
    times = {name: f"{row[name].replace(' ', 'T')}Z" for name in ("add_time", "update_time")}
    lists = {"emails": row.get("email") or [], "phones": row.get("phone") or []}
    return {**kept, **times, **lists, "is_deleted": not row.get("active_flag", True), "postal_address": None}


@pytest.mark.skipif(not recorded(), reason="the vendors' recordings are not here (HUB_TEST_VENDORS)")
@pytest.mark.parametrize("file", recorded(), ids=lambda file: file.stem)
def test_every_recorded_person_becomes_a_customer(
    file: Path, connect: Connect, customers: CompiledMap
) -> None:
    found = list(persons(json.loads(file.read_text(encoding="utf-8"))))
    if file.stem == "delete-person":
        assert not found, "a deletion's answer holds the id only"
        return
    assert found, "no person in the recording"
    for row in found:
        record = connect().record("customer", as_v2(row))
        (pulled,) = customers.pull(record.raw)
        assert pulled.values["display_name"] == row["name"]
        mails = [one["value"] for one in row.get("email") or () if one.get("value")]
        assert pulled.values.get("email") == (mails[0] if mails else None)
        assert pulled.source_at is not None
        assert not customers.unmapped(record.raw)
