"""The two kinds of work a row stands for, run to their end wherever they are started: inline, or by a worker's job."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import Any

from hub.errors import Cancelled, ConnectionBroken, HubError, LeaseLost, RetryLater
from hub.flows import backfill as filling
from hub.flows import owing, owners, quota, retry
from hub.flows.boundary import PAUSED
from hub.flows.catching_up import behind, catch_up
from hub.flows.drain import LANES, connector_for, drain
from hub.flows.keep import kept
from hub.flows.pull import Say, pull
from hub.flows.reconcile import Task, reconcile
from hub.flows.wiring import Stream, Wiring, load_wiring
from hub.queue import open_queue
from hub.settings import Settings
from hub.store.queries import connection_state, outgoing, runs, streams
from hub.store.session import Database


def request_pull(
    db: Database, stream: Stream, *, options: dict[str, Any], lane: str = "bulk", kind: str = "pull"
) -> int:
    """A person asks for a pull of a stream, now: its run is made, or the one that waits is urged. Returns its id.

    kind: `reconcile` for a comparison of everything that is bound.
    """
    with db.claim() as conn:
        run_id = runs.request(
            conn,
            stream.connection_id,
            stream.object,
            kind=kind,
            lane=lane,
            options=options,
            now=time.time(),
        )
        runs.due_now(conn, run_id, options=options, now=time.time())
    return run_id


def run_pull(
    db: Database,
    settings: Settings,
    run_id: int,
    *,
    say: Say | None = None,
    full: bool = False,
    confirmed: bool = False,
    keep: bool = True,
) -> None:
    """Work on a requested pull, if it is due and nobody else's. What happens is in its row, nothing is raised.

    keep: whether its lease is prolonged beside the work; a rehearsal, which nobody can take over, needs no thread.
    """
    with db.claim() as conn:
        row = runs.claim(conn, run_id, now=time.time(), lease_seconds=settings.lease_seconds)
    if row is None:
        return
    options = runs.options(row)
    counts: Counter[str] = Counter()

    def note(so_far: Counter[str], total: int | None) -> None:
        counts.clear()
        counts.update(so_far)
        if say is not None:
            say(so_far, total)

    full, confirmed = full or bool(options.get("full")), confirmed or bool(options.get("confirm"))
    try:
        done = _pull(db, settings, row, full=full, confirmed=confirmed, keep=keep, say=note)
    except LeaseLost:
        return
    except Cancelled as error:
        with db.claim() as conn:
            runs.cancelled(conn, row.id, fence=row.fence, cause=str(error), now=time.time())
        return
    except KeyboardInterrupt as error:
        _interrupted(db, row)
        raise error
    except Exception as error:
        _failed(db, row, error, counts=counts)
        if not isinstance(error, HubError):
            raise
        return
    with db.claim() as conn:
        runs.end(conn, row.id, fence=row.fence, state="done", counts=dict(done), now=time.time())
        connection_state.healed(conn, row.connection_id, now=time.time())
        if row.kind != filling.KIND:  # increments are none the better for it
            streams.finished(conn, row.connection_id, row.object, now=time.time())


def to_end(db: Database, settings: Settings, run_id: int, *, say: Say) -> str:
    """Work on a run here, turn by turn, until it ends or is put off for long. Returns its state."""
    while True:
        run_pull(db, settings, run_id, say=say)
        with db.read() as conn:
            row = runs.get(conn, run_id)
        if row.state != "queued" or row.next_at > time.time() + retry.SOON:
            return str(row.state)
        time.sleep(max(0.0, row.next_at - time.time()))


def _pull(
    db: Database, settings: Settings, row: Any, *, full: bool, confirmed: bool, keep: bool, say: Say
) -> Counter[str]:
    """The pull of a claimed run, its lease prolonged beside it."""
    wiring = load_wiring(db)
    stream = _stream(wiring, row)
    if row.stop is not None:  # asked of a worker that died before its next page
        raise Cancelled(f"{stream.label}: cancelled by {row.stop}.")
    if (left := quota.waits(db, row.connection_id)) is not None:
        raise left
    queue = open_queue(settings)
    try:
        connector, lease = connector_for(
            settings, stream, seconds=settings.lease_seconds, bucket=queue, lane=row.lane
        )
        with kept(db, row, lease) if keep else nullcontext():
            if stream.object == "customer" and owners.refresh(
                db, row.connection_id, connector, now=time.time()
            ):
                wiring = load_wiring(db)
                stream = _stream(wiring, row)
            if behind(db, row.connection_id):
                catch_up(db, wiring, row.connection_id)
            if row.kind == filling.KIND:
                return filling.backfill(filling.Task(db, wiring, stream, connector, row, lease), say=say)
            if row.kind == "reconcile":
                heal = not runs.options(row).get("look")
                task = Task(db, wiring, stream, connector, row, lease, heal, Counter())
                return reconcile(task, say=say)
            return pull(
                db,
                wiring,
                stream,
                connector=connector,
                run=row,
                lease=lease,
                full=full,
                confirmed=confirmed,
                say=say,
            )
    finally:
        queue.close()


def due(db: Database, of: Iterable[Stream], *, lanes: Sequence[str] = LANES) -> bool:
    """Whether anything is to be done now for these streams."""
    with db.read() as conn:
        return any(
            outgoing.anything(conn, one.connection_id, one.object, lanes=lanes, now=time.time()) for one in of
        )


def run_push(
    db: Database,
    settings: Settings,
    wiring: Wiring,
    *,
    of: Sequence[Stream],
    lanes: Sequence[str] = LANES,
    seconds: float | None = None,
    say: Callable[[Counter[str]], None] | None = None,
) -> Counter[str]:
    """Bring what is due to one connection. Returns the counts, empty if nothing was; notes a run if something was."""
    if not due(db, of, lanes=lanes) or quota.waits(db, of[0].connection_id) is not None:
        return Counter()  # no connector is built and no run noted for nothing
    began = time.time()
    queue = open_queue(settings)
    counts: Counter[str] = Counter()
    state, cause, code = "done", None, None
    try:
        connector, lease = connector_for(
            settings, of[0], seconds=settings.lease_seconds, bucket=queue, lane=_only(lanes)
        )
        counts = drain(
            db, wiring, of, connector=connector, lease=lease, lanes=lanes, seconds=seconds, say=say
        )
    except HubError as error:
        parked = quota.park(db, of[0].connection_id, error)  # then what is left waits, uncharged
        state, cause, code = "done" if parked else "failed", str(error), error.code
        if not parked:
            _stop_if_broken(db, of[0].connection_id, error)
            raise
    except Exception as error:  # its claims end with their lease; whoever waits for them is told why
        state, cause, code = "failed", f"{type(error).__name__}: {error}", "defect"
        raise
    finally:
        queue.close()
        if counts or state != "done":
            with db.claim() as conn:
                runs.note(
                    conn,
                    of[0].connection_id,
                    of[0].object,
                    kind="push",
                    state=state,
                    counts=dict(counts),
                    started=began,
                    now=time.time(),
                    cause=cause,
                    code=code,
                )
    return counts


def _only(lanes: Sequence[str]) -> str:
    """The lane whose share of the calls these take."""
    return lanes[0] if len(lanes) == 1 else owing.BULK


def _stream(wiring: Wiring, row: Any) -> Stream:
    stream = wiring.stream(row.connection_id, row.object)
    if stream is None:
        raise ConnectionBroken(
            f"Run {row.id} is for {row.object} of a connection that has none.",
            fix="Check hub connection list; a map for this object is missing, or the connection was removed.",
        )
    if not stream.active:
        raise RetryLater(f"{stream.connection} is paused.", after=PAUSED)
    return stream


def _interrupted(db: Database, row: Any) -> None:
    """A person pressed Ctrl-C: the run is nobody's at once, and goes on from its checkpoint when asked again."""
    with db.claim() as conn:
        runs.later(
            conn,
            row.id,
            fence=row.fence,
            next_at=time.time(),
            charged=False,
            cause="interrupted",
            code="interrupted",
        )


def _failed(db: Database, row: Any, error: Exception, *, counts: Counter[str]) -> None:
    now = time.time()
    quota.park(db, row.connection_id, error)
    step = retry.next_step(error, attempts=row.attempts, now=now)
    code = error.code if isinstance(error, HubError) else "defect"
    cause = str(error) if isinstance(error, HubError) else f"{type(error).__name__}: {error}"
    with db.claim() as conn:
        if step.act == "later":
            runs.later(
                conn, row.id, fence=row.fence, next_at=step.at, charged=step.charged, cause=cause, code=code
            )
            return
        state = "held" if step.act == "hold" else "failed"
        runs.end(
            conn,
            row.id,
            fence=row.fence,
            state=state,
            counts=dict(counts),
            now=now,
            cause=cause,
            code=code,
        )
    if isinstance(error, HubError):
        _stop_if_broken(db, row.connection_id, error)


def _stop_if_broken(db: Database, connection_id: int, error: HubError) -> None:
    """A connection that cannot work waits for an admin; its pushes stay queued."""
    if retry.next_step(error, attempts=0, now=0.0).act == "stop":
        with db.claim() as conn:
            connection_state.stopped(
                conn, connection_id, state=retry.stops_as(error), reason=str(error), now=time.time()
            )
