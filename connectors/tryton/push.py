"""Writes to parties: one receipt for each change, and the truth about a write the server failed on.

The REST route has no precondition. What it has: a 4xx or 5xx that the server itself answered means its transaction is
over, so that reading the party (or looking for our mark) afterwards tells whether it was committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.tryton import party, write
from connectors.tryton.lookups import Lookups
from connectors.tryton.rest import Gone, Rest, Row, ServerFailed
from hub.sdk import Change, HubError, OutcomeUnknown, Receipt, RecordRejected, RemoteRecord
from hub.sdk.writing import push_each, receipt_for


class Pusher:
    """One push call. Raises only before the first write."""

    def __init__(self, rest: Rest, *, fields: Sequence[str], extra: Sequence[str], lookups: Lookups) -> None:
        self._rest = rest
        self._fields = tuple(fields)
        self._extra = tuple(extra)
        self._lookups = lookups
        self._rows: dict[str, Row] = {}
        self._broken: dict[str, str] = {}
        self._made: dict[str, str] = {}

    def push(self, changes: Sequence[Change]) -> list[Receipt]:
        """Updates one by one (the API writes one record a call), creates together."""
        self._lookups.types()
        self._made = self._marked([one for one in changes if one.external_id is None])
        updates = [one for one in changes if self._target(one)]
        creates = [one for one in changes if not self._target(one)]
        self._read([int(id) for id in map(self._target, updates) if id and id.isdecimal()])
        receipts = {one.key: one for one in push_each(updates, self._update)}
        try:
            receipts |= {one.key: one for one in self._create(creates)}
        except HubError as error:
            if not receipts:
                raise
            receipts |= {one.key: receipt_for(one, error) for one in creates}
        return [receipts[one.key] for one in changes]

    def _target(self, change: Change) -> str | None:
        """The party to write to; for a create that was already carried out, the one that it made."""
        return change.external_id or self._made.get(change.marker or "")

    def _read(self, ids: Sequence[int]) -> None:
        if ids:
            rows, broken = self._rest.readable(party.MODEL, ids, self._fields)
            self._rows |= {str(row["id"]): row for row in rows}
            self._broken |= {str(id): cause for id, cause in broken.items()}

    def _update(self, change: Change) -> Receipt:
        id = self._target(change) or ""
        row = self._rows.get(id)
        if row is None:
            cause = self._broken.get(id, f"party {id} is not there")
            return Receipt(change.key, "refused", id, cause=cause)
        values = self._values(change, row)
        if not values:
            return Receipt(change.key, "done", id, self._record(row))
        try:
            answer = self._rest.write(party.MODEL, int(id), values, fields=self._fields)
        except Gone as error:
            return Receipt(change.key, "refused", id, cause=str(error))
        except (RecordRejected, ServerFailed) as error:
            return self._look(change, row, error)
        if answer:
            self._rows[id] = answer
        return Receipt(change.key, "done", id, self._record(answer))

    def _look(self, change: Change, row: Row, error: RecordRejected | ServerFailed) -> Receipt:
        """The server said no or failed: see whether the party is still as we read it."""
        refused = Receipt(change.key, "refused", str(row["id"]), cause=str(error))
        try:
            now = self._rest.search_read(party.MODEL, [["id", "=", row["id"]]], self._fields).rows
        except HubError:
            return refused if isinstance(error, RecordRejected) else receipt_for(change, error)
        moved = not now or party.version(now[0]) != party.version(row)
        if isinstance(error, ServerFailed):
            if moved:
                return receipt_for(change, error)
            return refused._replace(outcome="retry") if error.transient else refused
        # Refused on a base that is no longer true, such as a child deleted meanwhile: start again from a fresh one.
        return refused._replace(outcome="not_landed") if moved and now else refused

    def _create(self, changes: Sequence[Change]) -> list[Receipt]:
        """All in one call; when that fails, what became of it, or in halves."""
        receipts: list[Receipt] = []
        ready: list[Change] = []
        payloads: list[dict[str, Any]] = []
        for change in changes:
            try:
                payloads.append(self._values(change, None))
                ready.append(change)
            except RecordRejected as error:
                receipts.append(receipt_for(change, error))
        if not ready:
            return receipts
        try:
            if not ready[1:]:
                row = self._rest.create_one(party.MODEL, payloads[0], fields=self._fields)
                return [*receipts, Receipt(ready[0].key, "done", str(row["id"]), self._record(row))]
            ids = self._rest.create(party.MODEL, payloads)
        except RecordRejected as error:
            # All were rolled back for the sake of one.
            return receipts + (self._halves(ready) if ready[1:] else [receipt_for(ready[0], error)])
        except ServerFailed as error:
            return receipts + self._search(ready, error)
        except OutcomeUnknown as error:
            return receipts + [receipt_for(change, error) for change in ready]
        return receipts + self._show(ready, [str(id) for id in ids])

    def _halves(self, changes: Sequence[Change]) -> list[Receipt]:
        receipts: list[Receipt] = []
        half = len(changes) // 2
        for part in (changes[:half], changes[half:]):
            try:
                receipts += self._create(part)
            except HubError as error:
                receipts += [receipt_for(change, error) for change in part]
        return receipts

    def _search(self, changes: Sequence[Change], error: ServerFailed) -> list[Receipt]:
        """The server failed on a create: our marks tell whether its transaction, which holds all of them, was kept."""
        unknown = [receipt_for(change, error) for change in changes]
        if not all(change.marker for change in changes):
            return unknown
        try:
            made = self._marked(changes)
        except HubError:
            return unknown
        if made:
            return self._show(changes, [made[change.marker or ""] for change in changes])
        if error.transient:
            return [one._replace(outcome="retry") for one in unknown]
        if changes[1:]:
            return self._halves(changes)
        return [unknown[0]._replace(outcome="refused")]

    def _show(self, changes: Sequence[Change], ids: Sequence[str]) -> list[Receipt]:
        """Receipts with the new records as they read; without them if they cannot be read now."""
        try:
            rows, _ = self._rest.readable(party.MODEL, [int(id) for id in ids], self._fields)
        except HubError:
            rows = []
        records = {str(row["id"]): self._record(row) for row in rows}
        return [
            Receipt(change.key, "done", id, records.get(id)) for change, id in zip(changes, ids, strict=True)
        ]

    def _marked(self, changes: Sequence[Change]) -> dict[str, str]:
        """Marker → party, of those creates that were carried out before."""
        codes = [party.MARKER + change.marker for change in changes if change.marker]
        if not codes:
            return {}
        fields = ("code", "party")
        rows = self._rest.search_read(
            "party.identifier", [["type", "=", None], ["code", "in", codes]], fields
        ).rows
        return {row["code"].removeprefix(party.MARKER): str(row["party"]) for row in rows}

    def _values(self, change: Change, row: Row | None) -> dict[str, Any]:
        return write.values(
            change.payload,
            row,
            references=self._lookups,
            extra=self._lookups.types(),
            marker=change.marker if row is None else None,
        )

    def _record(self, row: Row | None) -> RemoteRecord | None:
        """The record for a receipt; None if the server does not show it."""
        try:
            return party.record(row, extra=self._extra) if row else None
        except RecordRejected:
            return None
