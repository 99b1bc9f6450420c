"""Identity through the real path (`files` connection → sync → links): quality on labelled sets, and throughput.

    python tests/bench/identity.py quality [--sets customers_20k,febrl3] [--folder DATA] [--train]
    python tests/bench/identity.py speed [--size 100000] [--database sqlite|postgres] [--splink]

`quality` prints precision, recall and F1 of both levels, as `evaluate.py` counts them; with --train once more after
`hub match train --apply`. `speed` writes people by
`population.py`, takes them in and prints records per CPU-second (client and server) as multiples of C (`intake.py`),
those
of the last 10,000 beside those of the whole, the peak, and the quality against the truth. With --splink the same
file goes
through Splink's batch on DuckDB, if it is installed. Floors: .07 C to 100,000; .045 C for the last 10,000 of a million
on PostgreSQL; .03 C over the whole million on SQLite; peak 400 MB.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

FLOOR, PEAK_MB = 0.07, 400
TAIL = 10_000
CONNECTION = """[connection.x]
connector = "files"
path = "in/"
country = "{country}"
[connection.x.customer]
pull = true
[[connection.x.file]]
object = "customer"
match = "*.csv"
id = "{id}"
map = "map.toml"
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("quality", "speed", "case"))
    parser.add_argument("--sets", default="febrl3,febrl4,fake_1000,customers_20k")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--database", default="sqlite", choices=("sqlite", "postgres"))
    parser.add_argument("--splink", action="store_true")
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--case", nargs=3, metavar=("HOME", "URL", "SIZE"))
    options = parser.parse_args()
    if options.what == "quality":
        return quality(options.sets.split(","), options.folder, train=options.train)
    if options.what == "case":
        print(json.dumps(case(Path(options.case[0]), options.case[1], int(options.case[2]))))
        return 0
    return speed(options.size, options.database, splink=options.splink)


def quality(names: Iterable[str], folder: Path | None, *, train: bool) -> int:
    import engine

    print(f"{'set':14} {'level':7} missing precision recall     F1  largest")
    for name in names:
        given = engine.SETS[name] if name in engine.SETS else engine.generated(folder or Path(), name)
        source = folder or engine.DATA
        with tempfile.TemporaryDirectory(prefix="hub-identity-") as home:
            db = Hub(Path(home), given, [source / file for file in given.files])
            db.sync()
            known = engine.truth_of(given, source)
            for level in ("auto", "review"):
                report(name, level, db.links(level), known)
            if train:
                db.train()
                for level in ("auto", "review"):
                    report("  trained", level, db.links(level), known)
            db.close()
    return 0


def report(name: str, level: str, links: dict[str, str], known: dict[str, str]) -> None:
    import engine

    missing = sum(id not in links for id in known)
    found = engine.evaluate([links.get(id, f"- {id}") for id in known], list(known.values()))
    print(
        f"{name:14} {level:7} {missing:7} {found.precision:9.4f} {found.recall:6.4f} {found.f1:6.4f}  {found.largest}",
        flush=True,
    )


class Hub:
    """A home of its own with one `files` connection."""

    def __init__(self, folder: Path, given: Any, files: list[Path], *, url: str | None = None) -> None:
        from hub import settings
        from hub.flows.configure import apply
        from hub.flows.connection_file import read_file
        from hub.store.migrate import upgrade
        from hub.store.session import Database

        home = settings.create_home(folder / "home", template="")
        (home / "in").mkdir()
        for file in files:
            shutil.copyfile(file, home / "in" / file.name)
        (home / "map.toml").write_text(given.map, encoding="utf-8")
        text = CONNECTION.format(country=given.country, id=given.id)
        (home / "connections.toml").write_text(text, encoding="utf-8")
        url = url or f"sqlite:///{folder}/hub.sqlite"
        upgrade(url)
        self.db = Database(url)
        apply(self.db, read_file(home / "connections.toml", home=home), by="bench", now=time.time())
        self.config = settings.load(home, {})

    def sync(self) -> None:
        from hub.flows.sync import sync

        outcome = sync(self.db, self.config, full=True)
        assert outcome.exit_code == 0, outcome

    def train(self) -> None:
        from hub.flows import training
        from hub.flows.wiring import load_wiring

        training.put_in_force(self.db, training.train(self.db, load_wiring(self.db)).document)

    def links(self, level: Any) -> dict[str, str]:
        from hub.flows import exports
        from hub.flows.wiring import load_wiring

        rows = (
            exports.links(self.db)
            if level == "auto"
            else exports.links_for_review(self.db, load_wiring(self.db))
        )
        return {row[2]: row[3] for row in rows}

    def close(self) -> None:
        self.db.close()


def speed(size: int, database: str, *, splink: bool) -> int:
    import intake
    import population

    with tempfile.TemporaryDirectory(prefix="hub-identity-") as name:
        folder = Path(name)
        population.write(folder, size, seed=5)
        server: AbstractContextManager[Any] = (
            intake._url("postgres", folder) if database == "postgres" else nullcontext(("", {}))
        )
        with server as (url, environment):
            done = subprocess.run(
                [sys.executable, __file__, "case", "--case", str(folder), url or "-", str(size)],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **environment},
            )
        found = json.loads(done.stdout.splitlines()[-1])
        missed = show(database, size, found)
        if splink:
            batch(folder)
    return missed


