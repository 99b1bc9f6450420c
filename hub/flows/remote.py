"""The two ends of a remote call: a record read becomes a reading, changes sent become receipts, come what may."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hub.errors import (
    ConnectionBroken,
    HubError,
    OutcomeUnknown,
    QuotaUsed,
    RecordRejected,
    RetryLater,
    WrongUse,
)
from hub.flows import retry
from hub.flows.wiring import Stream
from hub.sdk.connector import Change, Connector, Outcome, Receipt, RemoteRecord
from hub.sdk.writing import receipt_for
from hub.sync.reading import Reading

WRITTEN_ELSEWHERE = "write_back"  # the setting of connectors that never write in place
_SOON = 1.0  # seconds
_LONGEST = 2.0  # seconds of calls, after which what is claimed with them is put off
_PATIENCE = 10.0  # seconds to wait for a read to show a write


def reading_of(
    stream: Stream, record: RemoteRecord, *, part: str, times: tuple[float, float]
) -> Reading | None:
    """What a record read outside a page says of one part; None where it cannot be mapped or lacks the part."""
    try:
        pulled = {one.part: one for one in stream.pull(record.raw)}.get(part)
    except RecordRejected:
        return None
    if pulled is None:
        return None
    return Reading(
        pulled.values, pulled.seen, pulled.blanks, pulled.source_at, times[0], times[1], record.version, None
    )


class Sent(NamedTuple):
    """receipts: exactly one for each change, by key. broken: why nothing more can be sent before an admin
    acts, or the system's quota is back."""

    receipts: dict[str, Receipt]
    broken: HubError | None = None


def send(connector: Connector, stream: Stream, changes: Sequence[Change]) -> Sent:
    """Write, whatever the connector does, as many per call as it takes. Once the remote asks for a pause, or calls take
    long, the rest is put off unsent."""
    size = max(1, stream.capabilities.push_batch)
    made: dict[str, Receipt] = {}
    began = time.monotonic()
    for start in range(0, len(changes), size):
        if time.monotonic() - began > _LONGEST:
            made |= _put_off(changes[start:], "its turn did not come: the calls before it took long", _SOON)
            break
        receipts, broken = _call(connector, stream.object, changes[start : start + size])
        made |= receipts
        if broken is not None:
            return Sent(made | _put_off(changes[start + size :], str(broken), _SOON), broken)
        pause = next((one for one in receipts.values() if one.outcome == "retry"), None)
        if pause is not None:
            made |= _put_off(changes[start + size :], pause.cause, pause.after or _SOON)
            long = QuotaUsed(pause.cause or "it asks for a pause", after=pause.after)
            return Sent(made, long if retry.parks(long) else None)
    return Sent(made)


def _put_off(changes: Sequence[Change], cause: str | None, after: float | None) -> dict[str, Receipt]:
    return {one.key: Receipt(one.key, "retry", one.external_id, cause=cause, after=after) for one in changes}


def _call(
    connector: Connector, object: str, changes: Sequence[Change]
) -> tuple[dict[str, Receipt], HubError | None]:
    """The receipts of one call, by key; with why nothing more can be sent before an admin acts."""
    try:
        receipts = connector.push(object, changes)
    except (ConnectionBroken, WrongUse) as error:  # nothing was sent, and it costs no attempt
        return _put_off(changes, str(error), _SOON), error
    except HubError as error:  # raised before anything was sent
        receipts = [receipt_for(change, error) for change in changes]
    except Exception as error:  # a defect of the connector: what was sent is not known
        cause = f"{type(error).__name__}: {error}"
        receipts = [Receipt(change.key, "unknown", change.external_id, cause=cause) for change in changes]
    by_key = {one.key: one for one in receipts}
    silent = "no receipt came"
    return {
        one.key: by_key.get(one.key) or Receipt(one.key, "unknown", cause=silent) for one in changes
    }, None


def read_back(
    connector: Connector, stream: Stream, receipts: Mapping[str, Receipt], *, lost: Outcome
) -> dict[str, Receipt]:
    """The receipts, with the record read again where the answer of a write that is done does not show it.

    lost: the outcome where that fails. A system that is written into another place than it is read from (files) shows
    nothing of our write, and is not asked.
    """
    size = stream.capabilities.fetch_batch
    silent = {
        one.external_id: key for key, one in receipts.items() if one.outcome == "done" and not one.record
    }
    ids = [id for id in silent if id is not None]
    found = dict(receipts)
    if not ids or not size or WRITTEN_ELSEWHERE in stream.config.settings:
        return found
    time.sleep(min(stream.capabilities.read_after_write_seconds, _PATIENCE))
    try:
        for start in range(0, len(ids), size):
            for one in connector.fetch(stream.object, ids[start : start + size]):
                if not one.deleted:
                    key = silent[one.external_id]
                    found[key] = found[key]._replace(record=one)
    except HubError as error:
        cause = f"it was written, and could not be read back: {error}"
        for id in ids:
            if found[silent[id]].record is None:
                found[silent[id]] = found[silent[id]]._replace(outcome=lost, cause=cause)
    return found


def as_error(answer: Receipt) -> HubError:
    """A receipt that is not done, as the error whose row in `retry.TABLE` says what happens next."""
    if answer.outcome == "refused":
        return RecordRejected(answer.cause or "refused")
    if answer.outcome == "unknown":
        return OutcomeUnknown(answer.cause or "the outcome is not known", after=answer.after)
    return RetryLater(answer.cause or "not done", after=answer.after)
