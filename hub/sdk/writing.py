"""From what happened to a write to the receipt that says so (sync.md, "A delivery")."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.errors import (
    ConnectionBroken,
    HubError,
    NeedsSteward,
    OutcomeUnknown,
    RecordRejected,
    RetryLater,
    Unsupported,
)
from hub.sdk.connector import Change, Receipt


def receipt_for(change: Change, error: HubError) -> Receipt:
    """What this error means for this one write.

    OutcomeUnknown → unknown; another RetryLater, or a broken connection → retry (definitely not done); a
    rejected record,
    an unsupported one, or one that a person must decide → refused.
    """
    cause = str(error)
    if isinstance(error, OutcomeUnknown):
        return Receipt(change.key, "unknown", change.external_id, cause=cause)
    if isinstance(error, RetryLater):
        return Receipt(change.key, "retry", change.external_id, cause=cause, after=error.after)
    if isinstance(error, ConnectionBroken):
        return Receipt(change.key, "retry", change.external_id, cause=cause)
    if isinstance(error, RecordRejected | Unsupported | NeedsSteward):
        return Receipt(change.key, "refused", change.external_id, cause=cause)
    raise error


def push_each(changes: Sequence[Change], write: Callable[[Change], Receipt]) -> list[Receipt]:
    """Write one by one: exactly one receipt each, in order, for a `write` that returns its receipt or raises.

    When the remote asks for a pause or the connection proves broken, the rest is not tried. If that happens before
    anything was sent, the error is raised; afterwards the receipts there are must not be lost, and the rest says retry.
    """
    receipts: list[Receipt] = []
    stop: HubError | None = None
    for change in changes:
        if stop is not None:
            receipts.append(receipt_for(change, stop))
            continue
        try:
            receipts.append(write(change))
        except HubError as error:
            halts = isinstance(error, ConnectionBroken | RetryLater) and not isinstance(error, OutcomeUnknown)
            if halts and not receipts:
                raise
            receipts.append(receipt_for(change, error))
            stop = error if halts else None
    return receipts
