"""The connector against a real network: the conformance suite, and what only a real AppView can show."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from connectors.bluesky.connector import BlueskyConnector
from hub.sdk import Change, ConnectionView
from hub.sdk.manifest import read_manifest
from hub.sdk.registry import build
from hub.store.session import Database
from hub.testkit.adapter import NotApplicable
from hub.testkit.bench import Bench
from hub.testkit.conformance import Case, cases, run

HERE = Path(__file__).parent
MANIFEST = read_manifest(HERE.parents[2] / "connectors" / "bluesky")
_LONG = 60.0


def beside(name: str) -> ModuleType:
    full = f"bluesky_test_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, HERE / f"{name}.py")
        assert spec is not None and spec.loader is not None
        sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[full])
    return sys.modules[full]


@pytest.fixture(scope="module")
def network() -> Iterator[Any]:
    server = beside("server")
    try:
        running = server.RealNetwork()
    except server.Absent as reason:
        pytest.skip(f"no AT Protocol network: {reason}")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def bench(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    class Real(beside("adapter").BlueskyAdapter):  # type: ignore[misc]
        def start(self, folder: str) -> None:
            self.meet(network.url)

        def stop(self) -> None:
            return

    with Bench(Real(), BlueskyConnector, MANIFEST, folder=tmp_path_factory.mktemp("bluesky")) as made:
        yield made


@pytest.mark.parametrize("case", cases(MANIFEST, ("interaction",)), ids=str)
def test_conformance_on_a_real_network(case: Case, bench: Bench) -> None:
    try:
        run(case, bench)
    except NotApplicable as reason:
        pytest.skip(str(reason))


@pytest.fixture
def person(network: Any) -> Callable[[str], Any]:
    people = beside("people")
    return lambda name: people.Someone(network.url, f"{name}.test", f"{name}-pass")


@pytest.fixture
def connector(network: Any) -> BlueskyConnector:
    settings = {"url": network.url, "identifier": "widgetco.test"}
    made = build("bluesky", ConnectionView("social", settings, {"password": "widgetco-pass"}.get))
    assert isinstance(made, BlueskyConnector)
    return made


@pytest.fixture
def desk(network: Any, db: Database, tmp_path: Path) -> Any:
    return beside("desk").Desk(db, tmp_path / "home", network.url)


def test_every_sort_of_notification_is_what_it_is(connector: Any, person: Callable[[str], Any]) -> None:
    alice, us = person("alice"), person("widgetco")
    ours = us.post("What do you think?")
    made = {
        "mention": alice.post("@ well", to=us.did),
        "reply": alice.answer("I think not.", ours),
        "quote": alice.post("Look at that", embed={"$type": "app.bsky.embed.record", "record": _ref(ours)}),
        "like": alice.like(ours),
        "follow": alice.follow(us.did),
    }
    deep = alice.answer("And besides", made["reply"], ours)
    for one in (*made.values(), deep):
        us.wait_heard(one["uri"], seconds=_LONG)
    pulled = {one.external_id: one for page in connector.pull("interaction", None) for one in page.records}
    for reason, one in made.items():
        assert pulled[one["uri"]].raw["reason"] == reason
        assert pulled[one["uri"]].raw["author"]["handle"] == "alice.test"
    assert pulled[deep["uri"]].raw["reason"] == "reply", "further down in our thread"
    fetched = connector.fetch("interaction", [one["uri"] for one in made.values()])
    assert [one.raw for one in fetched] == [pulled[one.external_id].raw for one in fetched]


def test_a_reply_reaches_whom_it_answers(connector: Any, person: Callable[[str], Any]) -> None:
    alice, us = person("alice"), person("widgetco")
    asked = alice.post("@ how much? 👩‍👩‍👧", to=us.did)
    change = Change(
        "k", None, {"text": "Ten € for @alice.test: https://example.org/x", "parent": asked["uri"]}
    )
    (receipt,) = connector.push("interaction", [change._replace(marker="int_01jq5w8x7y2ab")])
    assert receipt.outcome == "done"
    alice.wait_heard(receipt.external_id, seconds=_LONG)
    heard = alice.ask("app.bsky.notification.listNotifications", limit=10)["notifications"]
    mine = next(one for one in heard if one["uri"] == receipt.external_id)
    assert mine["reason"] in ("reply", "mention")
    features = [facet["features"][0]["$type"] for facet in mine["record"]["facets"]]
    assert features == ["app.bsky.richtext.facet#link", "app.bsky.richtext.facet#mention"]
    thread = alice.ask("app.bsky.feed.getPostThread", uri=asked["uri"])["thread"]
    assert [one["post"]["uri"] for one in thread["replies"]] == [receipt.external_id]


def test_three_hundred_characters_are_counted_as_the_service_does(connector: Any) -> None:
    """What we let pass it takes, what we refuse it would refuse: families, flags and marks are one character each."""
    for number, letter in enumerate(
        ("x", "é", "e\u0301", "👩‍👩‍👧", "🇩🇪", "👍🏽", "한", "\u1112\u1161\u11ab")
    ):
        fits = min(300, 3000 // len(letter.encode()))
        change = Change("k", None, {"text": letter * fits}, marker=f"int_01jq5w8x7y2{number:02d}")
        (receipt,) = connector.push("interaction", [change])
        assert receipt.outcome == "done", f"{letter!r}: {receipt.cause}"
        (receipt,) = connector.push("interaction", [change._replace(payload={"text": letter * (fits + 1)})])
        assert receipt.outcome == "refused", letter


def test_the_whole_story(desk: Any, person: Callable[[str], Any]) -> None:
    """A customer of the CRM mentions us, is joined by the e-mail they write, and is answered once."""
    bob, us = person("bob"), person("widgetco")
    desk.crm("1,Bob,Miller,bob@millers.example.net,,,")
    bob.profile(displayName="Bob Miller")
    asked = bob.post("@ my order never came, write to bob@millers.example.net", to=us.did)
    us.wait_heard(asked["uri"], seconds=_LONG)
    desk.sync()
    who = desk.customer("crm", "1")
    assert desk.customer("social", f"author:{bob.did}") == who
    row = desk.send(desk.reply(desk.one(asked["uri"]).id, "We are on it."))
    assert row.step == "bound"
    bob.wait_heard(row.external_id, seconds=_LONG)
    bob.delete(asked["uri"])
    us.wait_heard(asked["uri"], gone=True, seconds=_LONG)
    desk.sync()
    assert desk.told(who)[:2] == ["We are on it.", "@ my order never came, write to bob@millers.example.net"]
    assert desk.one(asked["uri"]).gone_at is not None


def _ref(post: dict[str, Any]) -> dict[str, Any]:
    return {"uri": post["uri"], "cid": post["cid"]}
