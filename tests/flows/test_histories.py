"""Random histories of people, faults and a steward on three systems, through the real flows: in the end all agree.

The rules alone are proven over far more histories in tests/properties/sync; here it is what the flows make of them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem
from sqlalchemy import text

from hub.errors import HubError
from hub.flows import steward
from hub.store.documents import load
from hub.store.golden_row import decode_doc
from hub.store.session import Database

System = Callable[..., MemorySystem]
HISTORIES = range(24)
STEPS = 22
FIELDS = {"city": "address.locality", "firm": "company", "note": "job_title"}
FAULTS = ("lose_request", "lose_answer", "late", "refuse", "retry", "crash", "killed", "fine")
LEASE = 600.0


def shout(name: str, value: Any) -> Any:
    return value.upper() if name == "city" else value


def cut(name: str, value: Any) -> Any:
    return value[:12] if name == "firm" else value


class World:
    """Three systems of different manners, the people who use them, and one hub."""

    def __init__(self, hub: Hub, system: System, luck: random.Random) -> None:
        self.hub, self.luck = hub, luck
        alpha, beta, gamma = system("alpha"), system("beta", render=shout), system("gamma", render=cut)
        for one in (alpha, beta, gamma):
            one.capabilities = replace(one.capabilities, lands_late_seconds=300.0)
        alpha.capabilities = replace(alpha.capabilities, version="etag", conditional=True)
        beta.shows_answers, beta.tells_time = False, False
        gamma.capabilities = replace(gamma.capabilities, marker=luck.random() < 0.5, unique=("email",))
        self.systems = [alpha, beta, gamma]
        self.people = 0
        for number, one in enumerate(self.systems):
            create = "all" if number == 2 else "never"
            one_map = MAP if one.tells_time else MAP.replace('source_updated_at = "updated"\n', "")
            hub.connect(one.name, f'update = true\ncreate = "{create}"', map=one_map)
        self.person()
        self.sync()

    def person(self) -> None:
        """Somebody new, in one or both of the systems that people type customers into."""
        self.people += 1
        who = {"first": "Ann", "last": f"Number{self.people}", "mail": f"n{self.people}@x.org"}
        for one in self.luck.sample(self.systems[:2], self.luck.choice((1, 2))):
            one.put(**who, city=self.word())

    def word(self) -> str:
        return self.luck.choice(("Bonn", "Köln", "Ulm", "Mainz", "Trier")) + str(self.luck.randrange(1000))

    def edit(self) -> None:
        one = self.luck.choice([one for one in self.systems if one.rows])
        name = self.luck.choice(list(FIELDS))
        one.edit(
            self.luck.choice(list(one.rows)), **{name: self.word() + (" and a long tail" * (name == "firm"))}
        )

    def arm(self) -> None:
        self.luck.choice(self.systems).arm(*self.luck.choices(FAULTS, k=2))

    def sync(self) -> None:
        names = [one.name for one in self.systems]
        try:
            self.hub.sync(*self.luck.sample(names, self.luck.randrange(1, 4)), confirm=True)
        except KeyboardInterrupt:  # the process was killed while its write was out
            self.hub.clock.wait(self.luck.choice((1.0, LEASE)))

    def wait(self) -> None:
        self.hub.clock.wait(self.luck.choice((1.0, 60.0, LEASE, 7200.0)))

    def land(self) -> None:
        for one in self.systems:
            one.land()

    def decide(self) -> None:
        """A steward merges two customers, or parts one."""
        rows = self.hub.rows("SELECT customer_id, record_id FROM identity ORDER BY record_id")
        if not rows:
            return
        ids = sorted({row.customer_id for row in rows})
        try:
            if self.luck.random() < 0.5 and len(ids) > 1:
                a, b = self.luck.sample(ids, 2)
                steward.merge(self.hub.db, self.hub.wiring(), a=a, b=b, by="ann")
            else:
                row = self.luck.choice(rows)
                steward.unmerge(
                    self.hub.db, self.hub.wiring(), row.customer_id, records_out=[row.record_id], by="ann"
                )
        except HubError:
            pass

    def calm(self) -> None:
        """No more faults; time passes until everything has settled."""
        for one in self.systems:
            one.faults.clear()
        self.land()
        for round in range(8):
            self.hub.clock.wait(25 * 3600.0)
            if round == 2:
                self.replay()
            self.hub.sync(confirm=True)

    def replay(self) -> None:
        """An admin, told that what was refused is accepted now, has the dead letters tried again."""
        with self.hub.db.claim() as conn:
            for table in ("delivery", "creation"):
                conn.execute(
                    text(
                        f"UPDATE {table} SET state = 'waiting', next_at = 0, attempts = 0 WHERE state = 'dead'"
                    )
                )
            conn.execute(text("UPDATE creation SET step = 'waiting' WHERE step = 'refused'"))

    def disagreements(self) -> list[str]:
        found = []
        docs = {row.id: decode_doc(row.doc)[0] for row in self.hub.rows("SELECT id, doc FROM customer")}
        told = {  # sync.md, "A create": what a person filled in before the create was found may be a default of theirs
            (row.record_id, row.path)
            for row in self.hub.rows("SELECT record_id, path, detail FROM entry")
            if load(row.detail)["rule"] == "found after a create in doubt"
        }
        rows = self.hub.rows(
            "SELECT c.name, s.id, s.external_id, i.customer_id FROM source_record s "
            "JOIN identity i ON i.record_id = s.id JOIN connection c ON c.id = s.connection_id"
        )
        systems = {one.name: one for one in self.systems}
        for row in rows:
            one, golden = systems[row.name], docs[row.customer_id]
            for name, path in FIELDS.items():
                there, wanted = one.rows[row.external_id][name], golden.get(path, "")
                excused = not wanted and (row.id, path) in told
                if there not in (wanted, one.render(name, wanted)) and not excused:
                    found.append(f"{row.name}:{row.external_id} {name}: {there!r}, golden {wanted!r}")
        unbound = {(one.name, id) for one in self.systems for id in one.rows} - {
            (r.name, r.external_id) for r in rows
        }
        return found + [f"{name}:{id} is unknown" for name, id in sorted(unbound)]

    def doubles(self) -> dict[str, int]:
        """Markers that more than one row of a system was created with."""
        made = Counter(mark for one in self.systems for mark in one.markers.values())
        return {mark: count for mark, count in made.items() if count > 1}


@pytest.fixture
def embedded(sqlite_template: Path, tmp_path: Path, clock: Any) -> Hub:
    """A hub on SQLite only: what differs between the databases is tested elsewhere."""
    file = tmp_path / "hub.sqlite"
    file.write_bytes(sqlite_template.read_bytes())
    return Hub(Database(f"sqlite:///{file}"), tmp_path / "home", clock)


@pytest.mark.parametrize("seed", HISTORIES)
def test_a_random_history_converges_and_creates_nothing_twice(
    embedded: Hub, system: System, seed: int
) -> None:
    luck = random.Random(seed)
    world = World(embedded, system, luck)
    acts: list[Callable[[], None]] = [world.person, world.edit, world.arm, world.sync, world.wait, world.land]
    steward_too = seed % 3 == 0
    for _ in range(STEPS):
        weights = [1, 6, 3, 6, 2, 1]
        if steward_too:
            luck.choices([*acts, world.decide], [*weights, 2])[0]()
        else:
            luck.choices(acts, weights)[0]()
    world.calm()
    try:
        assert world.doubles() == {}
        assert world.disagreements() == []
        states = embedded.rows("SELECT state, cause FROM delivery WHERE state <> 'done'")
        assert [tuple(row) for row in states] == []
        embedded.assert_healthy()
    finally:
        embedded.db.close()
