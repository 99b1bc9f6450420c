"""Parties of a Tryton ERP, both ways, over its REST API. What was found out about it: README.md beside this file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.tryton import party, write
from connectors.tryton.lookups import Lookups
from connectors.tryton.probe import findings, shapes
from connectors.tryton.push import Pusher
from connectors.tryton.rest import HEADERS, Rest, Row, Unreadable, encode_instant
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
        auth = Bearer(connection.secret("key") or "", scheme="bearer")
        self._rest = Rest(http.at(str(connection.settings["url"]), auth=auth, headers=HEADERS))
        self._extra = tuple(connection.settings.get("fields") or ())
        self._fields = (*party.FIELDS, *self._extra)
        self._lookups = Lookups(self._rest, extra=self._extra)

    @classmethod
    def spec(cls) -> Sequence[Setting]:
        return (
            Setting(
                "url",
                "url",
                "server with database, such as https://erp.example.org/company",
                required=True,
            ),
            Setting(
                "key", "secret", "key of a validated user application of the kind REST API", required=True
            ),
            Setting(
                "fields", "list", "further simple fields of parties to read and write, under their own names"
            ),
        )

    def check(self) -> Iterator[Finding]:
        return findings(self.http, self._rest, connection=self.connection, lookups=self._lookups)

    def discover(self) -> Sequence[ObjectShape]:
        return shapes(self._rest)

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        """One pass over all parties touched since the last pass began, by id: nothing that changes meanwhile can push a
        record over a page's edge. The pass ends with the server's clock at its beginning, less the overlap.

        Cursor: {"since": instant | None} between passes, with "until" and "after" (an id) inside one.
        """
        self._know(object)
        state: Mapping[str, Any] = {} if full or not cursor else cursor
        since, until, after = state.get("since"), state.get("until"), int(state.get("after") or 0)
        size = self.manifest.objects[object].page_size
        total = None if after else self._rest.count(party.MODEL, self._others() + _touched(since))
        while True:
            rows, rejected, served_at = self._page(since, after, size)
            until = until or self._settled(served_at, object) or since
            seen = [*(row["id"] for row in rows), *(int(one.external_id or 0) for one in rejected)]
            if seen and min(seen) <= after:
                raise ConnectionBroken(
                    "the server's pages go in circles", cause=f"party {min(seen)} after {after}"
                )
            last = len(seen) < size
            after = max(seen, default=after)
            here = {"since": until} if last else {"since": since, "until": until, "after": after}
            yield self._shown(rows, Page((), here, rejected, total))
            if last:
                return
            total = None

    def fetch(self, object: str, external_ids: Sequence[str]) -> Sequence[RemoteRecord]:
        """As they are now. One that the server itself cannot read is left out of many; asked for alone, it raises."""
        self._know(object)
        ids = [int(one) for one in external_ids if one.isdecimal()]
        rows, broken = self._rest.readable(party.MODEL, ids, self._fields) if ids else ([], {})
        if broken and len(ids) == 1:
            raise Unreadable(f"party {ids[0]} cannot be read", cause=broken[ids[0]])
        found = {str(row["id"]): row for row in rows}
        left_out = {str(id) for id in broken}
        return [
            self._record(found[one]) if one in found else RemoteRecord(one, {}, deleted=True)
            for one in external_ids
            if one not in left_out
        ]

    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        self._know(object)
        return Pusher(self._rest, fields=self._fields, extra=self._extra, lookups=self._lookups).push(changes)

    def find(self, object: str, change: Change) -> Sequence[RemoteRecord]:
        """By our mark; a create without one by its e-mail and name."""
        self._know(object)
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
        return [self._record(row) for row in self._rest.search_read(party.MODEL, domain, self._fields).rows]

    def deletes(self, object: str, since: Any, bound: Iterable[str]) -> Deletes:
        """Those of `bound` deactivated, merged away, or no longer seen by the key's user; Tryton names none itself."""
        self._know(object)
        gone: list[str] = []
        asked = list(bound)
        for start in range(0, len(asked), _ALIVE_BATCH):
            part = asked[start : start + _ALIVE_BATCH]
            ids = [int(one) for one in part if one.isdecimal()]
            here = [["id", "in", ids], ["active", "=", True], ["replaced_by", "=", None]]
            rows = self._rest.search_read(party.MODEL, here, ["id"]).rows
            alive = {str(row["id"]) for row in rows}
            gone += [one for one in part if one not in alive]
        return Deletes(gone)

    def _know(self, object: str) -> None:
        if object not in self.manifest.objects:
            raise Unsupported(f"the Tryton connector knows no {object}")

    def _record(self, row: Row) -> RemoteRecord:
        return party.record(row, extra=self._extra)

    def _shown(self, rows: Sequence[Row], page: Page) -> Page:
        """`page` with these rows: as records, or rejected where the server shows them in another shape."""
        records: list[RemoteRecord] = []
        rejected = list(page.rejected)
        for row in rows:
            try:
                records.append(self._record(row))
            except RecordRejected as error:
                rejected.append(Rejected(str(row["id"]), row, str(error)))
        return page._replace(records=records, rejected=rejected)

    def _page(
        self, since: str | None, after: int, size: int
    ) -> tuple[list[Row], list[Rejected], float | None]:
        """The next parties by id. One the server itself cannot read is rejected, the others come all the same."""
        domain = [["id", ">", after], *self._others(), *_touched(since)]
        try:
            read = self._rest.search_read(party.MODEL, domain, self._fields, limit=size)
            return read.rows, [], read.served_at
        except Unreadable:
            read = self._rest.visible(party.MODEL, domain, limit=size)
        rows, broken = self._rest.readable(party.MODEL, [row["id"] for row in read.rows], self._fields)
        return rows, [Rejected(str(id), {"id": id}, cause) for id, cause in broken.items()], read.served_at

    def _others(self) -> list[Any]:
        """Parties but those that the ERP's own companies are: nobody's customers."""
        own = self._lookups.own_parties()
        return [["id", "not in", own]] if own else []

    def _settled(self, served_at: float | None, object: str) -> str | None:
        """Up to when a pass begun at the server's `served_at` knows everything; None if the server shows no clock."""
        if served_at is None:
            return None
        overlap = timedelta(seconds=self.manifest.objects[object].overlap_seconds)
        return (datetime.fromtimestamp(served_at, UTC) - overlap).isoformat().replace("+00:00", "Z")


def _touched(since: str | None) -> list[Any]:
    """Parties written or made since then, or with a child that was: a child does not touch its party's stamp."""
    if since is None:
        return []
    at = encode_instant(datetime.fromisoformat(since))
    stamps = [
        f"{child}{name}"
        for child in ("", *(f"{one}." for one in party.CHILDREN))
        for name in ("create_date", "write_date")
    ]
    return [["OR", *([stamp, ">=", at] for stamp in stamps)]]
