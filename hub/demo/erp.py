"""A real ERP (Tryton on SQLite) for the demo and the tests: started from nothing, on loopback, gone when we are."""

from __future__ import annotations

import atexit
import base64
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any

from hub.demo.erp_build import (
    DATABASE,
    Installed,
    Progress,
    cache_folder,
    clean_environment,
    installed,
    tail,
    write_config,
)
from hub.errors import ConnectionBroken

START_SECONDS = 60.0
_PORT_ATTEMPTS = 3
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_WITH_INACTIVE = base64.urlsafe_b64encode(b'{"active_test": false}').decode()
_SERVE = Path(__file__).with_name("erp_serve.py")


def _silent(line: str) -> None:
    return None


class Erp:
    """A running ERP. `url` and `key` are what a connection takes; `stop()` or leaving the `with` ends it."""

    def __init__(self, folder: Path, *, port: int, key: str, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.port = port
        self.key = key
        self.url = f"http://127.0.0.1:{port}/{DATABASE}"
        self.log = folder / "erp.log"
        self._process = process
        atexit.register(self.stop)

    def __repr__(self) -> str:
        return f"Erp({self.url})"

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        port: int | None = None,
        progress: Progress = _silent,
        fresh: bool = True,
        cache: Path | None = None,
    ) -> Erp:
        """Start an ERP whose database lives in `folder`. The first start on a machine installs it (10 to 60 s).

        `port`: a free one if not given. `fresh`: begin with an empty database and a new key, else go on with what
        `folder` holds. `cache`: where the installation is kept (default: the user's cache folder). Raises
        ConnectionBroken with the log's end when it cannot be built or does not come up.
        """
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        built = installed(cache or cache_folder(), progress=progress)
        key = _prepare(folder, built, fresh=fresh)
        for attempt in range(_PORT_ATTEMPTS):
            chosen = port or _free_port()
            erp = cls(folder, port=chosen, key=key, process=_launch(folder, built, chosen))
            try:
                erp._wait()
            except ConnectionBroken:
                erp.stop()
                if port is None and attempt + 1 < _PORT_ATTEMPTS and "in use" in tail(erp.log):
                    continue
                raise
            progress(f"the ERP runs at {erp.url}")
            return erp
        raise AssertionError("unreachable")

    def call(self, method: str, path: str, body: Any = None, *, timeout: float = 30.0) -> Any:
        """One call of the ERP's own REST API, as an outsider makes it: `path` below `rest/model/`, inactive records
        included. Raises urllib.error.HTTPError.
        """
        request = urllib.request.Request(  # noqa: S310 (our own loopback address)
            f"{self.url}/rest/model/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"bearer {self.key}",
                "Content-Type": "application/json",
                "X-Tryton-Context": _WITH_INACTIVE,
            },
        )
        with _DIRECT.open(request, timeout=timeout) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def press(self, model: str, id: int, button: str) -> None:
        """Press a button of a form."""
        self.call("POST", f"{model}/{id}/{button}", {})

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """End the server and everything it started; the database stays in the folder. May be called twice."""
        atexit.unregister(self.stop)
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=10)

    def __enter__(self) -> Erp:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait(self) -> None:
        """Until it answers with our key, or is dead, or START_SECONDS are over."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.running:
            try:
                self.call("GET", "ir.lang?f=code&s=1", timeout=2)
                return
            except OSError:
                time.sleep(0.1)
        what = "did not answer in time" if self.running else "ended at once"
        raise ConnectionBroken(f"the ERP at {self.url} {what}", cause=tail(self.log), fix=f"see {self.log}")


def _prepare(folder: Path, built: Installed, *, fresh: bool) -> str:
    """Put the database in place; returns the API key that opens it."""
    database, key_file = folder / "db" / f"{DATABASE}.sqlite", folder / "key"
    if not fresh and database.exists() and key_file.exists():
        return key_file.read_text(encoding="ascii")
    database.parent.mkdir(mode=0o700, exist_ok=True)
    for left in database.parent.glob(f"{DATABASE}.sqlite*"):
        left.unlink()  # also -wal and -shm: the old log would be replayed over the new file
    shutil.copyfile(built.template, database)
    key = secrets.token_hex(32)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE res_user_application SET key = ?", (key,))
    key_file.touch(mode=0o600)
    key_file.write_text(key, encoding="ascii")
    return key


def _launch(folder: Path, built: Installed, port: int) -> subprocess.Popen[bytes]:
    config = folder / "erp.conf"
    write_config(config, databases=folder / "db", port=port)
    with (folder / "erp.log").open("wb") as log:
        return subprocess.Popen(
            [str(built.python), str(_SERVE), str(config), DATABASE],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=clean_environment(),
            cwd=folder,
            start_new_session=True,
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
