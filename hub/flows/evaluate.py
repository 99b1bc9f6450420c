"""How well the machine matches, against a file that says the truth; nothing of it is used for matching."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from hub.errors import WrongFile, WrongUse
from hub.flows.levels import Level, anchors
from hub.flows.wiring import Wiring
from hub.store.queries import exports
from hub.store.session import Database

LEVELS: tuple[Level, ...] = ("auto", "review")
_COLUMNS = ("connection", "id", "entity")
_MISSING = -1  # truth that names no record of the hub: a cluster of its own each


class Truth(NamedTuple):
    """entity_of: (connection, or "" where the file names none; external id) → entity, in the order of the file."""

    file: str
    entity_of: dict[tuple[str, str], str]


class Figures(NamedTuple):
    """How one level agrees with the truth.

    records: of the truth; missing: those the hub does not have, counted as alone; right, joined, true: pairs joined
    rightly, joined at all, and true; exact: clusters that are a true one whole; largest: size of the largest
    cluster.
    """

    level: Level
    records: int
    missing: int
    clusters: int
    true_clusters: int
    right: int
    joined: int
    true: int
    exact: int
    largest: int

    @property
    def precision(self) -> float:
        return self.right / self.joined if self.joined else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        return _f1(self.precision, self.recall)

    @property
    def cluster_precision(self) -> float:
        return self.exact / self.clusters if self.clusters else 1.0

    @property
    def cluster_recall(self) -> float:
        return self.exact / self.true_clusters if self.true_clusters else 1.0

    @property
    def cluster_f1(self) -> float:
        return _f1(self.cluster_precision, self.cluster_recall)


class Wrong(NamedTuple):
    """Two records the machine joined though they are two ("joined"), or left apart though they are one ("missed").
    a, b: record ids."""

    level: Level
    kind: str
    a: int
    b: int


def read_truth(file: Path) -> Truth:
    """The truth of a CSV with the columns `id` (external ids) and `entity`, and `connection` where ids are not alone.

    Raises WrongFile.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as source:
            rows = csv.DictReader(source)
            if not {"id", "entity"} <= set(rows.fieldnames or ()):
                raise WrongFile(
                    f"its columns are {', '.join(rows.fieldnames or ()) or 'none'}",
                    file=str(file),
                    fix="Give it a head with id and entity, and connection where two have the same ids.",
                )
            found: dict[tuple[str, str], str] = {}
            for line, row in enumerate(rows, start=2):
                key = (row.get("connection") or "", row["id"] or "")
                if not key[1] or not row["entity"]:
                    raise WrongFile("id and entity may not be empty", file=str(file), line=line)
                if found.setdefault(key, row["entity"]) != row["entity"]:
                    raise WrongFile(f"{key[1]} is said to be two entities", file=str(file), line=line)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise WrongFile("cannot be read as CSV in UTF-8", file=str(file), fix=str(error)) from None
    if not found:
        raise WrongFile("it names no record", file=str(file))
    return Truth(str(file), found)


def evaluate(
    db: Database, wiring: Wiring, truth: Truth, *, examples: int = 0
) -> tuple[list[Figures], list[Wrong]]:
    """The figures of both levels, and so many examples of each kind of error.

    Raises WrongUse where an id of the truth is that of records of several connections.
    """
    figures: list[Figures] = []
    wrong: list[Wrong] = []
    with db.read() as conn:
        place = _records(conn, truth)
        stored = dict(place.values())
        for level in LEVELS:
            joined = anchors(conn, wiring, level=level) if level == "review" else stored
            got = {
                key: joined.get(place[key][0], place[key][0]) if key in place else _MISSING - number
                for number, key in enumerate(truth.entity_of)
            }
            figures.append(figure(level, got, truth.entity_of))
            if examples:
                ids = {key: id for key, (id, _) in place.items()}
                wrong += _wrong(level, got, truth.entity_of, ids=ids, most=examples)
    return figures, wrong


def figure(level: Level, got: Mapping[tuple[str, str], int], want: Mapping[tuple[str, str], str]) -> Figures:
    """The figures of a partition (key → cluster; negative: missing) against the truth (key → entity)."""
    both = Counter((got[key], want[key]) for key in want)
    clusters, true = Counter(got[key] for key in want), Counter(want.values())
    return Figures(
        level,
        len(want),
        sum(1 for key in want if got[key] < 0),
        len(clusters),
        len(true),
        _pairs(both.values()),
        _pairs(clusters.values()),
        _pairs(true.values()),
        sum(1 for (a, b), n in both.items() if clusters[a] == n == true[b]),
        max(clusters.values(), default=0),
    )


def _records(conn: Connection, truth: Truth) -> dict[tuple[str, str], tuple[int, int]]:
    """Key of the truth → (record id, stored customer) of its customer record; its main part, where it has two."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    owner: dict[tuple[str, str], str] = {}
    for connection, object, external_id, customer, record_id, part in exports.links(conn):
        for key in ((connection, external_id), ("", external_id)):
            if object != "customer" or part or key not in truth.entity_of:
                continue
            if owner.setdefault(key, connection) != connection:
                raise WrongUse(
                    f"{external_id} is a record of {owner[key]} and of {connection}.",
                    fix=f"Say which is meant: a column `connection` in {truth.file}.",
                )
            found[key] = (record_id, customer)
    return found


def _wrong(
    level: Level,
    got: Mapping[tuple[str, str], int],
    want: Mapping[tuple[str, str], str],
    *,
    ids: Mapping[tuple[str, str], int],
    most: int,
) -> Iterator[Wrong]:
    """Pairs that are wrong, those of the smallest groups first: they tell most."""
    for kind, group_of, apart in (("joined", got, want), ("missed", want, got)):
        groups: defaultdict[object, list[tuple[str, str]]] = defaultdict(list)
        for key in want:
            if key in ids:
                groups[group_of[key]].append(key)
        left = most
        for keys in sorted(groups.values(), key=len):
            for one, other in combinations(keys, 2):
                if left and apart[one] != apart[other]:
                    yield Wrong(level, kind, ids[one], ids[other])
                    left -= 1
            if not left:
                break


def _pairs(sizes: Iterable[int]) -> int:
    return sum(n * (n - 1) // 2 for n in sizes)


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
