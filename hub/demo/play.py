"""What the steps of the demo share: the hub, the systems around it, and what has been found out so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.demo.erp import Erp
from hub.demo.orders import Orders
from hub.demo.stage import Stage
from hub.demo.store import Store
from hub.demo.systems import System
from hub.demo.views import World
from hub.flows import exports, find
from hub.flows.sync import Progress, SyncReport, sync
from hub.flows.wiring import Wiring, load_wiring
from hub.settings import Settings
from hub.store.session import Database

BY = "demo"
"""Who acts, in decisions and the audit trail."""


@dataclass(slots=True)
class Play:
    """One run of the demo. figures: what the summary and the tests look at; problems: what should not have happened."""

    home: Path
    seed: int
    stage: Stage
    settings: Settings = field(init=False)
    db: Database = field(init=False)
    erp: Erp = field(init=False)
    store: Store = field(init=False)
    world: World = field(init=False)
    systems: Mapping[str, System] = field(init=False)
    orders: Orders = field(init=False)
    figures: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def tell(self, fact: str, **figures: Any) -> None:
        """A fact for the audience, with the figures behind it."""
        self.stage.tell(fact)
        self.figures |= figures

    def expect(self, right: bool, otherwise: str) -> None:
        """Something the demo promises. Broken, it is told, and the demo ends with exit code 1."""
        if not right:
            self.problems.append(otherwise)
            self.stage.tell(f"NOT AS PROMISED: {otherwise}")

    def sync(self, *, confirm: bool = False) -> SyncReport:
        """What `hub sync` does."""

        def say(progress: Progress) -> None:
            counts = ", ".join(f"{count:,} {name}" for name, count in progress.counts.items() if count)
            self.stage.moving(f"{progress.connection} {progress.object} {progress.kind} {counts}")

        report = sync(self.db, self.settings, confirm=confirm, say=say)
        for one in report.outcomes:
            self.expect(
                one.state == "done", f"{one.connection} {one.object} {one.kind}: {one.state}, {one.cause}"
            )
        return report

    def settle(self) -> None:
        """Sync, let the systems import what came back, and sync what they then export; no edit may come of that."""
        self.sync()
        for system in self.systems.values():
            system.take_back()
        again = written(self.sync())
        self.expect(not again, f"importing what the hub had written led to more writes: {dict(again)}")

    def wiring(self) -> Wiring:
        return load_wiring(self.db)

    def meant(self, who: str) -> int:
        """The customer named as CONNECTION:EXTERNAL_ID."""
        with self.db.read() as conn:
            return find.meant(conn, who).customer_id

    def links(self) -> dict[tuple[str, str], str]:
        """(connection, external id) → customer id: what `hub export links` writes."""
        return {(connection, id): customer for connection, _, id, customer in exports.links(self.db)}

    def in_erp(self, key: str, *, known_as: str = "crm") -> str | None:
        """The ERP's id of the customer that a member of the cast is."""
        links = self.links()
        customer = links[(known_as, self.world.id_of(known_as, key))]
        return next((id for (name, id), one in links.items() if name == "erp" and one == customer), None)


def written(report: SyncReport) -> Counter[str]:
    """Records written to, by connection."""
    found: Counter[str] = Counter()
    for one in report.outcomes:
        if one.kind == "push":
            found[one.connection] += one.counts["written"] + one.counts["created"]
    return +found
