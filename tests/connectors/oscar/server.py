"""A real shop (django-oscar with oscarapi on SQLite) for these tests: from PyPI, on loopback, gone when we are.

Its environment and an empty database are built once per machine and kept in the user's cache, under a name made from
everything that went into them.
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import fcntl
import hashlib
import http.cookiejar
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from hub.demo.erp_build import cache_folder, clean_environment, tail
from hub.errors import ConnectionBroken

USER, PASSWORD = "admin", "admin-is-no-secret-here"
REQUIREMENTS = ("django-oscar~=4.2.0", "django-oscar-api~=3.3.0", "waitress~=3.0")
BUILD_SECONDS = 600
START_SECONDS = 60.0

_SHOP = Path(__file__).parent / "shop"


class Shop:
    """A running shop. `url` is what a connection takes; `stop()` or leaving the `with` ends it.

    `options`: settings of the shop to replace or add, such as OSCARAPI_ADMIN_USER_FIELDS.
    """

    def __init__(self, folder: Path, *, options: Mapping[str, Any] | None = None) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "shop.log"
        self.database = self.folder / "shop.sqlite"
        built = _built(cache_folder() / "oscar")
        shutil.copyfile(built / "template" / "shop.sqlite", self.database)
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        self._process = self._launch(built / "venv" / "bin" / "python", options or {})
        atexit.register(self.stop)
        self._wait()

    def __enter__(self) -> Shop:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def client(self, user: str | None = None, password: str = "") -> Client:
        """Somebody at the shop's API: a person with a name and password, or a guest who only keeps cookies."""
        return Client(self.url, user, password)

    @property
    def admin(self) -> Client:
        return self.client(USER, PASSWORD)

    def sql(self, statement: str, *values: Any) -> list[Any]:
        """What happens in the shop otherwise than by its API (its dashboard, its own code)."""
        with closing(sqlite3.connect(self.database, timeout=20)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def stop(self) -> None:
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

    def _launch(self, python: Path, options: Mapping[str, Any]) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [str(python), str(_SHOP / "shop_serve.py"), str(self.port)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=_environment(self.folder, options),
                cwd=self.folder,
                start_new_session=True,
            )

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            try:
                self.client().call("GET", "countries/")
                return
            except urllib.error.HTTPError as error:
                self.stop()
                raise ConnectionBroken(f"the shop answers {error.code}", cause=tail(self.log)) from None
            except OSError:
                time.sleep(0.1)
        self.stop()
        raise ConnectionBroken("the shop did not come up", cause=tail(self.log), fix=f"see {self.log}")


class Client:
    """Calls of the shop's API as an outsider makes them, never through the connector."""

    def __init__(self, url: str, user: str | None, password: str) -> None:
        self.url = url
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if user is not None:
            packed = base64.b64encode(f"{user}:{password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {packed}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON, None if it is empty. Raises urllib.error.HTTPError."""
        url = path if path.startswith("http") else f"{self.url}/{path}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, method=method, data=data, headers=self._headers)
        with self._opener.open(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None


def _environment(folder: Path, options: Mapping[str, Any]) -> dict[str, str]:
    return {
        **clean_environment(),
        "PYTHONPATH": str(_SHOP),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
        "DJANGO_SETTINGS_MODULE": "shop_settings",
        "SHOP_FOLDER": str(folder),
        "SHOP_OPTIONS": json.dumps(dict(options)),
        "SHOP_PASSWORD": PASSWORD,
    }


def _built(cache: Path) -> Path:
    """The folder with the shop's environment and template, built now if they are not there. Raises ConnectionBroken."""
    parts = [sys.version, *REQUIREMENTS, *(file.read_text() for file in sorted(_SHOP.glob("*.py")))]
    folder = cache / hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            template = folder / "template"
            template.mkdir(parents=True)
            python = folder / "venv" / "bin" / "python"
            _run([sys.executable, "-m", "venv", str(folder / "venv")], folder)
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _run([*pip, *REQUIREMENTS], folder)
            _run([str(python), str(_SHOP / "shop_build.py")], folder, environment=_environment(template, {}))
            (folder / "ready").touch()
    return folder


def _run(command: list[str], folder: Path, *, environment: Mapping[str, str] | None = None) -> None:
    log = folder / "build.log"
    with log.open("ab") as out:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=environment or clean_environment(),
                cwd=folder,
                timeout=BUILD_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ConnectionBroken(
                f"building the shop took over {BUILD_SECONDS} s", cause=tail(log)
            ) from None
    if done.returncode:
        raise ConnectionBroken(
            "the shop could not be built",
            cause=tail(log),
            fix=f"it is installed from PyPI: is that reachable? The whole log: {log}",
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
