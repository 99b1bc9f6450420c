"""Every request of the connector, every record it publishes and every answer of the fake network are as the network's
own lexicons have them.

`$HUB_TEST_VENDORS` names the folder with `bluesky/lexicons`; without it these tests are skipped.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hub.sdk import Change


def lexicon_module() -> ModuleType:
    name = "bluesky_test_lexicon"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("lexicon.py"))
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="module")
def lexicons() -> Any:
    named = os.environ.get("HUB_TEST_VENDORS")
    folder = Path(named or "") / "bluesky" / "lexicons"
    if not named or not folder.is_dir():
        pytest.skip("set HUB_TEST_VENDORS to a folder with bluesky/lexicons to check against the lexicons")
    return lexicon_module().Lexicons(folder)


@pytest.fixture
def exercised(network: Any, connect: Callable[..., Any], person: Callable[[str], Any], us: Any) -> list[Any]:
    """Everything the connector does, done once."""
    bob, alice = person("bob"), person("alice")
    bob.profile(displayName="Bob", website="https://bob.example.org")
    ours = us.post("hello")
    bob.like(ours)
    bob.follow(us.did)
    asked = bob.post("@ how much?", to=us.did)
    alice.answer("I ask as well", ours)
    alice.post(
        "look", embed={"$type": "app.bsky.embed.record", "record": {n: ours[n] for n in ("uri", "cid")}}
    )
    connector = connect(mark_seen=True)
    list(connector.check())
    pages = list(connector.pull("interaction", None))
    ids = [one.external_id for page in pages for one in page.records]
    list(connector.pull("interaction", pages[-1].cursor))
    connector.fetch("interaction", ids)
    connector.deletes("interaction", None, ids)
    text = "Ten € @bob.test #sale https://example.org/a?b=c"
    change = Change(
        "k", None, {"text": text, "parent": asked["uri"], "lang": "en"}, marker="int_01jq5w8x7y2ab"
    )
    for _ in range(2):
        (receipt,) = connector.push("interaction", [change])
        assert receipt.outcome == "done"
    connector.find("interaction", change)
    network.expire()
    list(connector.pull("interaction", None))
    return list(network.requests)


def test_every_request_is_as_the_lexicons_have_it(lexicons: Any, network: Any, exercised: list[Any]) -> None:
    wrong: dict[str, list[str]] = {}
    methods = set()
    for one in exercised:
        if one.headers.get("user-agent") != "crm-hub":
            continue
        nsid = one.path.removeprefix("/xrpc/")
        methods.add(nsid)
        kind = lexicons.main(nsid)["type"]
        query = parse_qs(urlsplit(one.target).query, keep_blank_values=True)
        found = [] if (kind == "query") == (one.method == "GET") else [f"{one.method} to a {kind}"]
        found += lexicons.query(nsid, query)
        if kind == "procedure":
            body = json.loads(one.body) if one.body else None
            found += lexicons.input(nsid, body)
            if nsid == "com.atproto.repo.putRecord":
                found += lexicons.record(body["record"])
        if found:
            wrong[one.target] = found
    assert wrong == {}
    assert methods >= {
        "com.atproto.server.createSession",
        "com.atproto.server.refreshSession",
        "com.atproto.repo.putRecord",
        "com.atproto.repo.getRecord",
        "com.atproto.repo.listRecords",
        "com.atproto.identity.resolveHandle",
        "app.bsky.notification.listNotifications",
        "app.bsky.notification.updateSeen",
        "app.bsky.feed.getPosts",
        "app.bsky.actor.getProfiles",
    }


def test_the_fake_network_answers_as_the_lexicons_have_it(
    lexicons: Any, network: Any, exercised: list[Any]
) -> None:
    wrong = {}
    for nsid, query, body, said in network.exchanges:
        found = lexicons.output(nsid, said)
        for record in (one["record"] for one in said.get("notifications", [])):
            found += lexicons.record(record)
        if found:
            wrong[nsid] = found, query, body
    assert wrong == {}


def test_the_check_itself_finds_what_is_wrong(lexicons: Any) -> None:
    post = {"$type": "app.bsky.feed.post", "text": "x", "createdAt": "2026-03-01T10:00:00.000Z"}
    assert lexicons.record(post) == []
    for broken in (
        {"text": 7},
        {"createdAt": "yesterday"},
        {"langs": ["en", "de", "fr", "it"]},
        {"reply": {"parent": {"uri": "at://did:plc:x/app.bsky.feed.post/1", "cid": "bafyreiabc"}}},
        {"facets": [{"index": {"byteStart": -1, "byteEnd": 2}, "features": []}]},
        {
            "facets": [
                {
                    "index": {"byteStart": 0, "byteEnd": 2},
                    "features": [{"$type": "app.bsky.richtext.facet#link"}],
                }
            ]
        },
    ):
        assert lexicons.record({**post, **broken}), broken
    assert lexicons.query("app.bsky.feed.getPosts", {"uris": ["no uri"]})
    assert lexicons.query("app.bsky.notification.listNotifications", {"limit": ["101"]})
    assert lexicons.query("app.bsky.notification.listNotifications", {"page": ["2"]})
