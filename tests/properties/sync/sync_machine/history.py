"""One seeded history: people, pages, workers, faults and stewards in random order, then quiet, then the claims."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from sync_machine import claims
from sync_machine.hub import Hub, Sighting
from sync_machine.remotes import LATE, PATHS, REMOTES
from sync_machine.trace import Broken, Trace
from sync_machine.workers import LEASE, deliver, make

STEPS = 80
PEOPLE = 3
PAGES = 6
ROUNDS = 40


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
        for _ in range(STEPS):
            self._pass(self.luck.uniform(0.2, 3.0))
            self.luck.choice(acts)(self)
            self.steps += 1
        self.quiet()
        claims.check(self.hub, self.trace)
        return self.trace

    def quiet(self) -> None:
        """No more people, faults or frozen workers: everything must come to rest by itself."""
        self.workers.clear()
        for _ in range(ROUNDS):
            self._pass(LATE + LEASE)
            before = len(self.trace.log)
            for remote in self.remotes.values():
                self._snapshot(remote.name)
            while self.pages:
                self._process(0)
            for at in list(self.hub.creates):
                for _ in make(self.hub, at, self.clock, None):
                    pass
            for key in list(self.hub.bindings):
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
        for remote in self.remotes.values():
            remote.tick(self.clock.now)

    def _due(self, key: tuple[str, str]) -> bool:
        row = self.hub.bindings[key]
        return row.intent is not None or bool(self.hub.owed(key))

    # --- events ---

    def _text(self) -> str:
        self.values += 1
        return f"p{self.values}-{self.luck.choice(('short', 'rather long'))}"

    def _add(self) -> None:
        """A person adds somebody, perhaps one whom another system has, or is just being given, too."""
        remote = self.luck.choice(list(self.remotes.values()))
        mail = f"{self.luck.choice('abc'[:PEOPLE])}@x.org"
        fields = {path: self._text() for path in PATHS[1:] if self.luck.random() < 0.7}
        if any(raw["email"].lower() == mail for raw in remote.records.values()):
            return
        external_id = f"{remote.name[0]}{len(remote.records) + 1}"
        if remote.add(external_id, {"email": mail, **fields}, self.clock.now):
            self.trace.note(self.clock.now, "ADD", remote.name, external_id, remote.records[external_id])

    def _edit(self) -> None:
        self._type(self._text())

    def _blank(self) -> None:
        self._type("")

    def _type(self, text: str) -> None:
        remote = self.luck.choice([some for some in self.remotes.values() if some.records] or [None])
        if remote is not None:
            external_id = self.luck.choice(sorted(remote.records))
            path = self.luck.choice(PATHS[1:])
            remote.type(external_id, path, text, self.clock.now)
            self.trace.note(self.clock.now, "TYPE", remote.name, external_id, path, text)

    def _page(self) -> None:
        if len(self.pages) < PAGES:
            self._snapshot(self.luck.choice(sorted(self.remotes)))

    def _snapshot(self, name: str) -> None:
        remote, now = self.remotes[name], self.clock.now
        page = [Sighting((name, found), remote.read(found, now, now)) for found in remote.records]
        if page:
            self.pages.append(page)

    def _late_page(self) -> None:
        if self.pages:
            self._process(self.luck.randrange(len(self.pages)))

    def _process(self, index: int) -> None:
        page = self.pages.pop(index)
        parked = [sighting for sighting in page if not self.hub.process(sighting, self.clock.now)]
        self.trace.counts["parked"] += len(parked)

    def _reread(self) -> None:
        marked = [key for key, row in self.hub.bindings.items() if row.reread]
        if marked:
            key = self.luck.choice(marked)
            read = self.remotes[key[0]].read(key[1], self.clock.now, self.clock.now)
            self.hub.process(Sighting(key, read), self.clock.now)

    def _start(self) -> None:
        due = [key for key in self.hub.bindings if self._due(key)]
        if due:
            self.workers.append(deliver(self.hub, self.luck.choice(due), self.clock, self.luck))
            self._advance_last()

    def _start_create(self) -> None:
        due = [at for at, row in self.hub.creates.items() if row.state in ("waiting", "begun")]
        if due:
            self.workers.append(make(self.hub, self.luck.choice(due), self.clock, self.luck))
            self._advance_last()

    def _advance_last(self) -> None:
        if next(self.workers[-1], None) is None:
            self.workers.pop()

    def _advance(self) -> None:
        if self.workers:
            index = self.luck.randrange(len(self.workers))
            if next(self.workers[index], None) is None:
                self.workers.pop(index)

    def _kill(self) -> None:
        if self.workers:
            self.workers.pop(self.luck.randrange(len(self.workers)))
            self.trace.counts["killed"] += 1

    def _freeze(self) -> None:
        """Everybody sleeps past the lease: owners wake up beside those who took over."""
        self._pass(self.luck.uniform(LEASE, 2 * LEASE))

    def _merge(self) -> None:
        anchors = sorted(self.hub.clusters())
        if len(anchors) > 1:
            self.hub.merge(*self.luck.sample(anchors, 2))
            self.trace.note(self.clock.now, "MERGE", self.hub.merged)

    def _unmerge(self) -> None:
        if self.hub.merged:
            self.hub.unmerge(self.luck.randrange(len(self.hub.merged)))
            self.trace.note(self.clock.now, "UNMERGE", self.hub.merged)


EVENTS = {
    History._add: 3,
    History._edit: 14,
    History._blank: 2,
    History._page: 8,
    History._late_page: 12,
    History._reread: 4,
    History._start: 8,
    History._start_create: 6,
    History._advance: 34,
    History._kill: 3,
    History._freeze: 2,
    History._merge: 1,
    History._unmerge: 1,
}
