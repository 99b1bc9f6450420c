"""A create: bring a golden into a system where it has no record, once (sync.md, "A create").

In order: `plan_create`; then `claim_create` and `next_step` until it is settled, with `begin_create`, the
call and `created` for a step `send`, a search there and `found` or `not_found` for a step `find`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from hub.errors import LeaseLost
from hub.sync import rules
from hub.sync.binding import Binding, Suspect
from hub.sync.conflict import Entry
from hub.sync.delivery import Outcome
from hub.sync.policy import Policy
from hub.sync.reading import Reading, capped, first_sight, said_at, with_echoes

State = Literal["waiting", "begun", "bound", "dropped", "refused"]
Step = Literal["send", "find", "wait", "drop"]


@dataclass(frozen=True, slots=True)
class Create:
    """The intent row of a create; unique per (golden, connection, object), stored before anything is sent.

    home_id: the customer id it is made for, which the record follows for ever. marker: our id in the remote,
    equal in every repetition. values: what is sent, frozen from the first call on. state: waiting (nothing
    sent) → begun (sent, no receipt) → bound | dropped | refused. doubt: a call was begun and nobody brought
    its receipt. absent: a search found nothing of it since. call_ends_at: by when the last call is over for
    us. settled_at: up to when it may have made a record that nobody bound (a search began that found none, or
    the record was bound).
    """

    home_id: int
    marker: str
    values: Mapping[str, Any]
    state: State = "waiting"
    doubt: bool = False
    absent: bool = False
    call_ends_at: float = 0.0
    settled_at: float = 0.0
    lease_until: float = 0.0
    fence: int = 0


class Settled(NamedTuple):
    """What a receipt or a search did to a create. Store `create`, and `binding` if there is a record now.

    A binding with an open intent wants a delivery at once: it writes the same again and compares. dead: a
    dead letter with the remote's cause. retry: claim it again, not before `not_before` (epoch seconds).
    """

    create: Create
    binding: Binding | None = None
    entries: Sequence[Entry] = ()
    dead: bool = False
    retry: bool = False
    not_before: float = 0.0


def plan_create(
    home_id: int, golden: Mapping[str, Any], *, policy: Policy, marker: str, old: Create | None = None
) -> Create:
    """The intent row for a golden: its values at the paths that a create may give. old: the settled row it
    replaces."""
    new = Create(home_id, marker, _given(golden, policy))
    return new if old is None else replace(new, fence=old.fence, settled_at=old.settled_at)


def claim_create(create: Create, *, now: float, lease_seconds: float) -> Create | None:
    """Take the create (fence + 1); None while another's lease runs or once it is settled."""
    if create.state not in ("waiting", "begun") or create.lease_until > now:
        return None
    return replace(
        create,
        fence=create.fence + 1,
        lease_until=now + lease_seconds,
        doubt=create.state == "begun",
    )


def next_step(create: Create, policy: Policy, *, now: float, has_record: bool, rival: bool = False) -> Step:
    """send it; find what a call in doubt made; wait (`put_back`); drop it (`dropped_create`).

    has_record: its golden has a live record in that system, made by a person or brought by a merge. rival:
    another create there is begun, of the same golden (two people who were merged) or one that `clashes`.
    Neither ever gets a second one sent.
    """
    if create.state == "waiting":
        return "drop" if has_record else "wait" if rival else "send"
    if now < searchable_from(create, policy):
        return "wait"
    return "send" if create.absent and not (has_record or rival) else "find"


def searchable_from(create: Create, policy: Policy) -> float:
    """From when on a search may tell what a call in doubt made (epoch seconds).

    After the system's own read-after-write delay. Where neither a marker nor a unique field tells our record from one
    that a person made meanwhile, not before both would be there to choose from.
    """
    known = policy.marker or bool(policy.unique)
    late = 0.0 if known else policy.lands_late_seconds
    return create.call_ends_at + max(policy.read_after_write_seconds, late)


