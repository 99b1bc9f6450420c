"""A delivery: bring one record in one system to golden (sync.md, "A delivery").

In order: `claim` (transaction), read, `preread` and `begin` (transaction), write, `receipt` (transaction).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

from hub.errors import LeaseLost
from hub.sync import rules
from hub.sync.binding import MISSING, Binding, Suspect
from hub.sync.policy import Policy
from hub.sync.reading import (
    Reading,
    Taken,
    absorb,
    capped,
    differs,
    dropped,
    is_echo,
    without_spent_echoes,
)

Outcome = Literal["done", "refused", "not_landed", "unknown", "retry"]


class Begun(NamedTuple):
    """A write about to be made: store `binding`, then send `values` (path → canonical value, None = blank
    it).

    Where writes are conditional the condition is the version of the pre-read, or the binding's if there was
    none.
    """

    binding: Binding
    values: Mapping[str, Any]
    repeat: bool


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

    golden: path → value; a path with None is an emptiness that won (`clear`, pin), a missing path is no
    value. held: paths under a hold. siblings: the other live bindings of this golden in the same connection
    and object; primary: this is the oldest of them. Identifying and unique fields go to the primary only, and
    never from a sibling.
    """
    if binding.gone or not policy.update:
        return {}
    wanted: dict[str, Any] = {}
    for path in policy.pushable:
        value = golden.get(path, MISSING)
        if value is MISSING:
            value = _given_back(binding, path)
        elif siblings and path in policy.own and not (primary and _free(path, value, siblings)):
            value = _given_back(binding, path, siblings=siblings, golden=value)
        if value is not MISSING and value != binding.sent.get(path, MISSING) and path not in held:
            wanted[path] = value
    return wanted


def _given_back(
    binding: Binding, path: str, *, siblings: Sequence[Binding] = (), golden: Any = MISSING
) -> Any:
    """What to write where golden has no value for this record: nothing, or, where a value of ours stands,
    what stood there before it (sync.md, "Blank there"); blank if another record of the golden holds that
    now."""
    if path not in binding.before or (golden is not MISSING and binding.sent.get(path, MISSING) == golden):
        return MISSING
    value = binding.before[path]
    return value if _free(path, value, siblings) else None


def _free(path: str, value: Any, siblings: Sequence[Binding]) -> bool:
    """Whether no other record of the golden there holds this value of an identifying or unique field."""
    return all(other.sent.get(path, MISSING) != value for other in siblings)


def claim(binding: Binding, *, now: float, lease_seconds: float) -> Binding | None:
    """Take the binding for a delivery (fence + 1), or None while another's lease runs or the record is gone.

    lease_seconds: longer than the longest call. An intent found open is in doubt: whoever began it brought no
    receipt.
    """
    if binding.gone or binding.lease_until > now:
        return None
    return replace(
        binding,
        fence=binding.fence + 1,
        lease_until=now + lease_seconds,
        doubt=binding.intent is not None,
    )


def needs_preread(binding: Binding, policy: Policy) -> bool:
    """Whether the record must be read before it is written: always, but for a write conditional on a known
    version."""
    return not policy.conditional or binding.version is None or binding.doubt or binding.reread


def preread(
    binding: Binding, reading: Reading, *, policy: Policy, golden: Mapping[str, Any], fence: int
) -> Taken:
    """Settle what was read after the claim: edits as in any reading, or suspects if a write is in doubt (step
    3).

    Outcome `dropped`: older than what is known; `release` and read again. Raises LeaseLost (R4).
    """
    check_fence(binding, fence)
    if rules.predates(binding, reading, policy):
        return dropped(binding)
    if rules.in_doubt(binding):
        if not never_landed(binding, reading, policy):
            return _suspected(binding, reading, policy)
        binding = replace(binding, intent=None, doubt=False, refused=False)
    if differs(binding, reading):
        return absorb(binding, reading, policy=policy, golden=golden)
    return Taken(replace(binding, version=reading.version, reread=False), "unchanged", (), (), True)


