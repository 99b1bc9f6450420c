"""A connector that is declared: everything a plain REST system needs stands in [rest] of manifest.toml (tables.py).

The whole connector.py of such a system is a class without a body:

    class AcmeConnector(RestConnector):
        \"\"\"People of Acme, as manifest.toml says.\"\"\"

Where the system is odd, override the one hook that the oddity is about: `record` (a row becomes a record), `fields_of`
(a change becomes a body), `verdict` (is this answer a yes?), `settings` (further settings), `extra_steps` (of a check).
"""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

from hub.errors import (
    ConnectionBroken,
    OutcomeUnknown,
    RecordRejected,
    Unsupported,
    WrongUse,
)
from hub.sdk.address import segment
from hub.sdk.connector import (
    Change,
    ConnectionView,
    Connector,
    Deletes,
    Finding,
    Hint,
    ObjectShape,
    Page,
    Receipt,
    Rejected,
    RemoteRecord,
    Setting,
)
from hub.sdk.http import Http
from hub.sdk.manifest import Manifest, read_manifest
from hub.sdk.oauth import OAuth
from hub.sdk.response import Response
from hub.sdk.rest import access, reading, signature
from hub.sdk.rest.names import reach, reach_all
from hub.sdk.rest.tables import ObjectTable, RestTable
from hub.sdk.writing import push_each

_GONE = (404, 410)
_STALE = (409, 412)