def begin_create(create: Create, golden: Mapping[str, Any], *, policy: Policy, fence: int) -> Create:
    """About to send `values`: golden's as they are now at the first call, unchanged at a repetition. Store it
    first.

    Raises LeaseLost (R4).
    """
    _check_fence(create, fence)
    values = _given(golden, policy) if create.state == "waiting" else create.values
    return replace(
        create,
        values=values,
        state="begun",
        doubt=create.doubt and not create.absent,  # what a search proved absent is begun afresh
        absent=False,
        call_ends_at=create.lease_until,
    )


def put_back(create: Create, *, fence: int) -> Create:
    """Give the claim back without having sent anything, for a step `wait`. Raises LeaseLost (R4)."""
    _check_fence(create, fence)
    return replace(create, lease_until=0.0)


def dropped_create(create: Create, *, fence: int) -> Create:
    """Nothing was sent and nothing will be: its golden has a record there. Raises LeaseLost (R4)."""
    _check_fence(create, fence)
    return replace(create, state="dropped", lease_until=0.0)


def created(
    create: Create, answer: Reading | None, *, policy: Policy, fence: int, outcome: Outcome, now: float
) -> Settled:
    """Settle the receipt of a create; outcomes as in `sdk.connector.Receipt`. Raises LeaseLost (R4).

    Fields of the answer that we did not send (defaults of theirs) set seen and sent, and contribute nothing.
    """
    _check_fence(create, fence)
    free = replace(create, lease_until=0.0)
    if outcome == "done":
        return Settled(replace(free, state="bound", settled_at=now), _bound(free, answer, policy, now=now))
    if outcome == "unknown" or create.doubt:  # an earlier call may have made it, or may yet
        over = min(now, create.call_ends_at)
        doubtful = replace(free, doubt=True, call_ends_at=over)
        return Settled(doubtful, retry=True, not_before=searchable_from(doubtful, policy))
    if outcome == "refused":
        return Settled(replace(free, state="refused"), dead=True)
    return Settled(replace(free, state="waiting"), retry=True)


def found(create: Create, reading: Reading, *, policy: Policy, fence: int, proven: bool) -> Settled:
    """A search after an unknown outcome showed one record that is not bound: bind it. Raises LeaseLost (R4).

    Fields that differ from what we sent are suspects, and the binding's open intent is the same values again:
    the rendering then learned tells ours from a person's. proven: the record bears our marker; then a field
    that we did not send is a default of theirs or an early edit, and leaves an entry. Otherwise a unique
    field matched, the record may be a person's own, and such a field is a first sight.
    """
    _check_fence(create, fence)
    base = first_sight(reading, policy, created_for=create.home_id if proven else None)
    binding = replace(
        base,
        sent={**base.sent, **create.values},
        contribution={path: said for path, said in base.contribution.items() if path not in create.values},
        created_for=create.home_id,
        before=dict.fromkeys(create.values),
        echoes=with_echoes({}, create.values, {}, until=create.call_ends_at + policy.lands_late_seconds),
        digest=None,
    )
    intent = {path: value for path, value in create.values.items() if path in policy.pushable}
    odd = [path for path in intent if path in reading.seen and reading.values.get(path) != intent[path]]
    if odd and policy.update:
        binding = _in_doubt(binding, create, reading, intent=intent, odd=odd)
    entries = _unasked(create, reading, policy) if proven else ()
    bound = replace(create, state="bound", settled_at=reading.finished, lease_until=0.0)
    return Settled(bound, binding, entries)


def not_found(
    create: Create, *, policy: Policy, fence: int, searched: float, has_record: bool, rival: bool = False
) -> Settled:
    """A search begun at `searched` showed nothing: the same again, or dropped if its golden is served there.

    Neither before a search begun when the last call could no longer land: a record that appears later would
    have nobody to know it as ours. has_record, rival: as in `next_step`. Raises LeaseLost (R4).
    """
    _check_fence(create, fence)
    free = replace(create, lease_until=0.0)
    over = create.call_ends_at + policy.lands_late_seconds
    if searched < over:
        return Settled(free, retry=True, not_before=over)
    if has_record or rival:
        return Settled(replace(free, state="dropped", settled_at=searched))
    return Settled(replace(free, absent=True, settled_at=searched), retry=True)


