"""OAuth tokens in the store: encrypted, swapped, read with an older key, gone with their connection."""

from __future__ import annotations

import base64
import secrets
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.errors import NeedsReauth
from hub.flows.oauth_tokens import StoredTokens
from hub.sdk.http import Http
from hub.sdk.oauth import OAuth, Provider
from hub.sdk.tokens import Tokens
from hub.settings import Settings
from hub.store.queries import oauth_tokens
from hub.store.session import Database


def key() -> bytes:
    return base64.urlsafe_b64encode(secrets.token_bytes(32))


@pytest.fixture
def settings(db: Database, db_url: str, tmp_path: Path) -> Settings:
    (tmp_path / "hub.key").write_bytes(key() + b"\n")
    return Settings(home=tmp_path, database_url=db_url, key_file=tmp_path / "hub.key")


def test_tokens_are_swapped_only_by_who_knows_what_stands(settings: Settings) -> None:
    mine, other = StoredTokens(settings, "crm"), StoredTokens(settings, "crm")
    first, second = Tokens("a-access", "a-refresh", 10.0), Tokens("b-access", "b-refresh", 20.0)
    assert mine.load() is None and mine.swap(None, first)
    assert not other.swap(None, second), "somebody was faster"
    assert other.load() == first and other.swap(first, second)
    assert not mine.swap(first, first) and mine.load() == second
    assert StoredTokens(settings, "another").load() is None


def test_workers_refresh_once_however_many_they_are(settings: Settings) -> None:
    StoredTokens(settings, "crm").swap(None, Tokens(None, "refresh-1"))
    asked: list[str | None] = []

    class Once(OAuth):
        def _ask(self, given: Any, at: Any) -> Any:
            asked.append(given["refresh_token"])
            time.sleep(0.05)
            return SimpleNamespace(json=lambda: {"access_token": "access-1", "expires_in": 3600})

    def work() -> None:
        mine = Once(
            Provider(), Http(), server="https://login.example.org", client_id="c", client_secret=None,
            tokens=StoredTokens(settings, "crm"), sleep=lambda seconds: time.sleep(0.01),
        )  # fmt: skip
        got.append(mine.current().access)

    got: list[str | None] = []
    workers = [threading.Thread(target=work) for _ in range(5)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert asked == ["refresh-1"] and got == ["access-1"] * 5


def test_of_many_first_tokens_one_stands(settings: Settings) -> None:
    won: list[int] = []

    def work(number: int) -> None:
        if StoredTokens(settings, "crm").swap(None, Tokens(f"access-{number}", "refresh")):
            won.append(number)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    standing = StoredTokens(settings, "crm").load()
    assert standing is not None and [f"access-{number}" for number in won] == [standing.access]


def test_tokens_are_encrypted_at_rest(settings: Settings, db: Database) -> None:
    StoredTokens(settings, "crm").swap(None, Tokens("plain-access", "plain-refresh"))
    with db.read() as conn:
        kept = oauth_tokens.get(conn, "crm")
    assert kept and "plain" not in kept and b"plain" not in base64.urlsafe_b64decode(kept)


def test_a_new_key_reads_what_an_old_one_wrote_and_a_lost_one_says_what_to_do(settings: Settings) -> None:
    tokens = Tokens("an-access", "a-refresh")
    StoredTokens(settings, "crm").swap(None, tokens)
    settings.key_file.write_bytes(key() + b"\n" + settings.key_file.read_bytes())
    assert StoredTokens(settings, "crm").load() == tokens
    settings.key_file.write_bytes(key() + b"\n")
    with pytest.raises(NeedsReauth, match="hub connection authorize crm"):
        StoredTokens(settings, "crm").load()
