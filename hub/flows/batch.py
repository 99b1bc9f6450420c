"""What every step of a batch of deliveries or creates works with, and how many are taken at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hub.flows.kinds import Kind, kind_of
from hub.flows.wiring import Stream, Wiring
from hub.sdk.connector import Connector
from hub.store.session import Database

LEASE_SECONDS = 60.0
WINDOW = (
    0.25  # seconds between the reads of a batch and its last write: a person's edit in between may be lost
)
MOST = 50  # records taken at once where the remote is quick, however few it takes per call


class Pace:
    """How many records are taken at once: what the remote takes in one call, or more of a quick one, as many as are
    read and written in a moment. Their transactions are shared then; one for each would cost more than the calls."""

    def __init__(self) -> None:
        self._quick = 1

    def size(self, stream: Stream) -> int:
        """Records to claim now."""
        return max(1, stream.capabilities.push_batch, self._quick)

    def took(self, records: int, *, seconds: float) -> None:
        """So long took the calls of so many records."""
        if records:
            fit = int(WINDOW * records / max(seconds, 1e-6))
            self._quick = max(1, min(MOST, fit, 4 * max(records, self._quick)))


@dataclass(frozen=True, slots=True)
class Batch:
    """The stream, its connector, what is counted, and the lease of a claim in seconds."""

    db: Database
    wiring: Wiring
    stream: Stream
    connector: Connector
    counts: Counter[str]
    lease_seconds: float = LEASE_SECONDS
    pace: Pace = field(default_factory=Pace)

    @property
    def kind(self) -> Kind:
        """What a golden of this stream is made of."""
        return kind_of(self.stream.object)
