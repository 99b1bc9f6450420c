"""What really happened in a history, known to the test and hidden from the hub: who typed what, and what
landed when."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Key = tuple[str, str]  # (system, external id)
TAINT = re.compile(r"p(\d+)", re.IGNORECASE)


class Broken(Exception):
    """A law of sync.md does not hold in this history."""

    def __init__(self, law: str, what: str) -> None:
        super().__init__(f"{law}: {what}")
        self.law = law


class Act(NamedTuple):
    """A person typed `taint` into a field of one record; None: emptied it."""

    at: float
    key: Key
    path: str
    taint: str | None
    text: str
    edit: bool  # False: typed while adding the record


class Doubt(NamedTuple):
    """From `opened` to `closed` an intent of ours on these fields had no receipt. paths: field → what was written."""

    opened: float
    closed: float
    key: Key
    paths: Mapping[str, str | None]


class Landing(NamedTuple):
    """A write of ours took effect at `at`; it was decided on what was read at `read_at`."""

    at: float
    read_at: float
    key: Key
    path: str


class ReadBack(NamedTuple):
    """The rendering of a write that landed at `landed` was read at `at`."""

    landed: float
    at: float
    key: Key
    paths: frozenset[str]


@dataclass
class Trace:
    acts: list[Act] = field(default_factory=list)
    landings: list[Landing] = field(default_factory=list)
    read_backs: list[ReadBack] = field(default_factory=list)
    typed: dict[tuple[Key, str], set[str | None]] = field(default_factory=lambda: defaultdict(set))
    untold: dict[Key, int] = field(
        default_factory=dict
    )  # records of ours, taken for other people's, and their home
    noticed: dict[tuple[Key, str, str | None], float] = field(default_factory=dict)  # as edit or entry, when
    doubts: list[Doubt] = field(default_factory=list)
    opened: dict[Key, float] = field(default_factory=dict)
    hints: list[Key] = field(default_factory=list)  # webhooks on their way
    made: dict[tuple[str, str], list[str]] = field(
        default_factory=dict
    )  # system, home → records of our creates
    now: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    log: list[str] = field(default_factory=list)

    def act(self, act: Act) -> None:
        self.acts.append(act)
        self.typed[act.key, act.path].add(act.taint)

    def intent(self, key: Key, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
        """The intent of a binding was stored or closed."""
        if before is None and after is not None:
            self.opened[key] = self.now
        if before is not None and after is None:
            wrote = {path: taint(value) for path, value in before.items()}
            self.doubts.append(Doubt(self.opened.pop(key, 0.0), self.now, key, wrote))

    def put_back_before_read_back(self, key: Key, path: str) -> bool:
        """The one way to take us for a person: in the moment before the read-back of a repeated write,
        somebody put back by hand what had stood there while it was in doubt."""
        acts = [act for act in self.acts if act.key == key and act.path == path]
        return any(
            back.landed <= act.at <= back.at and any(old.taint == act.taint for old in acts[:index])
            for index, act in enumerate(acts)
            for back in self.read_backs
            if back.key == key and path in back.paths
        )

    def note(self, *words: Any) -> None:
        self.log.append(f"{self.now:7.1f} " + " ".join(map(str, words)))


def taint(value: Any) -> str | None:
    """The identity of a value, whatever a system made of its letters: every person's value bears one of its
    own."""
    if value is None or value == "":
        return None
    found = TAINT.search(str(value))
    return found[1] if found else str(value).casefold()
