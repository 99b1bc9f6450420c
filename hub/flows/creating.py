"""Goldens out to systems where they have no record, each once (sync.md, "A create"): claim, search, send, bind."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.errors import HubError, LeaseLost, RecordRejected
from hub.flows import retry
from hub.flows.absorb import Evidence
from hub.flows.create_row import state_of
from hub.flows.delivery import Batch
from hub.flows.kinds import Standing
from hub.flows.remote import as_error, read_back, reading_of, send
from hub.flows.wiring import Stream
from hub.sdk.connector import Change, Receipt, RemoteRecord
from hub.store.documents import dump
from hub.store.queries import dependencies, numbers, outgoing, records
from hub.sync.create import (
    Create,
    Settled,
    begin_create,
    claim_create,
    clashes,
    created,
    dropped_create,
    found,
    likeliest,
    next_step,
    not_found,
    plan_create,
    put_back,
    searchable_from,
)

_SOON = 1.0  # seconds until what waits for a create of the same batch is looked at again


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


def make(batch: Batch, *, lane: str) -> int:
    """Work on one batch of due creates of the stream. Returns how many were claimed; 0: nothing is due."""
    jobs = _claim(batch, lane=lane)
    now = time.time()
    to_send: list[Job] = []
    for job in jobs:
        there = job.standing.there
        step = next_step(job.create, batch.stream.policy, now=now, has_record=there, rival=job.rival)
        if step == "send" and job.standing.waits and job.create.state == "waiting":
            _wait(batch, job, now=now)
        elif step == "send":
            to_send.append(job)
        elif step == "find":
            _find(batch, job)
        elif step == "drop":
            batch.counts["dropped"] += 1
            _store(batch, job, dropped_create(job.create, fence=job.create.fence), state="done")
        else:
            at = max(now + _SOON, searchable_from(job.create, batch.stream.policy), job.again_at)
            _store(batch, job, put_back(job.create, fence=job.create.fence), state="waiting", next_at=at)
    if to_send:
        _send(batch, to_send)
    return len(jobs)


def _claim(batch: Batch, *, lane: str) -> list[Job]:
    stream, now = batch.stream, time.time()
    limit = max(1, stream.capabilities.push_batch)
    jobs = []
    with batch.db.write() as conn:
        rows = outgoing.due(
            conn, "creation", stream.connection_id, object=stream.object, lane=lane, now=now, limit=limit
        )
        ids = [row.customer_id for row in rows]
        current = batch.kind.standing(conn, batch.wiring, stream, home_ids=ids, now=now)
        begun = _begun(conn, batch)
        sent_now: list[tuple[int, Create]] = []
        for row in rows:
            taken = claim_create(state_of(row), now=now, lease_seconds=batch.lease_seconds)
            if taken is None:
                _put(conn, stream, state_of(row), state="done" if row.step == "bound" else "waiting", now=now)
                continue
            standing = current[row.customer_id]
            planned = _as_sent(taken, standing.golden, stream)
            later = _rivals(standing.subject, planned, begun, stream)
            rival = later or _rivals(standing.subject, planned, sent_now, stream)
            at = now + retry.LADDER[0] if later else 0.0
            jobs.append(Job(taken, standing, row.attempts, lane, rival, at))
            if not (standing.there or standing.waits or rival):
                sent_now.append((standing.subject, replace(planned, state="begun")))
            _put(conn, stream, taken, state="claimed", now=now, lease_until=now + batch.lease_seconds)
    return jobs


def _wait(batch: Batch, job: Job, *, now: float) -> None:
    """It needs another record there first, and is woken by it; the ladder is for a wake that was lost."""
    batch.counts["waiting"] += 1
    _store(
        batch,
        job,
        put_back(job.create, fence=job.create.fence),
        state="waiting",
        next_at=now + retry.LADDER[0],
        cause=job.standing.waits,
        code=dependencies.DEPENDS,
    )


def _begun(conn: Connection, batch: Batch) -> list[tuple[int, Create]]:
    """The creates begun there, each with the id its home id answers to now."""
    stream = batch.stream
    rows = outgoing.begun_creates(conn, stream.connection_id, stream.object, since=None)
    subjects = batch.kind.subjects(conn, [row.customer_id for row in rows])
    return [(subjects[row.customer_id], state_of(row)) for row in rows if row.customer_id in subjects]


def _as_sent(create: Create, golden: Mapping[str, Any], stream: Stream) -> Create:
    """The create with the values it would give now."""
    if create.state == "begun":
        return create
    return replace(create, values=plan_create(create.home_id, golden, policy=stream.policy, marker="").values)


def _rivals(subject: int, create: Create, others: Iterable[tuple[int, Create]], stream: Stream) -> bool:
    """Whether a begun create is of the same golden, or a search could not tell its record from ours."""
    return any(
        other.home_id != create.home_id and (theirs == subject or clashes(create, other, stream.policy))
        for theirs, other in others
    )


def _send(batch: Batch, jobs: Sequence[Job]) -> None:
    stream, now = batch.stream, time.time()
    ready: list[tuple[Job, Create, Change]] = []
    with batch.db.write() as conn:
        fences = outgoing.fences(
            conn, stream.connection_id, stream.object, customer_ids=[job.create.home_id for job in jobs]
        )
        for job in jobs:
            if fences.get(job.create.home_id) != job.create.fence:  # taken over since the claim (R4)
                batch.counts["stale"] += 1
                continue
            begun = begin_create(
                job.create, job.standing.golden, policy=stream.policy, fence=job.create.fence
            )
            try:
                payload = stream.map.push(begun.values, create=True)
            except RecordRejected as error:
                batch.counts["dead"] += 1
                _put(conn, stream, job.create, state="dead", now=now, cause=str(error), code=error.code)
                continue
            _put(conn, stream, begun, state="claimed", now=now, lease_until=begun.lease_until)
            ready.append((job, begun, Change(str(begun.home_id), None, payload, marker=begun.marker)))
    if not ready:
        return
    started = time.time()
    sent = send(batch.connector, stream.object, [change for _, _, change in ready])
    receipts = read_back(batch.connector, stream, sent.receipts, lost="done")
    times = (started, time.time())
    for job, begun, change in ready:
        _receipt(batch, job._replace(create=begun), receipts[change.key], times=times)
    if sent.broken:
        raise sent.broken


def _receipt(batch: Batch, job: Job, answer: Receipt, *, times: tuple[float, float]) -> None:
    stream = batch.stream
    reading = reading_of(stream, answer.record, part="", times=times) if answer.record else None
    with batch.db.write() as conn:
        stored = _stored(conn, stream, job)
        try:
            settled = created(
                stored,
                reading,
                policy=stream.policy,
                fence=job.create.fence,
                outcome=answer.outcome,
                now=time.time(),
            )
        except LeaseLost:
            batch.counts["stale"] += 1
            return
        batch.counts[{"done": "created"}.get(answer.outcome, answer.outcome)] += 1
        _settle(conn, batch, job, settled, answer=answer, record=answer.record)


def _find(batch: Batch, job: Job) -> None:
    """After an unknown outcome: look before it is repeated."""
    stream = batch.stream
    try:
        payload = stream.map.push(job.create.values, create=True)
        change = Change(str(job.create.home_id), None, payload, marker=job.create.marker)
        started = time.time()
        # without a search the marker is all there is: the same again meets what it made
        there = list(batch.connector.find(stream.object, change)) if stream.capabilities.find else []
        times = (started, time.time())
        _readable(stream, there, times=times)
    except HubError as error:
        _not_searched(batch, job, error)
        return
    with batch.db.write() as conn:
        stored = _stored(conn, stream, job)
        unbound = [one for one in there if not _bound(conn, stream, one.external_id)]
        free = _likeliest_first(stream, stored, unbound, times=times)
        try:
            settled = _searched(stream, stored, free, job=job, times=times)
        except LeaseLost:
            batch.counts["stale"] += 1
            return
        record = free[0] if settled.binding is not None else None
        batch.counts["found" if record else "not_found"] += 1
        answer = Receipt(str(job.create.home_id), "done", record.external_id if record else None, record)
        _settle(conn, batch, job, settled, answer=answer, record=record)


def _readable(stream: Stream, there: Sequence[RemoteRecord], *, times: tuple[float, float]) -> None:
    """Raises RecordRejected for a record that cannot be mapped: found is found, and no second one is made."""
    for one in there:
        if reading_of(stream, one, part="", times=times) is None:
            raise RecordRejected(
                f"{one.external_id} may be what this create made, and cannot be read by its map."
            )


def _likeliest_first(
    stream: Stream, stored: Create, free: list[RemoteRecord], *, times: tuple[float, float]
) -> list[RemoteRecord]:
    """The record that shows most of what was sent comes first. All of them are readable: `_readable` has looked."""
    found = [reading for one in free if (reading := reading_of(stream, one, part="", times=times))]
    best = likeliest(stored, found) if len(found) > 1 else 0
    return free[best:] + free[:best]


def _not_searched(batch: Batch, job: Job, error: HubError) -> None:
    step = retry.next_step(error, attempts=job.attempts, now=time.time())
    stops = step.act == "stop"
    _store(
        batch,
        job,
        job.create,
        state="waiting" if stops or step.act == "later" else "dead",
        next_at=step.at,
        attempts=job.attempts + int(step.charged and not stops),
        cause=str(error),
        code=error.code,
    )
    if stops:
        raise error


def _searched(
    stream: Stream, stored: Create, free: Sequence[RemoteRecord], *, job: Job, times: tuple[float, float]
) -> Settled:
    fence = job.create.fence
    reading = reading_of(stream, free[0], part="", times=times) if free else None
    if reading is None:
        return not_found(
            stored,
            policy=stream.policy,
            fence=fence,
            searched=times[0],
            has_record=job.standing.there,
            rival=job.rival,
        )
    return found(stored, reading, policy=stream.policy, fence=fence, proven=stream.capabilities.marker)


def _settle(
    conn: Connection,
    batch: Batch,
    job: Job,
    settled: Settled,
    *,
    answer: Receipt,
    record: RemoteRecord | None,
) -> None:
    """Store what a receipt or a search did: the create's row, the new binding, the receipt."""
    stream, now = batch.stream, time.time()
    columns: dict[str, Any] = {"cause": None, "code": None}
    if settled.dead:
        columns = {"cause": answer.cause, "code": answer.outcome, "attempts": job.attempts + 1}
    elif settled.retry:
        step = retry.next_step(as_error(answer), attempts=job.attempts, now=now)
        soon = settled.not_before or (now if answer.outcome == "done" else step.at)
        columns = {
            "next_at": soon,
            "attempts": job.attempts + int(step.charged),
            "cause": answer.cause,
            "code": answer.outcome,
        }
    state = "dead" if settled.dead else "waiting" if settled.retry else "done"
    id = None
    if settled.binding is not None:
        external_id = answer.external_id or (record.external_id if record else None)
        assert external_id is not None
        id = _bind(conn, batch, job, settled, external_id=external_id, record=record)
        columns["record_id"] = id
    _put(conn, stream, settled.create, state=state, now=now, **columns)
    if answer.outcome == "done" and id is None:
        return  # a search that found nothing is no answer to a write
    outgoing.log_receipts(
        conn,
        [
            (
                now, stream.connection_id, stream.object, answer.external_id, id, job.standing.subject, "create",
                answer.outcome, dump(dict(settled.create.values)), None, answer.cause,
            )
        ],
    )  # fmt: skip


