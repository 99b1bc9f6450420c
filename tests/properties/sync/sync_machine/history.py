"""One seeded history: people, pages, workers, faults and stewards in random order, then quiet, then the
claims."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from sync_machine import claims
from sync_machine.hub import Hub, Sighting
from sync_machine.remotes import LATE, PATHS, REMOTES
from sync_machine.trace import Broken, Trace
from sync_machine.workers import LEASE, deliver, make

from hub.sync.delivery import give_up

STEPS = 300
PEOPLE = 3
PAGES = 6
ROUNDS = 40
PATIENCE = 5  # quiet rounds before the admin gives up a write that is refused again and again


@dataclass
class Clock:
    now: float = 1000.0


@dataclass
class History:
    """All randomness comes from the seed; `run` raises Broken if a claim does not hold."""

    seed: int
    trace: Trace = field(default_factory=Trace)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.luck = random.Random(self.seed)
        self.remotes = {kind.name: kind(self.trace) for kind in REMOTES}
        self.hub = Hub(self.remotes, self.trace)
        self.workers: list[Iterator[str]] = []
        self.pages: list[list[Sighting]] = []
        self.values = 0
        self.steps = 0

    def run(self) -> Trace:
        acts = [act for act, weight in EVENTS.items() for _ in range(weight)]
        self._add()
        while self.steps < STEPS:
            self._pass(self.luck.uniform(0.1, 1.5))
            self.steps += self.luck.choice(acts)(self)
        self.quiet()
        claims.check(self.hub, self.trace)
        return self.trace

    def quiet(self) -> None:
        """No more people, faults or frozen workers: everything must come to rest by itself."""
        self.workers.clear()
        for round_ in range(ROUNDS):
            self._pass(LATE + LEASE)
            before = len(self.trace.log)
            for remote in self.remotes.values():
                self._snapshot(remote.name)
            while self.pages:
                self._process(0)
            for key, row in list(self.hub.bindings.items()):
                if key[1] not in self.remotes[key[0]].records and (row.reread or not row.gone):
                    self.hub.lose(key, self.clock.now)
            for at in list(self.hub.creates):
                for _ in make(self.hub, at, self.clock, None):
                    pass
            for key in list(self.hub.bindings):
                if round_ > PATIENCE and self.hub.bindings[key].refused:
                    self.hub.bindings[key] = give_up(self.hub.bindings[key])
                    self.trace.counts["given up by the admin"] += 1
                if self._due(key):
                    for _ in deliver(self.hub, key, self.clock, None):
                        pass
            if len(self.trace.log) == before and not self._waiting():
                return
        raise Broken(f"after {ROUNDS} quiet rounds something waits: {self._waiting() or 'writes go on'}")

    def _waiting(self) -> list[str]:
        hub = self.hub
        waits = [f"create {at}" for at, row in hub.creates.items() if row.state in ("waiting", "begun")]
        waits += [f"intent {key}" for key, row in hub.bindings.items() if row.intent is not None]
        waits += [f"re-read {key}" for key, row in hub.bindings.items() if row.reread]
        waits += [f"delivery {key} {hub.owed(key)}" for key in hub.bindings if hub.owed(key)]
        return waits + [f"parked {page}" for page in self.pages]

    def _pass(self, seconds: float) -> None:
        self.clock.now += seconds
        self.trace.now = self.clock.now
        for remote in self.remotes.values():
            remote.tick(self.clock.now)

    def _due(self, key: tuple[str, str]) -> bool:
        row = self.hub.bindings[key]
        return row.intent is not None or bool(self.hub.owed(key))

    # --- events: each says whether anything happened ---

    def _text(self) -> str:
        self.values += 1
        return f"p{self.values}-{self.luck.choice(('short', 'rather long'))}"

    def _add(self) -> bool:
        """A person adds somebody, perhaps one whom another system has, or is just being given, too."""
        remote = self.luck.choice(list(self.remotes.values()))
        mail = f"{self.luck.choice('abcd'[:PEOPLE])}@x.org"
        fields = {path: self._text() for path in PATHS[1:] if self.luck.random() < 0.7}
        if any(raw["email"].lower() == mail for raw in remote.records.values()):
            return False
        external_id = remote.new_id()
        self.trace.note("ADD", remote.name, external_id, mail, fields)
        return remote.add(external_id, {"email": mail, **fields}, self.clock.now)

    def _edit(self) -> bool:
        return self._type(self._text())

    def _blank(self) -> bool:
        return self._type("")

    def _put_back(self) -> bool:
        """A person types by hand what they had typed there before."""
        old = [act for act in self.trace.acts if act.taint and act.path != "email"]
        act = self.luck.choice(old or [None])
        if act is None or act.key[1] not in self.remotes[act.key[0]].records:
            return False
        self.remotes[act.key[0]].type(act.key[1], act.path, act.text, self.clock.now)
        self.trace.note("PUT BACK", *act.key, act.path, act.text)
        return True

    def _delete(self) -> bool:
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
        path = self.luck.choice(PATHS[1:])
        remote.type(external_id, path, text, self.clock.now)
        self.trace.note("TYPE", remote.name, external_id, path, text)
        return True

    def _page(self) -> bool:
        return len(self.pages) < PAGES and self._snapshot(self.luck.choice(sorted(self.remotes)))

    def _snapshot(self, name: str) -> bool:
        remote, now = self.remotes[name], self.clock.now
        page = [Sighting((name, found), remote.read(found, now, now)) for found in remote.records]
        if page:
            self.pages.append(page)
        return bool(page)

    def _late_page(self) -> bool:
        if self.pages:
            self._process(self.luck.randrange(len(self.pages)))
            return True
        return False

    def _process(self, index: int) -> None:
        page = self.pages.pop(index)
        parked = [sighting for sighting in page if not self.hub.process(sighting, self.clock.now)]
        self.trace.counts["parked"] += len(parked)

    def _reread(self) -> bool:
        marked = [key for key, row in self.hub.bindings.items() if row.reread]
        if marked:
            key = self.luck.choice(marked)
            if key[1] not in self.remotes[key[0]].records:
                self.hub.lose(key, self.clock.now)
                return True
            read = self.remotes[key[0]].read(key[1], self.clock.now, self.clock.now)
            self.hub.process(Sighting(key, read), self.clock.now)
        return bool(marked)

    def _start(self) -> bool:
        due = [key for key in self.hub.bindings if self._due(key)]
        return bool(due) and self._hire(deliver(self.hub, self.luck.choice(due), self.clock, self.luck))

    def _start_create(self) -> bool:
        due = [at for at, row in self.hub.creates.items() if row.state in ("waiting", "begun")]
        return bool(due) and self._hire(make(self.hub, self.luck.choice(due), self.clock, self.luck))

    def _hire(self, worker: Iterator[str]) -> bool:
        self.workers.append(worker)
        return self._go_on(len(self.workers) - 1)

    def _advance(self) -> bool:
        return bool(self.workers) and self._go_on(self.luck.randrange(len(self.workers)))

    def _go_on(self, index: int) -> bool:
        if next(self.workers[index], None) is None:
            self.workers.pop(index)
        return True

    def _kill(self) -> bool:
        if self.workers:
            self.workers.pop(self.luck.randrange(len(self.workers)))
            self.trace.counts["killed"] += 1
            return True
        return False

    def _freeze(self) -> bool:
        """Everybody sleeps past the lease: owners wake up beside those who took over."""
        self._pass(self.luck.uniform(LEASE, 2 * LEASE))
        return True

    def _merge(self) -> bool:
        anchors = sorted(self.hub.clusters())
        if len(anchors) > 1:
            self.hub.merge(*self.luck.sample(anchors, 2))
            self.trace.note("MERGE", self.hub.merged)
        return len(anchors) > 1

    def _unmerge(self) -> bool:
        if not self.hub.merged:
            return False
        self.hub.unmerge(self.luck.randrange(len(self.hub.merged)))
        self.trace.note("UNMERGE", self.hub.merged)
        return True


EVENTS = {
    History._add: 3,
    History._edit: 14,
    History._blank: 2,
    History._put_back: 2,
    History._delete: 1,
    History._page: 8,
    History._late_page: 10,
    History._reread: 4,
    History._start: 24,
    History._start_create: 8,
    History._advance: 60,
    History._kill: 3,
    History._freeze: 2,
    History._merge: 2,
    History._unmerge: 2,
}
