"""The pulls a person asked for: worked on here, or watched while the workers do them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from hub.flows import retry, work
from hub.flows.report import Outcome, Progress, SyncReport
from hub.flows.wiring import Stream
from hub.queue import open_queue
from hub.settings import Settings
from hub.store.queries import heartbeats, runs
from hub.store.session import Database

POLL_SECONDS = 0.5
_TRIES = 5  # how often a remote may ask for a short pause here before the rest is left to the next run


class Ask(NamedTuple):
    """What a person asked for, and where the outcomes go."""

    db: Database
    settings: Settings
    report: SyncReport
    full: bool
    confirm: bool
    say: Callable[[Progress], None]

    @property
    def options(self) -> dict[str, Any]:
        return {"full": self.full, "confirm": self.confirm}


def here(ask: Ask, streams: Iterable[Stream], *, keep: bool = True) -> None:
    """Pull one stream after the other in this process. keep: as of `work.run_pull`."""
    for stream in streams:
        run_id = _ours(ask, stream)

        def tell(counts: Counter[str], total: int | None, stream: Stream = stream) -> None:
            ask.say(Progress(stream.connection, stream.object, "pull", counts, total))

        for _ in range(_TRIES):
            work.run_pull(
                ask.db, ask.settings, run_id, say=tell, full=ask.full, confirmed=ask.confirm, keep=keep
            )
            row = _row(ask, run_id)
            if not _open(row):
                break
            time.sleep(max(0.0, row.next_at - time.time()))
        ask.report.outcomes.append(_outcome(ask, run_id, stream))


def ring(ask: Ask, streams: Iterable[Stream]) -> None:
    """Ask the workers and do not wait."""
    for stream in streams:
        ask.report.outcomes.append(_outcome(ask, _request(ask, stream), stream))


def by_workers(ask: Ask, streams: Sequence[Stream]) -> list[Stream]:
    """Ask the workers and watch their rows. Returns the streams not pulled because no worker lives any more."""
    asked: dict[int, Stream] = {}
    early: dict[
        int, Stream
    ] = {}  # they had begun before we asked, and may have read before what we mean was there
    for stream in streams:
        run_id = _request(ask, stream)
        (early if _row(ask, run_id).state == "running" else asked)[run_id] = stream
    while asked or early:
        for run_id, stream in _ended(ask, early):
            del early[run_id]
            asked[_request(ask, stream)] = stream
        for run_id, stream in _ended(ask, asked):
            del asked[run_id]
            ask.report.outcomes.append(_outcome(ask, run_id, stream))
        if not heartbeats.alive(ask.db, now=time.time(), kind="worker pull"):
            break
        time.sleep(POLL_SECONDS)
    return [*early.values(), *asked.values()]


def _ended(ask: Ask, watched: dict[int, Stream]) -> list[tuple[int, Stream]]:
    ended = []
    for run_id, stream in watched.items():
        row = _row(ask, run_id)
        ask.say(Progress(stream.connection, stream.object, "pull", runs.counts(row)))
        if not _open(row):
            ended.append((run_id, stream))
    return ended


def _request(ask: Ask, stream: Stream) -> int:
    """Ask for a run, and ring for it."""
    run_id = work.request_pull(ask.db, stream, options=ask.options)
    queue = open_queue(ask.settings)
    queue.dispatch("pull", run_id, "bulk")
    queue.close()
    return run_id


def _ours(ask: Ask, stream: Stream) -> int:
    """A run to work on here: once another process that pulls the stream has ended, or its lease, if it died."""
    while True:
        run_id = work.request_pull(ask.db, stream, options=ask.options)
        row = _row(ask, run_id)
        left = (row.lease_until or 0.0) - time.time()
        if row.state != "running" or left <= 0:
            return run_id
        time.sleep(min(left, POLL_SECONDS))


def _row(ask: Ask, run_id: int) -> Any:
    with ask.db.read() as conn:
        return runs.get(conn, run_id)


def _open(row: Any) -> bool:
    """Whether a run is at work, or soon to be. One on the ladder, or told to wait long, is reported, not awaited."""
    soon = row.next_at <= time.time() + retry.SOON
    return bool(row.state == "running" or (row.state == "queued" and soon))


def _outcome(ask: Ask, run_id: int, stream: Stream) -> Outcome:
    row = _row(ask, run_id)
    state = "later" if row.state == "queued" and row.cause else row.state
    seconds = (row.finished_at or time.time()) - (row.started_at or row.requested_at)
    return Outcome(stream.connection, stream.object, row.kind, state, runs.counts(row), seconds, row.cause)
