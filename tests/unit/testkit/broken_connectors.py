"""Connectors that are wrong in one way each, for the test that the conformance suite catches them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from hub.errors import ConnectionBroken, HubError, RateLimited, RecordRejected
from hub.sdk.connector import (
    Change,
    Connector,
    Deletes,
    FieldShape,
    Finding,
    Hint,
    ObjectShape,
    Page,
    Receipt,
    RemoteRecord,
    Setting,
)
from hub.sdk.response import Response
from hub.testkit.hostile.connector import Hostile


class DropsLast(Hostile):
    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        for page in super().pull(object, cursor, full=full):
            yield page._replace(records=page.records[: max(1, len(page.records) - 1)])


class EndsEarly(Hostile):
    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        for number, page in enumerate(super().pull(object, cursor, full=full)):
            if number == 2:
                return
            yield page


class CursorAhead(Hostile):
    """Stores the time of the whole list's end with every page."""

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        pages = list(super().pull(object, cursor, full=full))
        for page in pages:
            yield page._replace(cursor={"since": "2999-01-01T00:00:00Z"})


class StrictlyAfter(Hostile):
    """Begins after the cursor's second, and so loses the rows of that second that it has not seen."""

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        from datetime import datetime, timedelta

        if cursor:
            moved = datetime.fromisoformat(cursor["since"]) + timedelta(seconds=3)
            cursor = {"since": moved.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return super().pull(object, cursor, full=full)


class IgnoresFull(Hostile):
    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        if full and cursor:
            return iter(())
        return super().pull(object, cursor)


class Endless(Hostile):
    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        pages = list(super().pull(object, cursor, full=full))
        while True:
            yield from pages


class BigPages(Hostile):
    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        pages = list(super().pull(object, cursor, full=full))
        yield Page([record for page in pages for record in page.records], pages[-1].cursor if pages else None)


class NotJson(Hostile):
    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        for page in super().pull(object, cursor, full=full):
            yield page._replace(records=[r._replace(raw={**r.raw, "tags": ("a",)}) for r in page.records])


class Trims(Hostile):
    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        for page in super().pull(object, cursor, full=full):
            yield page._replace(
                records=[
                    r._replace(raw={**r.raw, "name": str(r.raw.get("name", ""))[:255]}) for r in page.records
                ]
            )


class NoVersion(Hostile):
    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        for page in super().pull(object, cursor, full=full):
            yield page._replace(records=[r._replace(version=None) for r in page.records])


class FetchForgetsMissing(Hostile):
    def fetch(self, object: str, external_ids: Sequence[str]) -> Sequence[RemoteRecord]:
        return [one for one in super().fetch(object, external_ids) if not one.deleted]


class TellsAllDeleted(Hostile):
    def deletes(self, object: str, since: Any, bound: Iterable[str]) -> Deletes:
        return Deletes([*super().deletes(object, since, bound).external_ids, *bound])


class TellsNoneDeleted(Hostile):
    def deletes(self, object: str, since: Any, bound: Iterable[str]) -> Deletes:
        return super().deletes(object, since, bound)._replace(external_ids=[])


class TrustsWebhooks(Hostile):
    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        import orjson

        return [Hint("customer", event["id"]) for event in orjson.loads(body)["events"]]


class OldWebhooks(Hostile):
    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        try:
            return super().verify_webhook(headers, body)
        except RecordRejected as error:
            if "too old" in str(error):
                return [Hint("customer", "c1")]
            raise


class OneReceiptShort(Hostile):
    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        return super().push(object, changes)[:-1] if len(changes) > 1 else super().push(object, changes)


class AlwaysDone(Hostile):
    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        done = super().push(object, changes)
        return [one._replace(outcome="done", external_id=one.external_id or "c1") for one in done]


class WritesNothing(Hostile):
    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        return [Receipt(one.key, "done", one.external_id or "c1") for one in changes]


class WritesTooMuch(Hostile):
    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        more = [one._replace(payload={**one.payload, "city": "Springfield"}) for one in changes]
        return super().push(object, more)


class BatchFailsWhole(Hostile):
    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        receipts = super().push(object, changes)
        bad = [one for one in receipts if one.outcome == "refused"]
        if not bad:
            return receipts
        return [
            one._replace(outcome="refused", cause=one.cause or "the batch was refused") for one in receipts
        ]


class IgnoresVersion(Hostile):
    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        return super().push(object, [one._replace(version=None) for one in changes])


class DoubtIsRetry(Hostile):
    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        return [
            one._replace(outcome="retry") if one.outcome == "unknown" else one
            for one in super().push(object, changes)
        ]


class RepeatsCreates(Hostile):
    """Repeats a write of unknown outcome by itself, the classic way to make duplicates."""

    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        receipts = super().push(object, changes)
        if any(one.outcome == "unknown" for one in receipts):
            without = [one._replace(payload={**one.payload, "email": ""}) for one in changes]
            super().push(object, without)
        return receipts


class Cuts(Hostile):
    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        cut = [
            one._replace(
                payload={**one.payload, **({"name": n[:255]} if (n := one.payload.get("name")) else {})}
            )
            for one in changes
        ]
        return super().push(object, cut)


class FindsNothing(Hostile):
    def find(self, object: str, change: Change) -> Sequence[RemoteRecord]:
        return []


class FindsAnybody(Hostile):
    def find(self, object: str, change: Change) -> Sequence[RemoteRecord]:
        return super().fetch(object, ["c1"])


class GuessesOrders(Hostile):
    def fetch(self, object: str, external_ids: Sequence[str]) -> Sequence[RemoteRecord]:
        return [] if object != "customer" else super().fetch(object, external_ids)


class PullsAnything(Hostile):
    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        return super().pull(object, cursor, full=full) if object in self.manifest.objects else iter(())


class Content(Hostile):
    def check(self) -> Iterator[Finding]:
        yield Finding("all", True, "surely fine")


class NoFix(Hostile):
    def check(self) -> Iterator[Finding]:
        for finding in super().check():
            yield finding._replace(fix=None)


class CheckRaises(Hostile):
    def check(self) -> Iterator[Finding]:
        self._answer(self._api.get("v1/me"))
        yield Finding("reach", True, "there")


class CheckTellsSecret(Hostile):
    def check(self) -> Iterator[Finding]:
        for finding in super().check():
            yield finding._replace(detail=f"{finding.detail} with {self.connection.secret('key')}")


class ReprTellsSecret(Hostile):
    def __repr__(self) -> str:
        return f"Hostile({self.connection.secret('key')})"


class ErrorTellsSecret(Hostile):
    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        try:
            yield from super().pull(object, cursor, full=full)
        except HubError as error:
            raise ConnectionBroken(f"web page for {self.connection.secret('key')}") from error


class Crashes(Hostile):
    def _answer(self, response: Any) -> dict[str, Any]:
        return response.json()  # type: ignore[no-any-return]

    def _rows(self, answer: Any) -> list[dict[str, Any]]:
        return answer["rows"]  # type: ignore[no-any-return]


class UndocumentedSetting(Hostile):
    @classmethod
    def spec(cls) -> Sequence[Setting]:
        return (*super().spec(), Setting("nowhere_explained", "text", "hm"))


class PasswordInTheOpen(Hostile):
    @classmethod
    def spec(cls) -> Sequence[Setting]:
        return (*super().spec(), Setting("api_password", "text", "hm"))


class DiscoversTwice(Hostile):
    def discover(self) -> Sequence[ObjectShape]:
        return (ObjectShape("customers", "customer", (FieldShape("a", "text"), FieldShape("a", "text"))),)


class NoWrites(Connector):
    """Declared to write, but has no push()."""

    @classmethod
    def spec(cls) -> Sequence[Setting]:
        return Hostile.spec()

    def check(self) -> Iterator[Finding]:
        yield from ()

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        yield from ()


class Unhurried(Hostile):
    """Loses the time it was asked to wait."""

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        try:
            yield from super().pull(object, cursor, full=full)
        except RateLimited as error:
            raise RateLimited(error.message) from None


class ForgetsEdits(Hostile):
    """Reads everything first, and stores the time of its end."""

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        pages = list(super().pull(object, cursor, full=full))
        for page in pages:
            yield page._replace(cursor={"since": "2999-01-01T00:00:00Z"})


class InventsReceipts(Hostile):
    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        return super().push(object, changes) or [Receipt("?", "done", "c1")]


class Doubtful(Hostile):
    def check(self) -> Iterator[Finding]:
        yield Finding("mood", False, "one never knows", "be glad")


class Hidden(Hostile):
    """Makes its calls in another thread, where no transaction is seen."""

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        with ThreadPoolExecutor(1) as pool:
            pages = pool.submit(lambda: list(super(Hidden, self).pull(object, cursor, full=full))).result()
        return iter(pages)


class TakesBusyForEmpty(Hostile):
    def _answer(self, response: Response) -> dict[str, Any]:
        return super()._answer(response) if response.ok else {"rows": []}

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        self._api.get = partial(self._api.get, accept=(429, 503))  # type: ignore[method-assign]
        return super().pull(object, cursor, full=full)


class SwallowsFaults(Hostile):
    """Takes a failing page for the end of the list."""

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        try:
            yield from super().pull(object, cursor, full=full)
        except HubError:
            return
