"""A real online store (Vendure on PostgreSQL) for the demo: installed once per machine, on loopback, gone when we are.

It needs Node.js (20 or newer) with npm, and a PostgreSQL that can be started (`hub/demo/postgres.py`).
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hub.demo import postgres
from hub.demo.erp_build import Progress, cache_folder, tail
from hub.errors import ConnectionBroken

VERSION = "3.6.3"
PACKAGE = {"private": True, "dependencies": {"@vendure/core": VERSION, "pg": "^8"}}
AS_OF = "2026-07-01"  # npm resolves what it needs as of this day: the same tree on every machine
INSTALL_SECONDS, START_SECONDS = 600, 180.0
USER = "keeper"
_APP = Path(__file__).with_name("store_app.cjs")
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class StoreRefused(Exception):
    """The store answered with an error; `str()` is what it said."""


class Caller:
    """Calls one of the store's two APIs, in a session of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._token: str | None = None

    def __call__(self, query: str, /, **variables: Any) -> dict[str, Any]:
        """The answer's data. Raises StoreRefused, OSError."""
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self.url, data=body, headers=headers)  # noqa: S310 (our own loopback address)
        try:
            with _DIRECT.open(request, timeout=60) as answer:
                self._token = answer.headers.get("vendure-auth-token") or self._token
                said = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise StoreRefused(error.read().decode(errors="replace")) from None
        if said.get("errors"):
            raise StoreRefused(json.dumps(said["errors"]))
        for name, value in said["data"].items():
            if isinstance(value, dict) and value.get("errorCode"):
                raise StoreRefused(f"{name}: {json.dumps(value)}")
        return dict(said["data"])


class Store:
    """A running store. `url`, `user` and `password` are what a connection takes; `admin` is its keeper at work."""

    def __init__(self, folder: Path, *, progress: Progress) -> None:
        """Start it. Raises ConnectionBroken with what is missing, or the log's end."""
        self.log = folder / "store.log"
        self.user, self.password = USER, secrets.token_urlsafe(18)
        modules = _installed(cache_folder() / "store", progress=progress)
        with ExitStack() as held:
            try:
                database = held.enter_context(postgres.server())
            except postgres.NoPostgres as error:
                raise ConnectionBroken(
                    "the store needs PostgreSQL, and there is none",
                    cause=str(error),
                    fix="install it (Debian: apt-get install postgresql), or run: make postgres",
                ) from None
            port = _free_port()
            self._process = self._launch(folder, modules, {"port": port, "socket": str(database)})
            held.callback(self._end)
            self.url = f"http://127.0.0.1:{port}/admin-api"
            self._shop = f"http://127.0.0.1:{port}/shop-api"
            progress("starting the store")
            self._wait()
            self._held = held.pop_all()
        atexit.register(self.stop)
        self.admin = Caller(self.url)
        self.admin(
            "mutation($u:String!,$p:String!){login(username:$u,password:$p){...on ErrorResult{errorCode message}}}",
            u=self.user,
            p=self.password,
        )
        progress(f"the store runs at {self.url}")

    def __repr__(self) -> str:
        return f"Store({self.url})"

    def shopper(self) -> Caller:
        """Somebody at the shop, in a session of his own."""
        return Caller(self._shop)

    def stop(self) -> None:
        """End it; its database is gone with it. May be called twice."""
        atexit.unregister(self.stop)
        self._held.close()

    def _launch(self, folder: Path, modules: Path, given: dict[str, Any]) -> subprocess.Popen[bytes]:
        told = json.dumps({**given, "user": self.user, "password": self.password})
        shutil.copyfile(_APP, modules.parent / _APP.name)
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [shutil.which("node") or "node", _APP.name],
                cwd=modules.parent,
                env={**os.environ, "STORE": told, "VENDURE_DISABLE_TELEMETRY": "true"},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            if b"READY" in self.log.read_bytes():
                return
            time.sleep(0.1)
        raise ConnectionBroken("the store did not come up", cause=tail(self.log), fix=f"see {self.log}")

    def _end(self) -> None:
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=10)


def _installed(cache: Path, *, progress: Progress) -> Path:
    """The folder node_modules of the store, installed now if it is not there. Raises ConnectionBroken."""
    for command in ("node", "npm"):
        if shutil.which(command) is None:
            raise ConnectionBroken(
                f"the store needs {command}, and it is not on PATH",
                fix="install Node.js 20 or newer with npm (Debian: apt-get install nodejs npm)",
            )
    wanted = hashlib.sha256(json.dumps([PACKAGE, AS_OF], sort_keys=True).encode()).hexdigest()[:12]
    folder = cache / wanted
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(json.dumps(PACKAGE), encoding="utf-8")
        progress(f"installing the store (Vendure {VERSION}), once, in {folder}")
        _npm_install(folder)
        (folder / "ready").touch()
    return folder / "node_modules"


def _npm_install(folder: Path) -> None:
    log = folder / "npm.log"
    command = ["npm", "install", f"--before={AS_OF}", "--ignore-scripts", "--no-audit", "--no-fund"]
    with log.open("wb") as out:
        try:
            done = subprocess.run(
                command, cwd=folder, stdout=out, stderr=out, timeout=INSTALL_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise ConnectionBroken("installing the store took too long", cause=tail(log)) from None
    if done.returncode:
        raise ConnectionBroken(
            "the store could not be installed",
            cause=tail(log),
            fix=f"it comes from the npm registry: is that reachable? The whole log: {log}",
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
