"""How soon a change told by webhook stands in the other system, alone and while a backfill runs.

    python tests/bench/propagation.py [--databases postgres,sqlite] [--changes 60] [--backfill 100000] [--pause 0.5]

`hub up` runs as people run it: one worker a queue, the embedded queue server. Two fake systems stand in this process,
with the same customers; a change is made in the one, its signed webhook posted to the hub, and the moment its write
stands in the other is noted there. Then the same while a third connection's export of `--backfill` rows is read.
Demanded on PostgreSQL, during the backfill: median < 1 s, 99th percentile < 3 s. On SQLite it is printed only.
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from hub.testkit.remote import KEY, WEBHOOK_SECRET, HostileRemote  # noqa: E402

CUSTOMERS = 300
MEDIAN, WORST = 1.0, 3.0
PATIENCE = 60.0
SYSTEM = """
[connection.{name}]
connector = "hostile"
url = "{url}"
key = "env:BENCH_KEY"
webhook_secret = "env:BENCH_HOOK"
[connection.{name}.customer]
update = true
map_text = '''
object = "customer"
ignore = ["id", "rev"]
[pull]
source_updated_at = "updated"
display_name = "name"
email = "email"
phone = "phone"
"address.locality" = "city"
'''
"""
EXPORTS = """
[connection.old]
connector = "files"
path = "old/"
country = "DE"
[[connection.old.file]]
match = "*.csv"
map = "old.toml"
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--databases", default="postgres,sqlite")
    parser.add_argument("--changes", type=int, default=60)
    parser.add_argument("--backfill", type=int, default=100_000)
    parser.add_argument("--pause", type=float, default=0.5)
    options = parser.parse_args()
    import intake

    missed = 0
    for database in options.databases.split(","):
        with (
            tempfile.TemporaryDirectory(prefix="hub-bench-") as folder,
            intake._url(database, Path(folder)) as (url, environment),
        ):
            missed |= measure(database, url, Path(folder), environment=environment, options=options)
    return missed


