"""What a sync tells: while it works, and at its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hub.flows.rails import Difference, Plan


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work is. total: records expected, if the system says so."""

    connection: str
    object: str
    kind: str
    counts: Counter[str]
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One pull of a stream, or one push to a connection. state: done | failed | held | later | queued."""

    connection: str
    object: str
    kind: str
    state: str
    counts: Counter[str]
    seconds: float
    cause: str | None = None


@dataclass(slots=True)
class SyncReport:
    """What a sync did. plans: what waits for a person's word. differences: of a dry run, what would be written."""

    outcomes: list[Outcome] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    strict: bool = False

    @property
    def exit_code(self) -> int:
        """0 done (also with quarantined rows, unless strict), 1 failed, held or unconfirmed."""
        bad = any(one.state not in ("done", "queued") for one in self.outcomes) or bool(self.plans)
        rejected = any(one.counts["rejected"] for one in self.outcomes)
        return int(bad or (self.strict and rejected))
