"""A whole small company for these tests: a real ERP behind a proxy, a folder of exports, a hub at work in processes."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reliability.processes import commands, kill, lives, parent
from reliability.striking_proxy import PARTY, StrikingProxy
from sqlalchemy import text

from hub import settings as process_settings
from hub.demo.erp import Erp
from hub.queue import QUEUES, open_queue
from hub.settings import Settings
from hub.store.session import Database

IN_ERP_ONLY, IN_BOTH, IN_EXPORTS_ONLY = 520, 40, 70
LEASE = 12  # seconds; everything that is taken over waits for it
PATIENCE = 100.0

MAP = """
object = "customer"
[pull]
given_name = "first"
family_name = "last"
email = "mail"
phone = "tel"
"address.locality" = "city"
"""
CONNECTIONS = """
[connection.erp]
connector = "tryton"
url = "{url}"
key = "env:ERP_KEY"
[connection.erp.customer]
pull = true
update = true
create = "matching"
where = "source=exports"
{schedule}
[connection.exports]
connector = "files"
path = "in/"
write_back = "out/"
[connection.exports.customer]
update = true
{schedule}
[[connection.exports.file]]
object = "customer"
match = "customers*.csv"
id = "id"
map = "customers.toml"
"""
COLUMNS = ("id", "first", "last", "mail", "tel", "city")
_LETTERS = "abcdefghijklmnopqrst"


def _name(number: int) -> tuple[str, str]:
    """Names that are nobody else's, also to a machine that forgives typing errors."""
    a, b, c = number % 20, number // 20 % 20, number // 400 % 20
    return (
        f"{_LETTERS[a]}na{_LETTERS[b] * 2}".capitalize(),
        f"{_LETTERS[c]}o{_LETTERS[b]}er{_LETTERS[a]}ik".title(),
    )


def mail(number: int) -> str:
    return f"person{number}@example.org"


def row(number: int) -> dict[str, str]:
    first, last = _name(number)
    values = (f"C{number:04}", first, last, mail(number), f"+4930201{number:05}", "Berlin")
    return dict(zip(COLUMNS, values, strict=True))


def party(number: int) -> dict[str, Any]:
    """A party as the ERP's own API takes it. It knows no city."""
    first, last = _name(number)
    contacts = [{"type": "email", "value": mail(number)}, {"type": "phone", "value": f"+4930201{number:05}"}]
    return {"name": f"{first} {last}", "contact_mechanisms": [["create", contacts]]}


EXPORTED = range(IN_ERP_ONLY, IN_ERP_ONLY + IN_BOTH + IN_EXPORTS_ONLY)
SEEDED = range(IN_ERP_ONLY + IN_BOTH)


def seed(erp: Erp) -> None:
    erp.call("POST", f"{PARTY}/create", {"vlist": [party(number) for number in SEEDED]}, timeout=120)


