"""Everything of a stream read once more, in the bulk lane and in turns, beside its increments (issue 6.8).

It has a checkpoint of its own, in its run's options; the stream's, which increments go by, is not touched. Digests stop
what has not changed, so that a backfill costs calls and little else. It says before what it will cost.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from hub.errors import RetryLater
from hub.flows import intake, owing
from hub.flows.boundary import page_done
from hub.flows.connect import KEPT_SHARE, Lease
from hub.flows.drain import connector_for
from hub.flows.giving_way import give_way
from hub.flows.quarantine import Refusal
from hub.flows.wiring import Stream, Wiring
from hub.sdk.connector import Connector
from hub.settings import Settings
from hub.store.queries import runs
from hub.store.session import Database

KIND = "backfill"
TURN = 30.0  # seconds; then others of the bulk lane have theirs


class Estimate(NamedTuple):
    """What a backfill will cost, from its first page and what the system tells. None: it does not tell its total.
    minutes: at the call budget, or as fast as the first page came."""

    connection: str
    object: str
    records: int | None
    calls: int | None
    minutes: float | None


class Task(NamedTuple):
    """What one turn works with."""

    db: Database
    wiring: Wiring
    stream: Stream
    connector: Connector
    run: Any
    lease: Lease


def estimate(settings: Settings, stream: Stream) -> Estimate:
    """Read one page and take nothing of it. Raises what the connector raises."""
    connector, _ = connector_for(settings, stream, seconds=settings.lease_seconds, bucket=None)
    began = time.monotonic()
    page = next(iter(connector.pull(stream.object, None, full=True)), None)
    took = time.monotonic() - began
    total = page.total if page is not None else 0
    if page is None or total is None:
        return Estimate(stream.connection, stream.object, total, 0 if page is None else None, None)
    calls = math.ceil(total / max(len(page.records), 1))
    rate = stream.config.calls_per_second
    seconds = calls * max(took, 1.0 / (rate * (1 - KEPT_SHARE)) if rate else 0.0)
    return Estimate(stream.connection, stream.object, total, calls, round(seconds / 60, 1))


def backfill(task: Task, *, say: Callable[[Counter[str], int | None], None]) -> Counter[str]:
    """One turn of a claimed run. Returns the counts at its end; raises RetryLater when the turn is over before."""
    stream, options = task.stream, runs.options(task.run)
    counts: Counter[str] = Counter(runs.counts(task.run))
    cursor = options.get("cursor")
    ends, started = time.monotonic() + TURN, time.time()
    for page in task.connector.pull(stream.object, cursor, full=cursor is None):
        finished = time.time()
        taken = intake.PageIn(
            records=[one for one in page.records if not one.deleted],
            started=started,
            finished=finished,
            rejected=[Refusal(*one) for one in page.rejected],
            counts=counts,
        )
        intake.take_page(task.db, task.wiring, stream, page=taken, now=time.time(), lane=owing.BULK)
        if page.cursor is not None:
            with task.db.claim() as conn:
                options["cursor"] = page.cursor
                runs.checkpoint(conn, task.run.id, fence=task.run.fence, options=options)
        page_done(task.db, task.run, task.lease, counts=counts, label=stream.label)
        say(counts, page.total)
        if page.cursor is not None and time.monotonic() > ends:
            raise RetryLater(f"{stream.label}: the backfill goes on in its next turn.", after=1.0)
        give_way(task.db, took=time.time() - started)
        started = time.time()
    return +counts
