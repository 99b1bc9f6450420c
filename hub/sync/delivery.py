"""A delivery: bring one record in one system to golden (sync.md, "A delivery"). Claim, pre-read, begin, call, receipt."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from hub.sync.binding import Binding
from hub.sync.conflict import Edit, Entry
from hub.sync.policy import Policy
from hub.sync.reading import Reading, Taken

Outcome = Literal["done", "refused", "not_landed", "unknown", "retry"]


class Begun(NamedTuple):
    """A write about to be made: store `binding` first, then send `values` (path → canonical value, None = blank it)."""

    binding: Binding
    values: Mapping[str, Any]
    repeat: bool


class Received(NamedTuple):
    """What a receipt did. Store `binding`; `edits` call for golden again.

    follow_up: something is owed still, against the golden given (ask `owed` again if there are edits). dead: a dead
    letter with the remote's cause; if `held`, the intent stays open and nothing newer may be sent. retry: claim it again
    on the ladder (at once for a failed precondition).
    """

    binding: Binding
    edits: Sequence[Edit]
    entries: Sequence[Entry]
    follow_up: bool
    dead: bool
    held: bool
    retry: bool


def owed(
    binding: Binding,
    golden: Mapping[str, Any],
    *,
    policy: Policy,
    held: Collection[str] = (),
    siblings: Sequence[Binding] = (),
    primary: bool = True,
) -> dict[str, Any]:
    """What must be written there: path → value, None = blank it. Empty: nothing to do, no call.

    held: paths under a hold. siblings: the other live bindings of this golden in the same connection and object;
    primary: this one is the oldest of them (identifying and unique fields go to the primary only, and never from a
    sibling).
    """
    raise NotImplementedError


def claim(binding: Binding, *, now: float, lease_seconds: float) -> Binding | None:
    """Take the binding for a delivery (fence + 1), or None while another's lease runs or the record is gone.

    An intent found open at the claim is in doubt: whoever began it never brought its receipt.
    """
    raise NotImplementedError


def preread(
    binding: Binding, reading: Reading, *, policy: Policy, golden: Mapping[str, Any], fence: int
) -> Taken:
    """Settle what was read after the claim: edits without an open intent, suspects with one in doubt.

    Outcome `dropped`: the reading is older than what is known; read again. Raises LeaseLost (R4).
    """
    raise NotImplementedError


def begin(binding: Binding, values: Mapping[str, Any], *, fence: int, now: float) -> Begun | None:
    """The write to make: the open intent unchanged if it is in doubt (R3), else `values` (what `owed` said).

    None: nothing to write; `release` the claim. Raises LeaseLost (R4).
    """
    raise NotImplementedError


def release(binding: Binding, *, fence: int) -> Binding:
    """Give the claim back; an open intent stays open. Raises LeaseLost (R4)."""
    raise NotImplementedError


def receipt(
    binding: Binding,
    answer: Reading | None,
    *,
    policy: Policy,
    fence: int,
    outcome: Outcome,
    golden: Mapping[str, Any],
    now: float,
) -> Received:
    """Settle what the remote answered to the write begun. Outcomes as in `sdk.connector.Receipt`. Raises LeaseLost (R4).

    answer: the record as the answer, or else a read-back made after it, shows it. `done` without an answer is right only
    for a system that never shows its records back (files): `sent` alone moves. Where the read-back failed, the outcome
    is `unknown`.
    """
    raise NotImplementedError
