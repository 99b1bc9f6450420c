"""Which records are one customer: a function of records, pair points and persons' decisions, whatever the
order (DESIGN §4).

First what persons united, newest decision first; then the machine's pairs over the threshold, best first,
ties by (connection, object, external id, part), never by when a record came. Two groups join unless a
person's "different", a hard constraint, a connection with unique customers, or the mean of all their cross
points under the guard forbids it.

A person's "same" is about customers, not spellings: where it unites two records that the machine holds for
different people, it also excuses the records alike to either, so that a merge of two customers keeps all
their records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from hub.identity.compare import name
from hub.identity.decide import Decided, Decision, in_force, pair, parted
from hub.identity.features import Features
from hub.identity.model import MatchModel
from hub.identity.score import NAMES_DIFFER, Level, forbidden, points, together

SortKey = tuple[float, str, str, str, str]
_SMALL = 8  # nodes up to which comparing again is cheaper than remembering
_LEAST = -3000  # what one pair can add to a mean at most against a join
_NOBODY = Decided([], set(), [])


class Node(NamedTuple):
    """A record in a component.

    sort_key: (first_seen, connection, object, external_id, part); the smallest of a cluster is its anchor.
    connection_unique: the connection's name if it declares `unique_customers` (customer records only, not
    guests of orders), else None. tied_to: the record a record of our own making belongs to (its home id),
    else None.
    """

    sort_key: SortKey
    features: Features
    connection_unique: str | None = None
    tied_to: int | None = None


class Refused(NamedTuple):
    """Two records that were close enough to join, and why their groups did not."""

    a: int
    b: int
    points: int
    reason: str


class Clusters(NamedTuple):
    """groups: every node in exactly one, each sorted by sort_key with its anchor first, groups by their
    anchors' sort keys. skipped: decisions that contradict newer ones. refused: joins that did not happen,
    best first."""

    groups: list[tuple[int, ...]]
    skipped: list[Decision]
    refused: list[Refused]


def cluster(
    nodes: Mapping[int, Node],
    edges: Iterable[tuple[int, int, int]],
    *,
    decisions: Iterable[Decision],
    model: MatchModel,
    level: Level = "auto",
) -> Clusters:
    """The clusters of whole components.

    nodes: all records that edges at or over the threshold, "same" decisions or ties connect, by record id.
    edges: (a, b, points) with points as `score.points` gives them; those under the threshold, or to records
    not in `nodes`, are passed over. decisions: those not superseded. level: which threshold of the model
    applies.
    """
    threshold = model.auto if level == "auto" else model.review
    decided = in_force(decisions, nodes) if decisions else _NOBODY
    groups: dict[int, list[int]] = {node: [node] for node in nodes}
    for united in decided.groups:
        _join(groups, united)
    for record, node in nodes.items():
        if node.tied_to is not None and node.tied_to in nodes:
            _tie(groups, record, node.tied_to, decided)
    strong = [edge for edge in edges if edge[2] >= threshold and edge[0] in nodes and edge[1] in nodes]
    refused: list[Refused] = []
    if strong:
        _join_by_machine(
            nodes,
            groups,
            strong,
            _Judge(nodes, groups, decided, model=model, level=level, strong=strong),
            refused,
        )
    return Clusters(_sorted(nodes, groups), decided.skipped, refused)


def _join_by_machine(
    nodes: Mapping[int, Node],
    groups: dict[int, list[int]],
    strong: list[tuple[int, int, int]],
    judge: _Judge,
    refused: list[Refused],
) -> None:
    if len(strong) > 1:
        strong.sort(key=lambda edge: _best_first(edge, nodes))
        if judge.too_many():
            refused += [
                Refused(a, b, found, "too many different records hang together here")
                for a, b, found in strong
            ]
            return
    for a, b, found in strong:
        left, right = groups[a], groups[b]
        if left is right:
            continue
        reason = judge.against(left, right)
        if reason is None:
            _join(groups, [*left, *right])
        else:
            refused.append(Refused(a, b, found, reason))


def _best_first(
    edge: tuple[int, int, int], nodes: Mapping[int, Node]
) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    one, other = nodes[edge[0]].sort_key[1:], nodes[edge[1]].sort_key[1:]
    return (-edge[2], one, other) if one <= other else (-edge[2], other, one)


def _join(groups: dict[int, list[int]], members: Iterable[int]) -> None:
    union = list(members)
    for member in union:
        groups[member] = union


def _tie(groups: dict[int, list[int]], record: int, home: int, decided: Decided) -> None:
    left, right = groups[record], groups[home]
    if left is not right and not parted(left, right, decided.apart):
        _join(groups, [*left, *right])


def _sorted(nodes: Mapping[int, Node], groups: dict[int, list[int]]) -> list[tuple[int, ...]]:
    if len(groups) == 1:
        return [tuple(groups)]

    def place(record: int) -> SortKey:
        return nodes[record].sort_key

    seen: set[int] = set()
    found = []
    for record in sorted(nodes, key=place):
        if record not in seen:
            members = groups[record]
            seen.update(members)
            found.append(tuple(sorted(members, key=place)))
    return found


class _Judge:
    """Says why two groups may not join. In large components records with equal features are compared once."""

    def __init__(
        self,
        nodes: Mapping[int, Node],
        groups: dict[int, list[int]],
        decided: Decided,
        *,
        model: MatchModel,
        level: Level,
        strong: list[tuple[int, int, int]],
    ) -> None:
        self._nodes = nodes
        self._model = model
        self._level = level
        self._decided = decided
        # the groups as persons and ties left them: only these can excuse what the machine would forbid
        self._given = {record: tuple(members) for record, members in groups.items() if len(members) > 1}
        self._small = len(nodes) <= _SMALL
        self._points: dict[tuple[Features, Features], int] = {}
        self._strong = {pair(a, b): found for a, b, found in strong if found >= model.auto}
        self._edges = [(a, b) for a, b, _ in strong]
        self._renamed: list[tuple[int, int, Features, Features]] | None = None
        self._unique = any(node.connection_unique for node in nodes.values())

    def too_many(self) -> bool:
        cap = self._model.cap
        return len(self._nodes) > cap and len({node.features for node in self._nodes.values()}) > cap

    def against(self, left: list[int], right: list[int]) -> str | None:
        """The reason that forbids a join, None where nothing does."""
        if parted(left, right, self._decided.apart):
            return "a person decided that they are different"
        if self._unique and (shared := self._unique_of(left) & self._unique_of(right)):
            return f"{min(shared)} declares that its customers are unique"
        total = 0
        for one, many in self._kinds(left):
            for other, others in self._kinds(right):
                found, reason = self._pair(one, other, left, right)
                if reason is not None:
                    return reason
                total += found * many * others
        mean = total / (len(left) * len(right))
        if mean < self._model.guard:
            return f"all their records together speak against it (mean {mean:.0f}, guard {self._model.guard})"
        return None

    def _unique_of(self, members: list[int]) -> set[str]:
        return {name for record in members if (name := self._nodes[record].connection_unique)}

    def _kinds(self, members: list[int]) -> list[tuple[int, int]]:
        """(a record, how many say the same and are placed the same by persons)."""
        if self._small:
            return [(record, 1) for record in members]
        counts: dict[tuple[Features, tuple[int, ...]], list[int]] = {}
        for record in members:
            counts.setdefault((self._nodes[record].features, self._given.get(record, ())), []).append(record)
        return [(records[0], len(records)) for records in counts.values()]

    def _pair(self, a: int, b: int, left: list[int], right: list[int]) -> tuple[int, str | None]:
        """(points, reason that forbids) of a cross pair; what a person's union excuses counts as nothing."""
        joined = self._strong.get((a, b) if a < b else (b, a))
        if joined is not None:
            return joined, None
        mine, theirs = self._nodes[a].features, self._nodes[b].features
        found = points(mine, theirs, self._model) if self._small else self._known(mine, theirs)
        if found >= self._model.auto:
            return found, None
        reason = forbidden(mine, theirs, self._model, level=self._level)
        if (reason is not None or found < 0) and self._given and self._excused(mine, theirs, [*left, *right]):
            return 0, None
        if (
            reason == NAMES_DIFFER
            and self._level == "review"
            and self._one_person(mine, theirs, [*left, *right])
        ):
            return 0, None
        return max(found, _LEAST), reason

    def _known(self, mine: Features, theirs: Features) -> int:
        found = self._points.get((mine, theirs))
        if found is None:
            found = points(mine, theirs, self._model)
            self._points[mine, theirs] = self._points[theirs, mine] = found
        return found

    def _excused(self, mine: Features, theirs: Features, members: list[int]) -> bool:
        """Whether a person united two records here, one alike to mine and one alike to theirs."""
        for given in {self._given[record] for record in members if record in self._given}:
            said = [self._nodes[record].features for record in given]
            if any(self._alike(mine, one) for one in said) and any(self._alike(theirs, one) for one in said):
                return True
        return False

    def _one_person(self, mine: Features, theirs: Features, members: list[int]) -> bool:
        """Whether others here say that two different names are one person's, and the rest does not speak against it: a
        record whose name is alike to both (Stephanie, of Steph and Steffie), or two of these names that what is a
        person's own (birth date, tax id) has told of one. A steward is then shown what has nothing of the kind, too."""
        if together(mine, theirs, self._model) < self._model.guard:
            return False
        said = [self._nodes[record].features for record in members]
        if any(self._alike(mine, one) and self._alike(theirs, one) for one in said):
            return True
        here = set(members)
        return any(
            (self._alike(mine, one) and self._alike(theirs, other))
            or (self._alike(mine, other) and self._alike(theirs, one))
            for a, b, one, other in self._two_names()
            if a in here and b in here
        )

    def _two_names(self) -> list[tuple[int, int, Features, Features]]:
        """Pairs over the threshold with different given names; such a pair has evidence of the person's own."""
        if self._renamed is None:
            pairs = [(a, b, self._nodes[a].features, self._nodes[b].features) for a, b in self._edges]
            self._renamed = [one for one in pairs if self._other_given(one[2], one[3])]
        return self._renamed

    def _other_given(self, a: Features, b: Features) -> bool:
        found = name(a, b, self._model)
        return found is not None and found.likeness == "unlike" and a.generation == b.generation

    def _alike(self, a: Features, b: Features) -> bool:
        if a == b:
            return True
        found = name(a, b, self._model)
        return found is not None and found.likeness == "alike" and forbidden(a, b, self._model) is None
