"""Workers as the jobs run them, in a test's own hands: a queue of ids that may be lost, and a death at any statement.

SQL is the truth: whatever is dropped here, `upkeep.sweep` rings for it again.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flows.flow_hub import Hub
from sqlalchemy import event

from hub.errors import HubError
from hub.flows import upkeep, work
from hub.flows.wiring import load_wiring
from hub.store.session import Database

LEASE = 60.0  # seconds: how long a worker has its work for itself


class Killed(BaseException):
    """`kill -9`: nothing that runs in this process gets to the store any more."""


class Reaper(threading.local):
    """Counts the statements, commits and remote calls of one worker; at the last one it is allowed, it dies."""

    left: int | None = None
    dead: bool = False

    def step(self, *_: Any) -> None:
        if self.dead:
            raise Killed
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.dead = True
            raise Killed

    @contextmanager
    def after(self, steps: int | None) -> Iterator[None]:
        self.left, self.dead = steps, False
        try:
            yield
        finally:
            self.left, self.dead = None, False

    def watch(self, db: Database) -> None:
        event.listen(db.engine, "before_cursor_execute", self.step)
        event.listen(db.engine, "commit", self.step)


class ShopFloor:
    """The queue of one hub and whoever works on it. killed: how often a worker died."""

    def __init__(self, hub: Hub, luck: random.Random) -> None:
        self.hub, self.luck, self.reaper = hub, luck, Reaper()
        self.queue: list[tuple[str, int]] = []
        self.killed = 0
        self._nested = False
        self.reaper.watch(hub.db)

    def ring(self, now: float) -> None:
        """The scheduler: streams are due, and all that nobody has in hand is rung for."""
        for stream in self.hub.wiring().streams.values():
            if self.luck.random() < 0.5:
                work.request_pull(self.hub.db, stream, options={})
        self.queue += [(kind, int(id)) for kind, id, _ in upkeep.sweep(self.hub.db, now) if kind != "webhook"]

    def lose_queue(self) -> None:
        self.queue.clear()

    def work(self, *, steps: int | None = None) -> None:
        """One job, in any order; with `steps`, its worker dies after so many, and the next one starts afresh."""
        if not self.queue:
            return
        kind, id = self.queue.pop(self.luck.randrange(len(self.queue)))
        if steps is None:
            self.job(self.hub.db, kind, id)
            return
        with self.reaper.after(steps):
            try:
                self.job(self.hub.db, kind, id)
            except Killed:
                self.killed += 1
                self._fresh()

    def meanwhile(self, act: Callable[[], None]) -> Callable[[], None]:
        """What may happen while a write is on its way: somebody edits, a page comes in, the worker stands still until
        another has taken its work over."""

        def hook() -> None:
            self.reaper.step()
            chance = self.luck.random()
            if chance > 0.3 or self._nested:
                return
            self._nested, left = True, self.reaper.left
            self.reaper.left = None
            try:
                act()
                if chance < 0.05:
                    self.hub.clock.wait(2 * LEASE)
                self.ring(time.time())
                while self.queue and self.luck.random() < 0.8:
                    self.work()
            finally:
                self._nested, self.reaper.left = False, left

        return hook

    def job(self, db: Database, kind: str, id: int) -> None:
        try:
            if kind == "pull":
                work.run_pull(db, self.hub.settings, id, keep=False)
            else:
                wiring = load_wiring(db)
                work.run_push(db, self.hub.settings, wiring, of=wiring.of(id), seconds=30.0)
        except HubError:
            pass
        except Exception:  # a defect of the connector; the run's row has it
            if self.reaper.dead:
                raise Killed from None

    def _fresh(self) -> None:
        """A new process: other connections to the store, nothing in memory."""
        self.hub.db.close()
        self.hub.db = Database(self.hub.db.url)
        self.reaper.watch(self.hub.db)
