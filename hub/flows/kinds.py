"""What differs between the objects that are kept equal in both directions: customers, and orders.

The transitions of a binding, the deliveries and the creates are the same for both (sync.md); what a golden is made of,
and which records share one, is each kind's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection

from hub.flows.absorb import Evidence
from hub.flows.customers import CUSTOMERS
from hub.flows.interactions import INTERACTIONS
from hub.flows.orders import ORDERS
from hub.flows.wiring import Stream, Wiring
from hub.sync.binding import Binding


class Absorbed(Protocol):
    """What evidence has made of the goldens. counts: what of it a run reports."""

    @property
    def counts(self) -> Mapping[str, int]: ...

    def binding(self, record_id: int) -> Binding:
        """The binding of a record as it is now."""
        ...

    def wanted(self, stream: Stream, record_id: int) -> Mapping[str, Any]:
        """The golden of a record as that stream writes it (path → value; None: an emptiness that won)."""
        ...

    def owed(self, stream: Stream, record_id: int) -> dict[str, Any]:
        """What must be written to a record now (path → value)."""
        ...


class Standing(Protocol):
    """A golden in need of a record somewhere. subject: its id now; there: it has a live record there; waits: what it
    needs there first, None if nothing."""

    @property
    def subject(self) -> int: ...
    @property
    def golden(self) -> Mapping[str, Any]: ...
    @property
    def there(self) -> bool: ...
    @property
    def waits(self) -> str | None: ...


class Kind(Protocol):
    """One object. prefix: of its ids as shown."""

    @property
    def prefix(self) -> str: ...

    def goldens(self, conn: Connection, record_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """The golden fields each record answers to, as stored."""
        ...

    def subjects(self, conn: Connection, home_ids: Sequence[int]) -> dict[int, int]:
        """The id that each home id answers to now."""
        ...

    def absorb(
        self, conn: Connection, wiring: Wiring, evidence: Sequence[Evidence], *, now: float, lane: str
    ) -> Absorbed:
        """Store the evidence and all that follows from it, in the open transaction."""
        ...

    def standing(
        self, conn: Connection, wiring: Wiring, stream: Stream, *, home_ids: Sequence[int], now: float
    ) -> Mapping[int, Standing]:
        """Each of these goldens as that stream would create it."""
        ...

    def tell(
        self, conn: Connection, wiring: Wiring, record_ids: Sequence[int], *, lane: str, now: float
    ) -> None:
        """Queue what the goldens of these records owe although they have not changed."""
        ...

    def debts(
        self, conn: Connection, wiring: Wiring, stream: Stream, *, ids: Iterable[int]
    ) -> list[tuple[int, int, Mapping[str, Any], Mapping[str, Any]]]:
        """(record id, subject, what it is owed, what we last brought there) of these records of a stream."""
        ...


_KINDS: Mapping[str, Kind] = {"customer": CUSTOMERS, "order": ORDERS, "interaction": INTERACTIONS}


def kind_of(object: str) -> Kind:
    """The kind of a stream's object. Raises KeyError for one that is only read."""
    return _KINDS[object]


def has_kind(object: str) -> bool:
    """Whether records of this object are kept equal in both directions."""
    return object in _KINDS
