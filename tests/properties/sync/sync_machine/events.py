"""What may happen in a history: one method each; it says whether anything happened."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sync_machine.hub import Hub, Sighting
from sync_machine.manners import systems
from sync_machine.remotes import PATHS, Remote
from sync_machine.trace import Key, Trace
from sync_machine.workers import LEASE, deliver, make, pull

PEOPLE = 3
PAGES = 8
HINTS = 20
TYPED = PATHS[1:]


@dataclass
class Clock:
    now: float = 1000.0


@dataclass
class World:
    seed: int
    trace: Trace = field(default_factory=Trace)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.luck = random.Random(self.seed)
        self.remotes: dict[str, Remote] = {kind.name: kind(self.trace) for kind in systems(self.seed)}
        self.hub = Hub(self.remotes, self.trace)
        self.workers: list[Iterator[str]] = []
        self.pages: list[list[Sighting]] = []
        self.values = 0

    def pass_(self, seconds: float) -> None:
        self.clock.now += seconds
        self.trace.now = self.clock.now
        for remote in self.remotes.values():
            remote.tick(self.clock.now)

    def due(self, key: Key) -> bool:
        row = self.hub.bindings[key]
        return row.intent is not None or bool(self.hub.owed(key))

    # --- people ---

    def text(self) -> str:
        self.values += 1
        return f"p{self.values}-{self.luck.choice(('short', 'rather long'))}"

    def add(self) -> bool:
        """A person adds somebody, perhaps one whom another system has, or is just being given, too."""
        remote = self.luck.choice(list(self.remotes.values()))
        mail = f"{self.luck.choice('abcd'[:PEOPLE])}@x.org"
        fields = {path: self.text() for path in TYPED if self.luck.random() < 0.7}
        twice = self.luck.random() < 0.05 and not remote.manners.unique
        if not twice and any(raw["email"].lower() == mail for raw in remote.records.values()):
            return False
        external_id = remote.new_id()
        self.trace.note("ADD", remote.name, external_id, mail, fields)
        return remote.add(external_id, {"email": mail, **fields}, self.clock.now)

    def edit(self) -> bool:
        return self._type(self.text())

    def blank(self) -> bool:
        return self._type("")

    def put_back(self) -> bool:
        """A person types by hand what they had typed there before."""
        old = [act for act in self.trace.acts if act.taint and act.path != "email"]
        act = self.luck.choice(old or [None])
        if act is None or act.key[1] not in self.remotes[act.key[0]].records:
            return False
        self.remotes[act.key[0]].type(act.key[1], act.path, act.text, self.clock.now)
        self.trace.note("PUT BACK", *act.key, act.path, act.text)
        return True

    def delete(self) -> bool:
        remote = self.luck.choice(list(self.remotes.values()))
        if len(remote.records) < 2:
            return False
        external_id = self.luck.choice(sorted(remote.records))
        remote.delete(external_id)
        self.trace.note("DELETE", remote.name, external_id)
        return True

    def _type(self, text: str) -> bool:
        remote = self.luck.choice([some for some in self.remotes.values() if some.records] or [None])
        if remote is None:
            return False
        external_id = self.luck.choice(sorted(remote.records))
        path = self.luck.choice(TYPED)
        remote.type(external_id, path, text, self.clock.now)
        self.trace.note("TYPE", remote.name, external_id, path, text)
        return True

    # --- readings ---

    def pull(self) -> bool:
        remote = self.luck.choice(list(self.remotes.values()))
        if len(self.pages) >= PAGES or remote.locked or not remote.records:
            return False
        return self._hire(pull(self.hub, remote.name, self.clock, self.pages, self.luck))

    def late_page(self) -> bool:
        """A page is processed, in any order, and now and then twice: its worker died after the commit."""
        if not self.pages:
            return False
        self.process(self.luck.randrange(len(self.pages)), keep=self.luck.random() < 0.1)
        return True

    def process(self, index: int, *, keep: bool = False) -> None:
        page = self.pages[index] if keep else self.pages.pop(index)
        parked = [sighting for sighting in page if not self.hub.process(sighting, self.clock.now)]
        self.trace.counts["parked"] += len(parked)

    def hook(self) -> bool:
        """A webhook: a hint, which may come late, out of order, twice or never. The record is fetched."""
        hints = self.trace.hints
        del hints[:-HINTS]
        if not hints or self.luck.random() < 0.2:
            return bool(hints) and hints.pop(self.luck.randrange(len(hints))) is None
        key = hints[index := self.luck.randrange(len(hints))]
        if self.luck.random() < 0.8:
            hints.pop(index)
        return self._fetch(key)

    def reread(self) -> bool:
        marked = [key for key, row in self.hub.bindings.items() if row.reread]
        return bool(marked) and self._fetch(self.luck.choice(marked))

    def _fetch(self, key: Key) -> bool:
        remote, now = self.remotes[key[0]], self.clock.now
        if remote.locked:
            return False
        if key[1] in remote.records:
            self.pages.append([Sighting(key, remote.read(key[1], now, now), remote.map_version)])
        elif key in self.hub.bindings:
            self.hub.lose(key, now)
        return True

    # --- workers ---

    def start(self) -> bool:
        due = [key for key in self.hub.bindings if self.due(key)]
        return bool(due) and self._hire(deliver(self.hub, self.luck.choice(due), self.clock, self.luck))

    def start_create(self) -> bool:
        due = [at for at, row in self.hub.creates.items() if row.state in ("waiting", "begun")]
        return bool(due) and self._hire(make(self.hub, self.luck.choice(due), self.clock, self.luck))

    def _hire(self, worker: Iterator[str]) -> bool:
        self.workers.append(worker)
        return self._go_on(len(self.workers) - 1)

    def advance(self) -> bool:
        return bool(self.workers) and self._go_on(self.luck.randrange(len(self.workers)))

    def _go_on(self, index: int) -> bool:
        if next(self.workers[index], None) is None:
            self.workers.pop(index)
        return True

    def kill(self) -> bool:
        if self.workers:
            self.workers.pop(self.luck.randrange(len(self.workers)))
            self.trace.counts["killed"] += 1
            return True
        return False

    def freeze(self) -> bool:
        """Everybody sleeps past the lease: owners wake up beside those who took over."""
        self.pass_(self.luck.uniform(LEASE, 2 * LEASE))
        return True

    # --- stewards and admins ---

    def merge(self) -> bool:
        anchors = sorted(self.hub.clusters())
        if len(anchors) > 1:
            self.hub.merge(*self.luck.sample(anchors, 2))
            self.trace.note("MERGE", self.hub.merged)
        return len(anchors) > 1

    def unmerge(self) -> bool:
        if not self.hub.merged:
            return False
        self.hub.unmerge(self.luck.randrange(len(self.hub.merged)))
        self.trace.note("UNMERGE", self.hub.merged)
        return True

    def pin(self) -> bool:
        anchors = sorted(self.hub.clusters())
        if not anchors:
            return False
        home, path = self.luck.choice(anchors), self.luck.choice(TYPED)
        value = None if self.luck.random() < 0.15 else self.text()
        self.hub.pin(home, path, value)
        self.trace.note("PIN", home, path, value)
        return True

    def unpin(self) -> bool:
        pinned = [(home, path) for home, pins in self.hub.pins.items() for path in pins]
        if pinned:
            self.hub.unpin(*(one := self.luck.choice(pinned)))
            self.trace.note("UNPIN", *one)
        return bool(pinned)

    def decide(self) -> bool:
        """A person ends a hold: golden's value, or another."""
        held = [(home, path) for home, holds in self.hub.holds.items() for path in holds]
        if not held:
            return False
        home, path = self.luck.choice(held)
        value = self.text() if self.luck.random() < 0.5 else self.hub.holds[home][path].value
        self.hub.decide(home, path, value)
        self.trace.note("DECIDE", home, path, value)
        return True

    def expire(self) -> bool:
        """A token is no longer good for anything; somebody sees to it later."""
        remote = self.luck.choice(list(self.remotes.values()))
        remote.locked = not remote.locked
        self.trace.counts["tokens expired"] += remote.locked
        return True

    def renew(self) -> bool:
        locked = [remote for remote in self.remotes.values() if remote.locked]
        for remote in locked:
            remote.locked = False
        return bool(locked)

    def remap(self) -> bool:
        """The map of one system changes; stored bodies go through it at once, or with their next reading."""
        remote = self.luck.choice(list(self.remotes.values()))
        remote.map_version += 1
        self.trace.note("REMAP", remote.name, remote.map_version)
        self.trace.counts["maps changed"] += 1
        if self.luck.random() < 0.5:
            self.hub.remap(remote.name)
        return True


EVENTS: dict[Callable[[World], bool], int] = {
    World.add: 3,
    World.edit: 14,
    World.blank: 2,
    World.put_back: 2,
    World.delete: 1,
    World.pull: 6,
    World.late_page: 12,
    World.hook: 5,
    World.reread: 4,
    World.start: 24,
    World.start_create: 8,
    World.advance: 66,
    World.kill: 3,
    World.freeze: 2,
    World.merge: 2,
    World.unmerge: 2,
    World.pin: 1,
    World.unpin: 1,
    World.decide: 1,
    World.expire: 1,
    World.renew: 2,
    World.remap: 1,
}
