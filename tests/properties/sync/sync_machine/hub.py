"""The smallest hub around the transitions: bindings, creates, entries. One method = one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sync_machine.goldens import Goldens
from sync_machine.remotes import REMAPPED
from sync_machine.trace import Broken, Key, taint

from hub.flows import absorb
from hub.sync import conflict, create, reading, rebase, rules
from hub.sync.binding import MISSING, Binding
from hub.sync.conflict import Edit, Entry
from hub.sync.create import Create
from hub.sync.reading import Reading


class Sighting(NamedTuple):
    """A reading on its way to be processed, and the version of the map it was read with."""

    key: Key
    reading: Reading
    map_version: int = 0


@dataclass
class Hub(Goldens):
    creates: dict[tuple[int, str], Create] = field(default_factory=dict)  # by home and system: one each
    entries: list[tuple[Key, Entry]] = field(default_factory=list)
    raws: dict[Key, Reading] = field(
        default_factory=dict
    )  # the last reading that was taken, for a changed map
    mapped: dict[Key, int] = field(default_factory=dict)  # the map version that reading went through

    # --- readings ---

    def process(self, sighting: Sighting, now: float) -> bool:
        """One reading, in one transaction. False: it is parked, the record is to be read again."""
        key, read = sighting.key, self.through_map(sighting)
        policy = self.remotes[key[0]].policy
        if key not in self.bindings:
            if self._parked(key, read):
                return False
            self._meet(key, reading.first_sight(read, policy))
            self._taken(key, read)
            self.plan_creates()
            return True
        if self.based(key, read, now):
            golden = self.golden(self.cluster_of(key))
            taken = reading.take(self.bindings[key], read, policy=policy, golden=golden, now=now)
            if taken.changed:
                self.settle(key, taken.binding, taken.edits, taken.entries)
            if taken.outcome != "dropped":
                self._taken(key, read)
        return True

    def through_map(self, sighting: Sighting) -> Reading:
        """A page that waited while the map changed is mapped when it is taken."""
        remote, read = self.remotes[sighting.key[0]], sighting.reading
        if sighting.map_version == remote.map_version:
            return read
        return remote.reading(dict(read.seen), read.source_at, read.started, read.finished, read.version)

    def based(self, key: Key, read: Reading, now: float) -> bool:
        """Whether the binding is under the map in force, after a changed one was applied; no edit comes of that. From
        the stored body, if nothing was settled since; else from what was read."""
        return self._based(key, self._stored(key), now) or self._based(key, read, now)

    def _stored(self, key: Key) -> Reading | None:
        if (old := self.raws.get(key)) is None:
            return None
        return self.remotes[key[0]].reading(dict(old.seen), old.source_at, old.finished, old.finished, None)

    def _based(self, key: Key, read: Reading | None, now: float) -> bool:
        remote = self.remotes[key[0]]
        if read is None or self.mapped[key] == remote.map_version:
            return read is not None
        taken = rebase.rebase(
            self.bindings[key],
            read,
            policy=remote.policy,
            changed_paths=(REMAPPED,),
            now=now,
            again=lambda path, raw: remote.canonical(path, raw) if raw else MISSING,
        )
        self.settle(key, taken.binding, (), taken.entries)
        if taken.outcome == "dropped":
            return False
        self.mapped[key] = remote.map_version
        return True

    def base_claimed(self, key: Key, read: Reading, fence: int) -> None:
        """As `based`, for the owner of a claim, whose own lease does not stand in the way. An open intent does."""
        row, remote = self.bindings[key], self.remotes[key[0]]
        if self.mapped[key] == remote.map_version or row.fence != fence or row.intent is not None:
            return
        lease, self.bindings[key] = row.lease_until, replace(row, lease_until=0.0)
        self.based(key, read, self.trace.now)
        self.bindings[key] = replace(self.bindings[key], lease_until=lease)

    def remap(self, name: str) -> None:
        """`hub remap`: the changed map applied to every stored body."""
        remote = self.remotes[name]
        for key in list(self.raws):
            if key[0] == name and not self.bindings[key].gone and self.mapped[key] != remote.map_version:
                self._based(key, self._stored(key), self.trace.now)

    def _taken(self, key: Key, read: Reading) -> None:
        self.raws[key] = read
        self.mapped[key] = self.remotes[key[0]].map_version

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
        mail = absorb.evidence_values(binding).get("email")
        if mail is not None:
            for other, known in self.bindings.items():
                if absorb.evidence_values(known).get("email") == mail:
                    self._joined(other, mail)
                    self.same.append((self.home[other], home))
                    break
        self.bind(key, binding, home)

    def _joined(self, other: Key, mail: str) -> None:
        """Evidence is what people wrote there, never a value that we put into a system."""
        if taint(mail) not in self.trace.typed[other, "email"]:
            raise Broken(
                "evidence is what people wrote", f"joined with {other} by {mail}, which nobody typed there"
            )

    def bind(self, key: Key, binding: Binding, home: int) -> None:
        if key in self.bindings:
            raise Broken("none twice", f"{key} is bound twice")
        self.home[key] = home
        self.number[key] = len(self.number) + 1
        self.bindings[key] = binding
        self.mapped[key] = self.remotes[key[0]].map_version
        self._witness(key, binding)
        self.regroup()
        self.refresh()

    def settle(self, key: Key, binding: Binding, edits: Sequence[Edit], entries: Sequence[Entry]) -> None:
        """Store a binding with what its transition told, compute golden again, tell who lost."""
        before = self.bindings[key]
        self.trace.intent(key, before.intent, binding.intent)
        self.bindings[key] = binding
        if before.contribution is not binding.contribution:
            self._witness(key, binding)
            self.refresh()
        golden = self.golden(self.cluster_of(key)) if edits or entries else {}
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
            if said.value is None and path not in self.remotes[key[0]].policy.clear:
                raise Broken("a blank is no statement", f"{path} of {key}, whose blank rule is not clear")
            default = said.raw == self.remotes[key[0]].defaults.get(path, MISSING)  # theirs, not ours
            if not default and taint(said.value) not in self.trace.typed[key, path]:
                if self._nobodys(key):
                    self.trace.counts["window: a create of ours taken for another record"] += 1
                    return
                if self.trace.put_back_before_read_back(key, path):
                    self.trace.counts["window: put back before the read-back"] += 1
                    continue
                raise Broken("nobody wrote it", f"{said} of {path} counts as said by {key}")

    def _nobodys(self, key: Key) -> bool:
        """A record of ours where neither marker nor unique field could tell it from one that a person made: the two
        must be reported as a pair (`claims.doubles_are_known`)."""
        manners = self.remotes[key[0]].manners
        home = next(
            (home for (name, home), made in self.trace.made.items() if name == key[0] and key[1] in made),
            None,
        )
        if manners.marker or manners.unique or home is None or self.bindings[key].created_for is not None:
            return False
        self.trace.untold[key] = int(home)
        return True

    # --- creates ---

    def plan_creates(self) -> None:
        """Every golden goes everywhere: an intent row where it has neither a record nor an open create."""
        open_at = {
            (self.anchor(home), system)
            for (home, system), row in self.creates.items()
            if row.state in ("waiting", "begun")
        }
        for anchor, members in self.clusters().items():
            there = {system for system, _ in members}
            for system in sorted(self.remotes.keys() - there):
                golden = self.golden(members)
                if (anchor, system) not in open_at and golden.get("email"):
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
        self.refresh()

    def unmerge(self, index: int) -> None:
        self.merged.pop(index)
        self.regroup()
        self.refresh()
        self.plan_creates()
