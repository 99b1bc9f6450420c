"""How long a call may take and how much it may bring."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes of one call. `attempts`: of a repeatable call; a wait over `patience` goes to the ladder.

    `least_write`: a write is not begun with less left of the lease. Cut short it would be in doubt for minutes; not
    begun it is done with the next lease.
    """

    connect: float = 5.0
    read: float = 30.0
    total: float = 60.0
    attempts: int = 3
    patience: float = 5.0
    least_write: float = 2.0
    max_bytes: int = 64 * 1024 * 1024
