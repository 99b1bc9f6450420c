"""A remote system in memory, with manners and faults a test chooses, and the connector that speaks to it.

A row is what the system shows: {"id", "first", "last", "mail", "phone", "city", "firm", "note", "updated"}. People
change it by `put`, `edit`, `erase`; the hub by the connector. `writes` is every write that took effect, in order.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from hub.errors import HubError
from hub.sdk.connector import (
    Change,
    Connector,
    Deletes,
    Finding,
    Merges,
    Owner,
    Page,
    Receipt,
    RemoteRecord,
    Setting,
)
from hub.sdk.manifest import Manifest, ObjectCapabilities

MAP = """\
object = "customer"
ignore = ["id"]
[pull]
source_updated_at = "updated"
given_name = "first"
family_name = "last"
email = "mail"
phone = "phone"
"address.locality" = "city"
company = "firm"
job_title = "note"
"""
SILENT_MAP = MAP.replace('source_updated_at = "updated"\n', "").replace('"id"', '"id", "updated"')
FIELDS = ("first", "last", "mail", "phone", "city", "firm", "note")

Render = Callable[[str, Any], Any]


class Lost(Exception):
    """What a connector does not foresee."""


@dataclass
class MemorySystem:
    """One account. `render` is how it keeps a value it is given; `faults` are used up in the order they were armed."""

    name: str
    capabilities: ObjectCapabilities = field(
        default_factory=lambda: ObjectCapabilities(
            remote="rows", pull=True, push=True, create=True, find=True, deletes=True,
            fetch_batch=100, push_batch=20, page_size=50, marker=True,
        )
    )  # fmt: skip
    render: Render = lambda name, value: value
    shows_answers: bool = True
    tells_time: bool = True
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    markers: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    merged: list[tuple[str, str]] = field(default_factory=list)  # (gone, into), as the system tells
    people: list[Owner] = field(default_factory=list)  # who works there
    tombstones: list[str] = field(default_factory=list)  # shown as deleted in the first page of every pull
    faults: list[str] = field(default_factory=list)
    broken: HubError | None = None
    late: list[tuple[float, Change]] = field(default_factory=list)
    writes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    revisions: dict[str, int] = field(default_factory=dict)
    changed: dict[str, float] = field(default_factory=dict)
    before_write: Callable[[], object] | None = None
    fields: tuple[str, ...] = FIELDS
    orders: MemorySystem | None = None  # the orders of the same account
    computes: Callable[[dict[str, Any]], None] | None = None  # what the system makes of a row by itself

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)

    # --- what people do there -----------------------------------------------------------------------

    def put(self, **fields: Any) -> str:
        """A person adds a row; returns its id."""
        fresh = (f"{self.name[0]}{number}" for number in self._numbers)
        id = fields.pop("id", None) or next(one for one in fresh if one not in self.rows)
        self.rows[id] = {"id": id, **dict.fromkeys(self.fields, ""), **fields}
        self._touch(id)
        return str(id)

    def edit(self, id: str, **fields: Any) -> None:
        """A person changes fields of a row."""
        self.rows[id].update(fields)
        self._touch(id)

    def erase(self, id: str) -> None:
        """A person deletes a row."""
        del self.rows[id]
        self.gone.append(id)

    def merge(self, id: str, *, into: str) -> None:
        """A person merges a row into another."""
        self.erase(id)
        self.merged.append((id, into))

    def arm(self, *faults: str) -> None:
        """For the next writes, one each: lose_request, lose_answer, late, refuse, retry, crash, killed or fine."""
        self.faults.extend(faults)

    def land(self) -> None:
        """What was sent and had not taken effect takes effect now; after the declared time it never does."""
        while self.late:
            sent_at, change = self.late.pop(0)
            if time.time() <= sent_at + self.capabilities.lands_late_seconds:
                self._apply(change)

    def _touch(self, id: str) -> None:
        now = time.time()
        if self.computes:
            self.computes(self.rows[id])
        self.revisions[id] = self.revisions.get(id, 0) + 1
        self.changed[id] = now
        if self.tells_time:
            self.rows[id]["updated"] = datetime.fromtimestamp(now, UTC).isoformat()

    # --- what the connector does there --------------------------------------------------------------

    def record(self, id: str) -> RemoteRecord:
        kind = self.capabilities.version
        version = {"none": None, "etag": str(self.revisions[id]), "modified": str(self.revisions[id])}[kind]
        return RemoteRecord(id, dict(self.rows[id]), version)

    def write(self, change: Change) -> Receipt:
        """One write, under the next fault."""
        if self.before_write:
            self.before_write()
        fault = self.faults.pop(0) if self.faults else "fine"
        doubt = Receipt(change.key, "unknown", change.external_id, cause="the connection broke")
        if fault == "refuse":
            return Receipt(change.key, "refused", change.external_id, cause="422: the city is not known here")
        if fault == "retry":
            return Receipt(change.key, "retry", change.external_id, cause="503", after=None)
        if fault == "lose_request":
            return doubt
        if fault == "late":
            self.late.append((time.time(), change))
            return doubt
        answer = self._apply(change)
        if fault == "lose_answer":
            return doubt
        if fault == "crash":
            raise Lost("a defect of the connector")
        if fault == "killed":
            raise KeyboardInterrupt
        return answer

    def _apply(self, change: Change) -> Receipt:
        id = change.external_id
        if id is None:
            id = self._made_before(change)
        if id is not None and id not in self.rows:
            return Receipt(change.key, "refused", id, cause="404: no such row")
        if (
            id is not None
            and self.capabilities.conditional
            and change.version not in (None, self._version(id))
        ):
            return Receipt(change.key, "not_landed", id, cause="412: it was changed meanwhile")
        rendered = {name: self.render(name, value) for name, value in change.payload.items()}
        if id is None:
            id = self.put(**rendered)
            self.markers[id] = change.marker or ""
            self.calls["created"] += 1
        else:
            self.edit(id, **rendered)
        self.writes.append((id, dict(change.payload)))
        return Receipt(change.key, "done", id, self.record(id) if self.shows_answers else None)

    def _made_before(self, change: Change) -> str | None:
        if not self.capabilities.marker:
            return None
        return next(
            (id for id, mark in self.markers.items() if mark == change.marker and id in self.rows), None
        )

    def _version(self, id: str) -> str:
        return str(self.revisions[id])


class MemoryConnector(Connector):
    """Speaks to one of the systems of the test."""

    systems: ClassVar[dict[str, MemorySystem]] = {}

    @property
    def system(self) -> MemorySystem:
        found = self.systems[self.manifest.name]
        self.connection.secret("key")
        if found.broken:
            raise found.broken
        return found

    def of(self, object: str) -> MemorySystem:
        found = self.system.orders if object == "order" else self.system
        assert found is not None
        return found

    @classmethod
    def spec(cls) -> Sequence[Setting]:
        return (Setting("key", "secret", "the key"),)

    def check(self) -> Iterator[Finding]:
        yield Finding("rows", True, f"{len(self.system.rows)} rows")

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        system = self.of(object)
        system.calls["pull"] += 1
        since = -1.0 if cursor is None or full else float(cursor)
        ids = [id for id in system.rows if system.changed[id] > since]
        size = system.capabilities.page_size
        if system.tombstones:
            yield Page([RemoteRecord(one, {}, deleted=True) for one in system.tombstones])
        for start in range(0, len(ids), size):
            page = [system.record(id) for id in ids[start : start + size] if id in system.rows]
            reached = max([since, *(system.changed[one.external_id] for one in page)])
            last = start + size >= len(ids)
            yield Page(page, reached if last else None, total=len(ids))

    def fetch(self, object: str, external_ids: Sequence[str]) -> Sequence[RemoteRecord]:
        system = self.of(object)
        system.calls["fetch"] += 1
        return [
            system.record(id) if id in system.rows else RemoteRecord(id, {}, deleted=True)
            for id in external_ids
        ]

    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        system = self.of(object)
        system.calls["push"] += 1
        return [system.write(change) for change in changes]

    def find(self, object: str, change: Change) -> Sequence[RemoteRecord]:
        system = self.of(object)
        system.calls["find"] += 1
        made = system._made_before(change)
        if made is not None:
            return [system.record(made)]
        if object == "order":
            return []
        wanted = {"mail": change.payload.get("mail")}
        return [
            system.record(id)
            for id, row in system.rows.items()
            if all(value and row[name] == value for name, value in wanted.items())
        ]

    def deletes(self, object: str, since: Any, bound: Iterable[str]) -> Deletes:
        wanted = set(bound)
        system = self.of(object)
        return Deletes([id for id in system.gone if id in wanted and id not in system.rows])

    def owners(self) -> Sequence[Owner]:
        return self.system.people

    def merges(self, object: str, since: Any) -> Merges:
        merged = self.of(object).merged
        return Merges(merged[since or 0 :], len(merged))


def manifest_of(system: MemorySystem) -> Manifest:
    """What the registry would have read for this system."""
    objects = {"customer": system.capabilities}
    if system.orders is not None:
        objects["order"] = system.orders.capabilities
    return Manifest(system.name, system.name, "test", "in memory", objects=objects)
