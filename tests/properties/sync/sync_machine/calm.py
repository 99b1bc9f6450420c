"""Histories without faults: one change, then rest. How many writes does it cost?"""

from __future__ import annotations

from sync_machine.events import World
from sync_machine.history import History
from sync_machine.trace import Broken

CHANGES = (World.edit, World.edit, World.edit, World.blank, World.add, World.delete, World.pin, World.unpin)


class Calm(History):
    """As many changes as asked for, each in peace."""

    def run(self) -> Calm:
        while self.done < self.steps:
            act, before = self.luck.choice(CHANGES), self.trace.counts["writes landed"]
            if not act(self):
                continue
            self.quiet()
            self.done += 1
            writes = self.trace.counts["writes landed"] - before
            self.trace.counts["changes"] += 1
            if writes > self._others(act):
                raise Broken(
                    "no write too many", f"{writes} writes for one {act.__name__}: {self.trace.log[-9:]}"
                )
        self.judged()
        return self

    def _others(self, act: object) -> int:
        """A change in one system goes to the other two; a steward's goes to all; somebody who is added is brought to
        golden there, too. Where people made two records of somebody in one system, both are brought to golden."""
        twice = len(self.hub.bindings) - len(
            {(self.hub.anchor(self.hub.home[key]), key[0]) for key in self.hub.bindings}
        )
        one_change = (
            len(self.remotes) - 1 if act in (World.edit, World.blank, World.delete) else len(self.remotes)
        )
        return one_change + twice