class World:
    """One hub with its systems. `settings`: HUB_* variables of all its processes, by key."""

    def __init__(self, folder: Path, erp: Erp, proxy: StrikingProxy, **settings: object) -> None:
        self.home = folder / "home"
        self.erp = erp
        self.proxy = proxy
        given = {"lease_seconds": LEASE, "web_port": 0, **settings}
        self.env = {
            **os.environ,
            **{f"HUB_{key.upper()}": str(value) for key, value in given.items()},
            "ERP_KEY": erp.key,
        }
        self._log_file = folder / "up.log"
        self._up: subprocess.Popen[bytes] | None = None
        self._frozen: list[int] = []
        self._exported = {number: row(number) for number in EXPORTED}

    # --- the hub ----------------------------------------------------------------------------------

    def hub(self, *words: str, code: int | None = 0, timeout: float = PATIENCE) -> str:
        """One command; what it printed. `code`: the exit code it must have."""
        done = subprocess.run(
            self._command(*words), env=self.env, capture_output=True, text=True, timeout=timeout, check=False
        )
        said = f"hub {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        assert code is None or done.returncode == code, f"{said}\n{self.log()[-4000:]}"
        return done.stdout

    def configure(self, *, schedule: str = "") -> None:
        self.hub("init", str(self.home))
        (self.home / "in").mkdir()
        (self.home / "customers.toml").write_text(MAP)
        self.export({})
        file = self.home / "connections.toml"
        every = f'schedule = "{schedule}"' if schedule else ""
        file.write_text(CONNECTIONS.format(url=self.proxy.address, schedule=every))
        self.hub("apply", str(file))

    def export(self, phones: Mapping[int, str]) -> None:
        """The exporting system writes its file anew, with these new phone numbers of its customers."""
        for number, phone in phones.items():
            self._exported[number]["tel"] = phone
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        writer.writerows(self._exported.values())
        new = self.home / "in" / ".new"
        new.write_text(out.getvalue(), encoding="utf-8")
        new.rename(self.home / "in" / "customers.csv")

    def start(self) -> str:
        """`hub up`; its address, once it says it and its workers live."""
        already, began = len(self.log()), time.time()
        self._up = self._spawn("up")
        self.until(lambda: "is up at " in self.log()[already:], what="hub up says its address")
        living = "SELECT count(*) FROM heartbeat WHERE kind LIKE 'worker %' AND at >= :began"
        self.until(lambda: self.rows(living, began=began)[0][0] == len(QUEUES), what="the workers live")
        return self.log()[already:].partition("is up at ")[2].split()[0]

    def stop(self) -> int | None:
        """Ctrl-C; the exit code."""
        if self._up is None:
            return None
        self._up.send_signal(signal.SIGINT)
        code = self._up.wait(30)
        self._up = None
        return code

    def end(self) -> None:
        """Whatever is left of it, at once."""
        if self._up is not None:
            self._up.kill()
            self._up.wait()
            self._up = None
        kill(self.processes())
        self.erp.stop()

    def processes(self, *words: str) -> list[int]:
        """The processes of this hub whose command line has these words after the home, in the order of starting."""
        wanted = [os.fsencode(one) for one in ("--home", str(self.home), *words)]
        return [
            pid
            for pid, command in commands()
            if wanted[0] in command and command[command.index(wanted[0]) :][: len(wanted)] == wanted
        ]

    def kill_worker(self, queue: str) -> None:
        """kill -9 of a worker and of the process it forked for its job."""
        pids = self.processes("worker", queue)
        assert len(pids) >= 2, f"the {queue} worker is not at a job: {pids}"
        kill(pids)

    def kill_everything(self) -> None:
        """kill -9 of `hub up`, which takes its children along."""
        assert self._up is not None
        parts = [pid for part in ("worker", "scheduler", "web") for pid in self.processes(part)]
        pids = [self._up.pid, *parts, self.queue_server()]
        self._up.kill()
        self._up.wait()
        kill(pids)

    def freeze_worker(self, queue: str) -> None:
        """Stop the workers of this queue that are at a job, with their jobs, and start another one."""
        pids = self.processes("worker", queue)
        self._frozen = [pid for pid in pids if parent(pid) in pids]
        assert self._frozen, f"no {queue} worker is at a job: {pids}"
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        self._spawn("worker", queue)

    def thaw(self) -> None:
        """Let what was frozen go on, and wait until its jobs are over, with nothing of theirs taken (R4)."""
        if not self._frozen:
            return
        for pid in {*self._frozen, *(parent(pid) for pid in self._frozen)}:
            os.kill(pid, signal.SIGCONT)
        self.until(lambda: not any(lives(pid) for pid in self._frozen), what="the frozen jobs end")
        counts = [json.loads(one.counts) for one in self.rows("SELECT counts FROM run WHERE kind = 'push'")]
        assert sum(one.get("stale", 0) for one in counts) > 0, counts

    def kill_queue_server(self) -> None:
        kill([self.queue_server()])

    def flush_queue(self) -> None:
        """All that the queue knows is lost at once."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(str(self.settings.socket))
            line.sendall(b"FLUSHALL\r\n")
            assert line.recv(16).startswith(b"+OK")

    def waiting_jobs(self) -> int:
        """How many jobs wait in the queues."""
        queue = open_queue(self.settings)
        counts = queue.waiting() or {}
        queue.close()
        return sum(counts.values())

    def queue_server(self) -> int:
        """The process of the embedded queue server."""
        path = os.fsencode(self.settings.socket)
        return next(pid for pid, command in commands() if any(path in word for word in command))

    def log(self) -> str:
        return self._log_file.read_text(errors="replace") if self._log_file.exists() else ""

    def until(self, true: Callable[[], object], *, what: str, within: float = PATIENCE) -> float:
        """Wait for it; the seconds it took."""
        began = time.monotonic()
        while not true():
            assert time.monotonic() - began < within, f"not in {within:.0f} s: {what}\n{self.log()[-6000:]}"
            time.sleep(0.1)
        return time.monotonic() - began

    def _spawn(self, *words: str) -> subprocess.Popen[bytes]:
        with self._log_file.open("ab") as log:
            return subprocess.Popen(
                self._command(*words),
                env=self.env,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                process_group=0,
            )

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", "hub", "--home", str(self.home), *words]

    # --- what it holds ----------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        return process_settings.load(self.home, {k: v for k, v in self.env.items() if k.startswith("HUB_")})

    @contextmanager
    def store(self) -> Iterator[Database]:
        db = Database(self.settings.database_url)
        try:
            yield db
        finally:
            db.close()

    def rows(self, sql: str, **bound: object) -> list[Any]:
        with self.store() as db, db.read() as conn:
            return list(conn.execute(text(sql), bound))

    def open_work(self) -> dict[str, int]:
        """All that is not at its end, counted by kind and state."""
        counts: dict[str, int] = {}
        for kind, sql in (
            ("delivery", "SELECT state, count(*) FROM delivery WHERE state <> 'done' GROUP BY 1"),
            ("creation", "SELECT state, count(*) FROM creation WHERE state <> 'done' GROUP BY 1"),
            ("run", "SELECT state, count(*) FROM run WHERE state IN ('queued', 'running') GROUP BY 1"),
            ("reread", "SELECT why, count(*) FROM reread GROUP BY 1"),
            ("intent", "SELECT 'open', count(*) FROM binding WHERE intent IS NOT NULL GROUP BY 1"),
            ("quarantine", "SELECT state, count(*) FROM quarantine WHERE state = 'open' GROUP BY 1"),
        ):
            counts |= {f"{kind} {state}": count for state, count in self.rows(sql)}
        return counts

    def parties(self) -> dict[str, dict[str, Any]]:
        """The ERP's parties by id, read by its own API: name, contacts, cities, and how many marks of ours each has."""
        found: dict[str, dict[str, Any]] = defaultdict(lambda: {"contacts": [], "cities": [], "marks": 0})
        for one in self._all("party.contact_mechanism", "party,type,value"):
            found[str(one["party"])]["contacts"].append(f"{one['type']} {one['value']}")
        for one in self._all("party.address", "party,city"):
            found[str(one["party"])]["cities"].append(one["city"])
        for one in self._all("party.identifier", "party,type,code"):
            found[str(one["party"])]["marks"] += one["type"] is None
        for one in self._all(PARTY, "name,active"):
            found[str(one["id"])]["name"] = one["name"]
        for own in self._all("company.company", "party"):  # the ERP's own company is nobody's customer
            found.pop(str(own["party"]), None)
        for one in found.values():
            one["contacts"].sort()
        return found

    def _all(self, model: str, fields: str) -> list[dict[str, Any]]:
        body = {"domain": [], "order": [["id", "ASC"]], "limit": None, "fields_names": fields.split(",")}
        return list(self.erp.call("POST", f"{model}/search_read", body, timeout=60))

    def state(self) -> dict[str, Any]:
        """Everything two runs must have in common, with no id that only this run has.

        A party goes by its e-mail address, which is nobody else's here.
        """
        parties = self.parties()
        label = {("erp", id): _mail_of(one) for id, one in parties.items()}
        groups: dict[str, set[str]] = defaultdict(set)
        for one in csv.DictReader(io.StringIO(self.hub("export", "links"))):
            place = (one["connection"], one["external_id"])
            groups[one["customer_id"]].add(f"{place[0]} {label.get(place, place[1])}")
        goldens = [
            json.loads(line) for line in self.hub("export", "customers", "--format", "jsonl").splitlines()
        ]
        return {
            "parties": sorted(parties.values(), key=lambda one: (_mail_of(one), one["name"])),
            "links": sorted(sorted(one) for one in groups.values()),
            "goldens": {
                " + ".join(sorted(groups[one["id"]])): {k: v for k, v in one.items() if k not in _OF_THIS_RUN}
                for one in goldens
            },
            "written": self.written(),
        }

    def written(self) -> dict[str, dict[str, str]]:
        """What the exporting system would have after reading out/: its rows, by id."""
        with (self.home / "in" / "customers.csv").open(encoding="utf-8") as file:
            rows = {one["id"]: one for one in csv.DictReader(file)}
        for file in sorted((self.home / "out").glob("*.csv")):
            with file.open(encoding="utf-8-sig") as lines:
                rows |= {one["id"]: one for one in csv.DictReader(lines)}
        return rows


_OF_THIS_RUN = ("id", "version", "created_at", "updated_at", "source_updated_at")


def _mail_of(party: Mapping[str, Any]) -> str:
    return next((one.split()[1] for one in party["contacts"] if one.startswith("email ")), "nobody")
