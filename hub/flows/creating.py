"""Goldens out to systems where they have no record, each once (sync.md, "A create"): claim, search, send, bind."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from hub.errors import HubError, LeaseLost, RecordRejected
from hub.flows import retry
from hub.flows.batch import Batch
from hub.flows.create_outcome import Job, Outcome, put, settle
from hub.flows.create_row import state_of
from hub.flows.remote import read_back, reading_of, send
from hub.flows.wiring import Stream
from hub.sdk.connector import Change, Receipt, RemoteRecord
from hub.store.queries import dependencies, outgoing, records
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


_Change = tuple[Job, Create, Mapping[str, Any]]


def make(batch: Batch, *, lane: str) -> int:
    """Work on one batch of due creates of the stream. Returns how many were claimed; 0: nothing is due."""
    jobs = _claim(batch, lane=lane)
    now = time.time()
    to_send: list[Job] = []
    unsent: list[_Change] = []
    for job in jobs:
        there, fence = job.standing.there, job.create.fence
        step = next_step(job.create, batch.stream.policy, now=now, has_record=there, rival=job.rival)
        if step == "send" and job.standing.waits and job.create.state == "waiting":
            batch.counts["waiting"] += 1
            unsent.append((job, put_back(job.create, fence=fence), _dependent(job, now=now)))
        elif step == "send":
            to_send.append(job)
        elif step == "find":
            _find(batch, job)
        elif step == "drop":
            batch.counts["dropped"] += 1
            unsent.append((job, dropped_create(job.create, fence=fence), {"state": "done"}))
        else:
            at = max(now + _SOON, searchable_from(job.create, batch.stream.policy), job.again_at)
            unsent.append((job, put_back(job.create, fence=fence), {"state": "waiting", "next_at": at}))
    _store(batch, unsent)
    if to_send:
        _send(batch, to_send)
    return len(jobs)


def _claim(batch: Batch, *, lane: str) -> list[Job]:
    stream, now = batch.stream, time.time()
    jobs: list[Job] = []
    changed: list[tuple[Create, dict[str, Any]]] = []
    with batch.db.write() as conn:
        rows = outgoing.due(
            conn,
            "creation",
            stream.connection_id,
            object=stream.object,
            lane=lane,
            now=now,
            limit=batch.pace.size(stream),
        )
        if not rows:
            return []
        ids = [row.customer_id for row in rows]
        current = batch.kind.standing(conn, batch.wiring, stream, home_ids=ids, now=now)
        begun = _begun(conn, batch)
        sent_now: list[tuple[int, Create]] = []
        for row in rows:
            taken = claim_create(state_of(row), now=now, lease_seconds=batch.lease_seconds)
            if taken is None:
                changed.append((state_of(row), {"state": "done" if row.step == "bound" else "waiting"}))
                continue
            standing = current[row.customer_id]
            planned = _as_sent(taken, standing.golden, stream)
            later = _rivals(standing.subject, planned, begun, stream)
            rival = later or _rivals(standing.subject, planned, sent_now, stream)
            at = now + retry.LADDER[0] if later else 0.0
            jobs.append(Job(taken, standing, row.attempts, lane, rival, at))
            if not (standing.there or standing.waits or rival):
                sent_now.append((standing.subject, replace(planned, state="begun")))
            changed.append((taken, {"state": "claimed", "lease_until": now + batch.lease_seconds}))
        put(conn, stream, changed, now=now)
    return jobs


def _dependent(job: Job, *, now: float) -> dict[str, Any]:
    """It needs another record there first, and is woken by it; the ladder is for a wake that was lost."""
    at = now + retry.LADDER[0]
    return {"state": "waiting", "next_at": at, "cause": job.standing.waits, "code": dependencies.DEPENDS}


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
    ready: list[tuple[Job, Change]] = []
    changed: list[tuple[Create, dict[str, Any]]] = []
    with batch.db.write() as conn:
        standing = _stored(conn, batch, jobs)
        for job in jobs:
            if standing[job.create.home_id].fence != job.create.fence:  # taken over since the claim (R4)
                batch.counts["stale"] += 1
                continue
            begun = begin_create(
                job.create, job.standing.golden, policy=stream.policy, fence=job.create.fence
            )
            try:
                payload = stream.push(begun.values, create=True)
            except RecordRejected as error:
                batch.counts["dead"] += 1
                changed.append((job.create, {"state": "dead", "cause": str(error), "code": error.code}))
                continue
            changed.append((begun, {"state": "claimed", "lease_until": begun.lease_until}))
            change = Change(str(begun.home_id), None, payload, marker=begun.marker)
            ready.append((job._replace(create=begun), change))
        put(conn, stream, changed, now=now)
    if not ready:
        return
    started = time.time()
    sent = send(batch.connector, stream, [change for _, change in ready])
    receipts = read_back(batch.connector, stream, sent.receipts, lost="done")
    times = (started, time.time())
    batch.pace.took(len(ready), seconds=times[1] - times[0])
    _receive(batch, [(job, receipts[change.key]) for job, change in ready], times=times)
    if sent.broken:
        raise sent.broken


def _receive(batch: Batch, answers: Sequence[tuple[Job, Receipt]], *, times: tuple[float, float]) -> None:
    stream = batch.stream
    outcomes: list[Outcome] = []
    with batch.db.write() as conn:
        standing = _stored(conn, batch, [job for job, _ in answers])
        for job, answer in answers:
            reading = reading_of(stream, answer.record, part="", times=times) if answer.record else None
            try:
                settled = created(
                    standing[job.create.home_id],
                    reading,
                    policy=stream.policy,
                    fence=job.create.fence,
                    outcome=answer.outcome,
                    now=time.time(),
                )
            except LeaseLost:
                batch.counts["stale"] += 1
                continue
            batch.counts[{"done": "created"}.get(answer.outcome, answer.outcome)] += 1
            outcomes.append(Outcome(job, settled, answer))
        settle(conn, batch, outcomes)


def _find(batch: Batch, job: Job) -> None:
    """After an unknown outcome: look before it is repeated."""
    stream = batch.stream
    try:
        payload = stream.push(job.create.values, create=True)
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
        stored = _stored(conn, batch, [job])[job.create.home_id]
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
        settle(conn, batch, [Outcome(job, settled, answer)])


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
    columns = {
        "state": "waiting" if stops or step.act == "later" else "dead",
        "next_at": step.at,
        "attempts": job.attempts + int(step.charged and not stops),
        "cause": str(error),
        "code": error.code,
    }
    _store(batch, [(job, job.create, columns)])
    if stops or retry.parks(error):
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


def _bound(conn: Connection, stream: Stream, external_id: str) -> bool:
    known = records.digests(conn, stream.connection_id, stream.object, external_ids=[external_id])
    return bool(known)


def _stored(conn: Connection, batch: Batch, jobs: Iterable[Job]) -> dict[int, Create]:
    """The creates as they stand now, by home id; the fence of each tells whether it is still ours."""
    stream, ids = batch.stream, [job.create.home_id for job in jobs]
    rows = outgoing.creations(conn, stream.connection_id, stream.object, customer_ids=ids)
    return {id: state_of(row) for id, row in rows.items()}


def _store(batch: Batch, unsent: Sequence[_Change]) -> None:
    """Store claimed creates of which nothing was sent, but those another worker has taken over since (R4)."""
    if not unsent:
        return
    with batch.db.write() as conn:
        standing = _stored(conn, batch, [job for job, _, _ in unsent])
        mine = [one for one in unsent if standing[one[0].create.home_id].fence == one[0].create.fence]
        batch.counts["stale"] += len(unsent) - len(mine)
        put(conn, batch.stream, [(create, columns) for _, create, columns in mine], now=time.time())