def never_landed(binding: Binding, reading: Reading, policy: Policy) -> bool:
    """Proof that the write in doubt did not land and no longer can, read after the time in which it could.

    An unchanged version; without versions, and only once its repetition was refused (it would be held for
    ever), every field still as it was. A field put back by hand in between looks the same.
    """
    if binding.suspects or reading.started < binding.call_ends_at + policy.lands_late_seconds:
        return False
    if binding.version is not None and reading.version is not None:
        return binding.version == reading.version
    return binding.refused and all(
        binding.seen.get(path, MISSING) == reading.seen.get(path) for path in binding.intent or ()
    )


def give_up(binding: Binding) -> Binding:
    """An admin's word on a write held in doubt: it is closed, and what the next reading shows counts as
    people's."""
    return replace(
        binding, intent=None, doubt=False, refused=False, suspects={}, lease_until=0.0, reread=True
    )


def _suspected(binding: Binding, reading: Reading, policy: Policy) -> Taken:
    """Note, per field in doubt, what is neither as known nor as intended: our rendering, or a person's value.

    An echo is neither: known from here on, so that it may be forgotten once nothing can land late any more.
    """
    suspects, echoed = dict(binding.suspects), {}
    for path, value in (binding.intent or {}).items():
        if not _says_otherwise(binding, path, value, reading, policy):
            continue
        raw, read = reading.seen[path], reading.values.get(path)
        known = suspects.get(path, ())
        if is_echo(binding, path, raw=raw, value=read):
            echoed[path] = raw
        elif not known or known[-1].raw != raw:
            suspects[path] = (*known, Suspect(raw, read, reading.finished, capped(reading)))
    settled = replace(
        binding,
        seen={**binding.seen, **echoed},
        sent={path: value for path, value in binding.sent.items() if path not in echoed},
        suspects=suspects,
        echoes=without_spent_echoes(binding.echoes, reading.started, of=binding.intent or ()),
        digest=None if echoed else binding.digest,
    )
    return Taken(settled, "taken", (), (), True)


def _says_otherwise(binding: Binding, path: str, intended: Any, reading: Reading, policy: Policy) -> bool:
    """Whether a field in doubt says something that is neither as known nor as intended; as known again after it said
    something else is somebody's word, too."""
    raw = reading.seen.get(path, MISSING)
    if raw is MISSING or reading.values.get(path) == intended:
        return False
    if raw == binding.seen.get(path, MISSING) and path not in binding.suspects:
        return False
    return path not in policy.outward and (path not in reading.blanks or path in policy.clear)


def begin(binding: Binding, values: Mapping[str, Any], *, fence: int) -> Begun | None:
    """The write to make: the open intent unchanged if it is in doubt (R3), else `values` (what `owed` said).

    None: nothing to write, `release` the claim. The call must be over by the binding's `lease_until`. Raises
    LeaseLost (R4).
    """
    check_fence(binding, fence)
    if rules.in_doubt(binding) and binding.intent is not None:
        return Begun(replace(binding, call_ends_at=binding.lease_until), binding.intent, True)
    if not values:
        return None
    begun = replace(
        binding,
        intent=dict(values),
        doubt=False,
        refused=False,
        suspects={},
        call_ends_at=binding.lease_until,
    )
    return Begun(begun, values, False)


def release(binding: Binding, *, fence: int) -> Binding:
    """Give the claim back; an open intent stays open, and in doubt if it was. Raises LeaseLost (R4)."""
    check_fence(binding, fence)
    return replace(binding, lease_until=0.0)


def check_fence(work: Binding, fence: int) -> None:
    """Raise LeaseLost for the owner of an older claim (R4)."""
    if rules.superseded(work, fence):
        raise LeaseLost(
            "Another worker has taken this record over.", fix="Nothing to do: it finishes the work."
        )