def could_be(create: Create, reading: Reading, *, policy: Policy, marker: str | None = None) -> bool:
    """Whether an unknown record may be the one that a begun create made (what R5 parks).

    marker: ours as read from the record, if its map reads one. Otherwise a unique field must not speak
    against it: equal, or one the start of the other (systems cut long values). Without either, every new
    record could be it.
    """
    if policy.marker and marker is not None:
        return marker == create.marker
    for path in policy.unique:
        sent, there = create.values.get(path), reading.values.get(path)
        if sent is not None and there is not None and not _alike(sent, there):
            return False
    return True


def likeliest(create: Create, readings: Sequence[Reading]) -> int:
    """Which of the records a search found (one at least) shows most of what we sent: where neither marker nor unique
    field tells, a person may have made one like it."""

    def shown(reading: Reading) -> int:
        """How many of the values sent stand there, as they read or as they are rendered."""
        return sum(
            _alike(sent, reading.values.get(path)) or _alike(sent, reading.seen.get(path))
            for path, sent in create.values.items()
        )

    return max(range(len(readings)), key=lambda index: shown(readings[index]))


def clashes(create: Create, other: Create, policy: Policy) -> bool:
    """Whether another begun create in the same system gives the same value to a unique field, or to an identifying
    one where neither marker nor unique field tells records apart.

    A search could not tell whose record it found, so that it counts as a `rival`. Two goldens that were one
    for a while, or share a value, come to this.
    """
    telling = policy.unique or (frozenset() if policy.marker else policy.own)
    return other.state == "begun" and any(
        path in create.values and create.values[path] == other.values.get(path) for path in telling
    )


def _given(golden: Mapping[str, Any], policy: Policy) -> dict[str, Any]:
    return {path: golden[path] for path in policy.creatable if golden.get(path) is not None}


def _bound(create: Create, answer: Reading | None, policy: Policy, *, now: float) -> Binding:
    """The binding of a record we made: nothing in it is evidence."""
    blank = Binding(seen={}, sent={}, contribution={}, settled_at=now, created_for=create.home_id)
    base = first_sight(answer, policy, created_for=create.home_id) if answer else blank
    echoes = {}
    if create.doubt:
        late = create.call_ends_at + policy.lands_late_seconds
        echoes = with_echoes({}, create.values, base.seen, until=late)
    return replace(
        base,
        sent={**base.sent, **create.values},
        before=dict.fromkeys(create.values),
        echoes=echoes,
        digest=None,
    )


def _in_doubt(
    binding: Binding, create: Create, reading: Reading, *, intent: Mapping[str, Any], odd: list[str]
) -> Binding:
    """A found record with odd fields: the create's values stay the open intent, the odd fields are suspects.

    The renderings of the intent are not known, and no version may prove that the create did not land: it did.
    """
    suspects = {
        path: (Suspect(reading.seen[path], reading.values[path], reading.finished, capped(reading)),)
        for path in odd
        if path in reading.values
    }
    return replace(
        binding,
        seen={path: raw for path, raw in binding.seen.items() if path not in intent},
        sent={path: value for path, value in binding.sent.items() if path not in intent},
        version=None,
        intent=intent,
        doubt=True,
        call_ends_at=create.call_ends_at,
        suspects=suspects,
    )


def _unasked(create: Create, reading: Reading, policy: Policy) -> tuple[Entry, ...]:
    """What stands in a record of ours that we did not send."""
    at = said_at(reading)
    return tuple(
        Entry("conflict", path, value, at, None, None, "found after a create in doubt")
        for path, value in reading.values.items()
        if path not in create.values and path not in policy.outward
    )


def _alike(sent: Any, there: Any) -> bool:
    if not (isinstance(sent, str) and isinstance(there, str)):
        return bool(sent == there)
    left, right = sent.casefold(), there.casefold()
    return left.startswith(right) or right.startswith(left)


def _check_fence(create: Create, fence: int) -> None:
    if rules.superseded(create, fence):
        raise LeaseLost(
            "Another worker has taken this create over.", fix="Nothing to do: it finishes the work."
        )
