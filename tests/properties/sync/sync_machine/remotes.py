"""A fake system on a dictionary: what people and the hub do there, and how its calls fail.

The manners that tell the systems apart (rendering, versions, clocks, paging) are in `manners`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from sync_machine.trace import Act, Broken, Landing, Trace, taint

from hub.sync.policy import Manners, Policy, compile_policy
from hub.sync.reading import Reading

PATHS = ("email", "job_title", "phone", "department", "company")
REMAPPED = "department"  # the path whose map line changes in a history
SLOW = 40.0  # seconds that a slow call may take, if nothing cuts it


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


@dataclass
class Flight:
    """A call that was made. over: when the caller gives it up, with an unknown outcome if there is no answer yet."""

    over: float
    answer: Answer | None = None
    landed: float = 0.0


class Denied(Exception):
    """The token is no longer valid: nothing happens there before an admin has seen to it."""


class Remote:
    """Records by external id; every field is always shown, blank as an empty text. Base: exact, no frills."""

    name = "remote"
    late = 0.0
    shows_record = True
    page_size = 100  # records per page; small ones are read by offset
    skew = 0.0  # how far its clock runs ahead
    grain = 0.0  # its times are cut to so many seconds, so that many are equal
    tells_time = True
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
        self.on_the_way: list[tuple[float, Call, Flight | None]] = []
        self.locked = False
        self.map_version = 0
        self.policy: Policy = compile_policy(
            PATHS, PATHS, directions=self.directions, blanks=self.blanks, manners=self.manners
        )

    # --- manners ---

    def render(self, path: str, value: Any) -> str:
        return "" if value is None else str(value)

    def canonical(self, path: str, raw: str) -> Any:
        """The map: what a rendering means. The line of one path changes with the map's version."""
        if path == REMAPPED and self.map_version % 2:
            return raw.replace("-", " ")
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
        self.trace.hints.append((self.name, external_id))

    def _acted(self, external_id: str, path: str, now: float, *, edit: bool) -> None:
        raw = self.records[external_id][path]
        self.trace.act(Act(now, (self.name, external_id), path, taint(raw), raw, edit))

    # --- the hub ---

    def read(self, external_id: str, started: float, finished: float) -> Reading:
        """The record as it is now, read in a call between these moments. Raises Denied."""
        self.admit()
        raw = dict(self.records[external_id])
        version = str(self.revision[external_id]) if self.manners.version != "none" else None
        return self.reading(raw, self._source_time(external_id), started, finished, version)

    def reading(
        self,
        raw: dict[str, str],
        source_at: float | None,
        started: float,
        finished: float,
        version: str | None,
    ) -> Reading:
        """A raw body through the map in force."""
        blanks = tuple(path for path in PATHS if not raw[path])
        values = {path: self.canonical(path, raw[path]) for path in PATHS if raw[path]}
        return Reading(values, raw, blanks, source_at, started, finished, version)

    def listed(self) -> list[str]:
        """Ids in the order in which the system lists them: by its times, equal ones in any order."""
        tie = len(self.trace.acts)
        return sorted(self.records, key=lambda one: (self._source_time(one) or 0.0, int(one[1:]) * tie % 7))

    def _source_time(self, external_id: str) -> float | None:
        if not self.tells_time:
            return None
        at = self.modified[external_id] + self.skew
        return at - at % self.grain if self.grain else at

    def find(self, call: Call) -> list[str]:
        self.admit()
        if self.manners.marker:
            return [found for found, marker in self.markers.items() if marker == call.marker]
        mail = call.values["email"]
        return [found for found, raw in self.records.items() if self.canonical("email", raw["email"]) == mail]

    def admit(self) -> None:
        if self.locked:
            raise Denied

    def call(self, call: Call, now: float, luck: random.Random | None, *, seconds: float) -> Flight:
        """Send a write; `luck` decides its fate, None = all goes well. seconds: its time-out."""
        if self.locked:
            return Flight(now, Answer("retry"), now)
        fate = luck.random() if luck else 1.0
        if fate < 0.09:
            return Flight(now, Answer("unknown"), now)  # the request was lost
        if fate < 0.25:
            if self.late and luck:
                self.on_the_way.append((now + luck.uniform(0, self.late), call, None))
            else:
                self.land(call, now)
            return Flight(now, Answer("unknown"), now)  # the answer was lost
        if fate < 0.33:  # 422; or 429, 5xx: nothing happened
            return Flight(now, Answer("refused" if fate < 0.29 else "retry"), now)
        if luck and fate < 0.40:
            return self._slow(call, now, luck, seconds=seconds)
        return Flight(now, self.land(call, now), now)

    def _slow(self, call: Call, now: float, luck: random.Random, *, seconds: float) -> Flight:
        """A call that takes its time. Cut off, it is not carried out any more, or late by a system that does that."""
        lands, flight = now + luck.uniform(0, SLOW), Flight(now + seconds)
        if lands <= flight.over:
            self.on_the_way.append((lands, call, flight))
        elif self.late:
            self.on_the_way.append((flight.over + luck.uniform(0, self.late), call, None))
        return flight

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
            self._made(external_id, call)
        self._store(external_id, fields, now)
        self.trace.counts["writes landed"] += 1
        key = (self.name, external_id)
        self.trace.landings += [Landing(now, call.read_at, key, path) for path in call.values]
        shown = None
        if self.shows_record:
            raw = dict(self.records[external_id])
            version = str(self.revision[external_id]) if self.manners.version != "none" else None
            shown = self.reading(raw, self._source_time(external_id), now, now, version)
        return Answer("done", external_id, shown)

    def _made(self, external_id: str, call: Call) -> None:
        """A record made by a create of ours. Where there is a marker, it is the only one of its golden."""
        made = self.trace.made.setdefault((self.name, call.marker or ""), [])
        if made and self.manners.marker and set(made) & set(self.records):
            raise Broken("none twice", f"{self.name} got a second record for home {call.marker}")
        made.append(external_id)
        self.markers[external_id] = call.marker or ""

    def tick(self, now: float) -> None:
        """Slow calls, and those that were given up, take effect when their time has come."""
        due = [item for item in self.on_the_way if item[0] <= now]
        if not due:
            return
        self.on_the_way = [item for item in self.on_the_way if item[0] > now]
        for at, call, flight in sorted(due, key=lambda item: item[0]):
            answer = self.land(call, at)
            self.trace.note("LATE", self.name, call.external_id, call.values, answer.outcome)
            if flight:
                flight.answer, flight.landed = answer, at

    def _store(self, external_id: str, fields: dict[str, str], now: float) -> None:
        self.records[external_id] = {**self.records.get(external_id, {}), **fields}
        self.revision[external_id] = self.revision.get(external_id, 0) + 1
        self.modified[external_id] = now
        self.trace.hints.append((self.name, external_id))

    def _taken(self, external_id: str | None, values: dict[str, Any]) -> bool:
        return any(
            self.canonical(path, raw[path]) == values[path]
            for path in self.manners.unique
            if values.get(path)
            for other, raw in self.records.items()
            if other != external_id
        )
