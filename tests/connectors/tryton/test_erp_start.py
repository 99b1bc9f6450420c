"""The demo's start-up of a real ERP: fresh or kept, alone on its port, and gone with whoever started it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
from pathlib import Path

import pytest

from hub.demo.erp import Erp
from hub.errors import ConnectionBroken

CHILD = """
import sys, time
from pathlib import Path
from hub.demo.erp import Erp
print(Erp.start(Path(sys.argv[1])).port, flush=True)
time.sleep(60)
"""


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def names(erp: Erp) -> list[str]:
    """Of the parties but the company itself."""
    own = [one["party"] for one in erp.call("GET", "company.company?f=party")]
    return [one["name"] for one in erp.call("GET", "party.party?f=name") if one["id"] not in own]


def test_kept_or_fresh(tmp_path: Path) -> None:
    lines: list[str] = []
    with Erp.start(tmp_path, progress=lines.append) as first:
        first.call("POST", "party.party", {"name": "Kept"})
        assert len(first.call("GET", "country.country?f=code")) == 249
        (company,) = first.call("GET", "company.company?f=currency.code")
        assert company["currency"]["code"] == "EUR"
        assert {one["code"] for one in first.call("GET", "product.product?f=code")} >= {"SHIPPING", "UNKNOWN"}
        assert oct((tmp_path / "key").stat().st_mode)[-3:] == "600"
    assert not first.running and not listens(first.port)
    assert lines[-1].endswith(first.url)
    with Erp.start(tmp_path, fresh=False, port=first.port) as again:
        assert (names(again), again.key, again.port) == (["Kept"], first.key, first.port)
    (tmp_path / "db" / "hub.sqlite-wal").write_bytes(b"an old log")
    with Erp.start(tmp_path) as anew:
        assert names(anew) == []
        assert anew.key != first.key
        anew.key = first.key
        with pytest.raises(urllib.error.HTTPError, match="401"):
            names(anew)
    anew.stop()


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConnectionBroken, match="in use"):
            Erp.start(tmp_path, port=taken.getsockname()[1])


def test_it_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout
    port = int(child.stdout.readline())
    assert listens(port)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    end = time.monotonic() + 10
    while listens(port) and time.monotonic() < end:
        time.sleep(0.05)
    assert not listens(port)
