"""Writes to partners: one receipt for each change. Updates one call each, creates together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from connectors.odoo import partner
from connectors.odoo.leads import Leads
from connectors.odoo.lookups import Lookups
from connectors.odoo.loyalty import Cards
from connectors.odoo.marks import Marks
from connectors.odoo.rpc import Domain, Row, Rpc
from connectors.odoo.write import Shape, Values, values
from hub.sdk import Change, HubError, OutcomeUnknown, Receipt, RecordRejected, RemoteRecord, RetryLater
from hub.sdk.writing import push_each, receipt_for


class Partners:
    """Reads partners with their address children; with `leads`, each says which lead it was."""

    def __init__(
        self, rpc: Rpc, lookups: Lookups, *, extra: Sequence[str], cards: Cards, leads: Leads | None = None
    ) -> None:
        self._rpc = rpc
        self._lookups = lookups
        self.cards = cards
        self._leads = leads
        self._asked = tuple(extra)
        self._extra: dict[str, str] | None = None

    def extra(self) -> dict[str, str]:
        """The further fields with their types: those asked for, and every simple one that users made (x_…)."""
        if self._extra is None:
            there = self._rpc.fields(partner.MODEL)
            for name in self._asked:
                if name not in there:
                    raise RecordRejected(
                        f'partners have no field "{name}"', fix="correct the setting `fields`"
                    )
            own = sorted(name for name in there if name.startswith("x_"))
            kinds = {name: str(there[name].get("type")) for name in (*self._asked, *own)}
            readable = {*partner.SIMPLE, "many2one"}
            self._extra = {name: kind for name, kind in kinds.items() if kind in readable}
        return self._extra

    def fields(self) -> list[str]:
        return self._rpc.known(partner.MODEL, [*partner.FIELDS, *self.extra()])

    def rows(self, ids: Sequence[int]) -> list[Row]:
        return self._rpc.by_ids(partner.MODEL, ids, self.fields())

    def records(self, rows: Sequence[Row]) -> list[RemoteRecord]:
        children = partner.children_of(self._rpc, [row["id"] for row in rows])
        everybody = [*rows, *(child for mine in children.values() for child in mine)]
        self._lookups.learn_states(partner.link(one.get("state_id")) for one in everybody)
        extra, cards = self.extra(), self.cards.of([row["id"] for row in rows])
        if self._leads is not None:
            refs = self._leads.refs([row["id"] for row in rows])
            cards = {row["id"]: {**cards.get(row["id"], {}), "lead": refs.get(row["id"])} for row in rows}
        return [
            partner.record(
                row, children[row["id"]], lookups=self._lookups, extra=extra, cards=cards.get(row["id"], {})
            )
            for row in rows
        ]

    def touched(self, since: str) -> Domain:
        """Those written since, and those with a loyalty card or a lead that was."""
        stamp: Domain = ["write_date", ">=", since]
        holders = [*self.cards.holders(since), *(self._leads.holders(since) if self._leads else ())]
        return ["|", stamp, ["id", "in", holders]] if holders else [stamp]

    def shape(self) -> Shape:
        fields = self._rpc.fields(partner.MODEL)
        writable = {name: kind for name, kind in self.extra().items() if not fields[name].get("readonly")}
        return Shape(fields, writable)


Push = Callable[[Sequence[Change]], Sequence[Receipt]]


def push_apart(
    changes: Sequence[Change], *, apart: Callable[[Change], bool], push: Push, push_apart: Push
) -> list[Receipt]:
    """Some changes by one way, the others by another, receipts in the order of `changes`.

    Raises only before the first write: what stops the second way stands in its receipts.
    """
    first = [one for one in changes if not apart(one)]
    second = [one for one in changes if apart(one)]
    receipts = {one.key: one for one in (push(first) if first else ())}
    try:
        receipts |= {one.key: one for one in (push_apart(second) if second else ())}
    except HubError as error:
        if not receipts:
            raise
        receipts |= {one.key: receipt_for(one, error) for one in second}
    return [receipts[one.key] for one in changes]


class PartnerWriter:
    """One push call. Raises only before the first write."""

    def __init__(self, rpc: Rpc, partners: Partners, *, lookups: Lookups, marks: Marks) -> None:
        self._rpc = rpc
        self._partners = partners
        self._lookups = lookups
        self._marks = marks
        self._rows: dict[int, Row] = {}
        self._children: dict[int, list[Row]] = {}
        self._made: dict[str, int] = {}

    def push(self, changes: Sequence[Change]) -> list[Receipt]:
        if not changes:
            return []
        self._shape = self._partners.shape()
        self._made = self._marks.find(
            [one.marker for one in changes if one.external_id is None and one.marker]
        )
        updates = [one for one in changes if self._target(one)]
        creates = [one for one in changes if not self._target(one)]
        ids = [int(id) for id in map(self._target, updates) if id and id.isdecimal()]
        self._rows = {row["id"]: row for row in self._partners.rows(ids)}
        self._children = partner.children_of(self._rpc, list(self._rows))
        receipts = {one.key: one for one in push_each(updates, self._update)}
        try:
            receipts |= {one.key: one for one in self._create(creates)}
        except HubError as error:
            if not receipts:
                raise
            receipts |= {one.key: receipt_for(one, error) for one in creates}
        return self._shown([receipts[one.key] for one in changes])

    def _target(self, change: Change) -> str | None:
        """The partner to write to; for a create that was already carried out, the one that it made."""
        made = self._made.get(change.marker or "")
        return change.external_id or (str(made) if made is not None else None)

    def _update(self, change: Change) -> Receipt:
        id = self._target(change) or ""
        row = self._rows.get(int(id)) if id.isdecimal() else None
        if row is None:
            return Receipt(change.key, "refused", id, cause=f"partner {id} is not there")
        written = self._values(change, row)
        if written:
            said = self._rpc.write(partner.MODEL, "write", {"vals": written}, ids=[row["id"]])
            if said is not True:
                raise OutcomeUnknown("the answer to a write is not as agreed", cause=f"{said!r:.100}")
        return Receipt(change.key, "done", id)

    def _values(self, change: Change, row: Row | None) -> Values:
        children: Sequence[Row] = self._children.get(row["id"], []) if row else ()
        return values(change.payload, row, children, lookups=self._lookups, shape=self._shape)

    def _create(self, changes: Sequence[Change]) -> list[Receipt]:
        """Those with the same fields in one call each."""
        receipts: list[Receipt] = []
        alike: dict[tuple[str, ...], list[tuple[Change, Values]]] = {}
        for change in changes:
            try:
                if not change.marker:
                    raise RecordRejected("a create needs a mark, or it could be made twice")
                made = self._values(change, None)
            except RecordRejected as error:
                receipts.append(receipt_for(change, error))
                continue
            alike.setdefault(tuple(sorted(made)), []).append((change, made))
        stop: HubError | None = None
        for batch in alike.values():
            if stop is not None:
                receipts += [receipt_for(change, stop) for change, _ in batch]
                continue
            try:
                receipts += self._together(batch)
            except RetryLater as error:
                if not receipts and not isinstance(error, OutcomeUnknown):
                    raise
                receipts += [receipt_for(change, error) for change, _ in batch]
                stop = None if isinstance(error, OutcomeUnknown) else error
        return receipts

    def _together(self, batch: Sequence[tuple[Change, Values]]) -> list[Receipt]:
        """All or none over there: when one is refused, in halves."""
        markers = [change.marker or "" for change, _ in batch]
        try:
            ids = self._marks.create(markers, [made for _, made in batch])
        except RecordRejected as error:
            if len(batch) == 1:
                return [receipt_for(batch[0][0], error)]
            half = len(batch) // 2
            receipts: list[Receipt] = []
            for part in (batch[:half], batch[half:]):
                try:
                    receipts += self._together(part)
                except HubError as later:
                    receipts += [receipt_for(change, later) for change, _ in part]
            return receipts
        return [Receipt(change.key, "done", str(id)) for (change, _), id in zip(batch, ids, strict=True)]

    def _shown(self, receipts: Sequence[Receipt]) -> list[Receipt]:
        """The receipts with the records as they read now; without them if they cannot be read."""
        ids = [int(one.external_id) for one in receipts if one.outcome == "done" and one.external_id]
        records: dict[str, Any] = {}
        with contextlib.suppress(HubError):
            records = {one.external_id: one for one in self._partners.records(self._partners.rows(ids))}
        return [one._replace(record=records.get(one.external_id or "")) for one in receipts]
