"""The later checks of the suite, each with a connector that it must catch: of the hostile system, or of a declared one
as `hub connector new` writes it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from unit.testkit.test_suite_catches import HOME, HOSTILE, declared, failure

from hub.errors import ConnectionBroken, HubError, NotSigned, RecordRejected
from hub.flows.new_connector import make
from hub.sdk.connector import Change, Hint, Page, Receipt, RemoteRecord
from hub.sdk.manifest import Manifest, read_manifest
from hub.sdk.oauth import OAuth
from hub.sdk.response import Response
from hub.sdk.rest import reading
from hub.sdk.rest.connector import RestConnector
from hub.testkit.adapter import Adapter, Vector
from hub.testkit.bench import Bench
from hub.testkit.conformance import cases
from hub.testkit.hostile.adapter import HostileAdapter
from hub.testkit.hostile.connector import Hostile


class Plain(RestConnector):
    """Declared, and right."""

    @classmethod
    def spec(cls) -> Any:
        from hub.sdk.rest.access import settings

        return settings(PACKAGE.manifest.rest)


class Package:
    """What `hub connector new acme` wrote, once per session."""

    manifest: Manifest
    adapter: type[Adapter]
    home: Path


PACKAGE = Package()


@pytest.fixture(scope="module", autouse=True)
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    made = make("kitacme", folder=tmp_path_factory.mktemp("package"), now=1_795_500_000.0)
    PACKAGE.home = made.folder / "kitacme_for_crm_hub"
    PACKAGE.manifest = read_manifest(PACKAGE.home, name="kitacme")
    sys.path.insert(0, str(made.folder / "tests"))
    spec = importlib.util.spec_from_file_location("kitacme_adapter", made.folder / "tests" / "adapter.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    PACKAGE.adapter = module.KitacmeAdapter
    yield
    sys.path.remove(str(made.folder / "tests"))


# --- declared connectors with one fault each ---------------------------------------------------------------


class RowsOnce(Plain):
    """Asks by tokens, and takes an empty page for the end."""

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        for page in _by_tokens(self, object):
            if not page.records:
                return
            yield page


class FollowsTwice(Plain):
    """Ends where a token comes twice, as if the list did."""

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        seen = set()
        for page in _by_tokens(self, object):
            yield page
            if page.cursor["token"] in seen:
                return
            seen.add(page.cursor["token"])


class DropsRepeated(Plain):
    """Throws a last page away that says it is not the last."""

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        before = None
        for page in _by_tokens(self, object):
            if before is not None and page.cursor["token"] == before:
                return
            before = page.cursor["token"]
            yield page


class OnceOnly(Plain):
    """Never reads again what lies before its cursor, and skips what moved away."""

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        for number, page in enumerate(super().pull(object, cursor, full=full)):
            gone = page.records[:1] if number % 2 else []
            kept = [one for one in page.records if one not in gone]
            yield page._replace(records=kept, cursor={"since": "2999-01-01T00:00:00.000000+00:00"})


class NoOverlap(Plain):
    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        return (
            self._page(object, step.rows, step.cursor)
            for step in reading.walk(self, object).steps(cursor, full=full, overlap=0.0)
        )


class OwnClock(Plain):
    """Its cursor is our own clock's time."""

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        import time

        from hub.sdk.rest.moments import epoch_text

        for page in super().pull(object, cursor, full=full):
            yield page._replace(cursor={"since": epoch_text(time.time())})


class LocalTime(Plain):
    """Takes the system's times for this machine's."""

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        from datetime import datetime

        for page in super().pull(object, cursor, full=full):
            moved = datetime.now().astimezone().utcoffset()
            assert moved is not None
            kept = page.cursor and datetime.fromisoformat(page.cursor["since"]) + abs(moved)
            yield page._replace(cursor={"since": kept.isoformat()} if kept else None)


class WallClock(Plain):
    """Keeps the cursor as the wall clock in Berlin shows it, which the autumn shows twice."""

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        from datetime import UTC, datetime
        from zoneinfo import ZoneInfo

        zone = ZoneInfo("Europe/Berlin")
        if cursor:
            wall = datetime.fromisoformat(cursor["since"]).replace(tzinfo=zone, fold=1)
            cursor = {"since": wall.astimezone(UTC).isoformat()}
        for page in super().pull(object, cursor, full=full):
            at = page.cursor and datetime.fromisoformat(page.cursor["since"]).astimezone(zone)
            yield page._replace(cursor={"since": at.replace(tzinfo=None).isoformat()} if at else None)


