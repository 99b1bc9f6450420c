"""One history: people, pages, workers, faults and stewards in some order, then quiet, then the claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sync_machine import claims
from sync_machine.events import EVENTS, World
from sync_machine.manners import LATE
from sync_machine.trace import Broken, Key
from sync_machine.workers import LEASE, deliver, make, pull

from hub.sync.delivery import give_up

STEPS = 80
ROUNDS = 40
PATIENCE = 5  # quiet rounds before the admin gives up a write that is refused again and again
_NAMES = tuple(event.__name__ for event, weight in EVENTS.items() for _ in range(weight))
_BY_NAME = {event.__name__: event for event in EVENTS}


@dataclass
class History(World):
    """All randomness comes from the seed, or from the steps given to `play`. Both raise Broken if a claim does not
    hold."""

    steps: int = STEPS
    done: int = field(default=0, init=False)

    def run(self) -> History:
        """As many steps in which something happened as asked for."""
        acts = [_BY_NAME[name] for name in _NAMES]
        self.add()
        while self.done < self.steps:
            self.pass_(self.luck.uniform(0.1, 1.5))
            self.done += bool(self.luck.choice(acts)(self))
        return self.judged()

    def play(self, steps: Iterable[tuple[str, int]]) -> History:
        """These events, each with its own luck: leaving one out changes no other."""
        self.add()
        for name, number in steps:
            self.luck.seed(number)
            self.pass_(self.luck.uniform(0.1, 1.5))
            self.done += bool(_BY_NAME[name](self))
        self.luck.seed(0)
        return self.judged()

    def judged(self) -> History:
        self.quiet()
        claims.check(self.hub, self.trace)
        return self

    def quiet(self) -> None:
        """No more people, faults or frozen workers: everything must come to rest by itself."""
        self.workers.clear()
        for remote in self.remotes.values():
            remote.locked = False
        for round_ in range(ROUNDS):
            self.pass_(LATE + LEASE)
            before = len(self.trace.log)
            self._read_all()
            for at in list(self.hub.creates):
                _finish(make(self.hub, at, self.clock, None))
            for key in list(self.hub.bindings):
                self._settle(key, admin=round_ > PATIENCE)
            if len(self.trace.log) == before and not self._waiting():
                return
        raise Broken(
            "nothing waits",
            f"after {ROUNDS} quiet rounds something waits: {self._waiting() or 'writes go on'}",
        )

    def _read_all(self) -> None:
        for name in self.remotes:
            _finish(pull(self.hub, name, self.clock, self.pages, None))
        while self.pages:
            self.process(0)
        for key, row in list(self.hub.bindings.items()):
            if key[1] not in self.remotes[key[0]].records and (row.reread or not row.gone):
                self.hub.lose(key, self.clock.now)

    def _settle(self, key: Key, *, admin: bool) -> None:
        row = self.hub.bindings[key]
        if admin and row.refused:
            self.hub.bindings[key] = give_up(row)
            self.trace.counts["given up by the admin"] += 1
        if self.due(key):
            _finish(deliver(self.hub, key, self.clock, None))

    def _waiting(self) -> list[str]:
        hub = self.hub
        waits = [f"create {at}" for at, row in hub.creates.items() if row.state in ("waiting", "begun")]
        waits += [f"intent {key}" for key, row in hub.bindings.items() if row.intent is not None]
        waits += [f"re-read {key}" for key, row in hub.bindings.items() if row.reread]
        waits += [f"delivery {key} {hub.owed(key)}" for key in hub.bindings if hub.owed(key)]
        return waits + [f"parked {page}" for page in self.pages]


def names() -> tuple[str, ...]:
    """Every event's name, as often as its weight."""
    return _NAMES


def _finish(worker: Iterator[str]) -> None:
    for _ in worker:
        pass
