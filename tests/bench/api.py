"""A customer by its id: the API beside a bare Flask + SQLAlchemy handler; and the change feed under four writers.

    python tests/bench/api.py [--rounds 5] [--requests 1500] [--databases sqlite,postgres] [--feed 60]

Both handlers run under the same server (granian, eight threads) in processes of their own, on the same table of the
same database, and are asked in turns: what counts is the CPU that the serving process used per request, median of the
rounds. The bare handler reads one row by SQLAlchemy Core and answers with the stored text: no token, no id to read, no
version, no header. The floor: ours within 1.5 of it. `--feed`: seconds of the feed test on PostgreSQL; 0 leaves it out.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

CUSTOMERS = 20_000
CLIENTS = 4
FLOOR = 1.5
KINDS = ("bare", "ours", "orm")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=1500)
    parser.add_argument("--databases", default="sqlite,postgres")
    parser.add_argument("--feed", type=float, default=60.0)
    parser.add_argument("--serve", nargs=3, metavar=("KIND", "HOME", "PORT"))
    options = parser.parse_args()
    if options.serve:
        serve(options.serve[0], Path(options.serve[1]), int(options.serve[2]))
        return 0
    import intake

    missed = 0
    for database in options.databases.split(","):
        with (
            tempfile.TemporaryDirectory(prefix="hub-bench-") as folder,
            intake._url(database, Path(folder)) as (url, _),
        ):
            missed |= by_id(database, url, Path(folder), rounds=options.rounds, count=options.requests)
            if options.feed and database == "postgres":
                missed |= by_feed(url, Path(folder), options.feed)
    return missed


# --- one customer by id ---------------------------------------------------------------------------


def by_id(database: str, url: str, folder: Path, *, rounds: int, count: int) -> int:
    home, token, ids = fill(url, folder)
    chance = random.Random(1)
    used: dict[str, list[float]] = {}
    with serving("bare", home) as bare, serving("ours", home) as ours, serving("orm", home) as orm:
        cases: dict[str, tuple[Server, Callable[[int], tuple[str, dict[str, str]]]]] = {
            "bare, Core": (bare, lambda id: (f"/customers/{id}", {})),
            "ours": (ours, lambda id: (address(id), {"Authorization": f"Bearer {token}"})),
            "ours, 304": (
                ours,
                lambda id: (address(id), {"Authorization": f"Bearer {token}", "If-None-Match": '"1"'}),
            ),
            "bare, ORM + jsonify": (orm, lambda id: (f"/customers/{id}", {})),
        }
        for turn in range(rounds + 1):
            for name, (server, asked) in cases.items():
                found = server.measure([asked(chance.choice(ids)) for _ in range(count)])
                if turn:  # the first warms up
                    used.setdefault(name, []).append(found)
    middle = {name: statistics.median(many) for name, many in used.items()}
    print(f"\n{database}: one customer of {CUSTOMERS:,} by id, {rounds} rounds of {count} requests, medians")
    for name, seconds in middle.items():
        spread = f"{min(used[name]) * 1e6:,.0f}-{max(used[name]) * 1e6:,.0f}"
        print(
            f"  {name:20} {seconds * 1e6:7,.0f} µs CPU per request ({spread})   x {seconds / middle['bare, Core']:.2f}"
        )
    ratio = middle["ours"] / middle["bare, Core"]
    print(f"  floor {FLOOR}: {'met' if ratio <= FLOOR else 'MISSED'}")
    return int(ratio > FLOOR)


def address(id: int) -> str:
    from hub.canonical.ids import show

    return f"/api/v1/customers/{show('cus', id)}"


def fill(url: str, folder: Path) -> tuple[Path, str, list[int]]:
    """A home whose store holds customers; its token; their ids."""
    from hub import settings
    from hub.flows import tokens
    from hub.store import migrate
    from hub.store.golden_row import encode_doc
    from hub.store.queries import customers
    from hub.store.queries.customers import CustomerRow
    from hub.store.session import Database

    home = settings.create_home(folder / "home", template="")
    (home / "hub.toml").write_text(f'database_url = "{url}"\n', encoding="utf-8")
    migrate.upgrade(url)
    db = Database(url)
    now = time.time()
    ids = [(1 << 60) + n * 977 for n in range(CUSTOMERS)]
    rows = [
        CustomerRow(
            id, 1, None, encode_doc(_fields(n), {"email": [["email[work]", f"w{n}@y.org"]]}), "{}", now, now
        )
        for n, id in enumerate(ids)
    ]
    with db.write() as conn:
        customers.put(conn, rows, fresh=True)
    db.analyse()
    token = tokens.add(db, "bench", scopes=["read"], by="bench", now=now, per_minute=100_000_000)
    db.close()
    return home, token, ids


def _fields(n: int) -> dict[str, Any]:
    return {
        "kind": "person", "given_name": "Ann", "family_name": f"Archer{n}", "full_name": f"Ann Archer{n}",
        "display_name": f"Ann Archer{n}", "email": f"ann{n}@example.org", "phone": f"+4930{20_000_000 + n}",
        "phone[mobile]": f"+49170{1_000_000 + n}", "address.line1": f"Hauptstraße {n % 200}",
        "address.postal_code": "10115", "address.locality": "Berlin", "address.country": "DE",
        "tags": ["newsletter", "vip"], "lifecycle_stage": "customer",
        "credit_limit": {"amount": "1200.00", "currency": "EUR"},
    }  # fmt: skip


class Server:
    """A serving process, and how much CPU it uses."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.port = process, port

    def cpu(self) -> float:
        """CPU seconds of the process and of those it started."""
        import intake

        mine = [self.process.pid]
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and intake._parent(int(entry.name)) == self.process.pid:
                mine.append(int(entry.name))
        return sum(intake._stat(one) for one in mine)

    def measure(self, requests: list[tuple[str, dict[str, str]]]) -> float:
        """CPU seconds per request, asked by some clients at once."""
        before = self.cpu()
        shares = [requests[n::CLIENTS] for n in range(CLIENTS)]
        faults: list[str] = []
        threads = [threading.Thread(target=self._ask, args=(one, faults)) for one in shares]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if faults:
            raise RuntimeError(faults[0])
        return (self.cpu() - before) / len(requests)

    def _ask(self, requests: list[tuple[str, dict[str, str]]], faults: list[str]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        for path, headers in requests:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status not in (200, 304):
                faults.append(f"{path}: {answer.status} {body[:300]!r}")
                return


@contextmanager
def serving(kind: str, home: Path) -> Iterator[Server]:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen([sys.executable, __file__, "--serve", kind, str(home), str(port)])
    try:
        for _ in range(200):
            try:
                http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()
                break
            except OSError:
                time.sleep(0.1)
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait(20)


def serve(kind: str, home: Path, port: int) -> None:
    from hub import settings
    from hub.web import serve as web

    config = settings.load(home, {})
    if kind != "ours":
        web._load = {"bare": bare_app, "orm": orm_app}[kind]
    web.main(config, host="127.0.0.1", port=port)


def bare_app(config: Any) -> Any:
    """What anybody would write in ten lines."""
    from flask import Flask, Response
    from sqlalchemy import select

    from hub.store.session import Database
    from hub.store.tables import customer

    app, engine = Flask("bare"), Database(config.database_url).engine

    @app.get("/customers/<int:id>")
    def one(id: int) -> Any:
        with engine.connect() as connection:
            row = connection.execute(select(customer).where(customer.c.id == id)).first()
        return Response(row.doc, mimetype="application/json") if row else ("", 404)

    return app


def orm_app(config: Any) -> Any:
    """The same with mapped objects and Flask's own JSON."""
    import json

    from flask import Flask, jsonify
    from sqlalchemy.orm import DeclarativeBase, Session

    from hub.store.session import Database
    from hub.store.tables import customer

    class Base(DeclarativeBase):
        pass

    class Customer(Base):
        __table__ = customer

    app, engine = Flask("orm"), Database(config.database_url).engine

    @app.get("/customers/<int:id>")
    def one(id: int) -> Any:
        with Session(engine) as session:
            row: Any = session.get(Customer, id)
            return jsonify(id=row.id, version=row.version, updated_at=row.updated_at, **json.loads(row.doc))

    return app


# --- the feed -------------------------------------------------------------------------------------


def by_feed(url: str, folder: Path, seconds: float) -> int:
    """Four writing processes, a reader that asks the API."""
    from flows.feed_race import faults, race

    from hub import settings
    from hub.flows import tokens
    from hub.store.session import Database
    from hub.web import create_app

    db = Database(url)
    token = tokens.add(db, "feed", scopes=["read"], by="bench", now=time.time(), per_minute=100_000_000)
    db.close()
    client = create_app(settings.load(folder / "home", {})).test_client()
    from hub.canonical.ids import read as number

    def read(cursor: int) -> tuple[list[tuple[int, int, str]], int]:
        answer: Any = client.get(
            f"/api/v1/changes?after={cursor}&limit=500", headers={"Authorization": f"Bearer {token}"}
        ).json
        return [(c["seq"], number("cus", c["customer_id"]), c["kind"]) for c in answer["changes"]], answer[
            "next"
        ]

    result = race(url, seconds, read=read)
    wrong = faults(result)
    each = ", ".join(f"{len(one):,}" for one in result.committed)
    print(
        f"\npostgres: feed, 4 writing processes for {seconds:.0f} s: {result.transactions:,} commits, {each} changes; "
        f"{len(result.read):,} read in {result.polls:,} answers: {'; '.join(wrong) or 'no gap, no repeat, none missed'}"
    )
    return int(bool(wrong))


if __name__ == "__main__":
    os.environ.pop("HUB_HOME", None)
    sys.exit(main())
