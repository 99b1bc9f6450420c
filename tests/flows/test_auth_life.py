"""The life of an authorisation: refused, queued, renewed, going on at once; foreseen where the vendor tells its end."""

from __future__ import annotations

import base64
import json
import multiprocessing
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.errors import NeedsReauth
from hub.flows import auth_life, connection_life
from hub.flows.configure import load_stored
from hub.flows.oauth_tokens import StoredTokens
from hub.flows.upkeep import sweep
from hub.sdk.http import Http
from hub.sdk.oauth import OAuth, Provider
from hub.sdk.tokens import Tokens
from hub.settings import Settings
from hub.store.session import Database

System = Callable[..., MemorySystem]
DAY = 86400.0


@pytest.fixture
def settings(db: Database, db_url: str, tmp_path: Path) -> Settings:
    key = tmp_path / "hub.key"
    key.write_bytes(base64.urlsafe_b64encode(secrets.token_bytes(32)) + b"\n")
    return Settings(home=tmp_path, database_url=db_url, key_file=key)


class Vendor(ThreadingHTTPServer):
    """An authorisation server that rotates refresh tokens and says no to one that was used. asked: what came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Desk)
        self.asked: list[str] = []
        self.live = "refresh-1"
        self.says: dict[str, Any] = {}
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Desk(BaseHTTPRequestHandler):
    server: Vendor

    def do_POST(self) -> None:
        from urllib.parse import parse_qs

        given = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        grant = given["grant_type"][0]
        token = given.get("refresh_token", [grant])[0]
        time.sleep(0.2)
        with self.server.lock:
            self.server.asked.append(token)
            good = grant == "client_credentials" or token == self.server.live
            number = len(self.server.asked) + 1
            said: dict[str, Any] = {"error": "invalid_grant"}
            if good:
                said = {"access_token": f"access-{number}", "expires_in": 3600, **self.server.says}
                if grant != "client_credentials":
                    self.server.live = said["refresh_token"] = f"refresh-{number}"
        body = json.dumps(said).encode()
        self.send_response(200 if good else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


def oauth(settings: Settings, vendor_url: str, **of: Any) -> OAuth:
    return OAuth(
        Provider(**of), Http(), server=vendor_url, client_id="c", client_secret="s",
        tokens=StoredTokens(settings, "crm"),
    )  # fmt: skip


def _work(settings: Settings, url: str, start: Any, of: dict[str, Any], answers: Any) -> None:
    mine = oauth(settings, url, **of)
    start.wait()
    answers.put((os.getpid(), mine.current().access))


@pytest.mark.parametrize("grant", ["authorization_code", "client_credentials"])
def test_four_processes_refresh_once(settings: Settings, vendor: Vendor, grant: str) -> None:
    if grant == "authorization_code":
        assert StoredTokens(settings, "crm").swap(None, Tokens("dead", "refresh-1", expires_at=1.0))
    spawn = multiprocessing.get_context("spawn")
    start, answers = spawn.Barrier(4), spawn.Queue()
    workers = [
        spawn.Process(target=_work, args=(settings, vendor.url, start, {"grant": grant}, answers))
        for _ in range(4)
    ]
    for one in workers:
        one.start()
    got = [answers.get(timeout=120) for _ in workers]
    for one in workers:
        one.join()
    assert len({pid for pid, _ in got}) == 4
    assert {access for _, access in got} == {"access-2"}
    assert len(vendor.asked) == 1, vendor.asked


def test_client_credentials_are_asked_again_when_they_end_and_need_nobody(
    settings: Settings, vendor: Vendor, db: Database
) -> None:
    mine = oauth(settings, vendor.url, grant="client_credentials", scopes=("read",))
    assert mine.current().access == "access-2"
    with db.read() as conn:
        found = auth_life.forecast(conn, settings, "crm")
    assert (found.kind, found.refresh_expires_at, found.days) == ("client_credentials", None, None)
    assert mine.renew() and mine.current().access == "access-3"


def test_the_end_of_a_refresh_token_is_foreseen_and_kept_while_it_is(
    settings: Settings, vendor: Vendor, db: Database
) -> None:
    store = StoredTokens(settings, "crm")
    assert store.swap(None, Tokens(None, "refresh-1"))
    vendor.says = {"refresh_token_expires_in": 30 * 86400}
    mine = oauth(settings, vendor.url)
    mine.current()
    now = time.time()
    with db.read() as conn:
        found = auth_life.forecast(conn, settings, "crm", now=now)
        later = auth_life.forecast(conn, settings, "crm", now=now + 20 * DAY)
    assert found.kind == "authorization_code" and found.days == pytest.approx(30, abs=0.1)
    assert later.days == pytest.approx(10, abs=0.1)
    vendor.says = {}
    assert mine.renew()
    with db.read() as conn:
        assert auth_life.forecast(conn, settings, "crm").days is None, (
            "another token, and nothing is said of it"
        )


def test_an_access_token_that_nothing_renews_ends_by_itself(settings: Settings, db: Database) -> None:
    now = time.time()
    assert StoredTokens(settings, "crm").swap(
        None, Tokens("access", None, now + 5 * DAY, grant="authorization_code")
    )
    with db.read() as conn:
        assert auth_life.forecast(conn, settings, "crm", now=now).days == pytest.approx(5)
        assert auth_life.forecast(conn, settings, "erp", now=now) == auth_life.Authorisation("fixed")


# --- what it does to a connection --------------------------------------------------------------------


@pytest.fixture
def two(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    alpha, beta = system("alpha"), system("beta")
    for one in (alpha, beta):
        one.put(id=f"{one.name[0]}1", first="Ann", last="Lee", mail="ann@x.org", city="Bonn")
        hub.connect(one.name, 'update = true\nschedule = "every 5m"', map=MAP)
    hub.settle()
    hub.clock.wait(60)
    return alpha, beta


def test_a_refused_login_stops_pulls_queues_pushes_and_waking_goes_on_at_once(
    hub: Hub, two: tuple[MemorySystem, MemorySystem]
) -> None:
    alpha, beta = two
    beta.broken = NeedsReauth("beta refuses our token.")
    hub.sync("beta")
    state, reason, since = hub.rows("SELECT state, reason, state_at FROM connection WHERE name = 'beta'")[0]
    assert (state, reason) == ("needs_reauth", "beta refuses our token.") and since is not None
    alpha.edit("a1", city="Köln")
    hub.clock.wait(600)
    hub.sync("alpha")
    assert hub.count("delivery", "state = 'waiting' AND attempts = 0") == 1
    hub.clock.wait(3600)
    beta_id = hub.stream("beta").connection_id
    assert all(id != beta_id for kind, id, _ in sweep(hub.db, hub.clock()) if kind == "drain")
    hub.sync("beta")
    assert hub.rows("SELECT state_at FROM connection WHERE name = 'beta'")[0][0] == since, (
        "it is the same trouble"
    )
    beta.broken = None
    with hub.db.write() as conn:
        connection_life.wake(conn, load_stored(conn)["beta"], now=hub.clock())
    calls = list(sweep(hub.db, hub.clock()))
    run = hub.one("SELECT id FROM run WHERE state = 'queued' AND kind = 'pull' ORDER BY id DESC")
    assert {("drain", beta_id, "bulk"), ("pull", run, "bulk")} <= {*calls}, "no time is waited for"
    hub.settle()
    assert beta.rows["b1"]["city"] == "Köln"
    assert hub.count("connection", "state = 'active' AND state_at IS NULL AND reason IS NULL") == 2
