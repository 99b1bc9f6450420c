"""What the histories are for: each mutant is the product with one thing left out, put in place by monkeypatches.

`python tests/properties/sync/mutants.py` prints, for each, after how many histories it was caught and by which law.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sync_machine import workers
from sync_machine.history import History
from sync_machine.trace import Broken

from hub.canonical.contribution import Contribution
from hub.flows import absorb as evidence
from hub.sync import create, delivery, reading, receipt, rules
from hub.sync.binding import MISSING, Binding
from hub.sync.reading import Reading

Patch = pytest.MonkeyPatch
ENOUGH = 2000


class Caught(NamedTuple):
    """after: so many histories. law: the one that broke; what: how."""

    after: int
    law: str
    what: str


def rule(name: str) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(rules, name, lambda *_: False)


def without_seen(patch: Patch) -> None:
    """The remote's own rendering is not kept: what stands there is compared with what was sent."""

    def as_sent(binding: Binding, read: Reading) -> Binding:
        kept = {
            path: raw for path, raw in read.seen.items() if binding.sent.get(path) == read.values.get(path)
        }
        return replace(binding, seen=kept)

    absorb, differs = reading.absorb, reading.differs
    for module in (reading, delivery):
        patch.setattr(module, "differs", lambda binding, read: differs(as_sent(binding, read), read))
        patch.setattr(
            module, "absorb", lambda binding, read, **how: absorb(as_sent(binding, read), read, **how)
        )


def without_sent(patch: Patch) -> None:
    """What we last brought there is not kept: golden is compared with what is seen."""
    owed = delivery.owed
    as_seen = lambda binding: replace(binding, sent=dict(binding.seen))  # noqa: E731
    for module in (delivery, receipt):
        patch.setattr(module, "owed", lambda binding, golden, **how: owed(as_seen(binding), golden, **how))


def without_stored_intent(patch: Patch) -> None:
    """What is being written is known to the worker alone, and dies with it."""
    begin, settle = delivery.begin, receipt.receipt
    known: dict[tuple[int, float], Any] = {}

    def unsaid(binding: Binding, values: Any, *, fence: int) -> Any:
        begun = begin(binding, values, fence=fence)
        if begun is None:
            return None
        known[fence, begun.binding.call_ends_at] = begun.values
        return begun._replace(binding=replace(begun.binding, intent=None))

    def remembered(binding: Binding, answer: Any, **how: Any) -> Any:
        mine = known.get((binding.fence, binding.call_ends_at))
        return settle(replace(binding, intent=mine) if mine else binding, answer, **how)

    patch.setattr(delivery, "begin", unsaid)
    patch.setattr(workers, "receipt", remembered)


def without_parked_create(patch: Patch) -> None:
    """A create of unknown outcome does not wait to be looked for: it is sent again."""
    step = create.next_step

    def at_once(*of: Any, **how: Any) -> str:
        found = step(*of, **how)
        return "send" if found in ("find", "wait") else found

    patch.setattr(create, "next_step", at_once)


def without_contribution_only_matching(patch: Patch) -> None:
    """Matching reads all that stands in a record, whoever put it there."""
    everything = lambda binding: {path: value for path, value in binding.sent.items() if value is not None}  # noqa: E731
    patch.setattr(evidence, "evidence_values", everything)


def without_blank_rule(patch: Patch) -> None:
    """Every blank is an edit."""

    def emptied(draft: reading.Draft, path: str, policy: Any) -> None:
        at = draft.base.settled_at
        draft.sent[path] = None
        draft.contribution[path] = Contribution(None, "", "edit", at, at)

    patch.setattr(reading, "blanked", emptied)


def blanks_never_refilled(patch: Patch) -> None:
    """`refill` is treated as `ignore`."""
    patch.setattr(reading, "blanked", lambda draft, path, policy: draft.before.update({path: None}))


def without_lease_bound(patch: Patch) -> None:
    """A call may take as long as it likes, also beyond the lease of its worker."""
    patch.setattr(workers, "time_out", lambda deadline, now: 1e9)


def answering(module: Any, name: str, answer: Any) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(module, name, lambda *_, **__: answer)


def without_echoes(patch: Patch) -> None:
    for module in (reading, delivery, receipt):
        patch.setattr(module, "is_echo", lambda *_, **__: False)


def without_before(patch: Patch) -> None:
    patch.setattr(delivery, "_given_back", lambda *_, **__: MISSING)


MUTANTS: dict[str, Callable[[Patch], None]] = {
    "R1 readings are ordered by when they were read": rule("predates"),
    "R2 what is read while our write is open is no evidence": rule("under_way"),
    "R3 a write in doubt is repeated unchanged": rule("in_doubt"),
    "R4 receipts of a superseded owner are refused": rule("superseded"),
    "R5 what could be our create is parked": rule("parks"),
    "seen": without_seen,
    "sent": without_sent,
    "the stored intent": without_stored_intent,
    "the parked create: look before it is repeated": without_parked_create,
    "contribution-only matching": without_contribution_only_matching,
    "the blank rule": without_blank_rule,
    "the blank rule: refill": blanks_never_refilled,
    "the lease bound on time-outs": without_lease_bound,
    "suspects": answering(delivery, "_says_otherwise", False),
    "echoes": without_echoes,
    "a second look at a strange rendering": answering(receipt, "_strange_renderings", {}),
    "proof that nothing landed": answering(delivery, "never_landed", True),
    "the pre-read": answering(delivery, "needs_preread", False),
    "what stood there before us": without_before,
}


def hunt(mutant: str, *, first: int = 0, enough: int = ENOUGH) -> Caught | None:
    """The first history that breaks with the mutant in place; None: none of `enough` does."""
    with pytest.MonkeyPatch.context() as patch:
        MUTANTS[mutant](patch)
        for seed in range(first, first + enough):
            try:
                History(seed).run()
            except Broken as reason:
                return Caught(seed - first + 1, reason.law, str(reason))
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    given = parser.parse_args()
    alive = 0
    for mutant in MUTANTS:
        caught = hunt(mutant, first=given.first)
        alive += caught is None
        after = f"{caught.after:5}  {caught.law}" if caught else "    -  alive"
        print(f"{mutant:56} {after}", flush=True)
    return 1 if alive else 0


if __name__ == "__main__":
    raise SystemExit(main())