class RestConnector(Connector):
    """One account of a declared system."""

    def __init__(self, connection: ConnectionView, *, http: Http, manifest: Manifest) -> None:
        super().__init__(connection, http=http, manifest=manifest)
        if manifest.rest is None:
            raise WrongUse(f"the manifest of {manifest.name} has no table [rest]")
        self.rest = manifest.rest
        self._oauth = (
            access.oauth(self.rest.auth, connection, http) if self.rest.auth.kind == "oauth2" else None
        )
        self._query = access.query(self.rest.auth, connection, http)
        self._bound: Http | None = None
        self._root = ""
        self.address()

    # --- what a subclass may say otherwise --------------------------------------------------------------

    @classmethod
    def settings(cls) -> Sequence[Setting]:
        """Further settings of this system."""
        return ()

    def record(self, object: str, row: Mapping[str, Any]) -> RemoteRecord:
        """A row as the list or a single answer shows it. Raises RecordRejected for one that is no record."""
        table = self.rest.objects[object]
        id = reach(row, table.id)
        if isinstance(id, bool) or not isinstance(id, int | str) or id == "":
            raise RecordRejected(f"the row has no {table.id}")
        version = reach(row, table.version) if table.version else None
        return RemoteRecord(
            str(id),
            row,
            version=str(version) if version not in (None, "") else None,
            deleted=bool(table.gone and reach(row, table.gone)),
        )

    def fields_of(self, object: str, change: Change) -> dict[str, Any]:
        """The body of a write."""
        table = self.rest.objects[object]
        body = dict(change.payload)
        if table.marker and change.external_id is None and change.marker:
            body[table.marker] = change.marker
        return {table.body: body} if table.body else body

    def verdict(self, answer: Response) -> Any:
        """The content of a good answer. Raises for one that says no, whatever its status."""
        rest, said = self.rest, answer.json()
        bad = (rest.ok and reach(said, rest.ok) is not True) or (rest.error and reach(said, rest.error))
        if bad:
            why = reach(said, rest.message) if rest.message else reach(said, rest.error)
            if answer.reads:
                raise ConnectionBroken(
                    f"{answer.where}: the system says no", cause=str(why or answer.excerpt())
                )
            known = isinstance(said, dict) and (not rest.ok or reach(said, rest.ok) is False)
            refuse = RecordRejected if known else OutcomeUnknown
            raise refuse(f"{answer.where}: the system says no", cause=str(why or answer.excerpt()))
        return said

    def extra_steps(self) -> Iterator[Finding]:
        """Further steps of a check, after the others are good."""
        return iter(())

    # --- the connector ----------------------------------------------------------------------------------

    @classmethod
    def spec(cls) -> Sequence[Setting]:
        rest = _beside(Path(inspect.getfile(cls)).parent)
        return (*access.settings(rest), *cls.settings())

    def authorisation(self) -> OAuth:
        return self._oauth or super().authorisation()

    def check(self) -> Iterator[Finding]:
        return reading.check(self)

    def discover(self) -> Sequence[ObjectShape]:
        if not self.manifest.discover:
            return super().discover()
        return [reading.shape(self, object) for object in self.manifest.objects]

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        self._able(object, "pull")
        declared = self.manifest.objects[object]
        steps = reading.walk(self, object).steps(cursor, full=full, overlap=declared.overlap_seconds)
        return (self._page(object, step.rows, step.cursor) for step in steps)

    def fetch(self, object: str, external_ids: Sequence[str]) -> Sequence[RemoteRecord]:
        self._able(object, "fetch")
        if not external_ids:
            return []
        table = self.rest.objects[object]
        if not table.many:
            return [self._one(object, id) for id in external_ids]
        params = {**table.params, table.many: ",".join(external_ids)}
        rows = reading.rows_of(self.read(table.path, params=params), table.rows)
        found = {record.external_id: record for record in (self.record(object, row) for row in rows)}
        return [found.get(id) or RemoteRecord(id, {}, deleted=True) for id in external_ids]

    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        if not (self.manifest.can(object, "push") or self.manifest.can(object, "create")):
            return super().push(object, changes)
        return push_each(changes, partial(self._write, object))

    def find(self, object: str, change: Change) -> Sequence[RemoteRecord]:
        self._able(object, "find")
        table = self.rest.objects[object]
        sought = [(table.marker, change.marker)] if table.marker else []
        sought += [(table.find_field, reach(change.payload, table.find_field))] if table.find_field else []
        for name, value in sought:
            found = list(self._search(object, name, value)) if value not in (None, "") else []
            if found:
                return found
        return []

    def deletes(self, object: str, since: Any, bound: Iterable[str]) -> Deletes:
        self._able(object, "deletes")
        table = self.rest.objects[object]
        if table.gone_path:
            return reading.deleted(self, object, since)
        size, ids, gone = self.manifest.objects[object].fetch_batch, iter(bound), []
        while batch := list(islice(ids, size)):
            gone += [one.external_id for one in self.fetch(object, batch) if one.deleted]
        return Deletes(gone)

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        if self.rest.webhook is None or not self.manifest.webhooks:
            return super().verify_webhook(headers, body)
        secrets = [self.connection.secret(name) for name in ("webhook_secret", "webhook_secret_old")]
        return signature.hints(self.rest.webhook, headers, body, secrets=secrets)

    # --- calls ------------------------------------------------------------------------------------------

    def address(self) -> Http:
        """The bound way out; with oauth2 an account's own host may come with its tokens."""
        if self._bound is not None:
            return self._bound
        url, host = str(self.connection.settings["url"] or ""), self.rest.auth.host
        if self._oauth is not None and host and url == self.rest.url:
            known = self.connection.tokens.load()
            url = (known.extra.get(host) if known else None) or url
        prefix = f"/{self.rest.prefix.strip('/')}" if self.rest.prefix else ""
        auth = self._oauth or access.auth(self.rest.auth, self.connection)
        self._root = url.rstrip("/")
        self._bound = self.http.at(url.rstrip("/") + prefix, auth=auth, headers=self.rest.headers)
        return self._bound

    def call(self, method: str, path: str, **options: Any) -> Response:
        """One call with its proof; with oauth2 a refused access token is renewed once."""
        if self._query and not path.startswith(("http://", "https://")):
            options["params"] = {**(options.get("params") or {}), **self._query}
        api = self.address()
        if path.startswith("/"):
            path = f"{self._root}{path}"
        if self._oauth is None:
            return api.request(method, path, **options)
        return self._oauth.fresh(lambda: api.request(method, path, **options))

    def read(self, path: str, **options: Any) -> Any:
        """The content of a good answer to a GET."""
        return self.verdict(self.call("GET", path, **options))

    # --- single records ---------------------------------------------------------------------------------

    def _able(self, object: str, capability: str) -> None:
        if not self.manifest.can(object, capability):
            raise Unsupported(f"{self.manifest.name} cannot {capability} {object} records")

    def _page(self, object: str, rows: Sequence[Any], cursor: Any) -> Page:
        good: list[RemoteRecord] = []
        bad: list[Rejected] = []
        for row in rows:
            try:
                good.append(self.record(object, row))
            except RecordRejected as error:
                bad.append(Rejected(None, row, str(error)))
        return Page(good, cursor, bad)

    def _one(self, object: str, id: str) -> RemoteRecord:
        table = self.rest.objects[object]
        answer = self.call("GET", table.one.format(id=segment(id)), accept=_GONE)
        if answer.status in _GONE:
            return RemoteRecord(id, {}, deleted=True)
        row = reach(self.verdict(answer), table.row)
        if not isinstance(row, Mapping):
            raise ConnectionBroken(
                f"{answer.where}: there is no record at {table.row or 'the top'} of its answer"
            )
        return self.record(object, row)

    def _search(self, object: str, name: str, value: Any) -> Iterator[RemoteRecord]:
        """Records whose field `name` really is `value`: a search often finds what is only like it."""
        table = self.rest.objects[object]
        params = {**table.find_params, table.find_param: str(value)}
        rows = reading.rows_of(self.read(table.find, params=params), table.find_rows)
        ids = [str(id) for id in (reach(row, table.find_id) for row in rows) if id not in (None, "")]
        for id in dict.fromkeys(ids):
            record = self._one(object, id) if table.one else self.fetch(object, [id])[0]
            there = [str(one).casefold() for one in reach_all(record.raw, name)]
            if not record.deleted and str(value).casefold() in there:
                yield record

    def _write(self, object: str, change: Change) -> Receipt:
        table, creates = self.rest.objects[object], change.external_id is None
        if not self.manifest.can(object, "create" if creates else "push"):
            raise Unsupported(
                f"{self.manifest.name} cannot {'create' if creates else 'change'} {object} records"
            )
        method, _, path = (table.create if creates else table.update).partition(" ")
        headers = {table.condition: change.version} if table.condition and change.version else {}
        answer = self.call(
            method,
            path.format(id=segment(change.external_id or "new")),
            json=self.fields_of(object, change),
            headers=headers,
            accept=_STALE if headers else (),
        )
        if answer.status in _STALE:
            return Receipt(
                change.key, "not_landed", change.external_id, cause=answer.excerpt() or "changed meanwhile"
            )
        return self._written(object, change, answer, table)

    def _written(self, object: str, change: Change, answer: Response, table: ObjectTable) -> Receipt:
        if change.external_id is not None and not answer.body.strip():
            return Receipt(change.key, "done", change.external_id)
        row = reach(self.verdict(answer), table.row)
        try:
            record = self.record(object, row)
        except (RecordRejected, AttributeError, TypeError):
            if change.external_id is not None and self.rest.ok:  # the answer says yes, and shows nothing
                return Receipt(change.key, "done", change.external_id)
            raise OutcomeUnknown(f"{answer.where}: the answer shows no record") from None
        return Receipt(change.key, "done", record.external_id, record)


@cache
def _beside(folder: Path) -> RestTable:
    """The [rest] tables of the manifest in a connector's folder, read once."""
    text = (folder / "manifest.toml").read_text(encoding="utf-8")
    name = str(tomllib.loads(text).get("name"))
    found = read_manifest(folder, name=name).rest
    if found is None:
        raise WrongUse(f"{folder / 'manifest.toml'} has no table [rest]")
    return found
