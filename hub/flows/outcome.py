"""What a receipt makes of a delivery's row: done, one follow-up, the ladder, or a dead letter (sync.md, "A
delivery")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from hub.flows import retry
from hub.flows.remote import as_error
from hub.sdk.connector import Receipt
from hub.store.documents import dump
from hub.store.queries import outgoing
from hub.store.queries.records import Place
from hub.sync.receipt import Received

_AT_ONCE = 3  # so often a failed precondition is tried again at once: read, decide, write


def settle_row(
    conn: Connection,
    record_id: int,
    *,
    answer: Receipt,
    received: Received,
    attempts: int,
    wrote: Mapping[str, Any],
    owed: Mapping[str, Any],
    now: float,
) -> None:
    """Bring the row of a delivery to its next state, after the receipt was absorbed.

    wrote: the values sent; owed: what golden asks for there now. A refusal of values that golden no longer asks for is
    no dead letter: what it asks for now is sent.
    """
    if received.dead and (received.held or owed == wrote):
        outgoing.set_delivery(
            conn,
            record_id,
            now=now,
            state="dead",
            cause=answer.cause,
            code=answer.outcome,
            attempts=attempts + 1,
            tried=outgoing.spelt(owed),
        )
    elif received.retry:
        at_once = answer.outcome == "not_landed" and answer.after is None
        step = retry.next_step(as_error(answer), attempts=attempts, now=now)
        outgoing.set_delivery(
            conn,
            record_id,
            now=now,
            state="dead" if step.act == "dead" else "waiting",
            next_at=now if at_once and attempts < _AT_ONCE else step.at,
            attempts=attempts + int(step.charged),
            cause=answer.cause,
            code=answer.outcome,
        )
    else:
        again = received.follow_up or bool(received.dead and owed)
        conn.execute(
            text(
                "UPDATE delivery SET state = CASE WHEN again = 1 OR :again THEN 'waiting' ELSE 'done' END, "
                "again = 0, next_at = :now, attempts = 0, lease_until = NULL, cause = NULL, code = NULL, "
                "tried = NULL, updated_at = :now WHERE record_id = :id"
            ),
            {"id": record_id, "again": again, "now": now},
        )


def receipt_row(
    place: Place, answer: Receipt, *, wrote: Mapping[str, Any], stood: Mapping[str, Any], now: float
) -> tuple[Any, ...]:
    """The row of the receipts' log, in the order of `outgoing.RECEIPT`. stood: what we had last sent there."""
    prior = {path: stood.get(path) for path in wrote}
    return (
        now, place.connection_id, place.object, place.external_id, place.id, None, "update", answer.outcome,
        dump(dict(wrote)), dump(prior), answer.cause,
    )  # fmt: skip
