"""The conformance suite is only worth something if it fails: each broken connector here must be caught by the check
that is about its fault."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

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
from hub.sdk.manifest import Manifest, read_manifest
from hub.sdk.response import Response
from hub.testkit.bench import Bench
from hub.testkit.conformance import ONCE, PER_OBJECT, Case, cases, run
from hub.testkit.hostile.adapter import HostileAdapter
from hub.testkit.hostile.connector import Hostile

HOME = Path(inspect.getfile(Hostile)).parent
HOSTILE = read_manifest(HOME)


def declared(**changes: Any) -> Manifest:
    """The hostile manifest with other capabilities for customers."""
    return replace(
        HOSTILE, objects={**HOSTILE.objects, "customer": replace(HOSTILE.objects["customer"], **changes)}
    )


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


BROKEN: list[tuple[type[Connector], str, Manifest]] = [
    (DropsLast, "pull_brings_everything", HOSTILE),
    (EndsEarly, "pull_brings_everything", HOSTILE),
    (CursorAhead, "pull_resumes_after_any_page", HOSTILE),
    (CursorAhead, "pull_brings_later_changes", HOSTILE),
    (StrictlyAfter, "pull_keeps_ties", HOSTILE),
    (IgnoresFull, "pull_full_forgets_the_cursor", HOSTILE),
    (Endless, "pull_brings_everything", HOSTILE),
    (BigPages, "pull_brings_everything", HOSTILE),
    (NotJson, "pull_brings_everything", HOSTILE),
    (Trims, "hostile_content_is_read", HOSTILE),
    (NoVersion, "versions_move_with_edits", HOSTILE),
    (Hostile, "versions_move_with_edits", declared(version="none", conditional=False)),
    (FetchForgetsMissing, "fetch_shows_present_and_gone", HOSTILE),
    (TellsAllDeleted, "deletes_are_told", HOSTILE),
    (TellsNoneDeleted, "deletes_are_told", HOSTILE),
    (TrustsWebhooks, "webhooks_are_verified", HOSTILE),
    (OldWebhooks, "webhooks_are_verified", HOSTILE),
    (OneReceiptShort, "create_makes_one_record", HOSTILE),
    (AlwaysDone, "refusal_stays_with_its_record", HOSTILE),
    (AlwaysDone, "update_of_a_missing_record_is_no_success", HOSTILE),
    (AlwaysDone, "failed_write_is_never_done", HOSTILE),
    (AlwaysDone, "lost_answer_to_an_update_is_unknown", HOSTILE),
    (WritesNothing, "update_changes_only_what_it_says", HOSTILE),
    (WritesNothing, "create_makes_one_record", HOSTILE),
    (WritesTooMuch, "update_changes_only_what_it_says", HOSTILE),
    (BatchFailsWhole, "refusal_stays_with_its_record", HOSTILE),
    (IgnoresVersion, "stale_update_does_not_land", HOSTILE),
    (DoubtIsRetry, "lost_answer_to_a_create_is_found", HOSTILE),
    (DoubtIsRetry, "failed_write_is_never_done", HOSTILE),
    (RepeatsCreates, "lost_answer_to_a_create_is_found", HOSTILE),
    (Cuts, "hostile_content_is_written", HOSTILE),
    (FindsNothing, "find_meets_what_a_create_made", HOSTILE),
    (FindsAnybody, "find_of_nothing_is_empty", HOSTILE),
    (GuessesOrders, "undeclared_is_unsupported", HOSTILE),
    (PullsAnything, "unknown_objects_are_unsupported", HOSTILE),
    (Hostile, "undeclared_is_unsupported", declared(find=False)),
    (Hostile, "undeclared_create_is_refused", declared(create=False)),
    (Content, "check_fails_with_a_fix", HOSTILE),
    (Content, "check_survives_faults", HOSTILE),
    (NoFix, "check_fails_with_a_fix", HOSTILE),
    (CheckRaises, "check_fails_with_a_fix", HOSTILE),
    (CheckRaises, "check_survives_faults", HOSTILE),
    (CheckTellsSecret, "check_fails_with_a_fix", HOSTILE),
    (ReprTellsSecret, "pull_brings_everything", HOSTILE),
    (ErrorTellsSecret, "pull_refuses_a_web_page", HOSTILE),
    (Crashes, "pull_refuses_strange_answers", HOSTILE),
    (SwallowsFaults, "pull_refuses_a_web_page", HOSTILE),
    (SwallowsFaults, "pull_stops_when_logged_out", HOSTILE),
    (TakesBusyForEmpty, "pull_survives_a_hiccup", HOSTILE),
    (SwallowsFaults, "pull_honours_retry_after", HOSTILE),
    (SwallowsFaults, "pull_refuses_too_much", HOSTILE),
    (SwallowsFaults, "absent_system_is_told", HOSTILE),
    (Unhurried, "pull_honours_retry_after", HOSTILE),
    (ForgetsEdits, "pull_survives_edits_meanwhile", HOSTILE),
    (InventsReceipts, "nothing_to_push_is_nothing", HOSTILE),
    (Doubtful, "check_succeeds", HOSTILE),
    (Hidden, "no_network_in_a_transaction", HOSTILE),
    (SwallowsFaults, "pull_ends_with_its_lease", HOSTILE),
    (UndocumentedSetting, "settings_are_documented", HOSTILE),
    (PasswordInTheOpen, "settings_are_documented", HOSTILE),
    (DiscoversTwice, "discover_lists_fields", HOSTILE),
    (NoWrites, "manifest_and_class_agree", HOSTILE),
    (Hostile, "manifest_and_class_agree", replace(HOSTILE, webhooks=False)),
    (Hostile, "manifest_and_class_agree", declared(unique=("e_mail",))),
    (Hostile, "readme_states_the_evidence", replace(HOSTILE, evidence="real server 1.0, 2026-01-01")),
]


@pytest.mark.parametrize(
    ("kind", "name", "manifest"), BROKEN, ids=lambda one: getattr(one, "__name__", str(one)[:45])
)
def test_a_broken_connector_is_caught(
    kind: type[Connector], name: str, manifest: Manifest, tmp_path: Path
) -> None:
    found = [one for one in cases(manifest, HostileAdapter.objects) if one.check.name == name]
    with Bench(HostileAdapter(), kind, manifest, folder=tmp_path, home=HOME) as bench:
        caught = [type(error).__name__ for case in found if (error := failure(case, bench)) is not None]
    # A crash is a failure too, but only where crashing is the fault.
    assert caught and set(caught) <= {"AssertionError", *CRASHING.get(kind, ())}, caught


CRASHING: Mapping[type[Connector], Sequence[str]] = {
    Crashes: ("KeyError", "TypeError", "AttributeError", "IndexError"),
    Hostile: ("UnknownPath",),
}


def failure(case: Case, bench: Bench) -> Exception | None:
    try:
        run(case, bench)
    except Exception as error:
        return error
    return None


def test_every_check_is_in_the_table_and_promises_something() -> None:
    from hub.testkit import checks_faults, checks_reading, checks_static, checks_writing

    listed: set[Callable[..., None]] = {check.run for check in (*ONCE, *PER_OBJECT)}
    for module in (checks_faults, checks_reading, checks_static, checks_writing):
        for name, function in vars(module).items():
            if (
                inspect.isfunction(function)
                and function.__module__ == module.__name__
                and not name.startswith("_")
            ):
                assert function in listed, f"{name} is never run"
                assert (function.__doc__ or "").strip(), f"{name} promises nothing"


def test_every_check_has_a_broken_connector() -> None:
    proven = {name for _, name, _ in BROKEN}
    names = {check.name for check in (*ONCE, *PER_OBJECT)}
    assert names - proven == set()
