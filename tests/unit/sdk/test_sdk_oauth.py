"""OAuth against a small authorisation server in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import orjson
import pytest

from hub.errors import ConnectionBroken, NeedsReauth, RateLimited, RemoteUnavailable
from hub.sdk.http import Http
from hub.sdk.oauth import OAuth, Provider
from hub.sdk.tokens import MemoryTokens, Tokens
from hub.testkit.loopback import Fault, Loopback, Reply, Request

PROVIDER = Provider(
    "/auth", "/token", scopes=("a.READ", "b.ALL"), separator=",", keep=("api_domain",), pkce=True
)


class Server(Loopback):
    """Rotates the refresh token with each use; the one before is dead at once."""

    def __init__(self) -> None:
        super().__init__()
        self.refresh = "refresh-0000"
        self.count = 0
        self.refuse: dict[str, Any] | None = None
        self.stored: list[str | None] = []
        self.store: MemoryTokens | None = None

    def answer(self, request: Request) -> Reply:
        if request.path == "/me":
            good = request.headers.get("authorization") == f"Bearer access-{self.count:04d}"
            if self.store is not None:
                standing = self.store.load()
                self.stored.append(standing.refresh if standing else None)
            return Reply(200 if good else 401, b"{}", {"Content-Type": "application/json"})
        if self.refuse is not None:
            return Reply(int(self.refuse.pop("status", 400)), orjson.dumps(self.refuse))
        given = dict(parse_qsl(request.body.decode()))
        ok = given.get("client_id") == "client" and given.get("client_secret") == "client-secret-1"
        if given.get("grant_type") == "refresh_token":
            ok = ok and given["refresh_token"] == self.refresh
        if not ok:
            return Reply(400, orjson.dumps({"error": "invalid_grant"}))
        self.count += 1
        self.refresh = f"refresh-{self.count:04d}"
        made = {
            "access_token": f"access-{self.count:04d}",
            "refresh_token": self.refresh,
            "expires_in": 3600,
            "api_domain": "https://eu.example.org",
        }
        return Reply(200, orjson.dumps(made), {"Content-Type": "application/json"})


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def oauth(server: Server, store: MemoryTokens, **more: Any) -> OAuth:
    return OAuth(
        more.pop("provider", PROVIDER),
        Http(),
        server=server.url,
        client_id="client",
        client_secret="client-secret-1",
        tokens=store,
        **more,
    )


def test_the_configured_refresh_token_is_used_once_and_then_the_stored_one(server: Server) -> None:
    store = MemoryTokens()
    first = oauth(server, store, seed="refresh-0000")
    assert first.headers() == {"Authorization": "Bearer access-0001"}
    assert first.current().extra == {"api_domain": "https://eu.example.org"}
    second = oauth(server, store, seed="refresh-0000")
    assert second.headers() == {"Authorization": "Bearer access-0001"}, "a job uses what another one stored"
    assert server.count == 1


def test_another_configured_refresh_token_wins_over_the_stored_one(server: Server) -> None:
    store = MemoryTokens()
    oauth(server, store, seed="refresh-0000").current()
    server.refresh = "refresh-by-hand"
    assert oauth(server, store, seed="refresh-by-hand").current().access == "access-0002"


def test_the_new_refresh_token_is_stored_before_the_access_token_is_used(server: Server) -> None:
    store = MemoryTokens()
    server.store = store
    mine = oauth(server, store, seed="refresh-0000")
    api = Http().at(server.url, auth=mine)
    mine.fresh(lambda: api.get("/me"))
    assert server.stored == ["refresh-0001"]


def test_a_refused_access_token_is_renewed_once(server: Server) -> None:
    store = MemoryTokens(Tokens("dead", "refresh-0000", 9e9))
    mine = oauth(server, store)
    api = Http().at(server.url, auth=mine)
    assert mine.fresh(lambda: api.get("/me")).status == 200
    assert server.count == 1


def test_a_dead_refresh_token_needs_a_person(server: Server) -> None:
    mine = oauth(server, MemoryTokens(Tokens(None, "revoked-token")))
    with pytest.raises(NeedsReauth) as found:
        mine.headers()
    assert found.value.code == "needs_reauth" and "hub connection authorize" in str(found.value)
    assert "revoked-token" not in str(found.value)


def test_a_no_with_status_200_is_a_no(server: Server) -> None:
    server.refuse = {"status": 200, "error": "invalid_code"}
    with pytest.raises(NeedsReauth):
        oauth(server, MemoryTokens(), seed="refresh-0000").headers()


def test_too_many_token_calls_are_waited_for(server: Server) -> None:
    server.refuse = {"error": "Access Denied", "error_description": "too many requests continuously"}
    with pytest.raises(RateLimited):
        oauth(server, MemoryTokens(), seed="refresh-0000").headers()


def test_a_server_that_fails_gives_the_right_to_refresh_back(server: Server) -> None:
    store = MemoryTokens()
    server.arm(Fault("status", status=503, times=9))
    with pytest.raises(RemoteUnavailable):
        oauth(server, store, seed="refresh-0000").headers()
    standing = store.load()
    assert standing is not None and standing.claimed_until == 0.0
    server.calm()
    assert oauth(server, store, seed="refresh-0000").headers()["Authorization"] == "Bearer access-0001"


def test_many_workers_refresh_once(server: Server) -> None:
    store = MemoryTokens(Tokens(None, "refresh-0000"))
    got: list[str | None] = []
    workers = [
        threading.Thread(target=lambda: got.append(oauth(server, store, sleep=_short).current().access))
        for _ in range(6)
    ]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert got == ["access-0001"] * 6 and server.count == 1


def test_a_claim_of_a_dead_worker_is_taken_over(server: Server) -> None:
    now = 1_000_000.0
    store = MemoryTokens(Tokens(None, "refresh-0000", claimed_until=now - 1))
    assert oauth(server, store, clock=lambda: now).current().access == "access-0001"


def test_nobody_waits_for_ever_for_another_worker(server: Server) -> None:
    now = 1_000_000.0
    store = MemoryTokens(Tokens(None, "refresh-0000", claimed_until=now + 40))
    with pytest.raises(RemoteUnavailable):
        oauth(server, store, clock=lambda: now, sleep=lambda seconds: None).current()


def test_a_person_says_yes(server: Server) -> None:
    store = MemoryTokens()
    mine = oauth(server, store)
    with pytest.raises(NeedsReauth):
        mine.headers()
    where = mine.address("https://hub.example.org/oauth/callback", state="s1", verifier="v" * 43)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(where).query).items()}
    assert asked["scope"] == "a.READ,b.ALL" and asked["state"] == "s1"
    assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43
    mine.accept("the-code", "https://hub.example.org/oauth/callback", verifier="v" * 43)
    standing = store.load()
    assert standing is not None and standing.refresh == "refresh-0001"
    assert b"code_verifier=vvv" in server.requests[-1].body


def test_client_credentials_need_no_refresh_token(server: Server) -> None:
    store = MemoryTokens()
    mine = oauth(server, store, provider=Provider("/auth", "/token", grant="client_credentials"))
    assert mine.headers() == {"Authorization": "Bearer access-0001"}
    assert mine.renew() and mine.headers() == {"Authorization": "Bearer access-0002"}


def test_tokens_are_kept_as_json_and_never_shown() -> None:
    tokens = Tokens("access-1234", "refresh-1234", 12.5, {"api_domain": "https://x"}, "5eed", 3.0)
    assert Tokens.from_json(orjson.loads(orjson.dumps(tokens.to_json()))) == tokens
    assert "1234" not in repr(tokens)


def _short(seconds: float) -> None:
    threading.Event().wait(0.01)


def test_our_secret_is_told_to_no_server_that_a_callback_makes_up(server: Server) -> None:
    with Server() as foreign, pytest.raises(ConnectionBroken):
        oauth(server, MemoryTokens()).accept("the-code", "https://hub.example.org/cb", server=foreign.url)
    assert not foreign.requests and not server.requests


def test_an_account_is_refreshed_at_the_server_it_lives_at(server: Server) -> None:
    store = MemoryTokens()
    with Server() as other:
        known = replace(PROVIDER, servers=(other.url,))
        mine = oauth(server, store, provider=known)
        mine.accept("the-code", "https://hub.example.org/cb", server=other.url)
        assert mine.renew() and other.count == 2 and server.count == 0
