"""Where a connector is tested: its adapter's running system, connectors built as a job would build them, and everything
that was logged or raised meanwhile, to be searched for secrets."""

from __future__ import annotations

import inspect
import json
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple, Self

from hub.sdk.connector import Change, ConnectionView, Connector, Receipt, RemoteRecord
from hub.sdk.limits import Limits
from hub.sdk.manifest import Manifest, ObjectCapabilities
from hub.sdk.registry import assemble
from hub.testkit.adapter import Adapter, NotApplicable, Setup
from hub.testkit.proxy import Proxy

PAGE = 3
# No honest list of the suite's making is longer; a connector that goes on is in a circle.
_ENDLESS = 2000


class Pulled(NamedTuple):
    """What a pull brought: the latest record per id, the cursors after each page, and how often each id came."""

    records: dict[str, RemoteRecord]
    cursors: list[Any]
    rejected: list[Any]

    @property
    def cursor(self) -> Any:
        return next((one for one in reversed(self.cursors) if one is not None), None)


class Bench:
    """One system under test. Use as a context manager around a module's checks.

    `folder`: scratch space for the adapter. `home`: the connector's own folder, where its README is; by default the one
    its class comes from.
    """

    def __init__(
        self,
        adapter: Adapter,
        kind: type[Connector],
        manifest: Manifest,
        *,
        folder: Path,
        home: Path | None = None,
    ) -> None:
        self.home = home or Path(inspect.getfile(kind)).parent
        self.adapter = adapter
        self.kind = kind
        self.manifest = manifest
        self.tiny = replace(
            manifest, objects=MappingProxyType({name: _tiny(one) for name, one in manifest.objects.items()})
        )
        self._folder = folder
        self._numbers = count(1)
        self._ear = _Ear()
        self._said: list[str] = []
        self._loggers: list[tuple[logging.Logger, int]] = []

    def __enter__(self) -> Self:
        self.adapter.start(str(self._folder))
        for name in ("hub", "connectors", "urllib3"):
            logger = logging.getLogger(name)
            self._loggers.append((logger, logger.level))
            logger.addHandler(self._ear)
            logger.setLevel(logging.DEBUG)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for logger, level in self._loggers:
            logger.removeHandler(self._ear)
            logger.setLevel(level)
        self.adapter.stop()

    # --- building -----------------------------------------------------------------------------------

    def connector(
        self,
        *,
        setup: Setup | None = None,
        url: str | None = None,
        deadline: Callable[[], float] | None = None,
        limits: Limits | None = None,
        full_size: bool = False,
    ) -> Connector:
        """A new connector, as a job builds one; with tiny pages and batches unless `full_size`."""
        given = setup or self.adapter.setup()
        settings = dict(given.settings)
        if url is not None and self.adapter.url_setting:
            settings[self.adapter.url_setting] = url
        view = ConnectionView(
            name="conformance",
            settings=settings,
            secret=dict(given.secrets).get,
            timezone=given.timezone,
            files=given.files,
        )
        manifest = self.manifest if full_size else self.tiny
        quick = limits or Limits(connect=2.0, read=10.0, total=20.0, patience=1.0)
        made = assemble(
            self.kind, manifest, view, deadline=deadline, limits=quick, sleep=lambda seconds: None
        )
        self.overheard(repr(made), repr(vars(made)))
        return made

    @contextmanager
    def faulty(self) -> Iterator[Proxy]:
        """A proxy before the system, honest until armed. NotApplicable for systems without HTTP."""
        if not self.adapter.url_setting:
            raise NotApplicable("the system is not reached by HTTP")
        with Proxy(str(self.adapter.setup().settings[self.adapter.url_setting])) as proxy:
            yield proxy

    def capabilities(self, object: str) -> ObjectCapabilities:
        return self.tiny.objects[object]

    # --- seeding and pulling ------------------------------------------------------------------------

    def number(self) -> int:
        return next(self._numbers)

    def seed(self, object: str, how_many: int) -> list[str]:
        payloads = [self.adapter.payload(object, self.number()) for _ in range(how_many)]
        return [self.adapter.seed(object, payload) for payload in payloads]

    def pull(
        self,
        object: str,
        cursor: Any = None,
        *,
        full: bool = False,
        connector: Connector | None = None,
        pages: int | None = None,
        between: Callable[[int], None] = lambda page: None,
    ) -> Pulled:
        """Pull to the end, or for some `pages`; `between(n)` happens after the n-th page was taken."""
        result = Pulled({}, [], [])
        source = connector or self.connector()
        for number, page in enumerate(source.pull(object, cursor, full=full), start=1):
            size = self.capabilities(object).page_size
            assert len(page.records) <= size, f"a page of {len(page.records)}; the manifest says {size}"
            for record in page.records:
                assert isinstance(record.external_id, str), f"{record.external_id!r} is no text"
                assert record.external_id, "a record without external id must be Rejected"
                result.records[record.external_id] = record
            result.cursors.append(self.stored(page.cursor))
            result.rejected.extend(page.rejected)
            between(number)
            if number == pages:
                break
            assert number < _ENDLESS, "the pull does not end"
        return result

    @staticmethod
    def stored(value: Any) -> Any:
        """What is left of a value after the database kept it as JSON."""
        try:
            kept = json.loads(json.dumps(value))
        except (TypeError, ValueError) as error:
            raise AssertionError(f"{value!r} is not JSON: {error}") from None
        assert kept == value, f"{value!r} comes back from JSON as {kept!r}"
        return kept

    # --- writing ------------------------------------------------------------------------------------

    def create(self, object: str, *, text: str | None = None) -> Change:
        number = self.number()
        payload = self.adapter.payload(object, number, text=text)
        return Change(f"key-{number}", None, payload, marker=f"cus_{number:013d}")

    def update(self, object: str, external_id: str, *, text: str) -> Change:
        """An update of the main text, with what a delivery's pre-read would have learned."""
        number = self.number()
        before = self._as_read(object, external_id)
        return Change(
            f"key-{number}",
            external_id,
            self.adapter.update(object, number, text=text),
            before=before.raw if before else None,
            version=before.version if before and self.capabilities(object).conditional else None,
        )

    def _as_read(self, object: str, external_id: str) -> RemoteRecord | None:
        if self.manifest.can(object, "fetch"):
            return self.connector().fetch(object, [external_id])[0]
        return self.pull(object).records[external_id] if self.manifest.can(object, "pull") else None

    def push(self, object: str, *changes: Change, connector: Connector | None = None) -> list[Receipt]:
        """Write in batches as the manifest allows; assert one sound receipt for each."""
        source = connector or self.connector()
        size = self.capabilities(object).push_batch
        receipts: list[Receipt] = []
        for start in range(0, len(changes), size):
            receipts.extend(source.push(object, changes[start : start + size]))
        self.adapter.settle()
        given, wanted = [one.key for one in receipts], [one.key for one in changes]
        assert sorted(given) == sorted(wanted), f"one receipt per change: sent {wanted}, got {given}"
        for receipt in receipts:
            self.overheard(repr(receipt))
            if receipt.outcome == "done":
                assert receipt.external_id, f"{receipt.key} is done, but where? No external_id"
            else:
                assert receipt.cause, f"{receipt.key} is {receipt.outcome} without a cause"
        by_key = {one.key: one for one in receipts}
        return [by_key[one.key] for one in changes]

    def shown(self, object: str, receipt: Receipt) -> RemoteRecord:
        """The record after a write: as the receipt shows it, else as a read-back does."""
        assert receipt.outcome == "done", f"{receipt.outcome}: {receipt.cause}"
        assert receipt.external_id is not None
        if receipt.record is not None:
            assert receipt.record.external_id == receipt.external_id
            return receipt.record
        record = self._as_read(object, receipt.external_id)
        assert record is not None, "a system that is only written to must show the record in its receipts"
        return record

    # --- comparing ----------------------------------------------------------------------------------

    def text(self, object: str, raw: Mapping[str, Any]) -> str | None:
        return self.adapter.text_of(object, raw)

    def there(self, object: str, external_id: str) -> Mapping[str, Any]:
        found = self.adapter.read(object, external_id)
        assert found is not None, f"{object} {external_id} is not there"
        return found

    def same(self, object: str, record: RemoteRecord) -> None:
        """Assert that the connector shows the record as the system has it."""
        mine = self.adapter.comparable(object, self.stored(dict(record.raw)))
        theirs = self.adapter.comparable(object, self.there(object, record.external_id))
        assert mine == theirs, f"the connector reads {mine!r}, the system holds {theirs!r}"

    # --- secrets ------------------------------------------------------------------------------------

    def overheard(self, *texts: str) -> None:
        self._said.extend(texts)

    def raised(self, error: BaseException) -> None:
        """Remember everything that a log would print of this error."""
        shown = "".join(traceback.format_exception(error))
        self.overheard(str(error), repr(error), shown, repr(getattr(error, "__context__", None)))

    def assert_no_secret_told(self) -> None:
        """Search all that was said since the last time."""
        secrets = [value for value in self.adapter.setup().secrets.values() if len(value) >= 4]
        for wrong in self.adapter.wrong():
            secrets.extend(value for value in wrong.setup.secrets.values() if len(value) >= 4)
        said = [*self._said, *self._ear.heard]
        self._said.clear()
        self._ear.heard.clear()
        for text in said:
            for secret in secrets:
                assert secret not in text, f"a secret is told: {text.replace(secret, '<THE SECRET>')}"


class _Ear(logging.Handler):
    """Keeps what was logged, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))


def _tiny(declared: ObjectCapabilities) -> ObjectCapabilities:
    return replace(
        declared,
        page_size=min(declared.page_size, PAGE),
        fetch_batch=min(declared.fetch_batch, PAGE),
        push_batch=min(declared.push_batch, PAGE),
    )
