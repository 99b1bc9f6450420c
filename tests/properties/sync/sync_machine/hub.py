"""The smallest hub around the transitions: bindings, creates, clusters, golden, entries. One method = one
transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sync_machine.remotes import Remote
from sync_machine.trace import Broken, Key, Trace, taint

from hub.golden.rules import compile_rules
from hub.golden.survive import Member, survive
from hub.sync import conflict, create, delivery, reading, rules
from hub.sync.binding import Binding
from hub.sync.conflict import Edit, Entry
from hub.sync.create import Create
from hub.sync.reading import Reading

RULES = compile_rules({"default": "latest"})


class Sighting(NamedTuple):
    """A reading on its way to be processed."""

    key: Key
    reading: Reading


@dataclass
class Hub:
    remotes: dict[str, Remote]
    trace: Trace
    bindings: dict[Key, Binding] = field(default_factory=dict)
    home: dict[Key, int] = field(default_factory=dict)
    number: dict[Key, int] = field(default_factory=dict)
    creates: dict[tuple[int, str], Create] = field(default_factory=dict)  # by home and system: one each
    mail: dict[str, int] = field(
        default_factory=dict
    )  # identity: e-mail as contributed → the home first seen with it
    same: list[tuple[int, int]] = field(default_factory=list)
    merged: list[tuple[int, int]] = field(default_factory=list)
    entries: list[tuple[Key, Entry]] = field(default_factory=list)
    homes: int = 0
    _goldens: dict[tuple[tuple[int, int], ...], tuple[list[Member], dict[str, Any]]] = field(
        default_factory=dict
    )
    _members: dict[int, list[Key]] | None = None
    _anchor: dict[int, int] = field(default_factory=dict)

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
        self._members = None
        self.clusters()

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
        """The real survivorship; an emptiness that won is None."""
        members = [
            Member(self.number[key], key[0], 0, self.bindings[key].contribution)
            for key in keys
            if self.bindings[key].contribution
        ]
        if not members:
            return {}
        key = tuple((member.record_id, id(member.contributions)) for member in members)
        if key not in self._goldens:
            found = survive(members, pins={}, holds={}, rules=RULES)
            # the members are kept with the result, so that no identity is used twice
            self._goldens[key] = members, {path: found.fields.get(path) for path in found.why}
        return self._goldens[key][1]

    def owed(self, key: Key) -> dict[str, Any]:
        siblings, primary = self.siblings(key)
        return delivery.owed(
            self.bindings[key],
            self.golden(self.cluster_of(key)),
            policy=self.remotes[key[0]].policy,
            siblings=siblings,
            primary=primary,
        )

    # --- readings ---

    def process(self, sighting: Sighting, now: float) -> bool:
        """One reading, in one transaction. False: it is parked, the record is to be read again."""
        key, read = sighting
        policy = self.remotes[key[0]].policy
        if key not in self.bindings:
            if self._parked(key, read):
                return False
            self._meet(key, reading.first_sight(read, policy))
            self.plan_creates()
            return True
        golden = self.golden(self.cluster_of(key))
        taken = reading.take(self.bindings[key], read, policy=policy, golden=golden, now=now)
        if taken.changed:
            self.settle(key, taken.binding, taken.edits, taken.entries)
        return True

    def lose(self, key: Key, now: float) -> None:
        """The record was deleted there; its golden is not created there again."""
        binding = reading.gone(self.bindings[key], policy=self.remotes[key[0]].policy, now=now)
        self.settle(key, binding, (), ())

    def _parked(self, key: Key, read: Reading) -> bool:
        remote = self.remotes[key[0]]
        marker = remote.markers.get(key[1]) if remote.manners.marker else None
        return any(
            rules.parks(row, read) and create.could_be(row, read, policy=remote.policy, marker=marker)
            for (_, system), row in self.creates.items()
            if system == key[0]
        )

    def _meet(self, key: Key, binding: Binding) -> None:
        """A record nobody knew: its own home, and the same person by e-mail as somebody wrote it."""
        home = self.new_home()
        mail = binding.contribution.get("email")
        if mail is not None:
            self.same.append((self.mail.setdefault(mail.value, home), home))
        self.bind(key, binding, home)

    def bind(self, key: Key, binding: Binding, home: int) -> None:
        if key in self.bindings:
            raise Broken(f"{key} is bound twice")
        self.home[key] = home
        self.number[key] = len(self.number) + 1
        self.bindings[key] = binding
        self._witness(key, binding)
        self.regroup()

    def settle(self, key: Key, binding: Binding, edits: Sequence[Edit], entries: Sequence[Entry]) -> None:
        """Store a binding with what its transition told, compute golden again, tell who lost."""
        self.trace.intent(key, self.bindings[key].intent, binding.intent)
        self.bindings[key] = binding
        self._witness(key, binding)
        golden = self.golden(self.cluster_of(key))
        told = (*entries, *conflict.overruled(edits, golden, told=entries))
        self.entries += [(key, entry) for entry in told]
        for entry in told:
            self.trace.noticed[key, entry.path, taint(entry.theirs)] = self.trace.now
            self.trace.note("  entry", key, *entry[:5:2], entry.path)
        for edit in edits:
            self.trace.noticed[key, edit.path, taint(edit.value)] = self.trace.now
            self.trace.note("  edit", key, edit.path, edit.value)

    def _witness(self, key: Key, binding: Binding) -> None:
        """No value of ours may ever count as somebody's: every contribution was typed there by a person."""
        for path, said in binding.contribution.items():
            if taint(said.value) not in self.trace.typed[key, path]:
                if self.trace.put_back_before_read_back(key, path):
                    self.trace.counts["window: put back before the read-back"] += 1
                    continue
                raise Broken(f"{said} of {path} counts as said by {key}, where nobody typed it")

    # --- creates ---

    def plan_creates(self) -> None:
        """Every golden goes everywhere: an intent row where it has neither a record nor an open create."""
        for anchor, members in self.clusters().items():
            there = {system for system, _ in members}
            open_there = {
                system
                for (home, system), row in self.creates.items()
                if self.anchor(home) == anchor and row.state in ("waiting", "begun")
            }
            for system in sorted(self.remotes.keys() - there - open_there):
                golden = self.golden(members)
                if golden.get("email"):
                    policy = self.remotes[system].policy
                    old = self.creates.get((anchor, system))
                    row = create.plan_create(anchor, golden, policy=policy, marker=str(anchor), old=old)
                    self.creates[anchor, system] = row

    def has_record(self, home: int, system: str) -> bool:
        members = self.clusters().get(self.anchor(home), ())
        return any(key[0] == system and not self.bindings[key].gone for key in members)

    def rival(self, home: int, system: str) -> bool:
        """Another create there is begun: of the same golden (people who were merged), or with the same unique
        value."""
        own, policy = self.creates[home, system], self.remotes[system].policy
        return any(
            row.state == "begun"
            and (self.anchor(other) == self.anchor(home) or create.clashes(own, row, policy))
            for (other, there), row in self.creates.items()
            if there == system and other != home
        )

    def settle_create(self, at: tuple[int, str], settled: create.Settled, external_id: str | None) -> None:
        self.creates[at] = settled.create
        if settled.binding is not None and external_id is not None:
            self.bind((at[1], external_id), settled.binding, at[0])
            self.settle((at[1], external_id), settled.binding, (), settled.entries)
        self.plan_creates()

    # --- stewards ---

    def merge(self, left: int, right: int) -> None:
        self.merged.append((left, right))
        self.regroup()

    def unmerge(self, index: int) -> None:
        self.merged.pop(index)
        self.regroup()
        self.plan_creates()
