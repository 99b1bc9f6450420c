"""The two ends of a remote call: a record read becomes a reading, changes sent become receipts, come what may."""

from __future__ import annotations

from collections.abc import Sequence

from hub.errors import HubError, OutcomeUnknown, RecordRejected, RetryLater
from hub.flows.wiring import Stream
from hub.sdk.connector import Change, Connector, Receipt, RemoteRecord
from hub.sdk.writing import receipt_for
from hub.sync.reading import Reading


def reading_of(
    stream: Stream, record: RemoteRecord, *, part: str, times: tuple[float, float]
) -> Reading | None:
    """What a record read outside a page says of one part; None where it cannot be mapped or lacks the part."""
    try:
        pulled = {one.part: one for one in stream.map.pull(record.raw)}.get(part)
    except RecordRejected:
        return None
    if pulled is None:
        return None
    return Reading(
        pulled.values, pulled.seen, pulled.blanks, pulled.source_at, times[0], times[1], record.version, None
    )


def send(connector: Connector, object: str, changes: Sequence[Change]) -> dict[str, Receipt]:
    """Write; exactly one receipt for each change, by key, whatever the connector does."""
    try:
        receipts = connector.push(object, changes)
    except HubError as error:  # raised before anything was sent
        receipts = [receipt_for(change, error) for change in changes]
    except Exception as error:  # a defect of the connector: what was sent is not known
        cause = f"{type(error).__name__}: {error}"
        receipts = [Receipt(change.key, "unknown", change.external_id, cause=cause) for change in changes]
    by_key = {one.key: one for one in receipts}
    return {
        change.key: by_key.get(change.key) or Receipt(change.key, "unknown", cause="no receipt came")
        for change in changes
    }


def as_error(answer: Receipt) -> HubError:
    """A receipt that is not done, as the error whose row in `retry.TABLE` says what happens next."""
    if answer.outcome == "refused":
        return RecordRejected(answer.cause or "refused")
    if answer.outcome == "unknown":
        return OutcomeUnknown(answer.cause or "the outcome is not known", after=answer.after)
    return RetryLater(answer.cause or "not done", after=answer.after)
