"""Deliveries and creates to a local remote that answers at once: pushes per second and CPU per push, by one worker.

    python tests/bench/delivery.py [--runs 3] [--rows 600] [--databases postgres,sqlite] [--profile]

The remote is a small HTTP server in a process of its own; it reads and writes as many records per call as it is asked
to. Each case runs in a process of its own, through the drain that a worker runs: `single` (push_batch 1) and `batched`
(push_batch 50), updates and creates. Beside it, in the same run, bare `requests` calls that read and write the same
records: one read and one write each, or for each fifty. CPU counts ours and PostgreSQL's, not the remote's.
Floors on PostgreSQL: 50 updates/s single, 150/s batched.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

FLOORS = {("postgres", "single"): 50.0, ("postgres", "batched"): 150.0}
SIZES = {"single": 1, "batched": 50}
STEPS = ("created", "updated", "bare")
CONNECTION = """
[connection.{name}]
connector = "{name}"
[connection.{name}.customer]
{rules}
map_text = '''
object = "customer"
ignore = ["id", "rev"]
[pull]
given_name = "first"
family_name = "last"
email = "mail"
phone = "phone"
"address.locality" = "city"
'''
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rows", type=int, default=600)
    parser.add_argument("--databases", default="postgres,sqlite")
    parser.add_argument("--manners", default="single,batched")
    parser.add_argument("--profile", action="store_true", help="print where the time of one run goes")
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--case", nargs=4, metavar=("FOLDER", "URL", "ROWS", "MANNER"))
    options = parser.parse_args()
    if options.serve:
        return serve()
    if options.case:
        folder, url, rows, manner = options.case
        print(json.dumps(case(Path(folder), url, int(rows), size=SIZES[manner], profile=options.profile)))
        return 0
    missed = 0
    for database in options.databases.split(","):
        for manner in options.manners.split(","):
            results = [_run(database, manner, options) for _ in range(options.runs)]
            missed |= report(database, manner, options.rows, results=results)
    return missed


def report(database: str, manner: str, rows: int, *, results: Sequence[Mapping[str, float]]) -> int:
    """Print medians; 1 if a floor is missed."""
    middle = {key: statistics.median(one[key] for one in results) for key in results[0]}
    print(f"\n{database}, {manner}: {rows:,} records, {len(results)} runs, medians")
    missed = 0
    for step in STEPS:
        rate, cpu = rows / middle[f"{step}_wall"], middle[f"{step}_cpu"] / rows * 1000
        server = middle[f"{step}_server"] / rows * 1000
        floor = FLOORS.get((database, manner)) if step == "updated" else None
        verdict = "" if floor is None else f"  floor {floor:.0f}/s: {'met' if rate >= floor else 'MISSED'}"
        missed |= int(floor is not None and rate < floor)
        of = f" ({server:.2f} of it the database's)" if server else ""
        ratio = "" if step == "bare" else f", {middle[f'{step}_cpu'] / middle['bare_cpu']:.1f} x bare"
        print(f"  {step:8} {rate:8,.0f}/s   {cpu:6.2f} ms CPU each{of}{ratio}{verdict}", flush=True)
    return missed


