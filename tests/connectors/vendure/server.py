"""A real Vendure store for these tests: started by the servers' script beside the checkout, reached by its own APIs.

The script needs Node, npm and PostgreSQL, so it is not part of this project: unless `$HUB_TEST_SERVERS`
names a folder with a `vendure.sh`, the tests that need the store are skipped and say so.
It works in a folder of its own, so that no other store is disturbed, and each session begins with an empty shop.
"""

from __future__ import annotations

import fcntl
import http.server
import json
import os
import secrets
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

PATIENCE = 600.0
WAIT_FOR_OTHERS = 300.0


class Absent(Exception):
    """The store cannot be started here; the reason as text."""


class StoreSaysNo(Exception):
    """The store answered with errors, or with another type than asked for."""


def scripts() -> Path:
    """The folder of the start scripts. Raises Absent."""
    named = os.environ.get("HUB_TEST_SERVERS")
    if not named:
        raise Absent("set HUB_TEST_SERVERS to a folder of start scripts (vendure.sh) to try a real store")
    folder = Path(named)
    if not (folder / "vendure.sh").is_file():
        raise Absent(f"no vendure.sh in {folder} (set HUB_TEST_SERVERS to the folder of the start scripts)")
    for command in ("bash", "node", "npm", "python3"):
        if shutil.which(command) is None:
            raise Absent(f"{command} is not installed, and the store needs it")
    return folder


class Hooks:
    """Takes the store's webhooks on a free port: (headers, body) each."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        hooks = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                hooks.taken.append((dict(self.headers), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks/shop"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait(self, topic: str, *, after: int = 0, seconds: float = 20.0) -> tuple[dict[str, str], bytes]:
        """The first webhook of this topic from position `after` on."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for headers, body in self.taken[after:]:
                if json.loads(body)["topic"] == topic:
                    return headers, body
            time.sleep(0.05)
        raise AssertionError(f"no webhook {topic} came within {seconds} s")

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Caller:
    """Calls one of the store's two APIs in a session of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token: str | None = None

    def __call__(self, query: str, /, **variables: Any) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self.url, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                self.token = answer.headers.get("vendure-auth-token") or self.token
                said = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise StoreSaysNo(error.read().decode(errors="replace")) from None
        if said.get("errors"):
            raise StoreSaysNo(json.dumps(said["errors"]))
        for name, value in said["data"].items():
            if isinstance(value, dict) and value.get("errorCode"):
                raise StoreSaysNo(f"{name}: {json.dumps(value)}")
        return dict(said["data"])


class Store:
    """A running store. `admin` is the administrator, `key` an API key, `shopper()` somebody at the shop API."""

    USER = "hub@example.org"

    def __init__(self) -> None:
        self._scripts = scripts()
        self._root = _root()
        self._lock = _alone(self._root)
        self.hooks = Hooks()
        self.secret = secrets.token_hex(12)
        self.password = secrets.token_hex(12)
        port, self._pg_port = _free_port(), _free_port()
        self._environ = {
            **os.environ,
            "SERVERS_ROOT": str(self._root),
            "PORT": str(port),
            "PGPORT": str(self._pg_port),
            "WEBHOOK_URL": self.hooks.url,
            "WEBHOOK_SECRET": self.secret,
        }
        self.url = f"http://127.0.0.1:{port}/admin-api"
        self._shop_url = f"http://127.0.0.1:{port}/shop-api"
        self._run("stop.sh", "vendure", "pg")  # what an earlier session that was killed may have left
        self._run("vendure.sh")
        self.key = _key(self.url)
        self.admin = Caller(self.url)
        self.admin('mutation{login(username:"superadmin",password:"superadmin"){__typename}}')
        person = {"firstName": "The", "lastName": "Hub", "emailAddress": self.USER, "roleIds": ["1"]}
        self.admin(
            "mutation($input:CreateAdministratorInput!){createAdministrator(input:$input){id}}",
            input={**person, "password": self.password},
        )

    def stop(self) -> None:
        self._run("stop.sh", "vendure")
        self.sql("drop database vendure", database="postgres")
        self._run("stop.sh", "pg")
        self.hooks.stop()
        self._lock.close()

    def sql(self, statement: str, *, database: str = "vendure") -> str:
        command = ("psql", "-h", "127.0.0.1", "-p", str(self._pg_port), "-U", "postgres", "-d", database)
        done = subprocess.run(
            (*command, "-Atc", statement), capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout.strip()

    def shopper(self) -> Caller:
        return Caller(self._shop_url)

    def key_with(self, permissions: Sequence[str]) -> str:
        """An API key whose role may do just this."""
        return _key(self.url, permissions=permissions)

    def log_out(self, authorization: str) -> None:
        """End somebody else's session."""
        other = Caller(self.url)
        other.token = authorization.removeprefix("Bearer ")
        other("mutation{logout{success}}")

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


_users: list[Store] = []


def acquire() -> Store:
    """The one store of this test session, started if need be. Raises Absent. Give it back with `release`."""
    _users.append(_users[0] if _users else Store())
    return _users[0]


def release() -> None:
    store = _users.pop()
    if not _users:
        store.stop()


def _root() -> Path:
    """A folder that the user postgres may enter too; kept between sessions, for it holds the installed packages."""
    default = "/var/cache" if os.geteuid() == 0 else os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")
    root = Path(os.environ.get("HUB_TEST_SERVERS_ROOT") or Path(default) / "crm-hub-vendure-tests")
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
                raise Absent("another test session holds the store") from None
            time.sleep(1.0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _key(url: str, *, permissions: Sequence[str] = ()) -> str:
    """A new API key, made by the administrator; with a role of just these permissions, or as the super admin."""
    boss = Caller(url)
    boss('mutation{login(username:"superadmin",password:"superadmin"){__typename}}')
    named = [{"languageCode": "en", "name": "hub"}]
    role = "1"
    if permissions:
        made = boss(
            "mutation($input:CreateRoleInput!){createRole(input:$input){id}}",
            input={"code": f"hub-{len(permissions)}", "description": "", "permissions": list(permissions)},
        )
        role = made["createRole"]["id"]
    made = boss(
        "mutation($input:CreateApiKeyInput!){createApiKey(input:$input){apiKey}}",
        input={"roleIds": [role], "translations": named},
    )
    return str(made["createApiKey"]["apiKey"])
