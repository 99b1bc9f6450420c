"""A reading: what a page, a webhook fetch or a re-read says of one record, and what it changes in its binding."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from hub.sync.binding import Binding
from hub.sync.conflict import Edit, Entry
from hub.sync.policy import Policy

Outcome = Literal["unchanged", "dropped", "taken"]


class Reading(NamedTuple):
    """One record as it stood somewhere between `started` and `finished` (epoch seconds UTC, our clock).

    values: canonical values by path. seen: the remote's rendering of each path its map reads, blanks included. blanks:
    the paths of `seen` that are blank. A path in none of the three: the system said nothing of it. source_at: the
    record's own modified time. version: ETag, revision or exact time. digest: of raw and map, stored once taken.
    """

    values: Mapping[str, Any]
    seen: Mapping[str, Any]
    blanks: Collection[str]
    source_at: float | None
    started: float
    finished: float
    version: str | None = None
    digest: bytes | None = None


class Taken(NamedTuple):
    """What a reading did. changed: the binding must be stored. edits: golden must be computed again (also if revived)."""

    binding: Binding
    outcome: Outcome
    edits: Sequence[Edit]
    entries: Sequence[Entry]
    changed: bool


def first_sight(reading: Reading, policy: Policy, *, created_for: int | None = None) -> Binding:
    """The binding of a record nobody knew (sync.md, readings 1): every value becomes a contribution of kind first_sight.

    A blank leaves sent = None, so golden fills it; with the blank rule `clear` it contributes nothing-there (None).
    created_for: the home id the record's marker names, if it names one; then nothing in it counts as evidence.
    """
    raise NotImplementedError


def take(
    binding: Binding, reading: Reading, *, policy: Policy, golden: Mapping[str, Any], now: float
) -> Taken:
    """Compare a reading of a known record with its binding (sync.md, readings 2 to 5).

    golden: path → value before this reading; used only to tell conflicts. After `taken` with edits the caller computes
    golden again, asks `conflict.overruled`, and then `delivery.owed` for every binding of it. After `dropped` the record
    is marked `reread`.
    """
    raise NotImplementedError


def gone(binding: Binding, policy: Policy, *, now: float) -> Binding:
    """The record was deleted there: its contributions are retired, whatever was being written is closed."""
    raise NotImplementedError


def rebase(
    binding: Binding,
    reading: Reading,
    *,
    policy: Policy,
    changed_paths: Collection[str],
    again: Callable[[str, Any], Any] | None = None,
) -> Taken:
    """Apply a changed map to a known record; never an edit (sync.md, "A field without base, or whose map line changed").

    reading: the stored raw (or a fresh one) through the new map. changed_paths: paths whose line is new or changed.
    again(path, raw): the canonical value of one old rendering by the new line, for a contribution whose raw no longer
    stands in the record; None where the line reads other fields now (then the value stays).
    """
    raise NotImplementedError
