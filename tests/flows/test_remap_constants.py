"""A constant of a map, changed: known records of every kind have the new one, by `remap` and by the next pull."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flows.flow_hub import Hub

from hub.flows.remap import remap
from hub.store.documents import load

MAPS = {
    "customer": 'object = "customer"\n[pull]\ndisplay_name = "name"\nemail = "mail"\n',
    "order": 'object = "order"\nignore = ["name", "mail", "at"]\n[pull]\nnumber = "id"\ncustomer_record = "who"\n',
    "interaction": 'object = "interaction"\n[pull]\nbody = "name"\ncustomer_record = "who"\noccurred_at = "at"\n',
}
LINES = {
    "customer": 'kind = { const = "person" }',
    "order": 'currency = { const = "EUR" }',
    "interaction": 'kind = { const = "call" }',
}
CHANGED = {
    "customer": 'kind = { const = "organisation" }',
    "order": 'currency = { const = "USD" }',
    "interaction": 'kind = { const = "ticket" }',
}
PATHS = {"customer": "kind", "order": "currency", "interaction": "kind"}
FILE = """\
[[connection.shop.file]]
object = "{0}"
match = "{0}*.csv"
id = "id"
map = "{0}.toml"
"""


@pytest.fixture
def said(hub: Hub) -> Callable[[str, str], None]:
    """A shop of all three, read once. Called: the line of an object as it is from now on."""
    (hub.home / "in").mkdir()
    for object, map in MAPS.items():
        rows = "id,name,mail,who,at\n1,Ann Lee,ann@x.org,1,2026-03-01T10:00:00Z\n"
        (hub.home / "in" / f"{object}.csv").write_text(rows, encoding="utf-8")
        (hub.home / f"{object}.toml").write_text(map + LINES[object] + "\n", encoding="utf-8")
    head = '[connection.shop]\nconnector = "files"\npath = "in/"\n'
    document = head + "".join(FILE.format(object) for object in MAPS)
    hub.apply(document)
    hub.settle()

    def say(object: str, line: str) -> None:
        (hub.home / f"{object}.toml").write_text(MAPS[object] + line + "\n", encoding="utf-8")
        hub.apply(document)

    return say


def _golden(hub: Hub, object: str) -> dict[str, Any]:
    if object == "customer":
        return hub.golden("shop", "1")
    return dict(load(hub.one(f"SELECT doc FROM {object}_document WHERE external_id = '1'")))


def _read_again(hub: Hub, object: str, *, how: str) -> None:
    if how == "remap":
        plan = remap(hub.db, hub.wiring(), hub.stream("shop", object), apply=False)
        assert plan[f"field {PATHS[object]}"] == 1
        remap(hub.db, hub.wiring(), hub.stream("shop", object), apply=True)
    else:
        hub.settle()


@pytest.mark.parametrize("how", ["remap", "pull"])
@pytest.mark.parametrize("object", MAPS)
def test_a_changed_constant_counts_for_known_records(
    hub: Hub, said: Callable[[str, str], None], object: str, how: str
) -> None:
    path, before, after = PATHS[object], LINES[object].split('"')[1], CHANGED[object].split('"')[1]
    assert _golden(hub, object)[path] == before
    said(object, CHANGED[object])
    _read_again(hub, object, how=how)
    assert _golden(hub, object)[path] == after
    assert hub.count("entry") == 0
    hub.assert_healthy()
    assert remap(hub.db, hub.wiring(), hub.stream("shop", object), apply=True) == {}
    hub.settle()
    assert _golden(hub, object)[path] == after


@pytest.mark.parametrize("object", MAPS)
def test_a_constant_becomes_a_field_and_a_field_a_constant(
    hub: Hub, said: Callable[[str, str], None], object: str
) -> None:
    column = {"customer": "job_title", "order": "note", "interaction": "subject"}[object]
    for line, value in (
        (f'{column} = {{ const = "one" }}', "one"),
        (f'{column} = "mail"', "ann@x.org"),
        (f'{column} = {{ const = "two" }}', "two"),
    ):
        map = line if object != "customer" else line.replace('"mail"', '"who"')
        said(object, f"{LINES[object]}\n{map}")
        remap(hub.db, hub.wiring(), hub.stream("shop", object), apply=True)
        expected = value if (object, value) != ("customer", "ann@x.org") else "1"
        assert _golden(hub, object)[column] == expected
        assert hub.count("entry") == 0
    hub.assert_healthy()