class OneSecret(Plain):
    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        from hub.sdk.rest import signature

        assert self.rest.webhook
        secrets = [self.connection.secret("webhook_secret")]
        return signature.hints(self.rest.webhook, headers, body, secrets=secrets)


class NewNames(Plain):
    """Gives each message a name of its own."""

    count = 0

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        type(self).count += 1
        return [one._replace(delivery_id=str(self.count)) for one in super().verify_webhook(headers, body)]


class ReadsLong(Plain):
    """Finds long bodies too long to check."""

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        return [Hint("customer", "1")] if len(body) > 1_000_000 else super().verify_webhook(headers, body)


class TakesRubbish(Plain):
    """Makes a hint of whatever is signed."""

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        try:
            return super().verify_webhook(headers, body)
        except NotSigned:
            raise
        except RecordRejected:
            return [Hint("customer", "0")]


class RefusesAll(Plain):
    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        raise NotSigned("no message is ever good")


class SaysFalse(Plain):
    """Writes a blank as the word for it."""

    def record(self, object: str, row: Mapping[str, Any]) -> RemoteRecord:
        return super().record(
            object, {name: "None" if value is None else value for name, value in row.items()}
        )


class Rounds(Plain):
    def record(self, object: str, row: Mapping[str, Any]) -> RemoteRecord:
        shown = dict(row)
        if str(row.get("city") or "").replace(".", "").isdigit():
            shown["city"] = str(round(float(str(row["city"])), 1))
        return super().record(object, shown)


class KnowsItsCities(Plain):
    """Breaks the page with a word it has not been told of."""

    def record(self, object: str, row: Mapping[str, Any]) -> RemoteRecord:
        if row.get("city") == "Atlantis":
            raise ConnectionBroken("there is no such city")
        return super().record(object, row)


class Crushes(Plain):
    """Shows records of a shape that no map can read."""

    def record(self, object: str, row: Mapping[str, Any]) -> RemoteRecord:
        return super().record(object, row)._replace(raw=list(row.items()))  # type: ignore[arg-type]


class TakesNoForYes(Plain):
    def verdict(self, answer: Response) -> Any:
        said = answer.json()
        return (
            said
            if "people" in said or "id" in said or "name" in said
            else {"people": [], "name": "x", "id": "1"}
        )


class NeverRenews(Plain):
    def authorisation(self) -> OAuth:
        return object()  # type: ignore[return-value]


class MidwayDone(Plain):
    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        return [
            one if one.outcome == "done" else one._replace(outcome="done", external_id=change.external_id)
            for one, change in zip(super().push(object, changes), changes, strict=True)
        ]


def _by_tokens(source: Plain, object: str) -> Iterator[Page]:
    token = None
    while True:
        params = {"limit": "3", **({"cursor": token} if token else {})}
        said = source.read("people", params=params)
        token = said["next"]
        yield Page([source.record(object, row) for row in said["people"]], {"token": token})
        if token is None:
            return


class Circling(Hostile):
    """Reads a list by position that never ends."""

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        if object != "customer":
            return super().pull(object, cursor, full=full)
        return self._for_ever()

    def _for_ever(self) -> Iterator[Page]:
        position = 0
        while rows := self._rows(
            self._answer(self._api.get("v1/customers", params={"skip": str(position), "limit": "3"}))
        ):
            position += len(rows)
            yield Page([RemoteRecord(str(row["id"]), row, str(row["rev"])) for row in rows])


# --- adapters that show more -------------------------------------------------------------------------------


def shows(**methods: Any) -> type[Adapter]:
    """The written adapter, with more to show."""
    return type("Shows", (PACKAGE.adapter,), {"cannot": {}, **methods})


def priced(self: Any, object: str, number: int, amount: str) -> Mapping[str, Any]:
    return {**self.payload(object, number), "city": amount}


def strange(self: Any, object: str, number: int) -> Mapping[str, Any]:
    return {**self.payload(object, number), "city": "Atlantis"}


def ping(self: Any) -> tuple[Mapping[str, str], bytes]:
    return {}, b"ping=1"


