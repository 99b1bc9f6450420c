"""Goldens out to bound records, a batch at a time: claim, pre-read, begin, write, receipt (sync.md, "A delivery").

Three short transactions with two remote calls between them; killed anywhere, the next owner finds what it needs.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.errors import HubError, LeaseLost, NeedsSteward, RecordRejected, RetryLater
from hub.flows import deletes, loop_breaker, owing, rails, rebasing, retry
from hub.flows.absorb import Evidence
from hub.flows.batch import Batch
from hub.flows.bindings import load_bindings, save_bindings
from hub.flows.kinds import Absorbed
from hub.flows.outcome import Rows, receipt_row
from hub.flows.remote import read_back, reading_of, send
from hub.flows.wiring import Stream
from hub.sdk.connector import Change, Receipt, RemoteRecord
from hub.store.queries import outgoing, records
from hub.store.queries.records import Place
from hub.sync.binding import Binding
from hub.sync.delivery import begin, claim, needs_preread, preread, release
from hub.sync.receipt import receipt as settle


class Claimed(NamedTuple):
    """A delivery in hand: whose it is, with the fence it was claimed under."""

    place: Place
    fence: int
    attempts: int
    lane: str
    read_first: bool
    confirmed: bool = False  # a person has said that what was held here may go
    released: bool = False  # the same of this very one


class Write(NamedTuple):
    """A write begun: stored as intent before it is sent."""

    job: Claimed
    change: Change
    values: Mapping[str, Any]


class Unsendable(NamedTuple):
    """Values that the map cannot bring to the remote's fields, or that a person must look at first."""

    error: RecordRejected | NeedsSteward
    values: Mapping[str, Any]


def deliver(batch: Batch, *, lane: str) -> int:
    """Bring one batch of due records of the stream to golden. Returns how many were claimed; 0: nothing is due."""
    jobs = _claim(batch, lane=lane)
    if not jobs:
        return 0
    try:
        read = _read(batch, jobs)
    except HubError as error:
        _put_back(batch, jobs, error)
        return len(jobs)
    writes = _begin(batch, jobs, read=read)
    if writes:
        started = time.time()
        sent = send(batch.connector, batch.stream, [write.change for write in writes])
        receipts = read_back(batch.connector, batch.stream, sent.receipts, lost="unknown")
        times = (started, time.time())
        batch.pace.took(len(jobs), seconds=sum(end - start for start, end in (read.times, times)))
        _settle(batch, writes, receipts, times=times)
        if sent.broken:
            raise sent.broken
    return len(jobs)


def _claim(batch: Batch, *, lane: str) -> list[Claimed]:
    stream, now = batch.stream, time.time()
    until = now + batch.lease_seconds
    jobs, claimed, rows = [], [], Rows()
    with batch.db.write() as conn:
        found = outgoing.due(
            conn,
            "delivery",
            stream.connection_id,
            object=stream.object,
            lane=lane,
            now=now,
            limit=batch.pace.size(stream),
        )
        if not found:
            return []
        ids = [row.record_id for row in found]
        states, places = load_bindings(conn, ids), records.places(conn, ids)
        for row in found:
            id, before = row.record_id, states[row.record_id]
            after = claim(before, now=now, lease_seconds=batch.lease_seconds)
            if after is None and before.gone:
                rows.put(id, state="done")
            elif after is None:
                rows.put(id, state="waiting", next_at=before.lease_until)
            else:
                claimed.append((id, after))
                rows.put(id, state="claimed", lease_until=until, again=0)
                first = needs_preread(after, stream.policies[places[id].part])
                word = row.cause == rails.CONFIRMED
                free = word or row.code == loop_breaker.RELEASED
                jobs.append(Claimed(places[id], after.fence, row.attempts, lane, first, word, free))
        save_bindings(conn, claimed)
        rows.store(conn, now=now)
    return jobs


class Read(NamedTuple):
    """The pre-read of a batch. gone: ids the remote's own signal says are deleted; silent: ids it could not tell of."""

    found: Mapping[str, RemoteRecord]
    gone: frozenset[str]
    silent: frozenset[str]
    times: tuple[float, float]


def _read(batch: Batch, jobs: Sequence[Claimed]) -> Read:
    """The records as they are now, many per call. An id that is not shown is no proof of a delete."""
    stream, connector = batch.stream, batch.connector
    size = stream.capabilities.fetch_batch
    ids = list(dict.fromkeys(job.place.external_id for job in jobs if job.read_first))
    started = time.time()
    shown: dict[str, RemoteRecord] = {}
    if not size:
        return Read({}, frozenset(), frozenset(), (started, started))
    for start in range(0, len(ids), size):
        shown |= {one.external_id: one for one in connector.fetch(stream.object, ids[start : start + size])}
    found = {id: one for id, one in shown.items() if not one.deleted}
    gone = frozenset(shown) - frozenset(found)
    if gone and stream.capabilities.deletes:
        gone &= frozenset(connector.deletes(stream.object, None, sorted(gone)).external_ids)
    return Read(found, gone, frozenset(ids) - frozenset(found) - gone, (started, time.time()))


