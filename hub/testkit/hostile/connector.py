"""A connector as it should be, for a system as it should not be (testkit/remote.py). The comments say why."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from hub.sdk import (
    Bearer,
    Change,
    ConnectionBroken,
    ConnectionView,
    Connector,
    Deletes,
    FieldShape,
    Finding,
    Hint,
    Http,
    HubError,
    Manifest,
    NeedsReauth,
    ObjectShape,
    OutcomeUnknown,
    Page,
    Receipt,
    RecordRejected,
    Rejected,
    RemoteRecord,
    Response,
    Setting,
    Unsupported,
)
from hub.sdk.paging import by_time, by_token
from hub.sdk.signing import verify, verify_moment
from hub.sdk.writing import receipt_for

_REFUSED = {"invalid", "duplicate", "missing"}


class Hostile(Connector):
    """Customers both ways, orders in."""

    def __init__(self, connection: ConnectionView, *, http: Http, manifest: Manifest) -> None:
        super().__init__(connection, http=http, manifest=manifest)
        # `at` checks the address and teaches the redactor the key; nothing is sent yet.
        self._api = http.at(connection.settings["url"], auth=Bearer(connection.secret("key") or ""))

    @classmethod
    def spec(cls) -> Sequence[Setting]:
        return (
            Setting("url", "url", "where the system stands", required=True),
            Setting("key", "secret", "its API key: Settings → API", required=True),
            Setting("webhook_secret", "secret", "what it signs webhooks with"),
            Setting("webhook_secret_old", "secret", "the one before, during a rotation"),
        )

    def check(self) -> Iterator[Finding]:
        # One step per thing that can be wrong, the cheapest first; the first failure ends it.
        try:
            account = self._answer(self._api.get("v1/me"))["account"]
        except NeedsReauth as error:
            yield Finding("credentials", False, str(error), "copy the key again from Settings → API")
            return
        except HubError as error:
            yield Finding("reach", False, str(error), error.fix or "check the url and that the system runs")
            return
        yield Finding("credentials", True, f"the key belongs to {account}")
        try:
            rows = self._answer(self._api.get("v1/customers", params={"limit": 1}))["rows"]
        except HubError as error:
            yield Finding("read customers", False, str(error), "let the key read customers")
            return
        yield Finding("read customers", True, f"{len(rows)} read as a sample")

    def discover(self) -> Sequence[ObjectShape]:
        fields = [FieldShape(name, "text") for name in ("name", "email", "phone", "city", "status")]
        return (ObjectShape("customers", "customer", fields), ObjectShape("orders", "order", ()))

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        if object == "customer":
            return self._customers(None if full else cursor)
        if object == "order":
            return self._orders()
        raise Unsupported(f"{self.manifest.name} has no {object} records")

    def _customers(self, cursor: Any) -> Iterator[Page]:
        declared = self.manifest.objects["customer"]
        since = cursor["since"] if cursor else None
        if since is not None:
            # Rows written while the last pull ran may carry an earlier time than its last page.
            since = _moment(datetime.fromisoformat(since) - timedelta(seconds=declared.overlap_seconds))

        def fetch(at: str | None, skip: int) -> list[dict[str, Any]]:
            query = {"since": at or "", "skip": str(skip), "limit": str(declared.page_size)}
            return self._rows(self._answer(self._api.get("v1/customers", params=query)))

        for rows in by_time(fetch, moment=lambda row: str(row.get("updated", "")), since=since):
            # The cursor never runs ahead of the server's own clock.
            now = _moment(datetime.fromtimestamp(self._api.server_now(), UTC))
            reached = max(str(row.get("updated", "")) for row in rows)
            yield _page(rows, {"since": min(reached, now)})

    def _orders(self) -> Iterator[Page]:
        size = self.manifest.objects["order"].page_size

        def fetch(token: str | None) -> tuple[list[dict[str, Any]], str | None]:
            query = {"limit": str(size), **({"page": token} if token else {})}
            answer = self._answer(self._api.get("v1/orders", params=query))
            return self._rows(answer), answer.get("next")

        for rows in by_token(fetch):
            yield _page(rows)

    def fetch(self, object: str, external_ids: Sequence[str]) -> Sequence[RemoteRecord]:
        if object != "customer":
            return super().fetch(object, external_ids)
        # A POST that only reads: may be repeated quickly, and its failure leaves nothing in doubt.
        answer = self._answer(
            self._api.post("v1/customers/read", json={"ids": list(external_ids)}, reads=True)
        )
        found = {record.external_id: record for record in map(_record, self._rows(answer))}
        # Ids it leaves out silently are gone.
        return [found.get(one) or RemoteRecord(one, {}, deleted=True) for one in external_ids]

    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        if object != "customer":
            return super().push(object, changes)
        if not changes:
            return []
        body = {"changes": [_written(number, change) for number, change in enumerate(changes)]}
        try:
            results = self._answer(self._api.post("v1/customers/write", json=body))["results"]
            by_ref = {result["ref"]: result for result in results}
        except OutcomeUnknown as error:
            # One call, one verdict that never came: every change of it is in doubt.
            return [receipt_for(change, error) for change in changes]
        except (KeyError, TypeError):
            doubt = OutcomeUnknown("the answer to the write cannot be read")
            return [receipt_for(change, doubt) for change in changes]
        return [_receipt(change, by_ref.get(number)) for number, change in enumerate(changes)]

    def find(self, object: str, change: Change) -> Sequence[RemoteRecord]:
        if object != "customer":
            return super().find(object, change)
        for wanted in ({"marker": change.marker}, {"email": change.payload.get("email")}):
            if not all(wanted.values()):
                continue
            rows = self._rows(self._answer(self._api.post("v1/customers/find", json=wanted, reads=True)))
            if rows:
                return [_record(row) for row in rows]
        return []

    def deletes(self, object: str, since: Any, bound: Iterable[str]) -> Deletes:
        if object != "customer":
            return super().deletes(object, since, bound)
        ids: list[str] = []
        cursor = since
        while True:
            answer = self._answer(self._api.get("v1/customers/gone", params={"after": cursor or ""}))
            ids.extend(answer["ids"])
            if answer["more"] and answer["next"] == cursor:
                raise ConnectionBroken("the list of deleted customers does not move on")
            cursor = answer["next"]
            if not answer["more"]:
                return Deletes(ids, cursor)

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        given = {name.lower(): value for name, value in headers.items()}
        moment = given.get("x-hostile-time", "")
        verify(
            moment.encode() + b"." + body,
            given.get("x-hostile-signature"),
            secrets=[self.connection.secret("webhook_secret"), self.connection.secret("webhook_secret_old")],
            prefix="v1=",
        )
        # Only now is anything in it worth reading.
        verify_moment(float(moment), now=time.time())
        try:
            return [Hint("customer", str(event["id"])) for event in orjson.loads(body)["events"]]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise RecordRejected("the webhook's body is not as agreed") from None

    def _answer(self, response: Response) -> dict[str, Any]:
        """The content of a good answer. This system answers 200 to an error too."""
        content = response.json()
        if not isinstance(content, dict) or "ok" not in content:
            message = f"{response.where} answered something that is not of this API"
            raise ConnectionBroken(message) if response.reads else OutcomeUnknown(message)
        if content["ok"]:
            return content
        said = content.get("error") or {}
        raise ConnectionBroken(f"the system says: {said.get('message')}", cause=said.get("code"))

    def _rows(self, answer: Mapping[str, Any]) -> list[dict[str, Any]]:
        rows = answer.get("rows")
        if not isinstance(rows, list):
            raise ConnectionBroken("an answer has no rows")
        return rows


def _page(rows: Sequence[Mapping[str, Any]], cursor: Any = None) -> Page:
    """Rows that are no records are put aside with their cause; the others go on."""
    good = [_record(row) for row in rows if row.get("id")]
    bad = [Rejected(None, row, "the row has no id") for row in rows if not row.get("id")]
    return Page(good, cursor, bad)


def _record(row: Mapping[str, Any]) -> RemoteRecord:
    return RemoteRecord(str(row["id"]), row, version=str(row["rev"]) if "rev" in row else None)


def _written(number: int, change: Change) -> dict[str, Any]:
    fields = dict(change.payload)
    if change.external_id is None and change.marker:
        fields["marker"] = change.marker
    return {"ref": number, "id": change.external_id, "fields": fields, "if_rev": change.version}


def _receipt(change: Change, result: Mapping[str, Any] | None) -> Receipt:
    if result is None:
        return receipt_for(change, OutcomeUnknown("the answer says nothing about this change"))
    if result["ok"]:
        record = _record(result["row"])
        return Receipt(change.key, "done", record.external_id, record)
    error = result["error"]
    if error["code"] == "stale":
        return Receipt(change.key, "not_landed", change.external_id, cause=error["message"])
    if error["code"] in _REFUSED:
        return Receipt(change.key, "refused", change.external_id, cause=error["message"])
    return Receipt(change.key, "unknown", change.external_id, cause=error["message"])


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
