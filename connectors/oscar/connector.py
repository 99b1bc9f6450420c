"""Accounts and orders of a django-oscar shop, over oscarapi. What was found out about it: README.md beside this file.

The shop tells neither what changed nor when, and calls nobody. So every pull reads everything, and the hub finds the
differences by its digests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from connectors.oscar import account, order
from connectors.oscar.probe import findings, shapes
from connectors.oscar.push import Pusher, username
from connectors.oscar.rest import Rest, Row, identity, linked_id
from connectors.oscar.walk import Walk
from hub.sdk import (
    Change,
    ConnectionView,
    Connector,
    Deletes,
    Finding,
    Http,
    Manifest,
    ObjectShape,
    Page,
    Receipt,
    RecordRejected,
    Rejected,
    RemoteRecord,
    Setting,
    Unsupported,
    segment,
)

_PATHS = {"customer": account.PATH, "order": order.PATH}
_LINES = 200
_WHOLE = 500


class OscarConnector(Connector):
    """One shop, seen with the rights of one staff account. Products and whole lists are kept for the job's length."""

    def __init__(self, connection: ConnectionView, *, http: Http, manifest: Manifest) -> None:
        super().__init__(connection, http=http, manifest=manifest)
        settings = connection.settings
        password = connection.secret("password") or ""
        self._rest = Rest(http, url=str(settings["url"]), user=str(settings["user"]), password=password)
        self._products: dict[str, Row] = {}
        self._whole: dict[str, frozenset[str]] = {}

    @classmethod
    def spec(cls) -> Sequence[Setting]:
        return (
            Setting("url", "url", "the shop's API, such as https://shop.example.org/api", required=True),
            Setting("user", "text", "username or e-mail of a staff account there", required=True),
            Setting("password", "secret", "its password", required=True),
        )

    def check(self) -> Iterator[Finding]:
        return findings(self._rest, read_order=self._order)

    def discover(self) -> Sequence[ObjectShape]:
        return shapes(self._rest)

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        """Everything, each time. Cursor: {"position", "anchor" (the row before it)} inside a list, {} between lists."""
        walk = Walk(self._rest, self._path(object), size=self.manifest.objects[object].page_size)
        for part in walk.parts(None if full else cursor):
            records: list[RemoteRecord] = []
            rejected: list[Rejected] = []
            for row in part.rows:
                try:
                    record = self._record(object, row)
                except RecordRejected as error:
                    rejected.append(Rejected(identity(row), dict(row), str(error)))
                else:
                    records += [record] if record else []
            yield Page(records, dict(part.cursor), rejected, part.total)
        if walk.ids is not None:
            self._whole[object] = walk.ids

    def fetch(self, object: str, external_ids: Sequence[str]) -> Sequence[RemoteRecord]:
        path = self._path(object)
        found: list[RemoteRecord] = []
        for one in external_ids:
            row = self._row(path, one)
            record = self._record(object, row) if row is not None else None
            found.append(record or RemoteRecord(one, {}, deleted=True))
        return found

    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        self._path(object)
        if object != "customer":
            raise Unsupported(
                "oscarapi writes no orders, nor their status: it only shows them",
                fix="change them in the shop's dashboard",
            )
        return Pusher(self._rest, size=_WHOLE).push(changes)

    def find(self, object: str, change: Change) -> Sequence[RemoteRecord]:
        """By our mark in the username; a create without one, or in a shop without usernames, by its e-mail."""
        self._path(object)
        if object != "customer":
            raise Unsupported("oscarapi makes no orders, so there is none to find")
        name, email = username(change), account.key(change.payload.get("email"))
        rows = Walk(self._rest, account.PATH, size=_WHOLE).rows()
        found = [row for row in rows if name and row.get("username") == name]
        if not found and email and not (change.marker and any("username" in row for row in rows)):
            found = [row for row in rows if account.key(row.get("email")) == email]
        return [account.record(row) for row in found]

    def deletes(self, object: str, since: Any, bound: Iterable[str]) -> Deletes:
        """Those of `bound` that the whole list lacks, each asked for once more: the list may have moved."""
        path = self._path(object)
        here = self._whole.pop(object, None)
        if here is None:
            here = frozenset(identity(row) for row in Walk(self._rest, path, size=_WHOLE).rows())
        return Deletes([one for one in bound if one not in here and self._row(path, one) is None])

    def _path(self, object: str) -> str:
        if object not in self.manifest.objects or object not in _PATHS:
            raise Unsupported(f"the Oscar connector knows no {object}")
        return _PATHS[object]

    def _row(self, path: str, id: str) -> Row | None:
        """Ids there are numbers; anything else would only ask for another address."""
        return self._rest.show(f"{path}{segment(id)}/") if id.isascii() and id.isdecimal() else None

    def _record(self, object: str, row: Row) -> RemoteRecord | None:
        return account.record(row) if object == "customer" else self._order(row)

    def _order(self, row: Row) -> RemoteRecord | None:
        """With its lines; None if it was deleted meanwhile: the shop then shows an empty list of lines."""
        id = identity(row)
        lines = Walk(self._rest, f"{order.PATH}{segment(id)}/lines/", size=_LINES).rows()
        if not lines and self._row(order.PATH, id) is None:
            return None
        return order.record(row, lines, goods=self._product)

    def _product(self, id: str) -> Row:
        """What was sold, as the shop shows it now. A variant without a title of its own has that of its parent."""
        if id not in self._products:
            found = dict(self._rest.show(f"admin/products/{segment(id)}/") or {})
            self._products[id] = found
            parent = linked_id(found.get("parent"))
            if parent and not found.get("title"):
                found["title"] = self._product(parent).get("title")
        return self._products[id]
