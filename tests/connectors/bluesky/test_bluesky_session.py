"""A session: begun once a job, refreshed with a new refresh token each time, begun anew when nothing else helps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import NeedsReauth, RateLimited, RemoteUnavailable
from hub.sdk import Change
from hub.sdk.tokens import MemoryTokens, Tokens


def test_one_login_serves_a_whole_pull(connect: Callable[..., Any], network: Any, bob: Any, us: Any) -> None:
    bob.post("hello", to=us.did)
    before = network.logins
    list(connect().pull("interaction", None))
    assert network.logins == before + 1


def test_an_expired_token_is_refreshed_and_the_refresh_token_moves_on(
    connect: Callable[..., Any], network: Any, us: Any
) -> None:
    connector = connect()
    list(connector.pull("interaction", None))
    logins = network.logins
    for number in range(1, 4):
        network.expire()
        list(connector.pull("interaction", None))
        assert (network.refreshes, network.logins) == (number, logins)


def test_a_write_with_an_expired_token_is_sent_once_more_and_made_once(
    connect: Callable[..., Any], network: Any, us: Any
) -> None:
    connector = connect()
    list(connector.check())
    network.expire()
    (receipt,) = connector.push("interaction", [Change("k", None, {"text": "once"}, marker="int_1")])
    assert receipt.outcome == "done"
    assert sum(1 for one in network.accounts[us.did].records if "feed.post" in one) == 1


def test_a_refresh_token_that_is_taken_back_leads_to_a_new_login(
    connect: Callable[..., Any], network: Any
) -> None:
    connector = connect()
    list(connector.pull("interaction", None))
    network.expire()
    network._refresh.clear()
    logins = network.logins
    list(connector.pull("interaction", None))
    assert network.logins == logins + 1


def test_a_changed_password_needs_a_person(connect: Callable[..., Any], network: Any, us: Any) -> None:
    connector = connect()
    list(connector.pull("interaction", None))
    network.expire()
    network._refresh.clear()
    network.accounts[us.did].password = "another one"
    with pytest.raises(NeedsReauth, match="app password"):
        list(connector.pull("interaction", None))


def test_the_limit_says_when_to_come_again(connect: Callable[..., Any], network: Any) -> None:
    """RateLimit-Reset is a moment on the service's clock; there is no Retry-After."""
    connector = connect()
    list(connector.check())
    network.limit = 0
    with pytest.raises(RateLimited) as told:
        list(connector.pull("interaction", None))
    assert told.value.after is not None
    assert 35 < told.value.after <= 41
    assert "3000;w=300" in str(told.value)
    network.limit = None
    network.clock_ahead = 3600.0
    list(connect().check())


def test_another_appview_is_named_in_a_header(connect: Callable[..., Any], network: Any) -> None:
    list(connect(appview="did:web:view.example#bsky_appview").pull("interaction", None))
    headers = {one.path: one.headers.get("atproto-proxy") for one in network.requests}
    assert headers["/xrpc/app.bsky.notification.listNotifications"] == "did:web:view.example#bsky_appview"
    assert headers["/xrpc/com.atproto.repo.listRecords"] is None


def test_what_was_pulled_is_seen_only_if_asked(connect: Callable[..., Any], network: Any) -> None:
    list(connect().pull("interaction", None))
    assert not hasattr(network, "seen_at")
    began = time.time()
    list(connect(mark_seen=True).pull("interaction", None))
    assert network.seen_at[:4] == time.strftime("%Y", time.gmtime(began))


def test_a_post_under_our_key_that_is_not_ours_is_never_taken_for_it(
    connect: Callable[..., Any], us: Any
) -> None:
    change = Change("k", None, {"text": "ours"}, marker="int_01jq5w8x7y2ab")
    connector = connect()
    (made,) = connector.push("interaction", [change])
    us.edit(made.external_id, text="another")
    assert list(connector.find("interaction", change)) == []
    (again,) = connector.push("interaction", [change])
    assert (again.outcome, us.read(made.external_id)["text"]) == ("refused", "another")


def test_a_session_is_kept_from_job_to_job(connect: Callable[..., Any], network: Any) -> None:
    """The service counts new sessions strictly."""
    kept = MemoryTokens()
    before = network.logins
    for _ in range(3):
        list(connect(tokens=kept).pull("interaction", None))
    assert network.logins == before + 1
    network.expire()
    list(connect(tokens=kept).pull("interaction", None))
    assert (network.logins, network.refreshes) == (before + 1, 1)


def test_another_password_or_account_has_a_session_of_its_own(
    connect: Callable[..., Any], network: Any
) -> None:
    kept = MemoryTokens()
    list(connect(tokens=kept).check())
    found = list(connect(tokens=kept, identifier="bob.test", password="bob-pass").check())
    assert found[1].detail.startswith("bob.test, did:plc:")
    (*_, last) = connect(tokens=kept, password="not it").check()
    assert not last.ok


def test_a_new_session_is_stored_before_it_is_used(connect: Callable[..., Any], network: Any) -> None:
    kept = MemoryTokens()
    list(connect(tokens=kept).check())
    network.expire()
    said: list[tuple[str, str | None]] = []
    answer = network.answer

    def listening(request: Any) -> Any:
        standing = kept.load()
        said.append((request.headers.get("authorization", ""), standing.access if standing else None))
        return answer(request)

    network.answer = listening
    list(connect(tokens=kept).pull("interaction", None))
    used = [(header, stored) for header, stored in said if header.startswith("Bearer access-")]
    assert used[-1][0] == f"Bearer {used[-1][1]}"
    assert len({header for header, _ in used}) == 2


def test_while_one_worker_begins_a_session_the_others_wait_for_it(
    connect: Callable[..., Any], network: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = MemoryTokens()
    list(connect(tokens=kept).check())
    done = kept.load()
    assert done is not None
    kept.swap(done, Tokens(None, done.refresh, seed=done.seed, claimed_until=time.time() + 30))
    connector = connect(tokens=kept)
    slept: list[float] = []

    def somebody_finishes(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            kept.swap(kept.load(), done)

    session = connector._api._session
    monkeypatch.setattr(session, "_sleep", somebody_finishes)
    before = network.logins, network.refreshes
    list(connector.pull("interaction", None))
    assert (network.logins, network.refreshes) == before
    assert len(slept) == 3


def test_who_waits_too_long_for_a_session_comes_again_later(
    connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = MemoryTokens(Tokens(claimed_until=time.time() + 3600))
    connector = connect(tokens=kept)
    monkeypatch.setattr(connector._api._session, "_sleep", lambda seconds: None)
    with pytest.raises(RemoteUnavailable, match="another worker"):
        list(connector.pull("interaction", None))


def test_a_refused_login_leaves_the_way_free(connect: Callable[..., Any]) -> None:
    kept = MemoryTokens()
    with pytest.raises(NeedsReauth):
        list(connect(tokens=kept, password="not it").pull("interaction", None))
    list(connect(tokens=kept).pull("interaction", None))
