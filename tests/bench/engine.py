"""The pure engine over labelled files, in memory: features, keys, points and clusters, without a store.

    python tests/bench/engine.py [--sets febrl3,fake_1000] [--errors 20] [--folder DATA]
    python tests/bench/engine.py --sets people --folder FOLDER    # what population.py wrote there (or: companies)

Scores each set at both levels as `evaluate.py` does: precision, recall, F1 of the closed clusters. Maps columns
only; labels
are read after the clusters are made. The real path is measured by tests/bench/identity.py.
"""

from __future__ import annotations

import argparse
import collections
import csv
import itertools
import random
import sys
import time
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hub import resources
from hub.identity.cluster import Node, cluster
from hub.identity.features import Features, features
from hub.identity.keys import cap_of, keys, kind_of
from hub.identity.model import MatchModel, load_model
from hub.identity.score import points, score
from hub.mapping.engine import Context, compile_map
from hub.mapping.load import load_map

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "identity"
FEBRL = """object = "customer"
[pull]
given_name = "given_name"
family_name = "surname"
"address.line1" = { from = ["street_number", "address_1"], via = ["join"] }
"address.line2" = "address_2"
"address.locality" = "suburb"
"address.postal_code" = "postcode"
"address.region" = "state"
birth_date = { from = "date_of_birth", via = ["date(%Y%m%d)"], wrong = "blank" }
"tax_id" = "soc_sec_id"
"""
CUSTOMERS = """object = "customer"
[pull]
given_name = "given_name"
family_name = "family_name"
email = "email"
phone = "phone"
birth_date = "birth_date"
"address.line1" = "street"
"address.locality" = "city"
"address.postal_code" = "postcode"
company = "company"
tax_id = "tax_id"
"""
FAKE = """object = "customer"
[pull]
given_name = "first_name"
family_name = "surname"
birth_date = "dob"
email = "email"
"address.locality" = "city"
"""


class Set(NamedTuple):
    """files and their id column, the map, the country of telephone numbers, the truth."""

    files: tuple[str, ...]
    id: str
    map: str
    country: str
    truth: str


SETS = {
    "febrl3": Set(("febrl3.csv",), "rec_id", FEBRL, "AU", "febrl3.truth.csv"),
    "febrl4": Set(("febrl4a.csv", "febrl4b.csv"), "rec_id", FEBRL, "AU", "febrl4.truth.csv"),
    "fake_1000": Set(("fake_1000.csv",), "unique_id", FAKE, "GB", "fake_1000.truth.csv"),
    "customers_20k": Set(("customers_20k.csv",), "id", CUSTOMERS, "AU", "customers_20k.truth.csv"),
}


def generated(folder: Path, what: str) -> Set:
    """A set that `population.write` made in a folder."""
    import population

    text = population.PEOPLE_MAP if what == "people" else population.COMPANIES_MAP
    return Set(("customers.csv",), "id", text, "DE", "truth.csv")


class Scored(NamedTuple):
    precision: float
    recall: float
    f1: float
    largest: int


def shipped() -> MatchModel:
    tables = tomllib.loads(resources.config_text("matching.toml"))
    return load_model({**tables, "names": tomllib.loads(resources.config_text("names.toml"))})


def read(given: Set, folder: Path, model: MatchModel) -> dict[str, Features]:
    """Features by external id, through the map and the normalisers as intake has them."""
    compiled = compile_map(
        load_map(given.map, file="bench.toml"), context=Context(given.country, "UTC", None)
    )
    found = {}
    for name in given.files:
        with (folder / name).open(newline="", encoding="utf-8-sig") as handle:
            for row in csv.DictReader(handle):
                pulled = compiled.pull(row)[0]
                born = pulled.seen.get("birth_date") if "birth_date" not in pulled.values else None
                found[row[given.id]] = features(
                    pulled.values, model, former={"birth_date": [born]} if born else None
                )
    return found


class Linked(NamedTuple):
    """pairs: candidates by their points, those over review. capped: keys withdrawn. candidates: pairs scored."""

    pairs: dict[tuple[int, int], int]
    candidates: int
    capped: int
    held: int


def link(nodes: Sequence[Features], model: MatchModel, *, realm: str = "") -> Linked:
    """All pairs over the review threshold, by position."""
    behind: dict[int, list[int]] = collections.defaultdict(list)
    for position, one in enumerate(nodes):
        for hash in keys(one, realm=realm):
            behind[hash].append(position)
    shared: dict[tuple[int, int], dict[str, int]] = {}
    capped = 0
    for hash, many in behind.items():
        if len(many) > cap_of(hash, model):
            capped += 1
            continue
        if len(many) == 1:
            continue
        kind, count = kind_of(hash), len(many)
        for pair in itertools.combinations(many, 2):
            if (known := shared.get(pair)) is None:
                shared[pair] = {kind: count}
            elif known.get(kind, 10**9) > count:
                known[kind] = count
    frequent = {hash for hash, many in behind.items() if len(many) > cap_of(hash, model)}
    common = [frequent.intersection(keys(one, realm=realm)) for one in nodes] if frequent else []
    found = {}
    for pair, rivals in shared.items():
        a, b = pair
        if frequent:
            for hash in common[a] & common[b]:
                rivals.setdefault(kind_of(hash), 10**9)
        value = points(nodes[a], nodes[b], model, rivals=rivals)
        if value >= model.review:
            found[pair] = value
    return Linked(found, len(shared), capped, sum(map(len, behind.values())))