def _begin(batch: Batch, jobs: Sequence[Claimed], *, read: Read) -> list[Write]:
    """Settle the pre-reads, and store what is about to be written."""
    now = time.time()
    with batch.db.write() as conn:
        jobs = _shown(conn, batch, jobs, read=read, now=now)
        states = load_bindings(conn, [job.place.id for job in jobs])
        jobs = [job for job in jobs if states[job.place.id].fence == job.fence]
        if not jobs:
            return []
        absorbed = _settle_reads(conn, batch, jobs, states=states, read=read)
        writes: list[Write] = []
        begun: list[tuple[int, Binding]] = []
        rows = Rows()
        worn = loop_breaker.worn(conn, [job.place.id for job in jobs if not job.released], now=now)
        for job in jobs:
            id = job.place.id
            before = read.found.get(job.place.external_id)
            write, state = _begin_one(batch, job, absorbed, before=before, worn=worn.get(id, ()))
            begun.append((id, state))
            if isinstance(write, Write):
                writes.append(write)
                # what the pre-read owed is in this very write; only a later change needs a follow-up
                rows.put(id, state="claimed", again=0, lease_until=state.lease_until)
            elif isinstance(write, Unsendable):
                state_of = "held" if isinstance(write.error, NeedsSteward) else "dead"
                batch.counts[state_of] += 1
                tried, code = outgoing.spelt(write.values), write.error.code
                rows.put(id, state=state_of, cause=str(write.error), code=code, tried=tried)
            else:
                batch.counts["nothing_to_do"] += 1
                rows.put(id, state="done", cause=None, code=None)
        save_bindings(conn, begun)
        rows.store(conn, now=now)
    return writes


def _shown(
    conn: Connection, batch: Batch, jobs: Sequence[Claimed], *, read: Read, now: float
) -> list[Claimed]:
    """The jobs whose record is there. One that is gone is retired, under the guard; one we cannot see waits."""
    lost, hidden = read.gone, read.silent
    mine = [job for job in jobs if job.place.external_id not in lost | hidden]
    if len(mine) == len(jobs):
        return mine
    unseen = RetryLater("the record could not be read before writing: the system does not show it")
    rows = Rows()
    for job in _release(conn, [job for job in jobs if job.place.external_id in hidden]):
        rows.retry(job.place.id, unseen, attempts=job.attempts, now=now)
    if lost:
        bound = deletes.bound_count(conn, batch.stream)
        try:
            word = all(job.confirmed for job in jobs if job.place.external_id in lost)
            deletes.guard(batch.stream, sorted(lost), bound=bound, confirmed=word)
            batch.counts["deleted"] += deletes.retire(
                conn, batch.wiring, batch.stream, external_ids=sorted(lost), now=now
            )
        except NeedsSteward as error:
            for job in _release(conn, [job for job in jobs if job.place.external_id in lost]):
                rows.put(job.place.id, state="held", cause=str(error), code=error.code)
    rows.store(conn, now=now)
    return mine


def _release(conn: Connection, jobs: Sequence[Claimed]) -> list[Claimed]:
    """Give the claims back that are still ours; returns those."""
    states = load_bindings(conn, [job.place.id for job in jobs])
    mine = [job for job in jobs if states[job.place.id].fence == job.fence]
    save_bindings(conn, [(job.place.id, release(states[job.place.id], fence=job.fence)) for job in mine])
    return mine


def _settle_reads(
    conn: Connection,
    batch: Batch,
    jobs: Sequence[Claimed],
    *,
    states: Mapping[int, Binding],
    read: Read,
) -> Absorbed:
    """People's edits seen just before our write are taken first; the goldens are computed with them."""
    stream = batch.stream
    goldens = batch.kind.goldens(conn, [job.place.id for job in jobs])
    evidence = []
    answers = {
        job.place.id: answer
        for job in jobs
        if (record := read.found.get(job.place.external_id))
        and (answer := reading_of(stream, record, part=job.place.part, times=read.times))
    }
    based = rebasing.base_known(conn, stream, states, readings=answers, now=time.time())
    records.mapped_by(conn, [id for id, found in based.items() if found], map_id=stream.map_id)
    for job in jobs:
        id, before = job.place.id, states[job.place.id]
        after, told = based.get(id) or (before, ())
        edits, entries = (), told
        if (answer := answers.get(id)) is not None:
            policy = stream.policies[job.place.part]
            taken = preread(after, answer, policy=policy, golden=goldens.get(id, {}), fence=job.fence)
            after, edits, entries = taken.binding, taken.edits, (*told, *taken.entries)  # type: ignore[assignment]
        evidence.append(_evidence(stream, job, before, after, edits=edits, entries=entries))
    moved = [
        one.record_id for one in evidence if one.before is not None and one.after.seen is not one.before.seen
    ]
    records.forget_digests(conn, moved)
    lane = jobs[0].lane if jobs else owing.BULK
    return batch.kind.absorb(conn, batch.wiring, evidence, now=time.time(), lane=lane)


