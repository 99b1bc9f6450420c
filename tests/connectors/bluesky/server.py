"""A real AT Protocol network for these tests: PDS, AppView and directory, started by the servers' script beside the
checkout, reached by people's own sessions.

The script needs Node, npm, PostgreSQL and fixed ports, so it is not part of this project: unless `$HUB_TEST_SERVERS`
names a folder with an `atproto.sh`, the tests that need a network are skipped and say so. It works in a folder of its
own; the network is empty whenever it starts.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import IO

PATIENCE = 600.0
WAIT_FOR_OTHERS = 300.0


class Absent(Exception):
    """The network cannot be started here; the reason as text."""


def scripts() -> Path:
    """The folder of the start scripts. Raises Absent."""
    named = os.environ.get("HUB_TEST_SERVERS")
    if not named:
        raise Absent("set HUB_TEST_SERVERS to a folder of start scripts (atproto.sh) to try a real network")
    folder = Path(named)
    if not (folder / "atproto.sh").is_file():
        raise Absent(f"no atproto.sh in {folder} (set HUB_TEST_SERVERS to the folder of the start scripts)")
    for command in ("bash", "node", "npm", "python3"):
        if shutil.which(command) is None:
            raise Absent(f"{command} is not installed, and the network needs it")
    return folder


class RealNetwork:
    """A running network of alice, bob and widgetco (each `NAME.test`, password `NAME-pass`)."""

    url = "http://127.0.0.1:2583"

    def __init__(self) -> None:
        self._scripts = scripts()
        self._root = _root()
        self._lock = _alone(self._root)
        self._environ = {
            **os.environ,
            "SERVERS_ROOT": str(self._root),
            "PGPORT": str(_free_port()),
            "MODE": "full",
        }
        self._environ.pop("PORT", None)
        self._run("stop.sh", "atproto", "redis", "pg")  # what a session that was killed may have left
        self._run("atproto.sh")

    def stop(self) -> None:
        self._run("stop.sh", "atproto", "redis", "pg")
        self._lock.close()

    def _run(self, script: str, *arguments: str) -> None:
        command = ("bash", str(self._scripts / script), *arguments)
        try:
            done = subprocess.run(
                command, env=self._environ, capture_output=True, text=True, check=False, timeout=PATIENCE
            )
        except subprocess.TimeoutExpired:
            raise Absent(f"{script} took longer than {PATIENCE:.0f} s") from None
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise Absent(f"{script} failed: {' '.join(said[-3:])}")


def _root() -> Path:
    """A folder that the user postgres may enter too; kept between sessions, for it holds the installed packages."""
    default = "/var/cache" if os.geteuid() == 0 else os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")
    root = Path(os.environ.get("HUB_TEST_SERVERS_ROOT") or Path(default) / "crm-hub-bluesky-tests")
    root.mkdir(parents=True, exist_ok=True)
    return root


def _alone(root: Path) -> IO[str]:
    """Wait until no other session uses this folder."""
    lock = (root / "session.lock").open("w")
    end = time.monotonic() + WAIT_FOR_OTHERS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except OSError:
            if time.monotonic() > end:
                lock.close()
                raise Absent("another test session holds the network") from None
            time.sleep(1.0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