class Watched(HostileRemote):
    """A system that notes when a city is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: dict[str, float] = {}
        self.moved = threading.Condition()

    def put(self, fields: Mapping[str, Any], *, row_id: str | None = None, at: int | None = None) -> str:
        found = super().put(fields, row_id=row_id, at=at)
        if city := fields.get("city"):
            with self.moved:
                self.written[str(city)] = time.perf_counter()
                self.moved.notify_all()
        return found

    def until(self, city: str) -> float:
        """When it was written here. Raises TimeoutError."""
        with self.moved:
            if not self.moved.wait_for(lambda: city in self.written, PATIENCE):
                raise TimeoutError(f"{city} was not written in {PATIENCE:.0f} s")
            return self.written[city]


class Sample(NamedTuple):
    """Seconds from the change to the write, and until the webhook was answered."""

    whole: float
    answer: float


def measure(
    database: str, url: str, folder: Path, *, environment: Mapping[str, str], options: argparse.Namespace
) -> int:
    with Watched() as shop, Watched() as crm:
        ids = [customer(shop, crm, number) for number in range(CUSTOMERS)]
        home = Home(folder, url, environment)
        home.configure(shop, crm, rows=options.backfill)
        print(
            f"\n{database}: a change in one system by webhook to the other, {CUSTOMERS} customers", flush=True
        )
        with home.up() as port:
            changes = Changes(shop, crm, ids, port=port, pause=options.pause)
            changes.run("warm", 5)
            report("alone", changes.run("alone", options.changes))
            changes.burst("burst")
            home.hub("sync", "old", "--no-wait")
            home.until(home.pulling)
            began = time.perf_counter()
            found = changes.run("busy", options.changes, go_on=home.pulling)
            through = "all through it" if home.pulling() else "it ended before"
            took = time.perf_counter() - began
            return report(
                f"during a backfill of {options.backfill:,} ({took:.0f} s, {through})",
                found,
                demanded=database == "postgres",
            )


def customer(shop: Watched, crm: Watched, number: int) -> str:
    fields = {"name": f"Person {_word(number)} {_word(number * 7)}", "email": f"bench{number}@example.com"}
    crm.put(fields)
    return shop.put(fields)


def _word(number: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in str(number + 1000)).capitalize()


class Changes:
    """Changes made one after the other, each awaited in the other system."""

    def __init__(self, shop: Watched, crm: Watched, ids: list[str], *, port: int, pause: float) -> None:
        self._shop, self._crm, self._ids = shop, crm, ids
        self._web = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._pause = pause

    def burst(self, name: str) -> None:
        """A change of every customer at once; how long until all stand in the other system."""
        began = time.perf_counter()
        cities = [f"{name.capitalize()} {_word(number)}" for number in range(len(self._ids))]
        for id, city in zip(self._ids, cities, strict=True):
            self._tell(id, city)
        answered = time.perf_counter() - began
        took = max(self._crm.until(city) for city in cities) - began
        print(
            f"  {len(cities)} changes at once: all told in {answered:.2f} s, all there in {took:.2f} s "
            f"({len(cities) / took:.0f} a second)",
            flush=True,
        )

    def _tell(self, id: str, city: str) -> None:
        """Change a customer, and call the hub."""
        self._shop.put({"city": city}, row_id=id)
        headers, body = self._shop.webhook(id)
        self._web.request("POST", "/hooks/shop", body, headers)
        answer = self._web.getresponse()
        answer.read()
        assert answer.status == 200, answer.status

    def run(self, name: str, count: int, *, go_on: Callable[[], bool] | None = None) -> list[Sample]:
        """`count` changes, fewer if what they run beside has ended."""
        samples = []
        for number in range(count):
            if go_on is not None and not go_on():
                break
            city = f"{name.capitalize()} {_word(number)}"
            id = self._ids[number % len(self._ids)]
            began = time.perf_counter()
            self._tell(id, city)
            answered = time.perf_counter()
            samples.append(Sample(self._crm.until(city) - began, answered - began))
            time.sleep(self._pause)
        return samples


class Home:
    """A hub of its own, in processes."""

    def __init__(self, folder: Path, url: str, environment: Mapping[str, str]) -> None:
        self._folder, self._url = folder, url
        self.home = folder / "home"
        self._connectors = folder / "connectors"
        path = os.pathsep.join([str(self._connectors), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)
        self._env = {
            **os.environ, **environment, "BENCH_KEY": KEY, "BENCH_HOOK": WEBHOOK_SECRET, "PYTHONPATH": path,
            "HUB_WEB_PORT": "0",
        }  # fmt: skip
        self.log = folder / "up.log"
        self._queries: Any = None

    def configure(self, shop: Watched, crm: Watched, *, rows: int) -> None:
        import people

        info = (
            self._connectors / "bench_hostile-1.dist-info"
        )  # the fake system's connector, as one from outside
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-hostile\nVersion: 1\n")
        (info / "entry_points.txt").write_text("[hub.connectors]\nhostile = hub.testkit.hostile\n")
        self.hub("init", str(self.home))
        (self.home / "hub.toml").write_text(f'database_url = "{self._url}"\n')
        self.hub("init", str(self.home))
        (self.home / "old").mkdir()
        people.write(self.home / "old" / "customers.csv", rows)
        (self.home / "old.toml").write_text(people.MAP)
        file = self.home / "connections.toml"
        systems = [SYSTEM.format(name="shop", url=shop.url), SYSTEM.format(name="crm", url=crm.url)]
        file.write_text("".join([*systems, EXPORTS]))
        self.hub("apply", str(file))
        self.hub("sync", "shop", "crm", "--confirm")

    def hub(self, *words: str) -> str:
        done = subprocess.run(
            self._command(*words),
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"hub {' '.join(words)}:\n{done.stdout}"
        return done.stdout

    @contextmanager
    def up(self) -> Iterator[int]:
        """`hub up`; its port."""
        with self.log.open("wb") as log:
            process = subprocess.Popen(self._command("up"), env=self._env, stdout=log, stderr=log)
        try:
            self.until(lambda: "is up at " in self.log.read_text(errors="replace"))
            address = self.log.read_text(errors="replace").partition("is up at ")[2].split()[0]
            time.sleep(3.0)  # its workers
            yield int(address.rpartition(":")[2])
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
            if self._queries is not None:
                self._queries.dispose()
            if os.environ.get("BENCH_LOG"):
                print(self.log.read_text(errors="replace")[-6000:])

    def pulling(self) -> bool:
        """Whether the backfill is at work."""
        from sqlalchemy import create_engine, text

        if self._queries is None:
            url = self._url
            if url.startswith("postgresql://"):
                url = url.replace("postgresql://", "postgresql+psycopg://", 1)
            self._queries = create_engine(url)
        sql = "SELECT count(*) FROM run WHERE kind = 'pull' AND state = 'running'"
        with self._queries.connect() as conn:
            return bool(conn.scalar(text(sql)))

    def until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, self.log.read_text(errors="replace")[-4000:]
            time.sleep(0.05)

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", "hub", "--home", str(self.home), *words]


def report(what: str, samples: list[Sample], *, demanded: bool = False) -> int:
    if len(samples) < 5:
        print(f"  {what}: only {len(samples)} changes, too few to tell")
        return 1
    whole = sorted(one.whole for one in samples)
    answers = sorted(one.answer for one in samples)
    middle, worst = statistics.median(whole), _p99(whole)
    good = middle < MEDIAN and worst < WORST
    told = f"   demanded {MEDIAN:.0f} and {WORST:.0f} s: {'met' if good else 'MISSED'}" if demanded else ""
    print(
        f"  {what}, {len(samples)} changes: median {middle:.3f} s, p99 {worst:.3f} s, least {whole[0]:.3f} s; "
        f"webhook answered in {statistics.median(answers) * 1000:.1f} ms, p99 {_p99(answers) * 1000:.0f} ms{told}",
        flush=True,
    )
    return int(demanded and not good)


def _p99(values: list[float]) -> float:
    return values[min(len(values) - 1, int(len(values) * 0.99))]


if __name__ == "__main__":
    sys.exit(main())
