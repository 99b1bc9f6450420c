"""The five rules of two-way sync (sync.md), each one predicate. Every transition asks here; leave one out and
edits are lost, invented or doubled, as `tests/properties/sync` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.sync.binding import Binding
    from hub.sync.create import Create
    from hub.sync.policy import Policy
    from hub.sync.reading import Reading


def predates(binding: Binding, reading: Reading, policy: Policy) -> bool:
    """R1: readings are ordered by when they were read, not by when they are processed.

    One that began before the binding's knowledge was settled may show an older state. Where both sides have a
    version that orders (`modified`), the versions decide; two equal ETags are the same state.
    """
    known, read = binding.version, reading.version
    if known is not None and read is not None:
        if policy.version == "etag" and known == read:
            return False
        if policy.version == "modified" and known != read:
            return _moment(read) < _moment(known)
    return reading.started < binding.settled_at


def under_way(binding: Binding, now: float) -> bool:
    """R2: what is read while a write of ours is open (a delivery holds the binding, or its intent has no
    receipt yet) is no evidence of what people did."""
    return binding.intent is not None or binding.lease_until > now


def in_doubt(binding: Binding) -> bool:
    """R3: a write whose receipt never came is repeated unchanged before anything newer is sent."""
    return binding.intent is not None and binding.doubt


def superseded(work: Binding | Create, fence: int) -> bool:
    """R4: whoever was taken over (its fence is no longer the one stored) may not settle anything."""
    return work.fence != fence


def parks(create: Create, reading: Reading) -> bool:
    """R5: a new record that could be ours waits while our create there is begun and not receipted.

    So does one that was read before the create was settled: ours, it may be gone since. What is parked is
    read again.
    """
    return create.state == "begun" or reading.started < create.settled_at


def _moment(version: str) -> tuple[int, str]:
    """An order over versions of kind `modified`: numbers as numbers, instants as text with the zone letter
    dropped."""
    text = version.rstrip("Zz")
    return (len(text), text) if text.isdigit() else (0, text)
