"""A changed map applied to a known record: never an edit (sync.md, "A field without base, or whose map line
changed")."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from hub.canonical.contribution import Contribution
from hub.sync import rules
from hub.sync.binding import MISSING, Binding
from hub.sync.conflict import Entry
from hub.sync.policy import Policy
from hub.sync.reading import Draft, Reading, Taken, blanked, capped, dropped, is_echo, said_at

Again = Callable[[str, Any], Any]


def rebase(
    binding: Binding,
    reading: Reading,
    *,
    policy: Policy,
    changed_paths: Collection[str],
    now: float,
    again: Again | None = None,
) -> Taken:
    """The binding under a new map. `taken` without edits: golden must be computed again, for values may
    differ.

    reading: the record through the new map, from stored raw or fresh; `dropped` if it is older than what is
    known or a write is under way (then rebase with the next reading, before `take`). changed_paths: paths
    whose line is new, changed or left the map. again(path, old raw): the canonical value of a contribution
    whose raw no longer stands in the record, by the new line; MISSING if that line reads other fields, then
    the value stays as it was. Prefer the stored raw, if nothing was settled since: only between two readings
    by one map can edits be told.
    """
    if rules.under_way(binding, now) or rules.predates(binding, reading, policy):
        return dropped(binding)
    draft = Draft(binding)
    for path in changed_paths:
        if path in reading.seen or path in reading.values:
            _rebase_field(draft, path, reading, policy, again)
        else:
            _forget_field(draft, path)
    based = draft.rebased()
    if any(
        binding.seen.get(path, MISSING) not in (MISSING, raw)
        for path, raw in reading.seen.items()
        if path in changed_paths
    ):  # what stands there was learned from this reading: an older one shows less
        based = replace(based, settled_at=max(based.settled_at, reading.finished), version=None)
    return Taken(based, "taken", (), tuple(draft.entries), True)


def _rebase_field(draft: Draft, path: str, reading: Reading, policy: Policy, again: Again | None) -> None:
    old, new = draft.contribution.get(path), reading.values.get(path)
    known, raw = draft.sent.get(path, MISSING), reading.seen.get(path)
    stood = draft.base.seen.get(path, MISSING)
    draft.seen.pop(path, None)
    if path in reading.seen:
        draft.seen[path] = raw
    if path in reading.seen and stood is not MISSING and raw != stood and new != known:
        _otherwise(draft, path, reading, policy)
    elif old is None and known is MISSING:
        draft.sent[path] = new
        if path not in policy.outward and (path not in reading.blanks or path in policy.clear):
            draft.contribution[path] = Contribution(
                new, raw, "first_sight", capped(reading), reading.finished
            )
    elif old is None:
        if path not in draft.before and known is not MISSING:
            draft.sent[path] = new  # a default of theirs, not a value of ours
            if (
                known is None and new is not None and _theirs(draft, path, policy)
            ):  # it counted as blank until now
                draft.contribution[path] = Contribution(
                    new, raw, "first_sight", capped(reading), reading.finished
                )
    elif stood is MISSING or path not in reading.seen:
        _constant(draft, path, reading, policy)
    else:
        mapped = _mapped_again(path, old, stood, reading, again)
        draft.contribution[path] = mapped
        if known == old.value:
            draft.sent[path] = mapped.value


def _theirs(draft: Draft, path: str, policy: Policy) -> bool:
    """Whether people filled this record, in a field that we take from them."""
    return draft.base.created_for is None and path not in policy.outward


def _otherwise(draft: Draft, path: str, reading: Reading, policy: Policy) -> None:
    """Something else stands there than was known: the line reads other fields now, or somebody edited it before the
    map was applied. Nobody can tell, so that it is no edit, and an entry says what stood there."""
    raw, new, known = reading.seen[path], reading.values.get(path), draft.sent.get(path)
    if is_echo(draft.base, path, raw=raw, value=new):
        draft.sent.pop(path, None)
        draft.before.setdefault(path, known)
        return
    if path in reading.blanks and path not in policy.clear:
        blanked(draft, path, policy)
        return
    draft.sent[path] = new
    draft.before.pop(path, None)  # what stands there now is not ours
    if path in policy.outward:
        return
    said = Contribution(new, raw, "first_sight", capped(reading), reading.finished)
    old = draft.contribution.get(path)
    draft.contribution[path] = said if old is None else old._replace(value=new, raw=raw)
    draft.entries.append(Entry("conflict", path, new, said_at(reading), known, None, "the map was changed"))


def _constant(draft: Draft, path: str, reading: Reading, policy: Policy) -> None:
    """A line that reads nothing there, now or until now (a constant, an implied country): nobody said its value, and
    what the new line makes of the record is first seen."""
    old, new, known = draft.contribution.pop(path), reading.values.get(path), draft.sent.get(path)
    if path not in policy.outward and (path not in reading.blanks or path in policy.clear):
        draft.contribution[path] = old._replace(value=new, raw=reading.seen.get(path), kind="first_sight")
    if known == old.value or path in reading.seen:
        draft.sent[path] = new


def _mapped_again(
    path: str, old: Contribution, stood: Any, reading: Reading, again: Again | None
) -> Contribution:
    """The contribution from its own raw by the new line, with its kind and times."""
    if stood == old.raw and path not in reading.blanks:  # the record still says what the person wrote
        return old._replace(value=reading.values.get(path), raw=reading.seen.get(path))
    value = again(path, old.raw) if again else MISSING
    return old if value is MISSING else old._replace(value=value)


def _forget_field(draft: Draft, path: str) -> None:
    """The map no longer reads this path: nothing of it is known, and what people said of it goes with the
    line."""
    for mapping in (draft.seen, draft.sent, draft.before, draft.contribution):
        mapping.pop(path, None)
