"""`hub sync`: pulls, then all they cause, to the end; inline when no worker lives, else by the workers (issue: "CLI")."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from hub.errors import HubError, NotFound
from hub.flows import rails, work
from hub.flows.rails import Difference, Plan
from hub.flows.rehearsal import rehearse
from hub.flows.wiring import Stream, Wiring, load_wiring
from hub.settings import Settings
from hub.store.queries import heartbeats, outgoing, runs
from hub.store.session import Database

OBJECT_ORDER = {"customer": 0, "order": 1, "interaction": 2}
POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work is. total: records expected, if the system says so."""

    connection: str
    object: str
    kind: str
    counts: Counter[str]
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One pull of a stream, or one push to a connection. state: done | failed | held | later | queued."""

    connection: str
    object: str
    kind: str
    state: str
    counts: Counter[str]
    seconds: float
    cause: str | None = None


@dataclass(slots=True)
class SyncReport:
    """What a sync did. plans: what waits for a person's word. differences: of a dry run, what would be written."""

    outcomes: list[Outcome] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    strict: bool = False

    @property
    def exit_code(self) -> int:
        """0 done (also with quarantined rows, unless strict), 1 failed, held or unconfirmed."""
        bad = any(one.state not in ("done", "queued") for one in self.outcomes) or bool(self.plans)
        rejected = any(one.counts["rejected"] for one in self.outcomes)
        return int(bad or (self.strict and rejected))


def sync(
    db: Database,
    settings: Settings,
    *,
    connections: Sequence[str] = (),
    object: str | None = None,
    full: bool = False,
    dry_run: bool = False,
    diff: bool = False,
    confirm: bool = False,
    wait: bool = True,
    strict: bool = False,
    say: Callable[[Progress], None] = lambda progress: None,
) -> SyncReport:
    """Bring the named connections (all active ones by default) in and out. Raises NotFound for an unknown name."""
    report = SyncReport(strict=strict)
    if dry_run:
        with rehearse(db) as rehearsal:
            streams = chosen(load_wiring(rehearsal), connections, object=object)
            _pull_inline(rehearsal, settings, streams, report, full=full, confirm=confirm, say=say)
            wiring = load_wiring(rehearsal)
            for stream in chosen(wiring, (), object=object):
                report.differences += rails.differences(rehearsal, wiring, stream, states=("waiting", "held"))
        return report
    streams = chosen(load_wiring(db), connections, object=object)
    if heartbeats.alive(db, now=time.time()):
        _by_workers(db, settings, streams, report, full=full, confirm=confirm, wait=wait, say=say)
    else:
        _pull_inline(db, settings, streams, report, full=full, confirm=confirm, say=say)
    if wait or not heartbeats.alive(db, now=time.time()):
        _push(db, settings, report, confirm=confirm, say=say)
    return report


def chosen(wiring: Wiring, names: Sequence[str], *, object: str | None) -> list[Stream]:
    """The streams to pull: of active connections, customers before what refers to them. Raises NotFound."""
    known = set(wiring.names.values())
    for name in names:
        if name not in known:
            raise NotFound(
                f"There is no connection {name!r}.", fix=f"Known: {', '.join(sorted(known)) or 'none'}."
            )
    streams = [
        one
        for one in wiring.streams.values()
        if one.active and one.rules.pull and (not names or one.connection in names)
    ]
    if object is not None:
        streams = [one for one in streams if one.object == object]
    return sorted(streams, key=lambda one: (OBJECT_ORDER.get(one.object, 9), one.connection_id))


def _pull_inline(
    db: Database,
    settings: Settings,
    streams: Iterable[Stream],
    report: SyncReport,
    *,
    full: bool,
    confirm: bool,
    say: Callable[[Progress], None],
) -> None:
    for stream in streams:
        with db.claim() as conn:
            options = {"full": full, "confirm": confirm}
            run_id = runs.request(
                conn,
                stream.connection_id,
                stream.object,
                kind="pull",
                lane="bulk",
                options=options,
                now=time.time(),
            )
            runs.due_now(conn, run_id, now=time.time())
        _await_lease(db, run_id)

        def tell(counts: Counter[str], total: int | None, stream: Stream = stream) -> None:
            say(Progress(stream.connection, stream.object, "pull", counts, total))

        work.run_pull(db, settings, run_id, say=tell, full=full, confirmed=confirm)
        report.outcomes.append(_outcome(db, run_id, stream))


