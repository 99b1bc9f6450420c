"""A reading: what a page, a webhook fetch or a re-read says of one record, and what it changes in its
binding."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

from hub.canonical.contribution import Contribution
from hub.sync import rules
from hub.sync.binding import MISSING, Binding, Echo
from hub.sync.conflict import Edit, Entry
from hub.sync.policy import Policy

Outcome = Literal["unchanged", "dropped", "taken"]


class Reading(NamedTuple):
    """One record as it stood somewhere between `started` and `finished` (epoch seconds UTC, our clock).

    values: canonical values by path. seen: the remote's rendering of each path its map reads, blanks
    included. blanks: the paths of `seen` that are blank. A path in none of the three: the system said nothing
    of it. source_at: the record's own modified time. version: ETag, revision or exact time. digest: of raw
    and map, stored once taken.
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
    """What a reading did. changed: the binding must be stored. edits: golden must be computed again.

    A record that was gone and lives again comes as `taken` and changed, also without edits: golden again,
    too.
    """

    binding: Binding
    outcome: Outcome
    edits: Sequence[Edit]
    entries: Sequence[Entry]
    changed: bool


def first_sight(reading: Reading, policy: Policy, *, created_for: int | None = None) -> Binding:
    """The binding of a record nobody knew (sync.md, readings 1): its values contribute as `first_sight`.

    A blank leaves sent = None, so golden fills it; where its blank rule is `clear` it contributes None.
    created_for: the home id that a marker in the record names, if one does; then nothing in it counts as
    evidence.
    """
    values, blanks = reading.values, reading.blanks
    contribution: dict[str, Contribution] = {}
    if created_for is None:
        contribution = _first_contributions(reading, policy)
    return Binding(
        seen=reading.seen,
        sent={**values, **dict.fromkeys(blanks)} if blanks else values,
        contribution=contribution,
        settled_at=reading.finished,
        version=reading.version,
        created_for=created_for,
        digest=reading.digest,
    )


def take(
    binding: Binding, reading: Reading, *, policy: Policy, golden: Mapping[str, Any], now: float
) -> Taken:
    """Compare a reading of a known record with its binding (sync.md, readings 2 to 5).

    golden: path → value before this reading; it only tells which edits met an undelivered value. After edits
    the caller computes golden again, asks `conflict.overruled`, then `delivery.owed` for each of its
    bindings. After `dropped` the binding is marked `reread`: fetch the record once nothing is under way.
    """
    if not binding.gone and not differs(binding, reading):
        return _unchanged(binding, reading, policy, now=now)
    if rules.under_way(binding, now) or rules.predates(binding, reading, policy):
        return dropped(binding)
    return absorb(binding, reading, policy=policy, golden=golden)


def gone(binding: Binding, *, policy: Policy, now: float) -> Binding:
    """The record was deleted there: its contributions are retired, what was being written is closed, no
    delivery goes.

    Values still in doubt stay as echoes, should the record come back with them.
    """
    contribution = {path: said._replace(live=False) for path, said in binding.contribution.items()}
    late = binding.call_ends_at + policy.lands_late_seconds
    return replace(
        binding,
        contribution=contribution,
        echoes=with_echoes(binding.echoes, binding.intent or {}, {}, until=late),
        intent=None,
        doubt=False,
        refused=False,
        suspects={},
        lease_until=0.0,
        settled_at=max(binding.settled_at, now),
        reread=False,
        gone=True,
        digest=None,
    )


def differs(binding: Binding, reading: Reading) -> bool:
    """Whether any rendering differs from `seen`; what the reading does not show does not differ."""
    return not (reading.seen.items() <= binding.seen.items())


def dropped(binding: Binding) -> Taken:
    """The reading is no evidence (R1, R2); the record is to be read again once settled."""
    if binding.reread:
        return Taken(binding, "dropped", (), (), False)
    return Taken(replace(binding, reread=True), "dropped", (), (), True)


def absorb(binding: Binding, reading: Reading, *, policy: Policy, golden: Mapping[str, Any]) -> Taken:
    """Take every difference of a reading that is evidence; the caller has asked R1 and R2."""
    draft = Draft(binding)
    for path, raw in reading.seen.items():
        if binding.seen.get(path, MISSING) != raw:
            _absorb_field(draft, path, reading, policy, golden)
    return Taken(draft.sealed(reading), "taken", tuple(draft.edits), tuple(draft.entries), True)


class Draft:
    """The mappings of one binding while a reading is absorbed: copied once, sealed once."""

    __slots__ = ("base", "before", "contribution", "edits", "entries", "seen", "sent")

    def __init__(self, base: Binding) -> None:
        self.base = base
        self.seen = dict(base.seen)
        self.sent = dict(base.sent)
        self.before = dict(base.before)
        self.contribution = dict(base.contribution)
        if base.gone:
            self.contribution = {path: said._replace(live=True) for path, said in self.contribution.items()}
        self.edits: list[Edit] = []
        self.entries: list[Entry] = []

    def sealed(self, reading: Reading) -> Binding:
        """The binding after the reading: ordered up to its end, with its version and digest."""
        return replace(
            self.base,
            seen=self.seen,
            sent=self.sent,
            before=self.before,
            contribution=self.contribution,
            echoes=without_spent_echoes(self.base.echoes, reading.started),
            version=reading.version,
            settled_at=max(self.base.settled_at, reading.finished),
            reread=False,
            gone=False,
            digest=reading.digest,
        )

    def rebased(self) -> Binding:
        """The binding under a new map: nobody wrote anything, so order, version and marks stay; the digest
        does not."""
        return replace(
            self.base,
            seen=self.seen,
            sent=self.sent,
            before=self.before,
            contribution=self.contribution,
            digest=None,
        )


