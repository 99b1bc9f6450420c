"""Parties and sales of a Tryton ERP, both ways, over its REST API. What was found out about it: README.md here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.tryton import party, write
from connectors.tryton.lookups import Lookups
from connectors.tryton.probe import findings, shapes
from connectors.tryton.push import Pusher
from connectors.tryton.readers import Parties, Reader, Sales
from connectors.tryton.rest import Rest, Row, Unreadable, headers
from connectors.tryton.sale_books import Books
from connectors.tryton.sale_write import SaleWriter
from connectors.tryton.settings import SETTINGS
from hub.sdk import (
    Bearer,
    Change,
    ConnectionBroken,
    ConnectionView,
    Connector,
    Deletes,
    Finding,
    Http,
    Manifest,
    Merges,
    ObjectShape,
    Page,
    Receipt,
    RecordRejected,
    Rejected,
    RemoteRecord,
    Setting,
    Unsupported,
)

_ALIVE_BATCH = 500


class TrytonConnector(Connector):
    """One database of one Tryton server, seen with the rights of the API key's user."""

    def __init__(self, connection: ConnectionView, *, http: Http, manifest: Manifest) -> None:
        super().__init__(connection, http=http, manifest=manifest)
        self._rest = self._at({})
        self._extra = tuple(connection.settings.get("fields") or ())
        self._lookups = Lookups(self._rest, extra=self._extra)
        self._books = Books(self._at, connection.settings)
        self._parties = Parties(self._rest, self._lookups, extra=self._extra)
        self._sales = Sales(self._books)

    def _at(self, context: Mapping[str, Any]) -> Rest:
        auth = Bearer(self.connection.secret("key") or "", scheme="bearer")
        url = str(self.connection.settings["url"])
        return Rest(self.http.at(url, auth=auth, headers=headers(**context)))

    @classmethod
    def spec(cls) -> Sequence[Setting]:
        return SETTINGS

    def check(self) -> Iterator[Finding]:
        return findings(
            self.http, self._rest, connection=self.connection, lookups=self._lookups, books=self._books
        )

    def discover(self) -> Sequence[ObjectShape]:
        return shapes(self._rest)

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        """One pass over all records touched since the last pass began, by id: nothing that changes meanwhile can push
        one over a page's edge. The pass ends with the server's clock at its beginning, less the overlap.

        Cursor: {"since": instant | None} between passes, with "until" and "after" (an id) inside one.
        """
        reader = self._reader(object)
        state: Mapping[str, Any] = {} if full or not cursor else cursor
        since, until, after = state.get("since"), state.get("until"), int(state.get("after") or 0)
        size = self.manifest.objects[object].page_size
        mine = [*reader.within(), *reader.touched(since)]
        total = None if after else reader.rest.count(reader.model, mine)
        while True:
            rows, rejected, served_at = _page(reader, [["id", ">", after], *mine], size)
            until = until or self._settled(served_at, object) or since
            seen = [*(row["id"] for row in rows), *(int(one.external_id or 0) for one in rejected)]
            if seen and min(seen) <= after:
                raise ConnectionBroken(
                    "the server's pages go in circles", cause=f"{reader.noun} {min(seen)} after {after}"
                )
            last = len(seen) < size
            after = max(seen, default=after)
            here = {"since": until} if last else {"since": since, "until": until, "after": after}
            yield _shown(reader, rows, Page((), here, rejected, total))
            if last:
                return
            total = None

    def fetch(self, object: str, external_ids: Sequence[str]) -> Sequence[RemoteRecord]:
        """As they are now. One that the server itself cannot read is left out of many; asked for alone, it raises."""
        reader = self._reader(object)
        ids = [int(one) for one in external_ids if one.isdecimal()]
        rows, broken = reader.rest.readable(reader.model, ids, reader.fields) if ids else ([], {})
        if broken and len(ids) == 1:
            raise Unreadable(f"{reader.noun} {ids[0]} cannot be read", cause=broken[ids[0]])
        found = {str(row["id"]): row for row in reader.completed(rows)}
        left_out = {str(id) for id in broken}
        return [
            reader.record(found[one]) if one in found else RemoteRecord(one, {}, deleted=True)
            for one in external_ids
            if one not in left_out
        ]

    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        if self._reader(object) is self._sales:
            return self._seller().push(changes)
        fields = self._parties.fields
        return Pusher(self._rest, fields=fields, extra=self._extra, lookups=self._lookups).push(changes)

    def find(self, object: str, change: Change) -> Sequence[RemoteRecord]:
        """By our mark; a party created without one by its e-mail and name."""
        reader = self._reader(object)
        if reader is self._sales:
            return [reader.record(row) for row in self._seller().made(change)]
        if change.marker:
            domain: list[Any] = [["identifiers.code", "=", party.MARKER + change.marker]]
        else:
            wanted = write.flat(change.payload)
            if not wanted.get("email"):
                return []
            domain = [
                ["contact_mechanisms", "where", [["type", "=", "email"], ["value", "=", wanted["email"]]]],
                ["name", "=", wanted.get("name")],
            ]
        return [reader.record(row) for row in self._rest.search_read(party.MODEL, domain, reader.fields).rows]

    def deletes(self, object: str, since: Any, bound: Iterable[str]) -> Deletes:
        """Those of `bound` deleted or no longer seen by the key's user, of parties also those deactivated or merged
        away; Tryton names none itself."""
        reader = self._reader(object)
        gone: list[str] = []
        asked = list(bound)
        for start in range(0, len(asked), _ALIVE_BATCH):
            part = asked[start : start + _ALIVE_BATCH]
            ids = [int(one) for one in part if one.isdecimal()]
            rows = reader.rest.search_read(reader.model, [["id", "in", ids], *reader.alive()], ["id"]).rows
            alive = {str(row["id"]) for row in rows}
            gone += [one for one in part if one not in alive]
        return Deletes(gone)

    def merges(self, object: str, since: Any) -> Merges:
        """Parties replaced by others. Cursor: the server's clock when it was asked, less the overlap."""
        if object != "customer":
            raise Unsupported(f"Tryton merges no {object} records")
        domain = [["replaced_by", "!=", None], ["active", "in", [True, False]], *self._parties.written(since)]
        found = self._rest.search_read(party.MODEL, domain, ["replaced_by"])
        pairs = [(str(row["id"]), str(row["replaced_by"])) for row in found.rows]
        return Merges(pairs, self._settled(found.served_at, object) or since)

    def _seller(self) -> SaleWriter:
        return SaleWriter(self._sales, self._books, lookups=self._lookups, name=self.connection.name)

    def _reader(self, object: str) -> Reader:
        if object not in self.manifest.objects:
            raise Unsupported(f"the Tryton connector knows no {object}")
        return self._sales if object == "order" else self._parties

    def _settled(self, served_at: float | None, object: str) -> str | None:
        """Up to when a pass begun at the server's `served_at` knows everything; None if the server shows no clock."""
        if served_at is None:
            return None
        overlap = timedelta(seconds=self.manifest.objects[object].overlap_seconds)
        return (datetime.fromtimestamp(served_at, UTC) - overlap).isoformat().replace("+00:00", "Z")


def _shown(reader: Reader, rows: Sequence[Row], page: Page) -> Page:
    """`page` with these rows: as records, or rejected where the server shows them in another shape."""
    records: list[RemoteRecord] = []
    rejected = list(page.rejected)
    for row in rows:
        try:
            records.append(reader.record(row))
        except RecordRejected as error:
            rejected.append(Rejected(str(row["id"]), row, str(error)))
    return page._replace(records=records, rejected=rejected)


def _page(reader: Reader, domain: Sequence[Any], size: int) -> tuple[list[Row], list[Rejected], float | None]:
    """The next records by id. One the server itself cannot read is rejected, the others come all the same."""
    try:
        read = reader.rest.search_read(reader.model, list(domain), reader.fields, limit=size)
        return reader.completed(read.rows), [], read.served_at
    except Unreadable:
        read = reader.rest.visible(reader.model, list(domain), limit=size)
    rows, broken = reader.rest.readable(reader.model, [row["id"] for row in read.rows], reader.fields)
    rejected = [Rejected(str(id), {"id": id}, cause) for id, cause in broken.items()]
    return reader.completed(rows), rejected, read.served_at