def _by_workers(
    db: Database,
    settings: Settings,
    streams: Sequence[Stream],
    report: SyncReport,
    *,
    full: bool,
    confirm: bool,
    wait: bool,
    say: Callable[[Progress], None],
) -> None:
    """Ask the workers, and watch their rows."""
    asked = []
    for stream in streams:
        run_id = work.request_pull(db, settings, stream, options={"full": full, "confirm": confirm})
        asked.append((run_id, stream))
    while wait:
        open_ones = 0
        for run_id, stream in asked:
            with db.read() as conn:
                row = runs.get(conn, run_id)
            open_ones += row.state in ("queued", "running") and row.attempts == 0
            say(Progress(stream.connection, stream.object, "pull", runs.counts(row)))
        if not open_ones:
            break
        time.sleep(POLL_SECONDS)
    report.outcomes += [_outcome(db, run_id, stream) for run_id, stream in asked]


def _await_lease(db: Database, run_id: int) -> None:
    """A run another process was killed in is taken over when its lease ends; nobody else's run is touched before."""
    while True:
        with db.read() as conn:
            row = runs.get(conn, run_id)
        left = (row.lease_until or 0) - time.time()
        if row.state != "running" or left <= 0:
            return
        time.sleep(min(left, POLL_SECONDS))


def _outcome(db: Database, run_id: int, stream: Stream) -> Outcome:
    with db.read() as conn:
        row = runs.get(conn, run_id)
    state = "later" if row.state == "queued" and row.attempts else row.state
    seconds = (row.finished_at or time.time()) - (row.started_at or row.requested_at)
    return Outcome(stream.connection, stream.object, row.kind, state, runs.counts(row), seconds, row.cause)


def _push(
    db: Database,
    settings: Settings,
    report: SyncReport,
    *,
    confirm: bool,
    say: Callable[[Progress], None],
) -> None:
    """Everything the pulls caused goes out, to all connections, until nothing is due."""
    wiring = load_wiring(db)
    by_connection: defaultdict[int, list[Stream]] = defaultdict(list)
    for stream in wiring.streams.values():
        if stream.active:
            by_connection[stream.connection_id].append(stream)
    totals: dict[int, Counter[str]] = {}
    began = time.time()
    problems: dict[int, str] = {}
    settled = False
    while not settled:
        settled = True
        for id, streams in by_connection.items():
            if id in problems:
                continue
            try:
                moved = _push_one(db, settings, wiring, streams, report, confirm=confirm, say=say)
            except HubError as error:
                problems[id] = str(error)
                continue
            if moved:
                totals[id] = totals.get(id, Counter()) + moved
                settled = False
    for id, streams in by_connection.items():
        _conclude(db, streams, report, totals.get(id), problem=problems.get(id), seconds=time.time() - began)


def _push_one(
    db: Database,
    settings: Settings,
    wiring: Wiring,
    streams: list[Stream],
    report: SyncReport,
    *,
    confirm: bool,
    say: Callable[[Progress], None],
) -> Counter[str]:
    id, now = streams[0].connection_id, time.time()
    if confirm:
        rails.confirm(db, id, now=now)
    if not streams[0].confirmed and not confirm:
        plan = rails.plan(db, wiring, streams, states=("held",))
        if plan.empty:
            rails.confirm(db, id, now=now)
        elif all(one.connection != plan.connection for one in report.plans):
            report.plans.append(plan)
        return Counter()
    if not confirm and rails.hold_over_cap(db, streams, now=now):
        report.plans.append(rails.plan(db, wiring, streams, states=("held",)))
        return Counter()

    def tell(counts: Counter[str]) -> None:
        say(Progress(streams[0].connection, streams[0].object, "push", counts))

    return work.run_push(db, settings, wiring, of=streams, say=tell)


def _conclude(
    db: Database,
    streams: list[Stream],
    report: SyncReport,
    counts: Counter[str] | None,
    *,
    problem: str | None,
    seconds: float,
) -> None:
    id = streams[0].connection_id
    with db.read() as conn:
        standing = outgoing.standing(conn, id, now=time.time())
    state, cause = "done", problem
    if problem:
        state = "failed"
    elif standing.get("later", 0) or standing.get("ready", 0) or standing.get("claimed", 0):
        state, cause = "later", "some writes wait for their next attempt"
    elif counts and counts["dead"] + counts["refused"]:
        state, cause = "failed", "some writes were refused: see hub run list"
    elif standing.get("held", 0) and not any(one.connection == streams[0].connection for one in report.plans):
        state, cause = "held", "some writes are held until a person decides"
    if counts or state != "done":
        report.outcomes.append(
            Outcome(
                streams[0].connection,
                streams[0].object,
                "push",
                state,
                counts or Counter(),
                seconds,
                cause,
            )
        )
