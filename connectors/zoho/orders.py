"""Sales orders of one account: read one by one, for only a single record shows its lines; found, written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connectors.zoho import order, party
from connectors.zoho.api import Api, Row
from connectors.zoho.fields import Fields
from connectors.zoho.find import equals, ids_where
from connectors.zoho.order_write import OrderWriter
from connectors.zoho.products import Products
from connectors.zoho.push import Pusher
from connectors.zoho.settings import Choices
from connectors.zoho.users import Users
from connectors.zoho.walk import Walk
from hub.sdk import Change, ObjectShape, Page, Receipt, RecordRejected, Rejected, RemoteRecord

_LISTED = ("id", "Modified_Time")


class Orders:
    def __init__(self, api: Api, fields: Fields, choices: Choices, *, size: int) -> None:
        self._api = api
        self._fields = fields
        self._choices = choices
        self._size = size
        self._writer = OrderWriter(
            fields,
            Products(api, policy=choices.unknown_product, placeholder=choices.placeholder_product),
            Users(api),
            whole=self._whole,
            account_of=self._account_of,
            marker_field=choices.marker_field,
            home_currency=choices.home_currency,
            default_account=choices.orders_account,
        )

    def pages(self, cursor: Any, *, full: bool, overlap: float) -> Iterator[Page]:
        walk = Walk(self._api, (order.MODULE,), fields=lambda module: _LISTED, size=self._size, later={})
        for step in walk.steps(cursor, full=full, overlap=overlap):
            records: list[RemoteRecord] = []
            rejected: list[Rejected] = []
            for listed in step.rows:
                row = self._whole(str(listed["id"]))
                if row is None:  # deleted meanwhile: the list of deleted records tells it
                    continue
                try:
                    records.append(self._record(row))
                except RecordRejected as error:
                    rejected.append(Rejected(str(row.get("id")), row, str(error)))
            yield Page(records, step.cursor, rejected)

    def fetch(self, external_ids: Sequence[str]) -> list[RemoteRecord]:
        found = []
        for one in external_ids:
            row = self._whole(one) if one.isascii() and one.isdecimal() else None
            found.append(self._record(row) if row is not None else RemoteRecord(one, {}, deleted=True))
        return found

    def push(self, changes: Sequence[Change]) -> list[Receipt]:
        pusher = Pusher(
            self._api, triggers=self._choices.triggers, named=lambda module, id: str(id), read=self.fetch
        )
        return pusher.push(changes, self._writer.wish)

    def find(self, change: Change) -> list[RemoteRecord]:
        """By the hub's id in its field; where there is none, by the subject, which is the order's number there."""
        marker = self._choices.marker_field
        if change.marker and marker and marker in self._fields.of(order.MODULE):
            terms = [equals(marker, change.marker)]
        elif change.payload.get("Subject"):
            terms = [equals("Subject", str(change.payload["Subject"]))]
        else:
            return []
        ids = ids_where(self._api, order.MODULE, terms)
        return [one for one in self.fetch(ids) if not one.deleted]

    def shapes(self) -> ObjectShape:
        return ObjectShape(order.MODULE, "order", self._fields.shapes(order.MODULE, {}))

    def _whole(self, id: str) -> Row | None:
        rows = self._api.read(f"/{order.MODULE}/{id}", {}).rows
        return rows[0] if rows else None

    def _account_of(self, contact: str) -> str | None:
        asked = {"ids": contact, "fields": "id,Account_Name"}
        rows = self._api.read(f"/{party.CONTACTS}", asked).rows
        account = rows[0].get("Account_Name") if rows else None
        return str(account["id"]) if account else None

    def _record(self, row: Row) -> RemoteRecord:
        return order.record(
            row, home_currency=self._choices.home_currency, marker_field=self._choices.marker_field
        )
