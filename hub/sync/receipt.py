"""A receipt: what a remote answered to a write, and what we know from it (sync.md, "A delivery", 4 to 6)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from hub.canonical.contribution import Contribution
from hub.sync.binding import MISSING, Binding, Suspect
from hub.sync.conflict import Edit, Entry
from hub.sync.delivery import Outcome, check_fence, owed
from hub.sync.policy import Policy
from hub.sync.reading import Reading, capped, is_echo, with_echoes


class Received(NamedTuple):
    """What a receipt did. Store `binding`; `edits` call for golden again.

    follow_up: something is owed against the golden given. dead: a dead letter with the remote's cause. held:
    the intent stays open, so nothing newer goes there before it is settled. retry: claim it again (after a
    failed precondition at once, else on the ladder).
    """

    binding: Binding
    edits: Sequence[Edit] = ()
    entries: Sequence[Entry] = ()
    follow_up: bool = False
    dead: bool = False
    held: bool = False
    retry: bool = False


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
    """Settle what the remote answered to the write begun; outcomes as in `sdk.connector.Receipt`. Raises
    LeaseLost (R4).

    answer: the record as the answer, or else a read-back begun after it, shows it. `done` without an answer
    is right only for a system that never shows its records back (files): then `sent` alone moves. Where the
    read-back failed, the outcome is `unknown`.
    """
    check_fence(binding, fence)
    free = replace(binding, lease_until=0.0)
    if binding.intent is None:
        return Received(free)
    if outcome == "done":
        late = _overwritten(binding, binding.intent, answer)
        strange = _strange_renderings(binding, binding.intent, answer, late=late)
        if binding.doubt and (late or strange):
            return Received(replace(free, suspects={**binding.suspects, **strange}), held=True, retry=True)
        return _landed(free, binding.intent, answer, policy=policy, golden=golden, now=now, late=late)
    if outcome == "unknown":
        return Received(
            replace(free, doubt=True, call_ends_at=min(now, binding.call_ends_at)), held=True, retry=True
        )
    refused = outcome == "refused"
    if binding.doubt:  # this call did nothing, but an earlier one may have landed or may yet
        return Received(replace(free, refused=refused), dead=refused, held=True, retry=not refused)
    closed = replace(free, intent=None, version=None if outcome == "not_landed" else binding.version)
    return Received(closed, dead=refused, retry=not refused)


def _landed(
    binding: Binding,
    intent: Mapping[str, Any],
    answer: Reading | None,
    *,
    policy: Policy,
    golden: Mapping[str, Any],
    now: float,
    late: Collection[str],
) -> Received:
    """The write is there: learn the rendering of its own fields, and only of those.

    late: fields in which an older write of ours has landed over it; what stands there is known, golden is to
    be written.
    """
    shown: Mapping[str, Any] = answer.seen if answer else {}
    persons = _persons(binding, intent, answer, policy)
    before = {path: binding.sent.get(path) for path in intent} | dict(binding.before)
    before |= {path: suspect.value for path, suspect in persons.items()}
    landed = replace(
        binding,
        sent={path: value for path, value in {**binding.sent, **intent}.items() if path not in late},
        contribution={**binding.contribution, **{path: _edit(said) for path, said in persons.items()}},
        before=before,
        echoes=_echoes(binding, intent, shown, policy),
        settled_at=max(binding.settled_at, answer.finished if answer else now),
        intent=None,
        doubt=False,
        refused=False,
        suspects={},
    )
    if answer:
        landed = _rendered(landed, intent, answer)
    return Received(
        landed,
        edits=tuple(Edit(path, said.value, said.raw, _at(said)) for path, said in persons.items()),
        entries=(
            *(
                Entry("conflict", path, said.value, _at(said), intent[path], None, "met a write in doubt")
                for path, said in persons.items()
            ),
            *(
                Entry("echo", path, intent[path], now, golden.get(path), None, "late landing")
                for path in late
            ),
        ),
        follow_up=bool(owed(landed, golden, policy=policy)),
    )


def _overwritten(binding: Binding, intent: Mapping[str, Any], answer: Reading | None) -> set[str]:
    """The fields that show an echo instead of what was just written: an older write of ours landed over
    it."""
    if answer is None or not binding.echoes:
        return set()
    return {
        path
        for path, value in intent.items()
        for echo in binding.echoes.get(path, ())
        if path in answer.seen
        and value not in (answer.values.get(path), echo.value)
        and is_echo(binding, path, raw=answer.seen[path], value=answer.values.get(path))
    }


def _strange_renderings(
    binding: Binding, intent: Mapping[str, Any], answer: Reading | None, *, late: Collection[str]
) -> dict[str, tuple[Suspect, ...]]:
    """The suspects, with each rendering shown that is neither what we sent nor one of them.

    It may be ours, and the suspects people's; or a person wrote it before the read-back, and the rendering of
    ours, which may still land late, is not known. After a write in doubt, the same values once more, and what
    shows then, will tell (unless somebody puts a suspect back by hand at that very moment). Empty: nothing of
    the kind.
    """
    if answer is None:
        return {}
    return {
        path: (*binding.suspects.get(path, ()), _shown(answer, path))
        for path, value in intent.items()
        if path in answer.seen
        and path not in late
        and answer.values.get(path) != value
        and all(suspect.raw != answer.seen[path] for suspect in binding.suspects.get(path, ()))
    }


def _shown(answer: Reading, path: str) -> Suspect:
    return Suspect(answer.seen[path], answer.values.get(path), answer.finished, capped(answer))


def _rendered(landed: Binding, intent: Mapping[str, Any], answer: Reading) -> Binding:
    """The renderings the answer shows. A field it keeps silent about has no known rendering; other fields
    wait."""
    seen = {path: raw for path, raw in landed.seen.items() if path not in intent}
    elsewhere = any(
        landed.seen.get(path, MISSING) != raw for path, raw in answer.seen.items() if path not in intent
    )
    seen |= {path: answer.seen[path] for path in intent if path in answer.seen}
    return replace(
        landed,
        seen=seen,
        version=answer.version,
        reread=landed.reread or elsewhere,
        digest=None,  # so that a value put back by hand is seen
    )


def _persons(
    binding: Binding, intent: Mapping[str, Any], answer: Reading | None, policy: Policy
) -> dict[str, Suspect]:
    """Per field, the newest suspect that is not our own rendering as just learned: a person's edit. What would be no
    edit in a reading (direction `out`, a blank but for `clear`) is none here."""
    persons: dict[str, Suspect] = {}
    for path, suspects in binding.suspects.items():
        raw = answer.seen.get(path, MISSING) if answer else MISSING
        value = answer.values.get(path) if answer else intent.get(path)
        if path in policy.outward:
            continue
        for suspect in suspects:
            if suspect.value is None and path not in policy.clear:
                continue
            if suspect.raw != raw and suspect.value != value:
                persons[path] = suspect
    return persons


def _echoes(
    binding: Binding, intent: Mapping[str, Any], shown: Mapping[str, Any], policy: Policy
) -> Mapping[str, Any]:
    """The echoes, and those of this write if an earlier call with it may still land."""
    if not binding.doubt:
        return binding.echoes
    return with_echoes(binding.echoes, intent, shown, until=binding.call_ends_at + policy.lands_late_seconds)


def _edit(suspect: Suspect) -> Contribution:
    return Contribution(suspect.value, suspect.raw, "edit", suspect.source_at, suspect.seen_at)


def _at(suspect: Suspect) -> float:
    return suspect.seen_at if suspect.source_at is None else suspect.source_at
