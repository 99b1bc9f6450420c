"""What receipts and searches make of creates: their rows, new bindings, the log (sync.md, "A create")."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.flows import retry
from hub.flows.absorb import Evidence
from hub.flows.batch import Batch
from hub.flows.kinds import Standing
from hub.flows.remote import as_error
from hub.flows.wiring import Stream
from hub.sdk.connector import Receipt
from hub.store.documents import dump
from hub.store.queries import dependencies, numbers, outgoing, outgoing_rows, records
from hub.sync.create import Create, Settled


class Job(NamedTuple):
    """A create in hand: its state as claimed, and how its golden stands.

    rival: another create there is begun, of the same golden or with the same value in a unique field; then `again_at`
    says when to look again.
    """

    create: Create
    standing: Standing
    attempts: int
    lane: str
    rival: bool
    again_at: float = 0.0


class Outcome(NamedTuple):
    """What became of one create. answer: the remote's, or one that stands for a search, with the record it found."""

    job: Job
    settled: Settled
    answer: Receipt


def settle(conn: Connection, batch: Batch, outcomes: Sequence[Outcome]) -> None:
    """Store what receipts or searches did: the creates' rows, new bindings, the log."""
    if not outcomes:
        return
    stream, now = batch.stream, time.time()
    bound = _bind(conn, batch, [one for one in outcomes if one.settled.binding is not None])
    rows = []
    log = []
    for job, settled, answer in outcomes:
        id = bound.get(job.create.home_id)
        columns = _columns(job, settled, answer, now=now)
        rows.append((settled.create, columns if id is None else {**columns, "record_id": id}))
        if answer.outcome == "done" and id is None:
            continue  # a search that found nothing is no answer to a write
        log.append(
            (
                now, stream.connection_id, stream.object, answer.external_id, id, job.standing.subject, "create",
                answer.outcome, dump(dict(settled.create.values)), None, answer.cause,
            )
        )  # fmt: skip
    put(conn, stream, rows, now=now)
    outgoing.log_receipts(conn, log)


def put(
    conn: Connection, stream: Stream, rows: Iterable[tuple[Create, Mapping[str, Any]]], *, now: float
) -> None:
    """Store these creates, each with these columns of its row; the lease stands only while it is claimed."""
    outgoing_rows.set_creations(
        conn,
        stream.connection_id,
        stream.object,
        rows=[(create.home_id, _row(create, columns)) for create, columns in rows],
        now=now,
    )


def _row(create: Create, columns: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "step": create.state,
        "intent": outgoing.spelt(create.values),
        "doubt": create.doubt,
        "absent": create.absent,
        "call_ends_at": create.call_ends_at or None,
        "settled_at": create.settled_at or None,
        "fence": create.fence,
        "lease_until": create.lease_until if columns.get("state") == "claimed" else None,
        **columns,
    }


def _columns(job: Job, settled: Settled, answer: Receipt, *, now: float) -> dict[str, Any]:
    """The row's own columns: bound or dropped, again later, or a dead letter."""
    if settled.dead:
        attempts = job.attempts + 1
        return {"state": "dead", "cause": answer.cause, "code": answer.outcome, "attempts": attempts}
    if not settled.retry:
        return {"state": "done", "cause": None, "code": None}
    step = retry.next_step(as_error(answer), attempts=job.attempts, now=now)
    return {
        "state": "waiting",
        "next_at": settled.not_before or (now if answer.outcome == "done" else step.at),
        "attempts": job.attempts + int(step.charged),
        "cause": answer.cause,
        "code": answer.outcome,
    }


def _bind(conn: Connection, batch: Batch, outcomes: Sequence[Outcome]) -> dict[int, int]:
    """The source records and bindings of records we made, by home id; each stays tied to the home id it was made for.

    Where the system met a record that is somebody's own, it stays theirs, and is read again.
    """
    if not outcomes:
        return {}
    stream, now = batch.stream, time.time()
    wanted = [_external_id(one.answer) for one in outcomes]
    known = records.digests(conn, stream.connection_id, stream.object, external_ids=wanted)
    there = {external_id: parts[0].id for external_id, parts in known.items()}
    fresh: dict[str, Outcome] = {}
    met: list[str] = []
    for external_id, one in zip(wanted, outcomes, strict=True):
        if external_id in there or external_id in fresh:
            met.append(external_id)
        else:
            fresh[external_id] = one
    there |= zip(fresh, numbers.record_ids(conn, len(fresh), now=now) if fresh else (), strict=True)
    outgoing.mark_reread(
        conn, stream.connection_id, stream.object, external_ids=met, why="unsettled", now=now
    )
    evidence = []
    rows = []
    for external_id, (_, settled, answer) in fresh.items():
        id = there[external_id]
        raw = dump(answer.record.raw) if answer.record else "{}"
        rows.append(
            (id, stream.connection_id, stream.object, external_id, "", None, stream.map_id, now, now, raw)
        )
        assert settled.binding is not None
        evidence.append(
            Evidence(id, stream, external_id, "", now, None, settled.binding, (), settled.entries)
        )
    records.insert(conn, rows)
    if evidence:
        batch.kind.absorb(conn, batch.wiring, evidence, now=now, lane=outcomes[0].job.lane)
    dependencies.wake(conn, [stream.connection_id], now=now)
    return {
        one.job.create.home_id: there[external_id] for external_id, one in zip(wanted, outcomes, strict=True)
    }


def _external_id(answer: Receipt) -> str:
    external_id = answer.external_id or (answer.record.external_id if answer.record else None)
    assert external_id is not None
    return external_id