def _run(database: str, manner: str, options: argparse.Namespace) -> dict[str, float]:
    import intake

    with (
        tempfile.TemporaryDirectory(prefix="hub-bench-") as folder,
        intake._url(database, Path(folder)) as (url, environment),
    ):
        done = subprocess.run(
            [sys.executable, __file__, "--case", folder, url, str(options.rows), manner]
            + ["--profile"] * options.profile,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
    return dict(json.loads(done.stdout))


def case(folder: Path, url: str, rows: int, *, size: int, profile: bool) -> dict[str, float]:
    """One hub with a source and the remote: every customer is created there, then each changes once."""
    import intake

    from hub.settings import Settings
    from hub.store.migrate import upgrade
    from hub.store.session import Database

    upgrade(url)
    home = folder / "home"
    home.mkdir()
    db, result = Database(url), {}
    with remote() as address:
        hub = Bench(db, Settings(home=home, database_url=url), address, size=size, rows=rows)
        for step, city in (("created", "Bremen"), ("updated", "Kiel")):
            hub.turn(city)
            result |= intake.measure(step, lambda: profiled(hub.drain, profile))
            hub.assert_there(city)
        result |= intake.measure("bare", lambda: hub.bare("Jena"))
    db.close()
    return result


def profiled(act: Any, profile: bool) -> None:
    """Do it, and say on the error output where the time went if asked."""
    if not profile:
        act()
        return
    import cProfile
    import pstats

    found = cProfile.Profile()
    found.runcall(act)
    pstats.Stats(found, stream=sys.stderr).sort_stats("cumulative").print_stats(70)


class Bench:
    """A hub with two systems: `source`, made up here, and `target`, the remote at `address`."""

    def __init__(self, db: Any, settings: Any, address: str, *, size: int, rows: int) -> None:
        from hub.flows.configure import apply
        from hub.flows.connection_file import read_text

        self.db, self.settings, self.address, self.size, self.rows = db, settings, address, size, rows
        self._systems(size)
        rules = 'create = "all"\nupdate = true\npull = false'
        for name, said in (("source", ""), ("target", rules)):
            text = CONNECTION.format(name=name, rules=said)
            base = settings.home
            apply(db, read_text(text, file="c.toml", base_dir=base, home=base), by="bench", now=time.time())
        from sqlalchemy import text as sql

        with db.write() as conn:  # the plan of the first run is known
            conn.execute(sql("UPDATE connection SET confirmed_at = 1"))

    def _systems(self, size: int) -> None:
        from hub.sdk import Change, Connector, Finding, Page, Receipt, RemoteRecord, registry
        from hub.sdk.manifest import Manifest, ObjectCapabilities

        address, made = self.address, self

        class Source(Connector):
            @classmethod
            def spec(cls) -> Sequence[Any]:
                return ()

            def check(self) -> Iterator[Finding]:
                yield Finding("rows", True, "made up")

            def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
                found = [RemoteRecord(str(n), person(n, made.city)) for n in range(made.rows)]
                for start in range(0, len(found), 500):
                    yield Page(found[start : start + 500])

        class Target(Source):
            def __init__(self, *given: Any, **options: Any) -> None:
                super().__init__(*given, **options)
                self._api = self.http.at(address)

            def fetch(self, object: str, external_ids: Sequence[str]) -> Sequence[RemoteRecord]:
                answer = self._api.post("read", json={"ids": list(external_ids)}, reads=True).json()
                return [RemoteRecord(row["id"], row) for row in answer]

            def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
                sent = [{"id": one.external_id, **one.payload} for one in changes]
                answer = self._api.post("write", json={"rows": sent}).json()
                return [
                    Receipt(one.key, "done", row["id"], RemoteRecord(row["id"], row))
                    for one, row in zip(changes, answer, strict=True)
                ]

            def find(self, object: str, change: Change) -> Sequence[RemoteRecord]:
                return ()

        writes = ObjectCapabilities(
            "rows", pull=True, push=True, create=True, find=True, push_batch=size, fetch_batch=size,
            unique=("email",),
        )  # fmt: skip
        reads = ObjectCapabilities("rows", pull=True)
        known = {
            name: (kind, Manifest(name, name, "bench", "made up", objects={"customer": capabilities}))
            for name, kind, capabilities in (("source", Source, reads), ("target", Target, writes))
        }
        load = registry.load
        registry.load = lambda name: known[name] if name in known else load(name)

    def turn(self, city: str) -> None:
        """Everybody moves to this city, in the source; deliveries are waiting then."""
        from hub.flows import pulling
        from hub.flows.report import SyncReport
        from hub.flows.sync import chosen
        from hub.flows.wiring import load_wiring

        self.city = city
        report = SyncReport()
        ask = pulling.Ask(self.db, self.settings, report, full=True, confirm=True, say=lambda progress: None)
        pulling.here(ask, chosen(load_wiring(self.db), ("source",), object=None))
        assert report.exit_code == 0, report
        self.db.analyse()

    def drain(self) -> None:
        """What a worker does for one connection."""
        from hub.flows.drain import connector_for, drain
        from hub.flows.wiring import load_wiring

        wiring = load_wiring(self.db)
        stream = next(one for one in wiring.streams.values() if one.connection == "target")
        connector, lease = connector_for(self.settings, stream, seconds=60.0, bucket=None)
        drain(self.db, wiring, [stream], connector=connector, lease=lease)

    def assert_there(self, city: str) -> None:
        import requests

        rows = requests.get(f"{self.address}/rows", timeout=30).json()
        assert len(rows) == self.rows, f"{len(rows)} of {self.rows} were created"
        assert {row["city"] for row in rows} == {city}

    def bare(self, city: str) -> None:
        """The same calls without a hub."""
        import requests

        session = requests.Session()
        ids = [row["id"] for row in session.get(f"{self.address}/rows", timeout=30).json()]
        for start in range(0, len(ids), self.size):
            some = ids[start : start + self.size]
            session.post(f"{self.address}/read", json={"ids": some}, timeout=30).json()
            rows = [{"id": id, "city": city} for id in some]
            session.post(f"{self.address}/write", json={"rows": rows}, timeout=30).json()


def person(number: int, city: str) -> dict[str, Any]:
    first, last = _word(number), _word(number * 31 + 7)
    return {
        "id": str(number),
        "first": first,
        "last": last,
        "mail": f"{first}.{last}.{number}@example.com".lower(),
        "phone": f"+4930{20_000_000 + number}",
        "city": city,
    }


def _word(number: int) -> str:
    letters = []
    for _ in range(4):
        number, digit = divmod(number, 20)
        letters.append("bcdfghjklmnprstvwxyz"[digit] + "aeiou"[(number + digit) % 5])
    return "".join(letters).capitalize()


@contextmanager
def remote() -> Iterator[str]:
    """The address of a remote in a process of its own."""
    process = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.wait(10)


def serve() -> int:
    """Rows in memory: POST /read {ids}, POST /write {rows}, GET /rows; one without an id is new."""
    rows: dict[str, dict[str, Any]] = {}

    def write(given: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        for one in given:
            id = one["id"] or f"t{len(rows) + 1}"
            rows[id] = {**rows.get(id, {}), **one, "id": id, "rev": rows.get(id, {}).get("rev", 0) + 1}
            yield rows[id]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self._answer(list(rows.values()))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/read":
                self._answer([rows[id] for id in body["ids"] if id in rows])
            else:
                self._answer(list(write(body["rows"])))

        def _answer(self, found: Any) -> None:
            body = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
