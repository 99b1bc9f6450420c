"""Intake from one CSV: read + map + normalise + match + golden + links, on SQLite and PostgreSQL, at two sizes.

    python tests/bench/intake.py [--runs 3] [--sizes 10000,100000] [--databases sqlite,postgres]

Every case runs in a process of its own, through `hub apply` and `hub sync`'s own flows. C is the number of phones that
`phonenumbers` parses, checks and formats per CPU-second in the same process: figures are compared as multiples of it.
The yardstick beside it is a bare SQLAlchemy-Core upsert of the same rows into one table. On PostgreSQL the server's
CPU is
counted too. Floors (multiples of C): first load .12 on SQLite, .07 on PostgreSQL; unchanged 1.2; peak 300 MB.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

FLOORS = {
    ("sqlite", "first"): 0.12,
    ("postgres", "first"): 0.07,
    ("sqlite", "unchanged"): 1.2,
    ("postgres", "unchanged"): 1.2,
}
PEAK_MB = 300
CONNECTIONS = """
[connection.exports]
connector = "files"
path = "in/"
country = "DE"
[connection.exports.customer]
pull = true
[[connection.exports.file]]
object = "customer"
match = "customers*.csv"
id = "id"
map = "customers.toml"
"""
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--sizes", default="10000,100000")
    parser.add_argument("--databases", default="sqlite,postgres")
    parser.add_argument("--case", nargs=3, metavar=("FOLDER", "URL", "ROWS"))
    options = parser.parse_args()
    if options.case:
        print(json.dumps(case(Path(options.case[0]), options.case[1], int(options.case[2]))))
        return 0
    worst = 0
    for database in options.databases.split(","):
        for size in map(int, options.sizes.split(",")):
            results = [_run(database, size) for _ in range(options.runs)]
            worst |= report(database, size, results)
    return worst


def report(database: str, size: int, results: list[dict[str, Any]]) -> int:
    """Print medians beside the yardstick; 1 if a floor is missed."""
    missed = 0
    middle = {key: statistics.median(one[key] for one in results) for key in results[0]}
    print(f"\n{database}, {size:,} rows, {len(results)} runs, medians (C = {middle['c']:,.0f}/CPU-s)")
    for step in ("first", "unchanged", "yardstick"):
        rate = size / middle[f"{step}_cpu"]
        of_c = statistics.median(size / one[f"{step}_cpu"] / one["c"] for one in results)
        floor = FLOORS.get((database, step))
        verdict = "" if floor is None else f"  floor {floor} C: {'met' if of_c >= floor else 'MISSED'}"
        missed |= int(floor is not None and of_c < floor)
        server = f", server {middle[f'{step}_server']:.2f} s of it" if database == "postgres" else ""
        print(
            f"  {step:10} {rate:9,.0f} rows/CPU-s = {of_c:.3f} C   {middle[f'{step}_cpu']:.2f} CPU-s{server}, "
            f"{middle[f'{step}_wall']:.2f} s wall{verdict}"
        )
    peak = max(one["peak_mb"] for one in results)
    print(
        f"  peak {peak:.0f} MB (ceiling {PEAK_MB}), {middle['customers']:,.0f} customers, "
        f"second run wrote {middle['written']:.0f} golden rows"
    )
    return missed | int(peak > PEAK_MB) | int(middle["written"] > 0)


def _run(database: str, size: int) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory(prefix="hub-bench-") as folder,
        _url(database, Path(folder)) as (url, environment),
    ):
        done = subprocess.run(
            [sys.executable, __file__, "--case", folder, url, str(size)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
    return dict(json.loads(done.stdout))


@contextmanager
def _url(database: str, folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    if database == "sqlite":
        yield f"sqlite:///{folder}/hub.sqlite", {}
        return
    import psycopg
    from postgres_server import server
    from sqlalchemy.engine import make_url

    with server() as given:
        url = make_url(given)
        plain = url.set(drivername="postgresql")
        name = f"bench_{os.getpid()}_{time.time_ns()}"
        with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
            found = connection.execute("SELECT pg_backend_pid()").fetchone()
            assert found is not None
            postmaster = _parent(found[0])
        yield (
            plain.set(database=name).render_as_string(hide_password=False),
            {"BENCH_POSTMASTER": str(postmaster)},
        )
        with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def case(folder: Path, url: str, size: int) -> dict[str, Any]:
    """One home, one CSV, two syncs and the yardstick. CPU seconds include the server's."""
    import people

    from hub import settings
    from hub.flows.exports import links
    from hub.flows.sync import sync
    from hub.store.migrate import upgrade
    from hub.store.session import Database

    home = settings.create_home(folder / "home", template="")
    exports = home / "in"
    exports.mkdir()
    people.write(exports / "customers.csv", size)
    upgrade(url)
    db = Database(url)
    _configure(db, home)
    config = settings.load(home, {})
    result: dict[str, Any] = {"c": calibrate()}

    def load() -> None:
        outcome = sync(db, config, full=True)
        assert outcome.exit_code == 0, outcome
        with open(os.devnull, "w", newline="") as sink:
            csv.writer(sink).writerows(links(db))

    result |= measure("first", load)
    before = golden_state(db)
    result |= measure("unchanged", lambda: sync(db, config, full=True))
    result["written"] = sum(a != b for a, b in zip(before, golden_state(db), strict=True))
    result["customers"] = before[0]
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result |= measure("yardstick", lambda: upsert(db, exports / "customers.csv"))
    db.close()
    return result


