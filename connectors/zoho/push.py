"""Writes in batches: up to 100 rows of one module in a call, a verdict per row, then a read-back of what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from connectors.zoho.api import Api, Row, Verdict
from hub.sdk import (
    Change,
    ConnectionBroken,
    HubError,
    OutcomeUnknown,
    Receipt,
    RemoteRecord,
    RetryLater,
)
from hub.sdk.connector import Outcome
from hub.sdk.writing import receipt_for

_MOST = 100
# A verdict that says nothing about the record: the row may go again, or may have landed.
_LATER = frozenset({"LIMIT_EXCEEDED", "TOO_MANY_REQUESTS"})
_DOUBT = frozenset(
    {"INTERNAL_ERROR", "INTERNAL_SERVER_ERROR", "DEPENDENT_SERVICE_ERROR", "AMBIGUITY_DURING_PROCESSING"}
)


class Wish(NamedTuple):
    """One row to write: `id` None creates. `unique`: the field by which Zoho itself knows a row made twice (upsert)."""

    change: Change
    module: str
    id: str | None
    row: Row
    unique: str | None = None


class Batch(NamedTuple):
    method: str
    path: str
    unique: str | None
    wishes: list[Wish]


Named = Callable[[str, Any], str]
Read = Callable[[Sequence[str]], Sequence[RemoteRecord]]


class Pusher:
    """`triggers`: which automations of Zoho a write of ours fires. `named`: (module, id) → external id.
    `read`: records as they are now, as `Connector.fetch`."""

    def __init__(self, api: Api, *, triggers: Sequence[str], named: Named, read: Read) -> None:
        self._api = api
        self._triggers = list(triggers)
        self._named = named
        self._read = read

    def push(self, changes: Sequence[Change], wish: Callable[[Change], Wish]) -> list[Receipt]:
        """One receipt for each change, in order. A pause that Zoho asks for, or a broken connection, ends the rest."""
        receipts: dict[str, Receipt] = {}
        wishes: list[Wish] = []
        for change in changes:
            try:
                wishes.append(wish(change))
            except HubError as error:
                if isinstance(error, ConnectionBroken | RetryLater):
                    raise
                receipts[change.key] = receipt_for(change, error)
        stop: HubError | None = None
        sent = False
        for batch in _batches(wishes):
            if stop is None:
                try:
                    receipts |= self._write(batch)
                    sent = True
                    continue
                except OutcomeUnknown as error:
                    sent = True
                    receipts |= {one.change.key: receipt_for(one.change, error) for one in batch.wishes}
                    continue
                except HubError as error:
                    halts = isinstance(error, ConnectionBroken | RetryLater)
                    if halts and not sent and not receipts:
                        raise
                    if not halts:
                        receipts |= {one.change.key: receipt_for(one.change, error) for one in batch.wishes}
                        continue
                    stop = error
            receipts |= {one.change.key: receipt_for(one.change, stop) for one in batch.wishes}
        return self._shown([receipts[change.key] for change in changes])

    def _write(self, batch: Batch) -> dict[str, Receipt]:
        rows = [{**one.row, **({"id": one.id} if one.id else {})} for one in batch.wishes]
        body: dict[str, Any] = {"data": rows, "trigger": self._triggers}
        if batch.unique:
            body["duplicate_check_fields"] = [batch.unique]
        verdicts = self._api.write(batch.method, batch.path, body, count=len(rows))
        return {
            one.change.key: self._receipt(one, verdict)
            for one, verdict in zip(batch.wishes, verdicts, strict=True)
        }

    def _receipt(self, one: Wish, verdict: Verdict) -> Receipt:
        change = one.change
        if verdict.done:
            id = verdict.details.get("id") or one.id
            if not id:
                return Receipt(change.key, "unknown", cause="Zoho says it is done, and not where")
            return Receipt(change.key, "done", self._named(one.module, id))
        cause = _cause(verdict)
        if verdict.code in _LATER:
            return Receipt(change.key, "retry", change.external_id, cause=cause, after=60.0)
        outcome: Outcome = "unknown" if verdict.code in _DOUBT else "refused"
        return Receipt(change.key, outcome, change.external_id, cause=cause)

    def _shown(self, receipts: list[Receipt]) -> list[Receipt]:
        """With the records that were written, as they are there now; without, if they cannot be read at the moment."""
        done = [one.external_id for one in receipts if one.outcome == "done" and one.external_id]
        if not done:
            return receipts
        try:
            found = {one.external_id: one for one in self._read(done) if not one.deleted}
        except HubError:
            return receipts
        return [
            one._replace(record=found.get(one.external_id or "")) if one.outcome == "done" else one
            for one in receipts
        ]


def _batches(wishes: Sequence[Wish]) -> Iterator[Batch]:
    """Rows of one module and kind of write together, in the order they came."""

    def kind(one: Wish) -> tuple[str, bool, str]:
        return one.module, one.id is None, (one.unique or "") if one.id is None else ""

    for (module, new, unique), group in groupby(sorted(wishes, key=kind), key=kind):
        mine = list(group)
        for start in range(0, len(mine), _MOST):
            part = mine[start : start + _MOST]
            if not new:
                yield Batch("PUT", f"/{module}", None, part)
            elif unique:
                yield Batch("POST", f"/{module}/upsert", unique, part)
            else:
                yield Batch("POST", f"/{module}", None, part)


def _cause(verdict: Verdict) -> str:
    """Zoho's words, with the field they are about."""
    told: list[str] = []
    details: Mapping[str, Any] = verdict.details
    for name in ("api_name", "json_path", "expected_data_type", "maximum_length"):
        if details.get(name) not in (None, ""):
            told.append(f"{name} {details[name]}")
    other = details.get("duplicate_record")
    if isinstance(other, Mapping) and other.get("id"):
        told.append(f"it is record {other['id']}")
    return f"{verdict.code}: {verdict.message}" + (f" ({', '.join(told)})" if told else "")
