"""Who is the same, and which value is right: clusters, goldens, pins and holds of the machine's hub."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sync_machine.remotes import Remote
from sync_machine.trace import Key, Trace

from hub.golden.rules import compile_rules
from hub.golden.survive import Hold, Member, Pin, new_holds, survive
from hub.golden.values import Golden
from hub.sync import delivery
from hub.sync.binding import Binding

RULES = compile_rules({"default": "latest", "rules": {"company": "manual"}})


class Wanted(NamedTuple):
    """A golden as it is written: an emptiness that won is None. held: paths that wait for a person."""

    values: dict[str, Any]
    held: frozenset[str]
    golden: Golden | None


NOBODY = Wanted({}, frozenset(), None)


@dataclass
class Goldens:
    remotes: dict[str, Remote]
    trace: Trace
    bindings: dict[Key, Binding] = field(default_factory=dict)
    home: dict[Key, int] = field(default_factory=dict)
    number: dict[Key, int] = field(default_factory=dict)
    same: list[tuple[int, int]] = field(default_factory=list)
    merged: list[tuple[int, int]] = field(default_factory=list)
    pins: dict[int, dict[str, Pin]] = field(default_factory=dict)
    holds: dict[int, dict[str, Hold]] = field(default_factory=dict)
    docs: dict[int, dict[str, Any]] = field(default_factory=dict)  # golden fields as last stored, by anchor
    homes: int = 0
    _cache: dict[Any, tuple[list[Member], Wanted]] = field(default_factory=dict)
    _members: dict[int, list[Key]] | None = None
    _anchor: dict[int, int] = field(default_factory=dict)
    _fixed: int = 0  # moves with every pin and hold

    # --- clusters ---

    def new_home(self) -> int:
        self.homes += 1
        return self.homes

    def clusters(self) -> dict[int, list[Key]]:
        """Anchor home → its records, oldest home first."""
        if self._members is None:
            self._anchor = {home: home for home in range(1, self.homes + 1)}
            for left, right in self.same + self.merged:
                low, high = sorted((self.anchor(left), self.anchor(right)))
                self._anchor = {home: low if root == high else root for home, root in self._anchor.items()}
            self._members = {}
            for key, home in sorted(self.home.items(), key=lambda item: (item[1], item[0])):
                self._members.setdefault(self._anchor[home], []).append(key)
        return self._members

    def anchor(self, home: int) -> int:
        return self._anchor[home]

    def regroup(self) -> None:
        """Clusters again; an id that has come to another one has no golden of its own any more."""
        self._members = None
        self._fixed += 1
        self.docs = {anchor: doc for anchor, doc in self.docs.items() if anchor in self.clusters()}

    def cluster_of(self, key: Key) -> list[Key]:
        members = self.clusters()
        return members[self.anchor(self.home[key])]

    def siblings(self, key: Key) -> tuple[list[Binding], bool]:
        """The other records of its golden in its system, and whether it is the oldest."""
        same = [other for other in self.cluster_of(key) if other[0] == key[0]]
        there = [other for other in same if other == key or not self.bindings[other].gone]
        return [self.bindings[other] for other in there if other != key], there[0] == key

    # --- golden ---

    def golden(self, keys: Iterable[Key]) -> dict[str, Any]:
        return self.wanted(keys).values

    def wanted(self, keys: Iterable[Key]) -> Wanted:
        """The real survivorship over these records."""
        keys = list(keys)
        if not keys:
            return NOBODY
        members = [
            Member(self.number[key], key[0], 0, self.bindings[key].contribution)
            for key in keys
            if self.bindings[key].contribution
        ]
        anchor = self.anchor(self.home[keys[0]])
        name = (
            anchor,
            self._fixed,
            tuple((member.record_id, id(member.contributions)) for member in members),
        )
        if name not in self._cache:
            found = survive(members, pins=self.pins_of(anchor), holds=self.holds_of(anchor), rules=RULES)
            values = {path: found.fields.get(path) for path in found.why}
            held = frozenset(path for path, why in found.why.items() if why.rule == "hold")
            # the members are kept with the result, so that no identity is used twice
            self._cache[name] = members, Wanted(values, held, found)
        return self._cache[name][1]

    def pins_of(self, anchor: int) -> dict[str, Pin]:
        """Of every home id that answers to the anchor: its own over the others', then the newest."""
        if not self.pins:
            return {}
        homes = [home for home in self.pins if self.anchor(home) == anchor]
        every = [
            (home == anchor, pin.at, path, pin) for home in homes for path, pin in self.pins[home].items()
        ]
        return {path: pin for _, _, path, pin in sorted(every, key=lambda one: one[:2])}

    def holds_of(self, anchor: int) -> dict[str, Hold]:
        if not self.holds:
            return {}
        homes = [home for home in self.holds if self.anchor(home) == anchor]
        return {path: hold for home in sorted(homes) for path, hold in self.holds[home].items()}

    def refresh(self) -> None:
        """After a transaction: fields of rule `manual` that would change are held; goldens are stored."""
        for anchor, keys in self.clusters().items():
            found = self.wanted(keys).golden
            if found is None:
                continue
            before = self.docs.get(anchor)
            if before is not None and before is not found.fields:
                pins, holds = self.pins_of(anchor), self.holds_of(anchor)
                kept = new_holds(before, found, rules=RULES, pins=pins, holds=holds)
                if kept:
                    mine = self.holds.setdefault(anchor, {})
                    mine |= {path: Hold(value, self.trace.now) for path, value in kept.items()}
                    self.trace.counts["held for a person"] += len(kept)
                    self._fixed += 1
                    found = self.wanted(keys).golden
                    assert found is not None
            self.docs[anchor] = found.fields

    def owed(self, key: Key) -> dict[str, Any]:
        siblings, primary = self.siblings(key)
        wanted = self.wanted(self.cluster_of(key))
        return delivery.owed(
            self.bindings[key],
            wanted.values,
            policy=self.remotes[key[0]].policy,
            held=wanted.held,
            siblings=siblings,
            primary=primary,
        )

    # --- stewards ---

    def pin(self, home: int, path: str, value: Any) -> None:
        self.pins.setdefault(home, {})[path] = Pin(value, "ann", self.trace.now)
        self._fixed += 1
        self.refresh()

    def unpin(self, home: int, path: str) -> None:
        del self.pins[home][path]
        self._fixed += 1
        self.refresh()

    def decide(self, home: int, path: str, value: Any) -> None:
        """A person ends a hold by choosing a value, which is pinned."""
        del self.holds[home][path]
        if not self.holds[home]:
            del self.holds[home]
        self.pin(home, path, value)