def _absorb_field(
    draft: Draft, path: str, reading: Reading, policy: Policy, golden: Mapping[str, Any]
) -> None:
    """One differing field (sync.md, readings 5), in the order in which the explanations are tried."""
    raw, value = reading.seen[path], reading.values.get(path)
    known = draft.sent.get(path, MISSING)
    draft.seen[path] = raw
    if value == known:
        return  # the remote reformatted it, or what we asked for has landed
    if is_echo(draft.base, path, raw=raw, value=value):
        draft.sent.pop(path, None)
        draft.before.setdefault(path, None if known is MISSING else known)
        draft.entries.append(
            Entry("echo", path, value, reading.finished, golden.get(path), None, "late landing")
        )
    elif path in policy.outward:
        draft.sent[path] = value
        draft.before.pop(path, None)  # what stands there now is not ours
        draft.entries.append(Entry("out", path, value, said_at(reading), golden.get(path), None, "direction"))
    elif path in reading.blanks and path not in policy.clear:
        blanked(draft, path, policy)
    elif known is MISSING and path not in draft.base.seen and path not in draft.contribution:
        draft.sent[path] = value
        draft.contribution[path] = _contribution(reading, path, "first_sight")
    else:
        _edited(draft, path, reading, policy, golden)


def _edited(draft: Draft, path: str, reading: Reading, policy: Policy, golden: Mapping[str, Any]) -> None:
    """A person wrote this: the new contribution of the field."""
    value, at = reading.values.get(path), said_at(reading)
    ours, known = golden.get(path, MISSING), draft.sent.get(path, MISSING)
    if path in policy.pushable and ours is not MISSING and ours not in (known, value):
        draft.entries.append(Entry("conflict", path, value, at, ours, None, "golden was not delivered yet"))
    draft.sent[path] = value
    draft.before.pop(path, None)  # what stands there now is not ours
    draft.contribution[path] = _contribution(reading, path, "edit")
    draft.edits.append(Edit(path, value, reading.seen[path], at))


def blanked(draft: Draft, path: str, policy: Policy) -> None:
    """A blank that is no statement: left so until golden changes (`ignore`), or filled again (`refill`)."""
    draft.before[path] = None
    if path in policy.refill or path not in draft.base.seen:
        draft.sent[path] = None


def _unchanged(binding: Binding, reading: Reading, policy: Policy, *, now: float) -> Taken:
    """Nothing differs. Stores nothing, but for ending a `reread` or an echo that this reading settles."""
    if not (binding.reread or binding.echoes):
        return Taken(binding, "unchanged", (), (), False)
    if rules.under_way(binding, now) or rules.predates(binding, reading, policy):
        return Taken(binding, "unchanged", (), (), False)
    echoes = without_spent_echoes(binding.echoes, reading.started)
    if not binding.reread and len(echoes) == len(binding.echoes):
        return Taken(binding, "unchanged", (), (), False)
    return Taken(replace(binding, reread=False, echoes=echoes), "unchanged", (), (), True)


# --- contributions --------------------------------------------------------------------------------


def _first_contributions(reading: Reading, policy: Policy) -> dict[str, Contribution]:
    """All values of a reading as first sights. Hot: once per new record."""
    seen, at, read_at = reading.seen, capped(reading), reading.finished
    said = {
        path: Contribution(value, seen.get(path), "first_sight", at, read_at)
        for path, value in reading.values.items()
    }
    for path in policy.outward:
        said.pop(path, None)
    if reading.blanks and policy.clear:
        for path in policy.clear.difference(policy.outward).intersection(reading.blanks):
            said[path] = Contribution(None, seen[path], "first_sight", at, read_at)
    return said


def _contribution(reading: Reading, path: str, kind: Literal["first_sight", "edit"]) -> Contribution:
    return Contribution(reading.values.get(path), reading.seen[path], kind, capped(reading), reading.finished)


def capped(reading: Reading) -> float | None:
    """The record's own time, never later than the reading (a remote's clock may run ahead)."""
    at = reading.source_at
    return at if at is None or at < reading.finished else reading.finished


def said_at(reading: Reading) -> float:
    """When the system says it was written, else when we read it."""
    at = capped(reading)
    return reading.finished if at is None else at


# --- echoes ---------------------------------------------------------------------------------------


def is_echo(binding: Binding, path: str, *, raw: Any, value: Any) -> bool:
    """Whether what stands in the field is a write of ours that may have landed late."""
    return any(
        value == echo.value or (echo.raw is not None and raw == echo.raw)
        for echo in binding.echoes.get(path, ())
    )


def with_echoes(
    echoes: Mapping[str, tuple[Echo, ...]],
    values: Mapping[str, Any],
    renderings: Mapping[str, Any],
    *,
    until: float,
) -> dict[str, tuple[Echo, ...]]:
    """The echoes and those of `values`, whose renderings there may be known."""
    more = {
        path: (*echoes.get(path, ()), Echo(renderings.get(path), value, until))
        for path, value in values.items()
    }
    return {**echoes, **more}


def without_spent_echoes(
    echoes: Mapping[str, tuple[Echo, ...]], moment: float, *, of: Collection[str] | None = None
) -> dict[str, tuple[Echo, ...]]:
    """The echoes that may still show up once a state read from `moment` on was compared, in all fields or in
    those of `of`."""
    left = {
        path: tuple(echo for echo in kept if echo.until > moment or (of is not None and path not in of))
        for path, kept in echoes.items()
    }
    return {path: kept for path, kept in left.items() if kept}
