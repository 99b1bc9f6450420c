"""Merge and unmerge cancel out, whatever happened before and however much was written into the systems in between.

Content, ids and who answers for whom come back, and what the hub wrote while two customers were one is no evidence that
they are (DESIGN §4).
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from hub.errors import HubError
from hub.flows import steward
from hub.store.golden_row import decode_doc
from hub.store.session import Database

System = Callable[..., MemorySystem]
EXAMPLES = int(os.environ.get("HUB_HISTORIES", "12"))
NAMES = ("alpha", "beta", "gamma")
FIELDS = ("city", "firm", "note", "phone", "mail")
WORDS = {
    "city": ("Bonn", "Ulm", ""),
    "firm": ("Lee Ltd", "Acme", ""),
    "note": ("boss", "clerk"),
    "phone": ("+49 30 901820", "+49 30 901821", "+49 40 428540", ""),
    "mail": ("ann@x.org", "lee@y.org", "cem@z.org", ""),
}
PEOPLE = st.fixed_dictionaries(
    {
        "first": st.sampled_from(("Ann", "Anna", "Cem")),
        "last": st.sampled_from(("Lee", "Leigh", "Ozan")),
        **{name: st.sampled_from(words) for name, words in WORDS.items()},
    }
)
NUMBER = st.integers(0, 30)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(NAMES[:2]), PEOPLE),
        st.tuples(st.just("edit"), NUMBER, st.sampled_from(FIELDS), NUMBER),
        st.tuples(st.just("merge"), NUMBER, NUMBER),
        st.tuples(st.just("unmerge"), NUMBER),
        st.tuples(st.just("sync")),
    ),
    min_size=1,
    max_size=12,
)


class Story:
    """A hub and three systems: people type customers into two of them, into the third the hub does."""

    def __init__(self, hub: Hub, system: System) -> None:
        self.hub = hub
        self.systems = [system(name) for name in NAMES]
        for number, name in enumerate(NAMES):
            hub.connect(name, f'update = true\ncreate = "{"all" if number == 2 else "never"}"', map=MAP)
        self.sync()

    def sync(self) -> None:
        self.hub.clock.wait(3600)
        self.hub.sync(confirm=True)

    def calm(self) -> None:
        """Until nothing is owed any more."""
        for _ in range(4):
            self.sync()
        assert set(self.hub.deliveries()) <= {"done"}

    def do(self, step: tuple[Any, ...]) -> None:
        self.hub.clock.wait(60)
        if step[0] == "put":
            system = next(one for one in self.systems if one.name == step[1])
            system.put(**step[2])
        elif step[0] == "edit":
            rows = [(one, id) for one in self.systems for id in sorted(one.rows)]
            if rows:
                one, id = rows[step[1] % len(rows)]
                words = WORDS[step[2]]
                one.edit(id, **{step[2]: words[step[3] % len(words)]})
        elif step[0] == "sync":
            self.sync()
        else:
            self.decide(step)

    def decide(self, step: tuple[Any, ...]) -> None:
        records = [row[0] for row in self.hub.rows("SELECT record_id FROM identity ORDER BY record_id")]
        if not records:
            return
        one = records[step[1] % len(records)]
        try:
            if step[0] == "merge":
                other = records[step[2] % len(records)]
                self.merge(self.customer(one), self.customer(other))
            else:
                self.unmerge(self.customer(one), [one])
        except HubError as error:
            note(f"refused: {error.message}")

    def merge(self, a: int, b: int) -> steward.Effect:
        return steward.merge(self.hub.db, self.hub.wiring(), a=a, b=b, by="eve")

    def unmerge(self, customer: int, out: list[int]) -> steward.Effect:
        return steward.unmerge(self.hub.db, self.hub.wiring(), customer, records_out=out, by="eve")

    def customer(self, record: int) -> int:
        return int(self.hub.one("SELECT customer_id FROM identity WHERE record_id = :id", id=record))

    def members(self, customer: int) -> list[int]:
        rows = self.hub.rows("SELECT record_id FROM identity WHERE customer_id = :id ORDER BY 1", id=customer)
        return [row[0] for row in rows]

    def age(self, id: int) -> tuple[Any, ...]:
        """By what the anchor is chosen (DESIGN §4, "Ids stay")."""
        (row,) = self.hub.rows(
            "SELECT s.first_seen, c.name, s.object, s.external_id, s.part FROM source_record s "
            "JOIN connection c ON c.id = s.connection_id WHERE s.id = :id",
            id=id,
        )
        return tuple(row)

    def customers(self) -> list[int]:
        return [row[0] for row in self.hub.rows("SELECT DISTINCT customer_id FROM identity ORDER BY 1")]

    def content(self) -> dict[str, Any]:
        """Who answers for each record and each id, and every golden record."""
        rows = self.hub.rows("SELECT id, merged_into, doc FROM customer ORDER BY id")
        return {
            "links": dict(
                map(tuple, self.hub.rows("SELECT record_id, customer_id FROM identity ORDER BY 1"))
            ),  # type: ignore[arg-type]
            "leads": {row.id: row.merged_into for row in rows},
            "goldens": {row.id: decode_doc(row.doc) for row in rows if row.merged_into is None},
        }

    def rows(self) -> dict[str, dict[str, dict[str, Any]]]:
        return {
            one.name: {
                id: {name: row.get(name) or "" for name in ("first", "last", *FIELDS)}
                for id, row in sorted(one.rows.items())
            }
            for one in self.systems
        }


@pytest.fixture
def stories(sqlite_template: Path, tmp_path: Path, clock: Any, system: System) -> Callable[[], Any]:
    """Opens a fresh story, as many as are wanted."""
    numbers = itertools.count()

    @contextmanager
    def open_() -> Iterator[Story]:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        shutil.copyfile(sqlite_template, folder / "hub.sqlite")
        db = Database(f"sqlite:///{folder / 'hub.sqlite'}")
        try:
            yield Story(Hub(db, folder / "home", clock), system)
        finally:
            db.close()
            shutil.rmtree(folder)

    return open_


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, NUMBER, NUMBER, st.integers(0, 2))
def test_merge_then_unmerge_is_as_if_nothing_was(
    stories: Any, steps: list[tuple[Any, ...]], first: int, second: int, syncs: int
) -> None:
    with stories() as story:
        for step in steps:
            story.do(step)
        story.calm()
        everybody = story.customers()
        if len(everybody) < 2:
            return
        a = everybody[first % len(everybody)]
        b = [one for one in everybody if one != a][second % (len(everybody) - 1)]
        before, rows, theirs = story.content(), story.rows(), story.members(b)
        story.merge(a, b)
        assert story.customer(a) == story.customer(b) == min(a, b, key=story.age)
        for _ in range(syncs):
            story.sync()
        out = [id for id in theirs if id in story.members(story.customer(b))]
        assert out == theirs
        story.unmerge(story.customer(b), out)
        assert story.content() == before
        story.calm()
        assert story.content() == before
        assert story.rows() == rows
        story.hub.assert_healthy()


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, NUMBER, NUMBER, st.integers(0, 2))
def test_unmerge_then_merge_is_as_if_nothing_was(
    stories: Any, steps: list[tuple[Any, ...]], first: int, second: int, syncs: int
) -> None:
    with stories() as story:
        for step in steps:
            story.do(step)
        story.calm()
        several = [one for one in story.customers() if len(story.members(one)) > 1]
        if not several:
            return
        whole = several[first % len(several)]
        members = story.members(whole)
        out = [members[second % len(members)]]
        before, rows = story.content(), story.rows()
        try:
            story.unmerge(whole, out)
        except HubError:  # what the hub made for it goes with it, and nobody is left
            return
        for _ in range(syncs):
            story.sync()
        parts = {story.customer(id) for id in members}
        for part in sorted(parts - {whole}):
            story.merge(whole, part)
        assert story.content()["links"].items() >= before["links"].items()
        story.calm()
        after = story.content()
        assert {id: after["links"][id] for id in before["links"]} == before["links"]
        assert {id: after["goldens"].get(id) for id in before["goldens"]} == before["goldens"]
        assert {
            name: {id: after_rows[id] for id in rows[name]} for name, after_rows in story.rows().items()
        } == rows
        story.hub.assert_healthy()
