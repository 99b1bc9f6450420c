"""Three fake systems of different manners, on dictionaries.

`ledger` is exact, has ETags and conditional writes, and keeps our marker in a field. `shouter` upper-cases,
reformats phones, has no version and no marker, but keeps e-mail unique. `stub` cuts long values, answers a
write without showing the record, keeps our marker, and may carry a call out long after it was given up.
"""

from __future__ import annotations

import random
from typing import Any, ClassVar, NamedTuple

from sync_machine.trace import Act, Broken, Landing, Trace, taint

from hub.sync.policy import Manners, Policy, compile_policy
from hub.sync.reading import Reading

PATHS = ("email", "job_title", "phone", "department", "company")
LATE = 60.0
CUT = 9


class Answer(NamedTuple):
    """What a caller learns: outcome as in the connector protocol, and the record if the answer shows it."""

    outcome: str
    external_id: str | None = None
    shown: Reading | None = None


class Call(NamedTuple):
    """A write on its way. external_id None = create."""

    external_id: str | None
    values: dict[str, Any]
    read_at: float
    version: str | None = None
    marker: str | None = None


class Remote:
    """Records by external id; every field is always shown, blank as an empty text. Base of the three: exact,
    no frills."""

    name = "remote"
    late = 0.0
    shows_record = True
    manners = Manners()
    directions: ClassVar[dict[str, str]] = {}
    blanks: ClassVar[dict[str, str]] = {}
    defaults: ClassVar[dict[str, str]] = {}

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.records: dict[str, dict[str, str]] = {}
        self.ids = 0
        self.markers: dict[str, str] = {}
        self.revision: dict[str, int] = {}
        self.modified: dict[str, float] = {}
        self.on_the_way: list[tuple[float, Call]] = []
        self.policy: Policy = compile_policy(
            PATHS, PATHS, directions=self.directions, blanks=self.blanks, manners=self.manners
        )

    # --- manners ---

    def render(self, path: str, value: Any) -> str:
        return "" if value is None else str(value)

    def canonical(self, path: str, raw: str) -> Any:
        return raw.lower() if path == "email" else raw

    def new_id(self) -> str:
        self.ids += 1
        return f"{self.name[0]}{self.ids}"

    # --- people ---

    def add(self, external_id: str, fields: dict[str, str], now: float) -> bool:
        if self._taken(None, fields):
            return False
        self._store(external_id, {path: self.render(path, fields.get(path)) for path in PATHS}, now)
        for path in PATHS:
            self._acted(external_id, path, now, edit=False)
        return True

    def type(self, external_id: str, path: str, text: str, now: float) -> None:
        raw = self.render(path, text)
        if self.records[external_id][path] != raw:
            self._store(external_id, {path: raw}, now)
            self._acted(external_id, path, now, edit=True)

    def delete(self, external_id: str) -> None:
        del self.records[external_id]
        self.markers.pop(external_id, None)

    def _acted(self, external_id: str, path: str, now: float, *, edit: bool) -> None:
        raw = self.records[external_id][path]
        self.trace.act(Act(now, (self.name, external_id), path, taint(raw), raw, edit))

    # --- the hub ---

    def read(self, external_id: str, started: float, finished: float) -> Reading:
        raw = dict(self.records[external_id])
        blanks = tuple(path for path in PATHS if not raw[path])
        values = {path: self.canonical(path, raw[path]) for path in PATHS if raw[path]}
        version = str(self.revision[external_id]) if self.manners.version != "none" else None
        return Reading(values, raw, blanks, self.modified[external_id], started, finished, version)

    def find(self, call: Call) -> list[str]:
        if self.manners.marker:
            return [found for found, marker in self.markers.items() if marker == call.marker]
        mail = call.values["email"]
        return [found for found, raw in self.records.items() if self.canonical("email", raw["email"]) == mail]

    def call(self, call: Call, now: float, luck: random.Random | None) -> Answer:
        """Carry a write out; `luck` decides its fate, None = all goes well."""
        fate = luck.random() if luck else 1.0
        if fate < 0.10:
            return Answer("unknown")  # the request was lost
        if fate < 0.28:
            if self.late and luck:
                self.on_the_way.append((now + luck.uniform(0, self.late), call))
            else:
                self.land(call, now)
            return Answer("unknown")  # the answer was lost
        if fate < 0.33:
            return Answer("refused")
        return self.land(call, now)

    def land(self, call: Call, now: float) -> Answer:
        external_id = call.external_id
        if external_id and external_id not in self.records:
            return Answer("refused")  # somebody deleted it
        if external_id and call.version and call.version != str(self.revision[external_id]):
            return Answer("not_landed")
        if self._taken(external_id, call.values):
            return Answer("refused")
        fields = {path: self.render(path, value) for path, value in call.values.items()}
        if external_id is None:
            external_id = self.new_id()
            fields = {path: fields.get(path) or self.defaults.get(path, "") for path in PATHS}
            if self.manners.marker and call.marker in self.markers.values():
                raise Broken(f"{self.name} got a second record for home {call.marker}")
            self.markers[external_id] = call.marker or ""
        self._store(external_id, fields, now)
        key = (self.name, external_id)
        self.trace.landings += [Landing(now, call.read_at, key, path) for path in call.values]
        return Answer("done", external_id, self.read(external_id, now, now) if self.shows_record else None)

    def tick(self, now: float) -> None:
        """Calls that were given up take effect when their time has come."""
        due = [item for item in self.on_the_way if item[0] <= now]
        self.on_the_way = [item for item in self.on_the_way if item[0] > now]
        for at, call in sorted(due, key=lambda item: item[0]):
            answer = self.land(call, at)
            self.trace.note("LATE", self.name, call.external_id, call.values, answer.outcome)

    def _store(self, external_id: str, fields: dict[str, str], now: float) -> None:
        self.records[external_id] = {**self.records.get(external_id, {}), **fields}
        self.revision[external_id] = self.revision.get(external_id, 0) + 1
        self.modified[external_id] = now

    def _taken(self, external_id: str | None, values: dict[str, Any]) -> bool:
        return any(
            self.canonical(path, raw[path]) == values[path]
            for path in self.manners.unique
            if values.get(path)
            for other, raw in self.records.items()
            if other != external_id
        )


class Ledger(Remote):
    name = "ledger"
    manners = Manners(conditional=True, version="etag", marker=True, identifying=("email",))
    blanks: ClassVar = {"phone": "clear"}
    directions: ClassVar = {"company": "in"}


class Shouter(Remote):
    name = "shouter"
    manners = Manners(unique=("email",), read_after_write_seconds=3.0)
    blanks: ClassVar = {"department": "refill"}

    def render(self, path: str, value: Any) -> str:
        if not value:
            return ""
        return f"[{value}]" if path == "phone" and not str(value).startswith("[") else str(value).upper()

    def canonical(self, path: str, raw: str) -> Any:
        return raw.strip("[]") if path == "phone" else super().canonical(path, raw)


class Stub(Remote):
    name = "stub"
    late = LATE
    shows_record = False
    manners = Manners(marker=True, identifying=("email",), lands_late_seconds=LATE)
    directions: ClassVar = {"company": "out"}
    defaults: ClassVar = {"department": "somewhere"}

    def render(self, path: str, value: Any) -> str:
        return ("" if value is None else str(value)) if path == "email" else str(value or "")[:CUT]


REMOTES = (Ledger, Shouter, Stub)
