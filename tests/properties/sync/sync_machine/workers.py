"""Workers as generators: each `yield` is a moment at which one may be killed, frozen, or overtaken by
anything else."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from sync_machine.hub import Hub, Sighting
from sync_machine.remotes import PATHS, Answer, Call, Denied, Flight
from sync_machine.trace import Key, ReadBack

from hub.errors import LeaseLost
from hub.sync import create, delivery
from hub.sync.delivery import Begun
from hub.sync.reading import Reading
from hub.sync.receipt import receipt

if TYPE_CHECKING:
    from sync_machine.history import Clock

LEASE = 15.0


def time_out(deadline: float, now: float) -> float:
    """Seconds a call may take: what remains of the lease, so that no call outlives it."""
    return deadline - now


def deliver(hub: Hub, key: Key, clock: Clock, luck: random.Random | None) -> Iterator[str]:
    """One delivery, from claim to receipt."""
    try:
        yield from _deliver(hub, key, clock, luck)
    except LeaseLost:
        hub.trace.counts["lease lost"] += 1


def _deliver(hub: Hub, key: Key, clock: Clock, luck: random.Random | None) -> Iterator[str]:
    remote = hub.remotes[key[0]]
    policy = remote.policy
    claimed = delivery.claim(hub.bindings[key], now=clock.now, lease_seconds=LEASE)
    if claimed is None:
        return
    hub.bindings[key], fence, deadline = claimed, claimed.fence, claimed.lease_until
    yield "claimed"
    read, read_at = None, clock.now
    if delivery.needs_preread(claimed, policy):
        if remote.locked or (luck and luck.random() < 0.05):
            hub.bindings[key] = delivery.release(hub.bindings[key], fence=fence)
            return
        if key[1] not in remote.records:
            hub.lose(key, clock.now)
            return
        version = remote.map_version
        read = remote.read(key[1], clock.now, clock.now)
        yield "read"
        read = hub.through_map(Sighting(key, read, version))
        if not _settle_preread(hub, key, read, fence):
            return
    begun = delivery.begin(hub.bindings[key], hub.owed(key), fence=fence)
    if begun is None:
        hub.bindings[key] = delivery.release(hub.bindings[key], fence=fence)
        return
    hub.settle(key, begun.binding, (), ())
    hub.trace.counts["repeats"] += begun.repeat
    yield "intent stored"
    if clock.now >= deadline:
        return  # no time is left for the call
    left = time_out(deadline, clock.now)
    answer = yield from _write(
        hub, key, begun, read=read, read_at=read_at, seconds=left, clock=clock, luck=luck
    )
    golden = hub.golden(hub.cluster_of(key))
    got = receipt(
        hub.bindings[key],
        answer.shown,
        policy=policy,
        fence=fence,
        outcome=answer.outcome,
        golden=golden,
        now=clock.now,
    )
    hub.settle(key, got.binding, got.edits, got.entries)


def _write(
    hub: Hub,
    key: Key,
    begun: Begun,
    *,
    read: Reading | None,
    read_at: float,
    seconds: float,
    clock: Clock,
    luck: random.Random | None,
) -> Generator[str, None, Answer]:
    """The call of one delivery, and what it showed."""
    remote = hub.remotes[key[0]]
    policy = remote.policy
    revision = read.version if read else begun.binding.version
    call = Call(key[1], dict(begun.values), read_at, revision if policy.conditional else None)
    flight, version = remote.call(call, clock.now, luck, seconds=seconds), remote.map_version
    yield from _in_the_air(flight, clock)
    answer, landed = flight.answer or Answer("unknown"), flight.landed
    hub.trace.note("write", key, call.values, answer.outcome)
    yield "answered"
    if answer.outcome == "done" and answer.shown is None:
        answer = _read_back(hub, key, answer, clock, luck)
        hub.trace.read_backs.append(ReadBack(landed, clock.now, key, frozenset(begun.values)))
        yield "read back"
    return _mapped(hub, key, answer, version)


def _in_the_air(flight: Flight, clock: Clock) -> Iterator[str]:
    """The caller waits for its answer until its time is over."""
    while flight.answer is None and clock.now < flight.over:
        yield "in the air"


def _mapped(hub: Hub, key: Key, answer: Answer, version: int) -> Answer:
    """What an answer shows, through the map in force when it is settled."""
    if answer.shown is None:
        return answer
    return answer._replace(shown=hub.through_map(Sighting(key, answer.shown, version)))


def _settle_preread(hub: Hub, key: Key, read: Reading, fence: int) -> bool:
    """Whether the delivery may go on after its pre-read. A changed map is applied before anything is compared."""
    policy, golden = hub.remotes[key[0]].policy, hub.golden(hub.cluster_of(key))
    hub.base_claimed(key, read, fence)
    taken = delivery.preread(hub.bindings[key], read, policy=policy, golden=golden, fence=fence)
    hub.settle(key, taken.binding, taken.edits, taken.entries)
    if taken.outcome == "dropped":
        hub.bindings[key] = delivery.release(hub.bindings[key], fence=fence)
    return taken.outcome != "dropped"


def _read_back(hub: Hub, key: Key, answer: Answer, clock: Clock, luck: random.Random | None) -> Answer:
    remote = hub.remotes[key[0]]
    if (luck and luck.random() < 0.1) or remote.locked or key[1] not in remote.records:
        return Answer("unknown")
    return answer._replace(shown=hub.remotes[key[0]].read(key[1], clock.now, clock.now))


def make(hub: Hub, at: tuple[int, str], clock: Clock, luck: random.Random | None) -> Iterator[str]:
    """One go at a create: send it, or look for what an earlier go made."""
    try:
        yield from _make(hub, at, clock, luck)
    except LeaseLost:
        hub.trace.counts["lease lost"] += 1


def _make(hub: Hub, at: tuple[int, str], clock: Clock, luck: random.Random | None) -> Iterator[str]:
    remote = hub.remotes[at[1]]
    claimed = create.claim_create(hub.creates[at], now=clock.now, lease_seconds=LEASE)
    if claimed is None:
        return
    hub.creates[at], fence, deadline = claimed, claimed.fence, claimed.lease_until
    yield "claimed"
    step = create.next_step(
        hub.creates[at],
        remote.policy,
        now=clock.now,
        has_record=hub.has_record(*at),
        rival=hub.rival(*at),
    )
    if step == "drop":
        hub.settle_create(at, create.Settled(create.dropped_create(hub.creates[at], fence=fence)), None)
    elif step == "find":
        yield from _find(hub, at, clock, fence)
    elif step == "send":
        yield from _send(hub, at, clock, luck, fence=fence, deadline=deadline)
    else:
        hub.creates[at] = create.put_back(hub.creates[at], fence=fence)


def _find(hub: Hub, at: tuple[int, str], clock: Clock, fence: int) -> Iterator[str]:
    remote = hub.remotes[at[1]]
    row, searched = hub.creates[at], clock.now
    try:
        ids = remote.find(Call(None, dict(row.values), 0.0, marker=row.marker))
        reads = {found: remote.read(found, clock.now, clock.now) for found in ids}
    except Denied:
        hub.creates[at] = create.put_back(row, fence=fence)
        return
    yield "searched"
    free = [found for found in ids if (at[1], found) not in hub.bindings]
    row, policy = hub.creates[at], remote.policy
    if free:
        proven = remote.manners.marker
        mine = free[create.likeliest(row, [reads[one] for one in free])]
        settled = create.found(row, reads[mine], policy=policy, fence=fence, proven=proven)
        hub.settle_create(at, settled, mine)
    else:
        settled = create.not_found(
            row,
            policy=policy,
            fence=fence,
            searched=searched,
            has_record=hub.has_record(*at),
            rival=hub.rival(*at),
        )
        hub.settle_create(at, settled, None)


def _send(
    hub: Hub,
    at: tuple[int, str],
    clock: Clock,
    luck: random.Random | None,
    *,
    fence: int,
    deadline: float,
) -> Iterator[str]:
    remote = hub.remotes[at[1]]
    golden = hub.golden(hub.clusters().get(hub.anchor(at[0]), ()))
    row = create.begin_create(hub.creates[at], golden, policy=remote.policy, fence=fence)
    hub.creates[at] = row
    yield "intent stored"
    if clock.now >= deadline:
        return
    call = Call(None, dict(row.values), clock.now, marker=row.marker)
    flight = remote.call(call, clock.now, luck, seconds=time_out(deadline, clock.now))
    yield from _in_the_air(flight, clock)
    answer, landed = flight.answer or Answer("unknown"), flight.landed
    hub.trace.note("create", at, row.values, answer.outcome, answer.external_id)
    yield "answered"
    if answer.outcome == "done" and answer.shown is None and answer.external_id is not None:
        key = (at[1], answer.external_id)
        hub.trace.read_backs.append(ReadBack(landed, clock.now, key, frozenset(PATHS)))
        answer = _read_back(hub, key, answer, clock, luck)
        yield "read back"
    settled = create.created(
        hub.creates[at],
        answer.shown,
        policy=remote.policy,
        fence=fence,
        outcome=answer.outcome,
        now=clock.now,
    )
    hub.settle_create(at, settled, answer.external_id)


def pull(
    hub: Hub, name: str, clock: Clock, pages: list[list[Sighting]], luck: random.Random | None
) -> Iterator[str]:
    """A pull by offset: what is changed between two pages shifts the list, so that records come twice or not at all.
    Each page shows some moment between the call and its end."""
    remote, offset = hub.remotes[name], 0
    while True:
        started, version, late = clock.now, remote.map_version, bool(luck and luck.random() < 0.5)
        ids = remote.listed()[offset : offset + remote.page_size]
        reads = {} if late or remote.locked else {one: remote.read(one, started, started) for one in ids}
        if luck:
            yield "page under way"
        if remote.locked or version != remote.map_version:
            return  # a run knows one map; the next one goes on
        if late:
            ids = remote.listed()[offset : offset + remote.page_size]
            reads = {one: remote.read(one, started, started) for one in ids}
        page = [
            Sighting((name, one), read._replace(finished=clock.now), version) for one, read in reads.items()
        ]
        if not page:
            return
        pages.append(page)
        offset += remote.page_size
