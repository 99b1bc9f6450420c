"""A create: bring a golden into a system where it has no record, once (sync.md, "A create")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from hub.sync.binding import Binding
from hub.sync.policy import Policy
from hub.sync.reading import Reading

State = Literal["waiting", "begun", "bound", "dropped", "refused"]
Step = Literal["send", "find", "wait", "drop"]
Outcome = Literal["done", "refused", "not_landed", "unknown", "retry"]


@dataclass(frozen=True, slots=True)
class Create:
    """The intent row of a create; unique per (home_id, connection, object), stored before anything is sent.

    home_id: the customer id it is made for, which the record follows for ever. marker: our id in the remote, equal in
    every repetition. values: what is sent; frozen from the first call on. state: waiting (nothing sent yet) → begun (sent,
    no receipt) → bound | dropped | refused. doubt: a call ended without a receipt. begun_at: start of the last call.
    """

    home_id: int
    marker: str
    values: Mapping[str, Any]
    state: State = "waiting"
    doubt: bool = False
    begun_at: float = 0.0
    lease_until: float = 0.0
    fence: int = 0


class Settled(NamedTuple):
    """What a receipt or a find did to a create. binding: the new binding, if there is a record now.

    dead: a dead letter with the remote's cause. retry: claim it again on the ladder, not before `not_before`. A binding
    with an open intent in doubt wants a delivery at once, which writes the same again and compares.
    """

    create: Create
    binding: Binding | None
    dead: bool = False
    retry: bool = False
    not_before: float = 0.0


def plan_create(home_id: int, golden: Mapping[str, Any], *, policy: Policy, marker: str) -> Create:
    """The intent row for a golden: its values at the paths a create may give, nothing for those it lacks."""
    raise NotImplementedError


def claim_create(create: Create, *, now: float, lease_seconds: float) -> Create | None:
    """Take the create (fence + 1); None while another's lease runs or it is settled. Begun means in doubt from here on."""
    raise NotImplementedError


def next_step(create: Create, policy: Policy, *, now: float, has_record: bool) -> Step:
    """send it | find what the call in doubt made | wait for the read-after-write delay | drop it.

    has_record: its golden has a live record in that system now (a person made one, or a merge brought one).
    """
    raise NotImplementedError


def begin_create(
    create: Create, golden: Mapping[str, Any], *, policy: Policy, fence: int, now: float
) -> Create:
    """About to send: golden's values now at the first call, the same values unchanged at a repetition. R4."""
    raise NotImplementedError


def created(
    create: Create, answer: Reading | None, *, policy: Policy, fence: int, outcome: Outcome, now: float
) -> Settled:
    """Settle the receipt of a create. Fields of the answer that we did not send set seen and sent, and contribute
    nothing. Raises LeaseLost (R4)."""
    raise NotImplementedError


def found(
    create: Create, reading: Reading, *, policy: Policy, fence: int, now: float, proven: bool
) -> Settled:
    """The find after an unknown outcome showed a record. proven: it bears our marker (else a unique field matched, and
    it may be a person's own). Fields that differ from the intent are suspects: the binding's intent is the same again."""
    raise NotImplementedError


def not_found(create: Create, *, policy: Policy, fence: int, now: float, has_record: bool) -> Settled:
    """The find showed nothing: the same once more (retry), later if the call may still land, or dropped if its golden
    has a record there now."""
    raise NotImplementedError


def could_be(create: Create, reading: Reading, *, policy: Policy, marker: str | None = None) -> bool:
    """Whether an unknown record may be the one a begun create made (for R5). marker: the one read from the record."""
    raise NotImplementedError
