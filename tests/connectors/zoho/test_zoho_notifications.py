"""Zoho's notifications: proved by a token, kept alive by pulls."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from hub.sdk import Hint, NotSigned, RecordRejected

Make = Callable[..., Any]
TOKEN = "a-token-of-ours-0123456789"
URL = "https://hub.example.org/hooks/crm"


def body(**changed: Any) -> bytes:
    told = {
        "server_time": int(time.time() * 1000),
        "module": "Contacts",
        "operation": "update",
        "ids": ["7328395000000700001", "7328395000000700002"],
        "channel_id": "1000000068001",
        "token": TOKEN,
        "resource_uri": "https://www.zohoapis.com/crm/v8/Contacts",
        "affected_fields": [],
        "query_params": {},
    }
    return json.dumps({**told, **changed}).encode()


def channel_of(connector: Any, cursor: Any = None) -> Any:
    for page in connector.pull("customer", cursor):
        cursor = page.cursor
    return cursor


def test_a_notification_with_our_token_gives_its_records(connect: Make) -> None:
    connector = connect(webhook_secret=TOKEN)
    assert connector.verify_webhook({}, body()) == [
        Hint("customer", "Contacts/7328395000000700001"),
        Hint("customer", "Contacts/7328395000000700002"),
    ]
    gone = connector.verify_webhook({}, body(operation="delete", module="Leads", ids=["1"]))
    assert gone == [Hint("customer", "Leads/1", True)]
    assert connector.verify_webhook({}, body(module="Sales_Orders", ids=["5"])) == [Hint("order", "5")]
    assert connector.verify_webhook({}, body(module="Tasks")) == []


@pytest.mark.parametrize(
    "wrong",
    [
        body(token=TOKEN[:-1]), body(token=""), body(token=None), body(token="é=,"), b"", b"[]", b"null", b"\xff",
        body(server_time=int((time.time() - 86_400) * 1000)),
    ],
)  # fmt: skip
def test_another_token_none_and_an_old_message_are_refused(connect: Make, wrong: bytes) -> None:
    with pytest.raises(NotSigned):
        connect(webhook_secret=TOKEN).verify_webhook({}, wrong)


def test_without_a_secret_nothing_is_taken(connect: Make) -> None:
    for token in (TOKEN, "", None):
        with pytest.raises(NotSigned):
            connect().verify_webhook({}, body(token=token))


def test_another_shape_is_refused(connect: Make) -> None:
    with pytest.raises(RecordRejected):
        connect(webhook_secret=TOKEN).verify_webhook({}, json.dumps({"token": TOKEN}).encode())


def test_two_tokens_live_during_a_rotation(connect: Make) -> None:
    connector = connect(webhook_secret="the-new-token-00", webhook_secret_old=TOKEN)
    assert connector.verify_webhook({}, body()) and connector.verify_webhook(
        {}, body(token="the-new-token-00")
    )


def test_a_pull_makes_the_channel_and_leaves_it_until_half_of_its_time_is_over(
    zoho: Any, connect: Make
) -> None:
    settings = {"notify_url": URL, "webhook_secret": TOKEN}
    cursor = channel_of(connect(**settings))
    ((id, one),) = zoho.channels.items()
    assert one["events"] == ["Accounts.all", "Contacts.all", "Leads.all", "Sales_Orders.all"]
    assert one["token"] == TOKEN and one["notify_url"] == URL and id.isdecimal()
    zoho.requests.clear()
    cursor = channel_of(connect(**settings), cursor)
    assert not [one for one in zoho.requests if one.path.endswith("/watch")]
    zoho.clock_ahead = 4 * 86_400.0
    channel_of(connect(**settings), cursor)
    assert [one.method for one in zoho.requests if one.path.endswith("/watch")] == ["GET", "PUT"]


def test_a_channel_that_is_gone_or_has_another_token_is_made_again(zoho: Any, connect: Make) -> None:
    cursor = channel_of(connect(notify_url=URL, webhook_secret=TOKEN))
    cursor = channel_of(connect(notify_url=URL, webhook_secret="another-token-0000"), cursor)
    assert next(iter(zoho.channels.values()))["token"] == "another-token-0000"
    zoho.channels.clear()
    (last,) = [
        one for one in connect(notify_url=URL, webhook_secret="another-token-0000").check() if not one.ok
    ]
    assert last.step == "notifications" and last.fix and "hub sync" in last.fix


def test_where_a_day_is_the_longest_a_day_is_taken(zoho: Any, connect: Make) -> None:
    zoho.longest_channel = 86_400.0
    channel_of(connect(notify_url=URL, webhook_secret=TOKEN))
    assert len(zoho.channels) == 1


def test_a_pull_goes_on_when_the_channel_cannot_be_made(zoho: Any, connect: Make) -> None:
    id = zoho.org.put("Contacts", {"Last_Name": "Read"})
    zoho.longest_channel = 0.0
    pages = list(connect(notify_url=URL, webhook_secret=TOKEN).pull("customer", None))
    assert f"Contacts/{id}" in {one.external_id for page in pages for one in page.records}


def test_no_channel_without_an_address(zoho: Any, connect: Make) -> None:
    channel_of(connect(webhook_secret=TOKEN))
    assert not zoho.channels
