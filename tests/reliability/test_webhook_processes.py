"""Webhooks answered with 200 are never lost: the queue forgets them, workers are killed over them."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from bench.propagation import Home, Watched, customer
from reliability.processes import commands, kill

from hub import settings

pytestmark = pytest.mark.slow

LEASE = 5
PATIENCE = 60.0
COUNT = 30


class Company(NamedTuple):
    """Two systems with the same customers, and a hub at work between them."""

    home: Home
    shop: Watched
    crm: Watched
    ids: list[str]
    port: int

    def tell(self, number: int, city: str) -> None:
        """A person changes a customer in the shop, which calls the hub and hears 200."""
        self.shop.put({"city": city}, row_id=self.ids[number])
        headers, body = self.shop.webhook(self.ids[number])
        web = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        web.request("POST", "/hooks/shop", body, headers)
        assert web.getresponse().status == 200
        web.close()

    def arrived(self, word: str) -> int:
        """How many customers live in a city of this word in the crm."""
        return sum(str(row.get("city", "")).startswith(word) for row in self.crm.rows.values())

    def until(self, true: Callable[[], object], *, what: str) -> float:
        began = time.monotonic()
        while not true():
            assert time.monotonic() - began < PATIENCE, (
                f"not in {PATIENCE:.0f} s: {what}\n{self.log()[-5000:]}"
            )
            time.sleep(0.05)
        return time.monotonic() - began

    def log(self) -> str:
        return self.home.log.read_text(errors="replace")

    def processes(self, *words: str) -> list[int]:
        wanted = [os.fsencode(one) for one in ("--home", str(self.home.home), *words)]
        return [pid for pid, line in commands() if all(one in line for one in wanted)]

    def open_rows(self) -> int:
        return sum(
            '"done"' not in line
            for line in self.home.hub("inbox", "list", "--json").splitlines()
            if "{" in line
        )


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("webhook-processes")
    environment = {"HUB_LEASE_SECONDS": str(LEASE)}
    with Watched() as shop, Watched() as crm:
        ids = [customer(shop, crm, number) for number in range(COUNT)]
        home = Home(folder, f"sqlite:///{folder}/hub.sqlite", environment)
        home.configure(shop, crm, rows=1)
        with home.up() as port:
            yield Company(home, shop, crm, ids, port)


def test_what_the_queue_forgets_is_done_all_the_same(company: Company) -> None:
    workers = company.processes("worker")
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        for number in range(COUNT):
            company.tell(number, f"Flush {number}")
        _flush(company.home.home)
        assert company.arrived("Flush") == 0
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
    took = company.until(lambda: company.arrived("Flush") == COUNT, what="all changes")
    print(f"all there {took:.1f} s after the queue forgot them")
    company.until(lambda: company.open_rows() == 0, what="nothing is open")


def test_killed_workers_lose_nothing_and_double_nothing(company: Company) -> None:
    before = len(company.crm.rows)
    killed = 0
    for number in range(COUNT):
        company.tell(number, f"Kill {number}")
        if number % 6 == 5:
            time.sleep(0.15)
            pids = company.processes("worker", "realtime")
            killed += len(pids) > 1  # it was at a job
            kill(pids)
    took = company.until(lambda: company.arrived("Kill") == COUNT, what="all changes")
    print(f"{killed} times killed at work; all there {took:.1f} s after the last change")
    company.until(lambda: company.open_rows() == 0, what="nothing is open")
    assert len(company.crm.rows) == before
    company.home.hub("rebuild", "--check")


def _flush(home: Path) -> None:
    """All that the queue knows is lost at once."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(5)
        line.connect(str(settings.load(home, {}).socket))
        line.sendall(b"FLUSHALL\r\n")
        assert line.recv(16).startswith(b"+OK")
