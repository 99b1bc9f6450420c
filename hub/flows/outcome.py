"""What a receipt makes of a delivery's row: done, one follow-up, the ladder, or a dead letter (sync.md, "A
delivery")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from hub.errors import HubError
from hub.flows import retry
from hub.flows.remote import as_error
from hub.sdk.connector import Receipt
from hub.store.documents import dump
from hub.store.queries import outgoing, outgoing_rows
from hub.store.queries.records import Place
from hub.sync.receipt import Received

_AT_ONCE = 3  # so often a failed precondition is tried again at once: read, decide, write


class Rows:
    """What becomes of the rows of a batch of deliveries; gathered, then stored in few statements."""

    def __init__(self) -> None:
        self._changed: list[tuple[int, dict[str, Any]]] = []
        self._settled: list[tuple[int, bool]] = []

    def put(self, record_id: int, **columns: Any) -> None:
        """Columns as in `outgoing_rows.set_deliveries`."""
        self._changed.append((record_id, columns))

    def retry(self, record_id: int, error: HubError, *, attempts: int, now: float) -> None:
        """Nothing was sent: on the ladder, or a dead letter; what waits for an admin costs no attempt."""
        step = retry.next_step(error, attempts=attempts, now=now)
        self.put(
            record_id,
            state="dead" if step.act == "dead" else "waiting",
            next_at=step.at,
            attempts=attempts + int(step.charged and step.act != "stop"),
            cause=str(error),
            code=error.code,
        )

    def settle(
        self,
        record_id: int,
        *,
        answer: Receipt,
        received: Received,
        attempts: int,
        wrote: Mapping[str, Any],
        owed: Mapping[str, Any],
        now: float,
    ) -> None:
        """After the receipt was absorbed.

        wrote: the values sent; owed: what golden asks for there now. A refusal of values that golden no longer asks for
        is no dead letter: what it asks for now is sent.
        """
        told = {"cause": answer.cause, "code": answer.outcome}
        if received.dead and (received.held or owed == wrote):
            tried = outgoing.spelt(owed)
            self.put(record_id, state="dead", attempts=attempts + 1, tried=tried, **told)
        elif received.retry:
            at_once = answer.outcome == "not_landed" and answer.after is None and attempts < _AT_ONCE
            step = retry.next_step(as_error(answer), attempts=attempts, now=now)
            self.put(
                record_id,
                state="dead" if step.act == "dead" else "waiting",
                next_at=now if at_once else step.at,
                attempts=attempts + int(step.charged),
                **told,
            )
        else:
            self._settled.append((record_id, received.follow_up or bool(received.dead and owed)))

    def store(self, conn: Connection, *, now: float) -> None:
        """Store all that was gathered."""
        outgoing_rows.set_deliveries(conn, self._changed, now=now)
        outgoing_rows.settle_deliveries(conn, self._settled, now=now)


def receipt_row(
    place: Place, answer: Receipt, *, wrote: Mapping[str, Any], stood: Mapping[str, Any], now: float
) -> tuple[Any, ...]:
    """The row of the receipts' log, in the order of `outgoing.RECEIPT`. stood: what we had last sent there."""
    prior = {path: stood.get(path) for path in wrote}
    return (
        now, place.connection_id, place.object, place.external_id, place.id, None, "update", answer.outcome,
        dump(dict(wrote)), dump(prior), answer.cause,
    )  # fmt: skip