def show(database: str, size: int, found: dict[str, Any]) -> int:
    rate, c = size / found["cpu"], found["c"]
    print(f"{database}, {size:,} people (C = {c:,.0f}/CPU-s)")
    print(
        f"  whole: {rate:,.0f} records/CPU-s = {rate / c:.3f} C (server {found['server']:.1f} of "
        f"{found['cpu']:.1f} CPU-s; floor {FLOOR} C to 100,000); {found['wall']:.0f} s wall"
    )
    print(
        f"  the last {TAIL:,}: {found['tail']:,.0f} records/CPU-s = {found['tail'] / c:.3f} C; "
        f"peak {found['peak_mb']:.0f} MB (ceiling {PEAK_MB})"
    )
    for level in ("auto", "review"):
        print(
            f"  {level}: precision {found[level][0]:.4f} recall {found[level][1]:.4f} F1 {found[level][2]:.4f}"
        )
    return int((size <= 100_000 and rate / c < FLOOR) or found["peak_mb"] > PEAK_MB)


def case(folder: Path, url: str, size: int) -> dict[str, Any]:
    import engine
    import intake

    given = engine.generated(folder, "people")
    hub = Hub(folder, given, [folder / "customers.csv"], url=None if url == "-" else url)
    marks: list[tuple[int, float]] = []
    _watch(hub, marks)
    c = intake.calibrate()
    result = intake.measure("all", hub.sync)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    taken, spent = marks[-1]
    before = max((one for one in marks if one[0] <= taken - TAIL), default=(0, marks[0][1]))
    known = engine.truth_of(given, folder)
    found: dict[str, Any] = {
        "c": c,
        "cpu": result["all_cpu"],
        "server": result["all_server"],
        "wall": result["all_wall"],
        "peak_mb": peak,
        "tail": (taken - before[0]) / max(spent - before[1], 1e-9),
    }
    for level in ("auto", "review"):
        links = hub.links(level)
        found[level] = engine.evaluate([links.get(id, f"- {id}") for id in known], list(known.values()))
    hub.close()
    return found


def _watch(hub: Hub, marks: list[tuple[int, float]]) -> None:
    """Note the CPU spent, ours and the server's, at each page that is matched."""
    import intake

    from hub.flows import absorb

    plain, count = absorb.match, 0

    def watched(conn: Any, wiring: Any, subjects: Any, **more: Any) -> Any:
        nonlocal count
        if not marks or count - marks[-1][0] >= TAIL // 2:
            marks.append((count, time.process_time() + intake.server_cpu()))
        done = plain(conn, wiring, subjects, **more)
        count += len(subjects)
        return done

    absorb.match = watched  # type: ignore[assignment]
    original = hub.sync

    def synced() -> None:
        original()
        marks.append((count, time.process_time() + intake.server_cpu()))

    hub.sync = synced  # type: ignore[method-assign]


def batch(folder: Path) -> None:
    """Splink's batch on the same file: blocked by mailbox, telephone, name and street; weights by EM."""
    try:
        import pandas
        import splink.comparison_library as cl
        from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    except ImportError:
        print("  Splink is not installed: nothing to compare with")
        return
    import engine

    begun = time.process_time()
    frame = pandas.read_csv(folder / "customers.csv", dtype=str)
    rules = [
        block_on("email"),
        block_on("phone"),
        block_on("given_name", "family_name"),
        block_on("street", "postcode"),
    ]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="id",
        blocking_rules_to_generate_predictions=rules,
        comparisons=[
            cl.NameComparison("given_name"),
            cl.NameComparison("family_name"),
            cl.EmailComparison("email"),
            cl.ExactMatch("phone"),
            cl.JaroWinklerAtThresholds("street", [0.9]),
            cl.ExactMatch("postcode"),
        ],
    )
    linker = Linker(frame, settings, DuckDBAPI())
    linker.training.estimate_probability_two_random_records_match(rules[:1], recall=0.5)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    for rule in (rules[0], rules[2]):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    pairs = linker.inference.predict(threshold_match_probability=0.5)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, 0.95).as_pandas_dataframe()
    spent = time.process_time() - begun
    with (folder / "truth.csv").open(newline="") as handle:
        known = {row["id"]: row["entity"] for row in csv.DictReader(handle)}
    links = dict(zip(clusters["id"], clusters["cluster_id"].astype(str), strict=True))
    found = engine.evaluate([links.get(id, id) for id in known], list(known.values()))
    print(
        f"  Splink: {len(known) / spent:,.0f} records/CPU-s, {spent:.0f} CPU-s; at 95 %: "
        f"precision {found.precision:.4f} recall {found.recall:.4f} F1 {found.f1:.4f}"
    )


if __name__ == "__main__":
    sys.exit(main())