def _bind(
    conn: Connection,
    batch: Batch,
    job: Job,
    settled: Settled,
    *,
    external_id: str,
    record: RemoteRecord | None,
) -> int:
    """The source record and binding of a record we made; it stays tied to the home id it was made for."""
    stream, now = batch.stream, time.time()
    assert settled.binding is not None
    known = records.digests(conn, stream.connection_id, stream.object, external_ids=[external_id])
    if known:  # the system met a record that is somebody's own: it stays theirs, and is read again
        why = "unsettled"
        outgoing.mark_reread(
            conn, stream.connection_id, stream.object, external_ids=[external_id], why=why, now=now
        )
        return known[external_id][0].id
    id = numbers.record_ids(conn, 1, now=now)[0]
    raw = dump(record.raw) if record else "{}"
    records.insert(
        conn,
        [
            (
                id, stream.connection_id, stream.object, external_id, "", None, stream.map_id, now, now, raw,
            )
        ],
    )  # fmt: skip
    evidence = Evidence(id, stream, external_id, "", now, None, settled.binding, (), settled.entries)
    batch.kind.absorb(conn, batch.wiring, [evidence], now=now, lane=job.lane)
    dependencies.wake(conn, [stream.connection_id], now=now)
    return id


def _bound(conn: Connection, stream: Stream, external_id: str) -> bool:
    known = records.digests(conn, stream.connection_id, stream.object, external_ids=[external_id])
    return bool(known)


def _stored(conn: Connection, stream: Stream, job: Job) -> Create:
    """The create as it stands now; its fence tells whether it is still ours."""
    row = outgoing.creation(conn, job.create.home_id, stream.connection_id, object=stream.object)
    return state_of(row)


def _store(batch: Batch, job: Job, create: Create, **columns: Any) -> None:
    """Store a claimed create, unless another worker has taken it over since (R4)."""
    with batch.db.write() as conn:
        if _stored(conn, batch.stream, job).fence != job.create.fence:
            batch.counts["stale"] += 1
            return
        _put(conn, batch.stream, create, now=time.time(), **columns)


def _put(conn: Connection, stream: Stream, create: Create, *, now: float, **columns: Any) -> None:
    columns.setdefault("lease_until", create.lease_until if columns.get("state") == "claimed" else None)
    outgoing.set_creation(
        conn,
        create.home_id,
        stream.connection_id,
        object=stream.object,
        now=now,
        step=create.state,
        intent=outgoing.spelt(create.values),
        doubt=create.doubt,
        absent=create.absent,
        call_ends_at=create.call_ends_at or None,
        settled_at=create.settled_at or None,
        fence=create.fence,
        **columns,
    )