def _configure(db: Any, home: Path) -> None:
    """One connection of the `files` connector, as an admin would apply it."""
    import people

    from hub.flows.configure import apply
    from hub.flows.connection_file import read_file

    (home / "customers.toml").write_text(people.MAP, encoding="utf-8")
    (home / "connections.toml").write_text(CONNECTIONS, encoding="utf-8")
    apply(db, read_file(home / "connections.toml", home=home), by="bench", now=time.time())


def golden_state(db: Any) -> tuple[int, int, int, int]:
    """(customers, sum of their versions, feed rows, bindings)."""
    from sqlalchemy import text

    with db.read() as connection:
        row = connection.execute(
            text(
                "SELECT (SELECT count(*) FROM customer WHERE merged_into IS NULL), "
                "(SELECT sum(version) FROM customer), "
                "(SELECT count(*) FROM feed), (SELECT count(*) FROM binding)"
            )
        ).one()
    return tuple(int(one) for one in row)  # type: ignore[return-value]


def upsert(db: Any, file: Path) -> None:
    """The yardstick: the same rows into one table, 1,000 a transaction, by SQLAlchemy Core."""
    from sqlalchemy import Column, MetaData, Table, Text
    from sqlalchemy.dialects import postgresql, sqlite

    metadata = MetaData()
    with file.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        names = list(reader.fieldnames or ())
        table = Table(
            "yardstick", metadata, *[Column(name, Text, primary_key=name == "id") for name in names]
        )
        metadata.create_all(db.engine)
        statement = (sqlite if db.is_sqlite else postgresql).insert(table)
        statement = statement.on_conflict_do_update(
            index_elements=["id"], set_={name: statement.excluded[name] for name in names if name != "id"}
        )
        batch: list[dict[str, Any]] = []
        for row in reader:
            batch.append(row)
            if len(batch) == 1000:
                _write(db, statement, batch)
                batch = []
        if batch:
            _write(db, statement, batch)


def _write(db: Any, statement: Any, batch: list[dict[str, Any]]) -> None:
    with db.write() as connection:
        connection.execute(statement, batch)


def calibrate(count: int = 5000) -> float:
    """C: phone numbers parsed, checked and formatted per CPU-second."""
    import phonenumbers

    begun = time.process_time()
    for number in range(count):
        parsed = phonenumbers.parse(f"+4930{20_000_000 + number}", None)
        phonenumbers.is_valid_number(parsed)
        phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return count / (time.process_time() - begun)


def measure(step: str, act: Callable[[], object]) -> dict[str, float]:
    """CPU seconds (ours and the server's), the server's alone, and wall seconds of an act."""
    wall, cpu, server = time.perf_counter(), time.process_time(), server_cpu()
    act()
    mine, theirs = time.process_time() - cpu, server_cpu() - server
    return {
        f"{step}_cpu": mine + theirs,
        f"{step}_server": theirs,
        f"{step}_wall": time.perf_counter() - wall,
    }


def server_cpu() -> float:
    """CPU seconds of the PostgreSQL server's processes, those that have ended included; 0 without one."""
    postmaster = os.environ.get("BENCH_POSTMASTER")
    if postmaster is None:
        return 0.0
    total = _stat(int(postmaster), with_children=True)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _parent(int(entry.name)) == int(postmaster):
            total += _stat(int(entry.name))
    return total


def _stat(process: int, *, with_children: bool = False) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    ticks = int(fields[11]) + int(fields[12])
    return (ticks + (int(fields[13]) + int(fields[14]) if with_children else 0)) / TICKS


def _parent(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