def _begin_one(
    batch: Batch,
    job: Claimed,
    absorbed: Absorbed,
    *,
    before: RemoteRecord | None,
    worn: Collection[loop_breaker.Flip],
) -> tuple[Write | Unsendable | None, Binding]:
    """The write for one record, or why there is none; with the binding to store."""
    stream, id = batch.stream, job.place.id
    binding, values = absorbed.binding(id), absorbed.owed(stream, id)
    begun = begin(binding, values, fence=job.fence)
    if begun is None:
        return None, release(binding, fence=job.fence)
    if not binding.doubt and (paths := loop_breaker.spinning(worn, sent=binding.sent, values=begun.values)):
        return Unsendable(_loop(job.place, stream, paths), values), release(binding, fence=job.fence)
    try:
        payload = _payload(stream, job.place.part, begun.values, absorbed.wanted(stream, id))
    except RecordRejected as error:
        return Unsendable(error, values), release(binding, fence=job.fence)
    change = Change(
        key=str(id),
        external_id=job.place.external_id,
        payload=payload,
        before=before.raw if before else None,
        version=before.version if before else begun.binding.version,
        marker=f"{id}-{job.fence}",
    )
    return Write(job, change, begun.values), begun.binding


def _loop(place: Place, stream: Stream, paths: Sequence[str]) -> NeedsSteward:
    name = f"{stream.label}/{place.external_id}"
    return NeedsSteward(
        f"{', '.join(paths)} of {name} went from one value to another {loop_breaker.FLIPS} times in "
        f"{loop_breaker.WINDOW / 3600:.0f} hours, and back: something sets it back each time. It is written no more.",
        fix=f"Find out who sets it back, then: hub delivery replay {name}",
    )


def _payload(
    stream: Stream, part: str, values: Mapping[str, Any], golden: Mapping[str, Any]
) -> dict[str, Any]:
    """The remote's fields for these values; a field made of several paths gets the rest from golden."""
    needs = stream.map.parts[part].push_needs
    given = dict(values)
    for path in values:
        for other in needs.get(path, ()):
            given.setdefault(other, golden.get(other))
    return stream.push(given, create=False, part=part)


def _settle(
    batch: Batch, writes: Sequence[Write], receipts: Mapping[str, Receipt], *, times: tuple[float, float]
) -> None:
    stream, now = batch.stream, time.time()
    with batch.db.write() as conn:
        ids = [write.job.place.id for write in writes]
        states, goldens = load_bindings(conn, ids), batch.kind.goldens(conn, ids)
        evidence, log, settled = [], [], []
        for write in writes:
            job, answer = write.job, receipts[write.change.key]
            id, before = job.place.id, states[job.place.id]
            reading = (
                reading_of(stream, answer.record, part=job.place.part, times=times) if answer.record else None
            )
            try:
                received = settle(
                    before,
                    reading,
                    policy=stream.policies[job.place.part],
                    fence=job.fence,
                    outcome=answer.outcome,
                    golden=goldens.get(id, {}),
                    now=now,
                )
            except LeaseLost:
                batch.counts["stale"] += 1
                continue
            batch.counts[{"done": "written"}.get(answer.outcome, answer.outcome)] += 1
            evidence.append(
                _evidence(
                    stream, job, before, received.binding, edits=received.edits, entries=received.entries
                )
            )
            settled.append((write, answer, received))
            log.append(receipt_row(job.place, answer, wrote=write.values, stood=before.sent, now=now))
        records.forget_digests(conn, [one.record_id for one in evidence])
        absorbed = batch.kind.absorb(conn, batch.wiring, evidence, now=now, lane=writes[0].job.lane)
        rows = Rows()
        for write, answer, received in settled:
            rows.settle(
                write.job.place.id,
                answer=answer,
                received=received,
                attempts=write.job.attempts,
                wrote=write.values,
                owed=absorbed.owed(batch.stream, write.job.place.id),
                now=now,
            )
        rows.store(conn, now=now)
        outgoing.log_receipts(conn, log)


def _put_back(batch: Batch, jobs: Sequence[Claimed], error: HubError) -> None:
    """The pre-read failed: claims are given back, rows go on the ladder, or wait for an admin."""
    now = time.time()
    batch.counts["unreadable"] += len(jobs)
    rows = Rows()
    with batch.db.write() as conn:
        for job in _release(conn, jobs):
            rows.retry(job.place.id, error, attempts=job.attempts, now=now)
        rows.store(conn, now=now)
    if retry.next_step(error, attempts=0, now=now).act == "stop" or retry.parks(error):
        raise error


def _evidence(
    stream: Stream, job: Claimed, before: Binding, after: Binding, *, edits: Any, entries: Any
) -> Evidence:
    place = job.place
    return Evidence(
        place.id, stream, place.external_id, place.part, place.first_seen, before, after, edits, entries
    )
