"""Webhooks of Pipedrive: proved by a password, asked for at API v1."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pipedrive_server import HOOK_SECRET, PipedriveServer

from connectors.pipedrive.connector import PipedriveConnector
from hub.errors import NotSigned, RecordRejected

Connect = Callable[..., PipedriveConnector]
URL = "https://hub.example.org/hooks/crm"


def test_a_message_is_taken_by_its_password(pipedrive: PipedriveServer, connect: Connect) -> None:
    headers, body = pipedrive.webhook(pipedrive.put({"name": "Zoë"}))
    (hint,) = connect().verify_webhook(headers, body)
    assert (hint.object, hint.external_id, hint.deleted) == ("customer", "1", False)
    assert hint.delivery_id
    (gone,) = connect().verify_webhook(*pipedrive.webhook("1", action="delete"))
    assert gone.deleted


@pytest.mark.parametrize(
    "proof", ["", "Basic", "Basic !!!", "Basic aHViOndyb25n", "Bearer " + HOOK_SECRET, "é"]
)
def test_without_the_password_none_is(pipedrive: PipedriveServer, connect: Connect, proof: str) -> None:
    headers, body = pipedrive.webhook(pipedrive.put({"name": "Zoë"}))
    with pytest.raises(NotSigned):
        connect().verify_webhook({**headers, "Authorization": proof}, body)


def test_another_shape_is_rejected(pipedrive: PipedriveServer, connect: Connect) -> None:
    headers, _ = pipedrive.webhook(pipedrive.put({"name": "Zoë"}))
    for body in (b"", b"null", b'{"meta": {"entity": "person"}}'):
        with pytest.raises(RecordRejected):
            connect().verify_webhook(headers, body)
    assert connect().verify_webhook(headers, b'{"meta": {"entity": "deal", "action": "change"}}') == []


def test_it_is_asked_for_once(pipedrive: PipedriveServer, connect: Connect) -> None:
    (missing,) = connect().ensure_webhooks(URL, HOOK_SECRET, only_look=True)
    assert not missing.ok and missing.fix and pipedrive.webhooks == []
    for _ in range(2):
        (found,) = connect().ensure_webhooks(URL, HOOK_SECRET)
        assert found.ok
    (hook,) = pipedrive.webhooks
    assert (hook["subscription_url"], hook["event_object"], hook["version"]) == (URL, "person", "2.0")


def test_one_that_was_ended_is_made_anew(pipedrive: PipedriveServer, connect: Connect) -> None:
    connect().ensure_webhooks(URL, HOOK_SECRET)
    pipedrive.webhooks[0]["is_active"] = 0
    assert connect().ensure_webhooks(URL, "another-secret")[0].ok
    (hook,) = pipedrive.webhooks
    assert (hook["is_active"], hook["http_auth_password"]) == (1, "another-secret")


def test_a_key_without_the_right_is_told(pipedrive: PipedriveServer, connect: Connect) -> None:
    (found,) = connect(key="another-key-8812").ensure_webhooks(URL, HOOK_SECRET)
    assert not found.ok and found.fix
