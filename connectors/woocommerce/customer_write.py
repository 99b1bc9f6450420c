"""Changes of customers: one by its own call, several by one call of the batch endpoint, which answers row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from connectors.woocommerce import customer
from connectors.woocommerce.regions import Regions
from connectors.woocommerce.rest import Rest, Row, code_of, refused, status_of
from hub.sdk import Change, HubError, OutcomeUnknown, Receipt, RecordRejected, RemoteRecord, segment
from hub.sdk.writing import push_each, receipt_for


class _Ready(NamedTuple):
    """A change and what is sent for it."""

    change: Change
    body: dict[str, Any]


class CustomerWriter:
    """Writes a batch of changes."""

    def __init__(self, rest: Rest, *, regions: Regions) -> None:
        self._rest = rest
        self._regions = regions

    def push(self, changes: Sequence[Change]) -> list[Receipt]:
        receipts: list[Receipt] = []
        ready: list[_Ready] = []
        for change in changes:
            try:
                _refuse_strange_id(change)
                ready.append(_Ready(change, customer.body(change, coding=self._regions.code)))
            except RecordRejected as error:
                receipts.append(receipt_for(change, error))
        if len(ready) == 1:
            receipts += push_each([ready[0].change], lambda change: self._single(ready[0]))
        elif ready:
            receipts += self._batch(ready)
        return receipts

    def _single(self, one: _Ready) -> Receipt:
        id = one.change.external_id
        if id is None:
            return self._done(one.change, self._rest.write("POST", customer.PATH, one.body))
        return self._done(one.change, self._rest.write("PUT", f"{customer.PATH}/{segment(id)}", one.body))

    def _batch(self, ready: Sequence[_Ready]) -> list[Receipt]:
        """All in one call. Without a verdict every one of them is in doubt."""
        create = [one for one in ready if one.change.external_id is None]
        update = [one for one in ready if one.change.external_id is not None]
        sent: dict[str, Any] = {}
        if create:
            sent["create"] = [one.body for one in create]
        if update:
            sent["update"] = [{"id": int(one.change.external_id or 0), **one.body} for one in update]
        try:
            answer = self._rest.write("POST", f"{customer.PATH}/batch", sent)
        except (OutcomeUnknown, RecordRejected) as error:
            return [receipt_for(one.change, error) for one in ready]
        return [*self._rows(create, answer.get("create")), *self._rows(update, answer.get("update"))]

    def _rows(self, ready: Sequence[_Ready], answers: Any) -> list[Receipt]:
        """The answers stand in the order of the questions; one that is missing or another's is no verdict."""
        given = answers if isinstance(answers, list) else []
        receipts: list[Receipt] = []
        for place, one in enumerate(ready):
            row = given[place] if place < len(given) and len(given) == len(ready) else None
            try:
                receipts.append(self._done(one.change, row))
            except HubError as error:
                receipts.append(receipt_for(one.change, error))
        return receipts

    def _done(self, change: Change, row: Any) -> Receipt:
        if isinstance(row, dict) and code_of(row.get("error")):
            if status_of(200, row["error"]) >= 500:
                raise OutcomeUnknown(
                    "the store failed over this row of a batch", cause=str(refused(row["error"]))
                )
            raise refused(row["error"])
        id = row.get("id") if isinstance(row, dict) else None
        if not isinstance(id, int) or id < 1 or change.external_id not in (None, str(id)):
            raise OutcomeUnknown("the store answered the write of a customer in another shape than agreed")
        return Receipt(change.key, "done", str(id), self._record(row))

    def _record(self, row: Row) -> RemoteRecord | None:
        """None if it cannot be shown now: the write has landed all the same."""
        try:
            return customer.record(row, naming=self._regions.name)
        except HubError:
            return None


def _refuse_strange_id(change: Change) -> None:
    id = change.external_id
    if id is not None and not (id.isascii() and id.isdecimal()):
        raise RecordRejected(f"customer {id} is not there: ids there are numbers")