def vectors(self: Any) -> Sequence[Vector]:
    headers, body = self.server.webhook("1")
    return [Vector("of the vendor", self.setup().secrets["webhook_secret"], headers, body)]


SHOWN = {
    "money_is_exact": {"priced": priced, "amount_of": lambda self, object, raw: raw["city"]},
    "unknown_words_stop_nothing": {"strange": strange},
    "unsigned_ping_is_taken": {"webhook_ping": ping},
    "vectors_hold": {"webhook_vectors": vectors},
    "what_cannot_be_is_known": {"cannot": {"no_such_check": "for no good reason"}},
}

BROKEN: list[tuple[type[RestConnector], str]] = [
    (RowsOnce, "pull_walks_over_empty_pages"),
    (DropsRepeated, "pull_ends_on_a_repeated_last_page"),
    (FollowsTwice, "pull_sees_a_circle"),
    (OnceOnly, "pull_survives_drift"),
    (NoOverlap, "pull_reads_within_its_overlap"),
    (OwnClock, "pull_survives_a_wrong_clock"),
    (LocalTime, "pull_ignores_our_time_zone"),
    (WallClock, "pull_keeps_the_hour_that_comes_twice"),
    (Rounds, "money_is_exact"),
    (SaysFalse, "blanks_stay_blank"),
    (KnowsItsCities, "unknown_words_stop_nothing"),
    (Crushes, "map_takes_hostile_content"),
    (OneSecret, "webhook_secrets_rotate"),
    (NewNames, "repeated_webhook_is_known"),
    (ReadsLong, "oversize_webhook_is_rejected"),
    (Plain, "unsigned_ping_is_taken"),
    (TakesRubbish, "signed_rubbish_is_rejected"),
    (RefusesAll, "vectors_hold"),
    (TakesNoForYes, "no_is_never_yes"),
    (NeverRenews, "refused_token_is_renewed"),
    (MidwayDone, "broken_batch_is_told_apart"),
    (Plain, "what_cannot_be_is_known"),
]


@pytest.mark.parametrize(("kind", "name"), BROKEN, ids=lambda one: getattr(one, "__name__", one))
def test_a_broken_declared_connector_is_caught(kind: type[RestConnector], name: str, tmp_path: Path) -> None:
    adapter = shows(**SHOWN.get(name, {}))
    found = [one for one in cases(PACKAGE.manifest, adapter.objects) if one.check.name == name]
    with Bench(adapter(), kind, PACKAGE.manifest, folder=tmp_path, home=PACKAGE.home) as bench:
        caught = [error for case in found if (error := failure(case, bench)) is not None]
    assert caught, f"{kind.__name__} passes {name}"
    assert all(isinstance(one, AssertionError | HubError | TypeError | AttributeError) for one in caught), (
        caught
    )


@pytest.mark.parametrize(
    "name", [name for _, name in BROKEN if name not in {"what_cannot_be_is_known", "unsigned_ping_is_taken"}]
)
def test_the_right_one_is_not(name: str, tmp_path: Path) -> None:
    from hub.testkit.adapter import NotApplicable

    adapter = shows(**SHOWN.get(name, {}))
    found = [one for one in cases(PACKAGE.manifest, adapter.objects) if one.check.name == name]
    with Bench(adapter(), Plain, PACKAGE.manifest, folder=tmp_path, home=PACKAGE.home) as bench:
        caught = [failure(case, bench) for case in found]
    assert all(one is None or isinstance(one, NotApplicable) for one in caught), caught


@pytest.mark.parametrize(
    ("kind", "name", "manifest"),
    [
        (Circling, "pull_ends_when_pages_repeat", HOSTILE),
        (Hostile, "same_create_again_meets_its_record", declared(find=False)),
    ],
)
def test_a_broken_program_is_caught(
    kind: type[Hostile], name: str, manifest: Manifest, tmp_path: Path
) -> None:
    found = [one for one in cases(manifest, HostileAdapter.objects) if one.check.name == name]
    with Bench(HostileAdapter(), kind, manifest, folder=tmp_path, home=HOME) as bench:
        caught = [error for case in found if (error := failure(case, bench)) is not None]
    assert caught and all(isinstance(one, AssertionError) for one in caught), caught


PROVEN = {name for _, name in BROKEN} | {"pull_ends_when_pages_repeat", "same_create_again_meets_its_record"}
