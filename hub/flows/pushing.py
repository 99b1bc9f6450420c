"""Everything that is owed goes out to all connections, to the end: from here, or watched while the workers do it.

The end is when nothing is due, in anybody's hands or due soon; what the ladder keeps longer is reported, not awaited.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from hub.errors import HubError
from hub.flows import quota, rails, retry, work
from hub.flows.catching_up import behind, catch_up
from hub.flows.drain import LANES
from hub.flows.report import Outcome, Progress, SyncReport
from hub.flows.wiring import Stream, load_wiring
from hub.queue import open_queue
from hub.settings import Settings
from hub.store.queries import heartbeats, outgoing, runs
from hub.store.session import Database

POLL_SECONDS = 0.5
_PATIENCE = (
    30.0  # seconds without any answer, besides a lease and a next attempt, after which the rest is reported
)


def push(
    db: Database,
    settings: Settings,
    report: SyncReport,
    *,
    confirm: bool,
    say: Callable[[Progress], None],
) -> None:
    """Bring out what every connection is owed, by the workers while one lives."""
    by_connection: defaultdict[int, list[Stream]] = defaultdict(list)
    for stream in load_wiring(db).streams.values():
        if stream.active:
            by_connection[stream.connection_id].append(stream)
    pushes = [
        _Push(db, settings, report, streams, confirm=confirm, say=say) for streams in by_connection.values()
    ]
    patience = settings.lease_seconds + retry.SOON + _PATIENCE
    moved_at = time.time()
    while True:
        by_workers = heartbeats.alive(db, now=time.time(), kind="worker bulk")
        moved = [one.step(by_workers=by_workers) for one in pushes]
        if any(moved):
            moved_at = time.time()
        ahead = [at for one in pushes if (at := one.next_at()) is not None]
        now = time.time()
        if not ahead or now - moved_at > patience:
            break
        if by_workers or not any(moved) or min(ahead) > now:
            time.sleep(min(max(min(ahead) - now, 0.1), POLL_SECONDS))
    for one in pushes:
        one.conclude()


class _Push:
    """What goes out to one connection during a sync."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        report: SyncReport,
        streams: Sequence[Stream],
        *,
        confirm: bool,
        say: Callable[[Progress], None],
    ) -> None:
        self._db = db
        self._settings = settings
        self._report = report
        self._streams = streams
        self._confirm = confirm
        self._say = say
        self._id = streams[0].connection_id
        self._name = streams[0].connection
        self._began = time.time()
        self._counts: Counter[str] = Counter()
        self._problem: str | None = None
        self._held = False

    def step(self, *, by_workers: bool) -> bool:
        """Go on with what may go out. Whether anything moved."""
        if self._problem is not None:
            return False
        before = Counter(self._counts)
        try:
            if behind(self._db, self._id):
                catch_up(self._db, load_wiring(self._db), self._id)
            self._held = not self._released()
            if not self._held:
                if by_workers:
                    self._watch()
                else:
                    self._work()
        except HubError as error:
            self._problem = str(error)
        return self._counts != before

    def next_at(self) -> float | None:
        """When there is something to do next; None: nothing that a sync waits for."""
        if self._problem is not None or self._held or quota.waits(self._db, self._id) is not None:
            return None
        with self._db.read() as conn:
            now = time.time()
            found = outgoing.soon(conn, self._id, before=now + retry.SOON)
            if found is None and any(
                one.capabilities.fetch_batch
                and outgoing.rereads(conn, self._id, one.object, limit=1, now=now)
                for one in self._streams
            ):
                return now
            return found

    def _released(self) -> bool:
        """Whether the rails let it go; else the plan that waits for a person is in the report."""
        now = time.time()
        if self._confirm:
            rails.confirm(self._db, self._id, now=now)
            return True
        if not self._streams[0].confirmed:
            plan = rails.plan(self._db, load_wiring(self._db), self._streams, states=("held",))
            if plan.empty:
                rails.confirm(self._db, self._id, now=now)
            else:
                self._show(plan)
            return False
        if rails.hold_over_cap(self._db, self._streams, now=now):
            self._show(rails.plan(self._db, load_wiring(self._db), self._streams, states=("held",)))
            return False
        return True

    def _show(self, plan: rails.Plan) -> None:
        if all(one.connection != plan.connection for one in self._report.plans):
            self._report.plans.append(plan)

    def _work(self) -> None:
        def tell(counts: Counter[str]) -> None:
            self._say(Progress(self._name, self._streams[0].object, "push", self._counts + counts))

        if not work.due(self._db, self._streams):
            return
        wiring = load_wiring(self._db)
        self._counts += work.run_push(self._db, self._settings, wiring, of=self._streams, say=tell)

    def _watch(self) -> None:
        """Ring for what is due, and see what the workers have done of it."""
        with self._db.read() as conn:
            failed = runs.failed_push(conn, self._id, since=self._began)
            answered = outgoing.answered(conn, self._id, since=self._began)
            now = time.time()
            due = any(
                outgoing.anything(conn, self._id, one.object, lanes=(lane,), now=now)
                for one in self._streams
                for lane in LANES
            )
        self._counts = Counter(answered)
        self._say(Progress(self._name, self._streams[0].object, "push", self._counts))
        if failed is not None:
            self._problem = failed
        elif due:
            queue = open_queue(self._settings)
            for lane in LANES:
                queue.dispatch("drain", self._id, lane)
            queue.close()

    def conclude(self) -> None:
        """What became of it, in the report."""
        with self._db.read() as conn:
            standing = outgoing.standing(conn, self._id, now=time.time())
        state, cause = "done", self._problem
        if self._problem:
            state = "failed"
        elif standing.get("later", 0) or standing.get("ready", 0) or standing.get("claimed", 0):
            state, cause = "later", "some writes wait for their next attempt"
        elif self._counts["dead"] + self._counts["refused"]:
            state, cause = "failed", "some writes were refused: see hub run list"
        elif standing.get("held", 0) and all(one.connection != self._name for one in self._report.plans):
            state, cause = "held", "some writes are held until a person decides"
        if self._counts or state != "done":
            seconds = time.time() - self._began
            self._report.outcomes.append(
                Outcome(self._name, self._streams[0].object, "push", state, +self._counts, seconds, cause)
            )
