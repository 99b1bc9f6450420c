"""A session: begun once a job, refreshed with a new refresh token each time, begun anew when nothing else helps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import NeedsReauth, RateLimited
from hub.sdk import Change


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
