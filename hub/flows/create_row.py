"""A create between its row and the pure state of `hub.sync`."""

from __future__ import annotations

from typing import Any

from hub.store.documents import load
from hub.sync.create import Create


def state_of(row: Any) -> Create:
    """The create of its row."""
    return Create(
        home_id=row.customer_id,
        marker=row.marker,
        values=load(row.intent),
        state=row.step,
        doubt=bool(row.doubt),
        absent=bool(row.absent),
        call_ends_at=row.call_ends_at or 0.0,
        settled_at=row.settled_at or 0.0,
        lease_until=row.lease_until or 0.0,
        fence=row.fence,
    )
