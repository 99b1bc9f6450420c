"""Contacts, accounts and leads of one account: read, found, written; what is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connectors.zoho import party
from connectors.zoho.api import Api, Row
from connectors.zoho.bulk import Bulk
from connectors.zoho.fields import Field, Fields
from connectors.zoho.find import equals, ids_where
from connectors.zoho.party_write import PartyWriter
from connectors.zoho.push import Pusher
from connectors.zoho.settings import Choices
from connectors.zoho.users import Users
from connectors.zoho.walk import Walk
from hub.sdk import Change, ObjectShape, Page, Receipt, RecordRejected, Rejected, RemoteRecord

IDS = 50  # 1,024 characters of them, says the specification
_ALL = {party.LEADS: {"converted": "both"}}
# What a create is looked for by, where it bears no mark.
_TELLING = ("Last_Name", "First_Name", "Email", "Phone", "Account_Name", "Website")


class Parties:
    def __init__(self, api: Api, fields: Fields, choices: Choices, *, size: int) -> None:
        self._api = api
        self._fields = fields
        self._choices = choices
        self._size = size
        self._writer = PartyWriter(
            fields, Users(api), persons=choices.persons, marker_field=choices.marker_field
        )

    @property
    def modules(self) -> tuple[str, ...]:
        return self._choices.modules

    def pages(self, cursor: Any, *, full: bool, overlap: float) -> Iterator[Page]:
        walk = Walk(
            self._api,
            self.modules,
            fields=lambda module: self._portions(module)[0],
            size=self._size,
            later=_ALL,
            whole=Bulk(self._api, least=self._choices.bulk_from, fields=self._asked),
        )
        for step in walk.steps(cursor, full=full, overlap=overlap):
            rows = step.rows if step.whole else self._completed(step.module, step.rows)
            if step.whole:
                rows = [row for row in rows if not party.converted(row)]
            yield self._page(step.module, rows, step.cursor)

    def fetch(self, external_ids: Sequence[str]) -> list[RemoteRecord]:
        """As they are now. A converted lead is not there any more: it is a contact."""
        found: dict[str, RemoteRecord] = {}
        asked: dict[str, list[str]] = {}
        for one in external_ids:
            parts = party.parted(one)
            if parts is not None and parts[0] in party.KINDS:
                asked.setdefault(parts[0], []).append(parts[1])
        for module, ids in asked.items():
            for row in self._rows(module, ids):
                if not party.converted(row):
                    record = self._record(module, row)
                    found[record.external_id] = record
        return [found.get(one) or RemoteRecord(one, {}, deleted=True) for one in external_ids]

    def push(self, changes: Sequence[Change]) -> list[Receipt]:
        pusher = Pusher(self._api, triggers=self._choices.triggers, named=party.external_id, read=self.fetch)
        return pusher.push(changes, self._writer.wish)

    def find(self, change: Change) -> list[RemoteRecord]:
        """By its mark; where the module has no field for it, by all that tells who it is."""
        module = self._writer.module_for(change.payload)
        marker = self._choices.marker_field
        if change.marker and marker and marker in self._fields.of(module):
            terms = [equals(marker, change.marker)]
        else:
            row = self._writer.row(module, change.payload)
            terms = [equals(name, str(row[name])) for name in _TELLING if row.get(name)]
        if not terms:
            return []
        ids = ids_where(self._api, module, terms)
        return [one for one in self.fetch([party.external_id(module, id) for id in ids]) if not one.deleted]

    def shapes(self) -> list[ObjectShape]:
        shown = []
        for module in self.modules:
            fields = self._fields.shapes(module, party.ALIASES[module])
            shown.append(ObjectShape(module, "customer", fields))
        return shown

    def _portions(self, module: str) -> list[tuple[str, ...]]:
        return self._fields.read(module, party.USUAL[module])

    def _asked(self, module: str) -> dict[str, Field]:
        """The fields that are read, with what they are."""
        there = self._fields.of(module)
        return {name: there[name] for portion in self._portions(module) for name in portion}

    def _completed(self, module: str, rows: list[Row]) -> list[Row]:
        """The rows with the fields that one call could not hold."""
        portions = self._portions(module)[1:] if rows else []
        by_id = {str(row["id"]): row for row in rows}
        ids = list(by_id)
        for portion in portions:
            for start in range(0, len(ids), IDS):
                for row in self._ask(module, ids[start : start + IDS], portion):
                    by_id.get(str(row.get("id")), {}).update(row)
        return rows

    def _rows(self, module: str, ids: Sequence[str]) -> list[Row]:
        rows: list[Row] = []
        first = self._portions(module)[0]
        for start in range(0, len(ids), IDS):
            rows += self._ask(module, ids[start : start + IDS], first)
        return self._completed(module, rows)

    def _ask(self, module: str, ids: Sequence[str], fields: Sequence[str]) -> list[Row]:
        more = {"converted": "both"} if module == party.LEADS else {}
        asked = {"ids": ",".join(ids), "fields": ",".join(fields), **more}
        return self._api.read(f"/{module}", asked).rows

    def _page(self, module: str, rows: Sequence[Row], cursor: Any) -> Page:
        records: list[RemoteRecord] = []
        rejected: list[Rejected] = []
        for row in rows:
            try:
                records.append(self._record(module, row))
            except RecordRejected as error:
                id = row.get("id")
                rejected.append(Rejected(party.external_id(module, id) if id else None, row, str(error)))
        return Page(records, cursor, rejected)

    def _record(self, module: str, row: Row) -> RemoteRecord:
        row = {name: value for name, value in row.items() if name != self._choices.marker_field}
        return party.record(module, row, home_currency=self._choices.home_currency)
