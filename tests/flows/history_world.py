"""Three systems of different manners, the people who use them, a steward, and one hub; and what must hold in the end.

Every value that a person types is typed once, so that it tells who wrote it.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem
from sqlalchemy import text

from hub.errors import HubError
from hub.flows import steward
from hub.flows.bindings import load_bindings
from hub.store.documents import load
from hub.store.golden_row import decode_doc

FIELDS = {"city": "address.locality", "firm": "company", "note": "job_title"}
FAULTS = ("lose_request", "lose_answer", "late", "refuse", "retry", "crash", "fine")
LEASE = 600.0
LATE = 300.0


def shout(name: str, value: Any) -> Any:
    return value.upper() if name == "city" else value


def cut(name: str, value: Any) -> Any:
    return value[:12] if name == "firm" else value


class World:
    """alpha: exact, ETags, conditional. beta: upper-cases, shows no answers, tells no time. gamma: cuts, gets everybody
    created, keeps e-mail unique and, by luck, our marker."""

    def __init__(self, hub: Hub, system: Callable[..., MemorySystem], luck: random.Random) -> None:
        self.hub, self.luck = hub, luck
        alpha, beta, gamma = system("alpha"), system("beta", render=shout), system("gamma", render=cut)
        for one in (alpha, beta, gamma):
            one.capabilities = replace(one.capabilities, lands_late_seconds=LATE)
        alpha.capabilities = replace(alpha.capabilities, version="etag", conditional=True)
        beta.shows_answers, beta.tells_time = False, False
        gamma.capabilities = replace(gamma.capabilities, marker=luck.random() < 0.5, unique=("email",))
        self.systems = [alpha, beta, gamma]
        self.people = self.words = 0
        self.typed: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
        for number, one in enumerate(self.systems):
            create = "all" if number == 2 else "never"
            one_map = MAP if one.tells_time else MAP.replace('source_updated_at = "updated"\n', "")
            hub.connect(one.name, f'update = true\ncreate = "{create}"', map=one_map)
        self.person()
        self.hub.sync(confirm=True)

    # --- people -------------------------------------------------------------------------------------

    def word(self) -> str:
        self.words += 1
        return self.luck.choice(("Bonn", "Ulm", "Mainz")) + str(self.words)

    def person(self) -> None:
        """Somebody new, in one or both of the systems that people type customers into."""
        self.people += 1
        who = {"first": "Ann", "last": f"Number{self.people}", "mail": f"n{self.people}@x.org"}
        for one in self.luck.sample(self.systems[:2], self.luck.choice((1, 2))):
            self._typed(one, one.put(**who, city=(city := self.word())), city=city)

    def edit(self) -> None:
        name = self.luck.choice(list(FIELDS))
        self._edit(name, self.word() + (" and a long tail" * (name == "firm")))

    def blank(self) -> None:
        self._edit(self.luck.choice(list(FIELDS)), "")

    def _edit(self, name: str, value: str) -> None:
        one = self.luck.choice([one for one in self.systems if one.rows])
        id = self.luck.choice(list(one.rows))
        if one.rows[id][name] != value:
            one.edit(id, **{name: value})
            self._typed(one, id, **{name: value})

    def _typed(self, one: MemorySystem, id: str, **fields: str) -> None:
        for name, value in fields.items():
            self.typed[one.name, id, name].append(value)

    def arm(self) -> None:
        self.luck.choice(self.systems).arm(*self.luck.choices(FAULTS, k=2))

    def wait(self) -> None:
        self.hub.clock.wait(self.luck.choice((1.0, 60.0, LEASE, 7200.0)))

    def land(self) -> None:
        for one in self.systems:
            one.land()

    def decide(self) -> None:
        """A steward merges two customers, parts one, pins a field or lets it go."""
        rows = self.hub.rows("SELECT customer_id, record_id FROM identity ORDER BY record_id")
        if not rows:
            return
        row, ids = self.luck.choice(rows), sorted({row.customer_id for row in rows})
        at: dict[str, Any] = {"db": self.hub.db, "wiring": self.hub.wiring(), "by": "ann"}
        try:
            match self.luck.randrange(4):
                case 0 if len(ids) > 1:
                    a, b = self.luck.sample(ids, 2)
                    steward.merge(a=a, b=b, **at)
                case 1:
                    steward.unmerge(customer=row.customer_id, records_out=[row.record_id], **at)
                case 2:
                    path = self.luck.choice(list(FIELDS.values()))
                    steward.set_pins(customer=row.customer_id, values={path: self.word()}, **at)
                case _:
                    for pin in self.hub.rows("SELECT customer_id, path FROM pin WHERE removed_at IS NULL"):
                        steward.remove_pin(customer=pin.customer_id, path=pin.path, **at)
        except HubError:
            pass

    # --- rest ---------------------------------------------------------------------------------------

    def calm(self) -> None:
        """No more faults; time passes until everything has settled."""
        for one in self.systems:
            one.faults.clear()
            one.before_write = None
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

    # --- the laws -----------------------------------------------------------------------------------

    def broken(self) -> list[str]:
        """Every law that does not hold, in words."""
        found = [f"created twice for {mark}: {count}" for mark, count in self.doubles().items()]
        found += [f"all agree: {one}" for one in self.disagreements()]
        found += [f"nothing waits: {one}" for one in self.waiting()]
        return found + [f"nobody wrote it: {one}" for one in self.invented()]

    def doubles(self) -> dict[str, int]:
        """Markers that more than one row of a system was created with."""
        made = Counter((one.name, mark) for one in self.systems for mark in one.markers.values())
        return {f"{name} {mark}": count for (name, mark), count in made.items() if count > 1}

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
                emptied = not there and self.typed[row.name, row.external_id, name][-1:] == [""]
                if there not in (wanted, one.render(name, wanted)) and not excused and not emptied:
                    found.append(f"{row.name}:{row.external_id} {name}: {there!r}, golden {wanted!r}")
        unbound = {(one.name, id) for one in self.systems for id in one.rows} - {
            (r.name, r.external_id) for r in rows
        }
        return found + [f"{name}:{id} is unknown" for name, id in sorted(unbound)]

    def waiting(self) -> list[str]:
        found = [
            f"{table} {tuple(row)}"
            for table in ("delivery", "creation")
            for row in self.hub.rows(f"SELECT state, cause FROM {table} WHERE state <> 'done'")
        ]
        found += [
            f"run {tuple(row)}"
            for row in self.hub.rows("SELECT kind, state FROM run WHERE state = 'running'")
        ]
        found += [f"re-read {tuple(row)}" for row in self.hub.rows("SELECT object, external_id FROM reread")]
        opened = self.hub.rows("SELECT record_id FROM binding WHERE intent IS NOT NULL")
        return found + [f"intent of record {row[0]}" for row in opened]

    def invented(self) -> list[str]:
        """Contributions that no person typed there."""
        found = []
        places = self.hub.rows(
            "SELECT s.id, c.name, s.external_id FROM source_record s JOIN connection c ON c.id = s.connection_id"
        )
        with self.hub.db.read() as conn:
            bindings = load_bindings(conn, [row.id for row in places])
        for row in places:
            for name, path in FIELDS.items():
                said = bindings[row.id].contribution.get(path)
                typed = self.typed[row.name, row.external_id, name]
                if said and said.value not in (*typed, *(shout(name, one) for one in typed)):
                    found.append(f"{path} of {row.name}:{row.external_id}: {said}, typed {typed}")
        return found
