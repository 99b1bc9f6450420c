"""What webhooks asked for, done: rows of the inbox are gathered, their records read and taken, and the rows settled.

A row is claimed with a lease and an owner; killed anywhere, the next owner does it all again, which changes nothing.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from hub.budget import Bucket
from hub.errors import HubError
from hub.flows import owing, quota, rails, retry
from hub.flows.connect import Lease
from hub.flows.drain import connector_for
from hub.flows.hinted import Asked, Desk, take
from hub.flows.upkeep import Call
from hub.flows.wiring import Wiring
from hub.settings import Settings
from hub.store.queries import connection_state, inbox
from hub.store.queries.inbox import Step, Waiting
from hub.store.session import Database

MOST_ROWS = 500
_TIMES = 4  # so often is a lease prolonged before it would end
_FIRST = ("customer", "order", "interaction")  # orders and interactions refer to customers


class Worked(NamedTuple):
    """What became of a batch. calls: jobs to ring for, besides what is owed now. goes_on: the connection works."""

    counts: Counter[str]
    calls: Sequence[Call]
    goes_on: bool


@dataclass(slots=True)
class _Batch:
    """Rows of one connection in hand, under the word of their owner."""

    db: Database
    settings: Settings
    wiring: Wiring
    connection_id: int
    bucket: Bucket | None
    counts: Counter[str]
    calls: list[Call] = field(default_factory=list)
    owner: str = field(default_factory=partial(secrets.token_hex, 8))
    prolonged: float = field(default_factory=time.time)

    def claim(self) -> list[Waiting]:
        with self.db.claim() as conn:
            now = time.time()
            return inbox.claim(
                conn, self.connection_id, owner=self.owner, now=now, until=self._until(now), limit=MOST_ROWS
            )

    def prolong(self) -> None:
        """After each step; written only now and then, for each write waits for the others."""
        now = time.time()
        if now - self.prolonged > self.settings.lease_seconds / _TIMES:
            self.prolonged = now
            with self.db.claim() as conn:
                inbox.prolong(conn, self.connection_id, owner=self.owner, until=self._until(now))

    def take(self, rows: Sequence[Waiting]) -> dict[tuple[str, str], Exception]:
        """Take what these rows speak of, object by object. Returns what went wrong, by object and external id."""
        trouble: dict[tuple[str, str], Exception] = {}
        said, confirmed = _united(rows)
        for object in sorted(said, key=_place):
            stream = self.wiring.stream(self.connection_id, object)
            if stream is None or not stream.rules.pull:
                self.counts["unread"] += len(said[object])  # it is not read here at all, so it is done
                continue
            asked = Asked(stream, said[object], frozenset(confirmed[object]))
            try:
                connector, lease = connector_for(
                    self.settings,
                    stream,
                    seconds=self.settings.lease_seconds,
                    bucket=self.bucket,
                    lane=owing.REALTIME,
                )
            except HubError as error:
                trouble |= {(object, id): error for id in asked.said}
                continue
            desk = Desk(self.db, self.wiring, connector, self.counts, partial(self._kept, lease))
            taken = take(desk, asked)
            trouble |= {(object, id): error for id, error in taken.trouble.items()}
            self.calls += [("pull", run_id, "realtime") for run_id in taken.runs]
        return trouble

    def settle(self, rows: Sequence[Waiting], trouble: Mapping[tuple[str, str], Exception]) -> bool:
        """Bring the rows to their next state. Whether it is worth going on."""
        now = time.time()
        steps: list[Step] = []
        broken: HubError | None = None
        parked = False
        for row in rows:
            met = (trouble.get((hint.object, hint.external_id)) for hint in row.hints)
            error = next((one for one in met if one is not None), None)
            step, stops = _next(row, error, now=now)
            parked = parked or (error is not None and quota.park(self.db, self.connection_id, error))
            broken = error if stops and isinstance(error, HubError) else broken
            steps.append(step)
            self.counts[step.state] += 1
        with self.db.claim() as conn:
            inbox.settle(conn, steps, owner=self.owner, now=now)
            if broken:
                state = retry.stops_as(broken)
                connection_state.stopped(conn, self.connection_id, state=state, reason=str(broken), now=now)
        return broken is None and not parked

    def _kept(self, lease: Lease) -> None:
        lease.prolong()
        self.prolong()

    def _until(self, now: float) -> float:
        return now + self.settings.lease_seconds


def work(
    db: Database, settings: Settings, connection_id: int, *, wiring: Wiring, bucket: Bucket | None
) -> Worked | None:
    """Work on what waits of a connection, as much as goes in one batch. None: nothing is due.

    Outcomes are in the rows; nothing is raised for what went wrong over there.
    """
    if quota.waits(db, connection_id) is not None:
        return None
    batch = _Batch(db, settings, wiring, connection_id, bucket, Counter())
    rows = batch.claim()
    if not rows:
        return None
    batch.counts["webhooks"] += len(rows)
    trouble = batch.take(rows)
    goes_on = batch.settle(rows, trouble)
    return Worked(+batch.counts, batch.calls, goes_on)


def _place(object: str) -> int:
    return _FIRST.index(object) if object in _FIRST else len(_FIRST)


def _united(
    rows: Sequence[Waiting],
) -> tuple[Mapping[str, Mapping[str, bool]], Mapping[str, set[str]]]:
    """Object → external id → whether any row says it was deleted; and the ids a person has said may go."""
    said: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    confirmed: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        for hint in row.hints:
            mine = said[hint.object]
            mine[hint.external_id] = hint.deleted or mine.get(hint.external_id, False)
            if row.cause == rails.CONFIRMED:
                confirmed[hint.object].add(hint.external_id)
    return said, confirmed


def _next(row: Waiting, error: Exception | None, *, now: float) -> tuple[Step, bool]:
    """The next state of a row (flows/retry.py), and whether its connection waits for an admin."""
    if error is None:
        return Step(row.id, "done", now), False
    known = isinstance(error, HubError)
    cause = str(error) if known else f"{type(error).__name__}: {error}"
    code: Any = getattr(error, "code", None) if known else "defect"
    step = retry.next_step(error, attempts=row.attempts, now=now)
    if step.act == "stop":
        return Step(row.id, "waiting", now, False, cause, code), True
    state = {"later": "waiting", "hold": "held", "dead": "dead"}[step.act]
    return Step(row.id, state, step.at, step.charged, cause, code), False