def partition(
    nodes: Sequence[Features],
    pairs: Mapping[tuple[int, int], int],
    model: MatchModel,
    level: Any,
    *,
    names: Sequence[str] | None = None,
) -> list[int]:
    """The cluster of each position, named by its smallest member."""
    threshold = model.auto if level == "auto" else model.review
    parent = list(range(len(nodes)))

    def root(x: int) -> int:
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    for (a, b), value in pairs.items():
        if value >= threshold:
            parent[root(a)] = root(b)
    components: dict[int, list[int]] = collections.defaultdict(list)
    for position in range(len(nodes)):
        components[root(position)].append(position)
    edges: dict[int, list[tuple[int, int, int]]] = collections.defaultdict(list)
    for (a, b), value in pairs.items():
        edges[root(a)].append((a, b, value))
    label = list(range(len(nodes)))
    for top, members in components.items():
        if len(members) == 1:
            continue
        part = {
            one: Node((0.0, "", "", names[one] if names else str(one), ""), nodes[one]) for one in members
        }
        for group in cluster(part, edges[top], decisions=(), model=model, level=level).groups:
            for one in group:
                label[one] = group[0]
    return label


def evaluate(label: Sequence[int], truth: Sequence[str]) -> Scored:
    def pairs(sizes: Iterable[int]) -> int:
        return sum(n * (n - 1) // 2 for n in sizes)

    both = collections.Counter(zip(label, truth, strict=True))
    mine, theirs = collections.Counter(label), collections.Counter(truth)
    tp, p, t = pairs(both.values()), pairs(mine.values()), pairs(theirs.values())
    precision, recall = (tp / p if p else 1.0), (tp / t if t else 1.0)
    return Scored(precision, recall, 2 * tp / (p + t) if p + t else 0.0, max(mine.values()))


def truth_of(given: Set, folder: Path) -> dict[str, str]:
    with (folder / given.truth).open(newline="", encoding="utf-8-sig") as handle:
        return {row["id"]: row["entity"] for row in csv.DictReader(handle)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--folder", type=Path, default=DATA)
    parser.add_argument("--errors", type=int, default=0)
    parser.add_argument("--level", default="review")
    options = parser.parse_args()
    model = shipped()
    for name in options.sets.split(","):
        given = SETS[name] if name in SETS else generated(options.folder, name)
        begun = time.process_time()
        found = read(given, options.folder, model)
        ids, nodes = list(found), list(found.values())
        made = time.process_time()
        linked = link(nodes, model)
        scored = time.process_time()
        labels = {level: partition(nodes, linked.pairs, model, level) for level in ("auto", "review")}
        done = time.process_time()
        known = truth_of(given, options.folder)
        truth = [known[id] for id in ids]
        for level, label in labels.items():
            p, r, f, largest = evaluate(label, truth)
            print(f"{name:14} {level:6} P {p:.4f} R {r:.4f} F1 {f:.4f}  largest {largest}")
        n = len(nodes)
        print(
            f"    {linked.held / n:.1f} keys, {linked.candidates / n:.1f} pairs a record, {linked.capped} capped; "
            f"µs a record: read {1e6 * (made - begun) / n:.0f} link {1e6 * (scored - made) / n:.0f} "
            f"cluster ×2 {1e6 * (done - scored) / n:.0f}"
        )
        if options.errors:
            errors(ids, nodes, linked, labels[options.level], truth, model, options.errors)


def errors(
    ids: list[str],
    nodes: list[Features],
    linked: Linked,
    label: list[int],
    truth: list[str],
    model: MatchModel,
    count: int,
) -> None:
    """A sample of wrong and of missed pairs, with their reasons."""
    wrong, missed = [], []
    for key, into, other in ((label, wrong, truth), (truth, missed, label)):
        groups = collections.defaultdict(list)
        for position, name in enumerate(key):
            groups[name].append(position)
        for many in groups.values():
            into += [(a, b) for a, b in itertools.combinations(many, 2) if other[a] != other[b]]
    for title, pairs in (("WRONG", wrong), ("MISSED", missed)):
        print(f"  {title} {len(pairs)}")
        for a, b in random.Random(1).sample(pairs, min(count, len(pairs))):
            why = score(nodes[a], nodes[b], model)
            print(f"   {ids[a]} {ids[b]} {linked.pairs.get((a, b))} {why.points}")
            print("      ", " · ".join(f"{one.feature} {one.detail} {one.points:+d}" for one in why.reasons))


if __name__ == "__main__":
    sys.exit(main())
