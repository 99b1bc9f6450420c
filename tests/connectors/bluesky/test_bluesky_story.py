"""From the network to a customer's timeline and back: authors become customers, are joined by what they prove or write
to us and by nothing else, and what we say is sent once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import WrongUse
from hub.flows import feed, steward
from hub.flows.rebuild import check
from hub.store.documents import load


def test_what_somebody_does_is_their_timeline_newest_first(desk: Any, bob: Any, us: Any) -> None:
    ours = us.post("We have new widgets.")
    bob.follow(us.did)
    bob.like(ours)
    bob.post("@ hello there", to=us.did)
    bob.answer("How much is one?", ours)
    desk.sync()
    who = desk.customer("social", f"author:{bob.did}")
    assert desk.told(who) == ["How much is one?", "@ hello there", "like", "follow"]
    golden = desk.golden(who)
    assert golden["social[bluesky]"] == "bob.test"
    assert golden["social[bluesky].platform_user_id"] == bob.did
    assert "display_name" not in golden, "a handle is no name"
    heard = desk.one(ours["uri"])
    assert (heard.customer_id, heard.direction) == (None, "outbound"), "what we publish is nobody's"
    answer = next(one for one in desk.timeline(who) if load(one.doc).get("body") == "How much is one?")
    assert load(answer.doc)["in_reply_to"] == load(answer.doc)["thread_ref"] == ours["uri"]
    assert check(desk.db, desk.wiring()) == []


def test_a_second_sync_writes_nothing(desk: Any, bob: Any, us: Any) -> None:
    bob.post("hello", to=us.did)
    desk.sync()
    before = desk.rows("SELECT * FROM interaction_document"), feed.latest(desk.db)
    desk.sync()
    desk.sync(full=True)
    assert (desk.rows("SELECT * FROM interaction_document"), feed.latest(desk.db)) == before


def test_a_new_interaction_is_a_change_of_its_customer(desk: Any, bob: Any, us: Any) -> None:
    bob.post("hello", to=us.did)
    desk.sync()
    who, position = desk.customer("social", f"author:{bob.did}"), feed.latest(desk.db)
    bob.post("again", to=us.did)
    desk.sync()
    told = feed.read(desk.db, position, limit=10).changes
    assert {(one.kind, one.customer_id) for one in told} == {("CHANGED", who)}


def test_an_author_is_joined_by_the_email_they_write_to_us(desk: Any, bob: Any, us: Any) -> None:
    desk.crm("1,Bob,Miller,bob@millers.example.net,,,")
    bob.profile(displayName="Bob")
    bob.post("please write to bob@millers.example.net, thanks", to=us.did)
    desk.sync()
    who = desk.customer("crm", "1")
    assert desk.customer("social", f"author:{bob.did}") == who
    golden = desk.golden(who)
    assert (golden["given_name"], golden["family_name"]) == ("Bob", "Miller"), (
        "a profile's name displaces none"
    )
    assert golden["email"] == "bob@millers.example.net"
    assert desk.told(who) == ["please write to bob@millers.example.net, thanks"]


def test_an_author_is_joined_by_a_domain_they_prove_to_hold(
    desk: Any, network: Any, us: Any, person: Callable[[str], Any]
) -> None:
    desk.crm("1,Carla,Brown,carla@other.example.net,,carla.example.org,")
    network.add("carla.example.org", "carla-pass")
    carla = person("carla.example.org")
    carla.post("hello", to=us.did)
    desk.sync()
    assert desk.customer("social", f"author:{carla.did}") == desk.customer("crm", "1")


def test_an_author_is_joined_by_the_did_another_system_has_of_them(desk: Any, bob: Any, us: Any) -> None:
    desk.crm(f"1,Bob,Miller,bob@millers.example.net,,,{bob.did}")
    bob.post("hello", to=us.did)
    desk.sync()
    assert desk.customer("social", f"author:{bob.did}") == desk.customer("crm", "1")


def test_a_like_name_alone_joins_nobody(desk: Any, bob: Any, us: Any) -> None:
    desk.crm("1,Bob,Miller,bob@millers.example.net,,,")
    bob.profile(displayName="Bob Miller", website="https://bob-miller.example.org")
    bob.post("hello, it is me", to=us.did)
    desk.sync()
    assert desk.customer("social", f"author:{bob.did}") != desk.customer("crm", "1")


def test_a_changed_profile_renames_nobody(desk: Any, bob: Any, us: Any) -> None:
    desk.crm("1,Bob,Miller,bob@millers.example.net,,,")
    bob.profile(displayName="Bob")
    bob.post("I am bob@millers.example.net", to=us.did)
    desk.sync()
    bob.profile(displayName="Captain Widget")
    bob.post("and another thing", to=us.did)
    desk.sync()
    golden = desk.golden(desk.customer("crm", "1"))
    assert (golden["given_name"], golden["family_name"]) == ("Bob", "Miller")
    assert golden["custom.bluesky.name"] == "Captain Widget"
    assert golden["email[other]"] == "bob@millers.example.net", "what was written once is not unsaid"


def test_a_steward_joins_an_author_and_takes_the_timeline_along(desk: Any, bob: Any, us: Any) -> None:
    desk.crm("1,Robert,Miller,r@millers.example.net,,,")
    bob.post("hello", to=us.did)
    desk.sync()
    author, customer = desk.customer("social", f"author:{bob.did}"), desk.customer("crm", "1")
    steward.merge(desk.db, desk.wiring(), a=author, b=customer, by="test", reason=None, preview=False)
    who = desk.customer("crm", "1")
    assert who == desk.customer("social", f"author:{bob.did}")
    assert desk.told(who) == ["hello"]
    bob.post("again", to=us.did)
    desk.sync()
    assert desk.told(who) == ["again", "hello"]


def test_a_deleted_post_is_marked(desk: Any, bob: Any, us: Any) -> None:
    made = bob.post("never mind", to=us.did)
    desk.sync()
    bob.delete(made["uri"])
    desk.sync()
    assert desk.one(made["uri"]).gone_at is not None
    with pytest.raises(WrongUse, match="deleted"):
        desk.reply(desk.one(made["uri"]).id, "too late")


def test_a_reply_is_sent_and_stands_in_the_timeline(desk: Any, bob: Any, us: Any) -> None:
    made = bob.post("How much is a widget?", to=us.did)
    desk.sync()
    who = desk.customer("social", f"author:{bob.did}")
    id = desk.reply(desk.one(made["uri"]).id, "Ten euros, @bob.test.")
    assert desk.told(who)[0] == "Ten euros, @bob.test.", "it stands there from the moment it is asked for"
    row = desk.send(id)
    assert (row.id, row.step, row.customer_id) == (id, "bound", who)
    there = us.read(row.external_id)
    assert there["text"] == "Ten euros, @bob.test."
    assert there["reply"]["parent"]["uri"] == there["reply"]["root"]["uri"] == made["uri"]
    assert there["facets"][0]["features"][0]["did"] == bob.did
    desk.sync()
    assert desk.told(who) == ["Ten euros, @bob.test.", "How much is a widget?"], "the pull meets its own"
    assert check(desk.db, desk.wiring()) == []


def test_an_answer_to_our_answer_goes_on_in_the_thread(desk: Any, bob: Any, us: Any) -> None:
    made = bob.post("How much?", to=us.did)
    desk.sync()
    row = desk.send(desk.reply(desk.one(made["uri"]).id, "Ten."))
    bob.answer("Too much!", {"uri": row.external_id, "cid": _cid(us, row.external_id)}, made)
    desk.sync()
    last = desk.timeline(desk.customer("social", f"author:{bob.did}"))[0]
    answer = desk.send(desk.reply(last.id, "Nine."))
    assert us.read(answer.external_id)["reply"]["root"]["uri"] == made["uri"]


def test_what_was_asked_for_twice_under_one_key_is_sent_once(desk: Any, us: Any) -> None:
    desk.sync()
    first, second = desk.post("Sale today", key="sale"), desk.post("Sale today", key="sale")
    assert first == second
    with pytest.raises(WrongUse, match="another message"):
        desk.post("Sale tomorrow", key="sale")
    desk.send(first)
    desk.send(first)
    assert _ours(us) == ["Sale today"]


def test_a_text_that_is_too_long_is_refused_and_not_sent(desk: Any, us: Any) -> None:
    desk.sync()
    row = desk.send(desk.post("x" * 301))
    assert (row.step, row.state) == ("refused", "dead")
    assert "301 characters" in row.cause
    assert _ours(us) == []


def test_a_reaction_takes_no_answer(desk: Any, bob: Any, us: Any) -> None:
    liked = bob.like(us.post("hello"))
    desk.sync()
    with pytest.raises(WrongUse, match="reaction"):
        desk.reply(desk.one(liked["uri"]).id, "Thanks!")


@pytest.mark.parametrize("moment", ["before the call", "after the call"])
def test_a_worker_that_dies_sends_once(
    desk: Any, network: Any, us: Any, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Killed between the stored intent and the receipt: whoever takes it over looks first."""
    desk.sync()
    id = desk.post("Only once")
    _kill(monkeypatch, landed=moment == "after the call")
    with pytest.raises(KeyboardInterrupt):
        desk.send(id)
    monkeypatch.undo()
    assert _ours(us) == (["Only once"] if moment == "after the call" else [])
    assert desk.one_by_id(id).step == "begun"
    _later(monkeypatch, desk.settings.lease_seconds + 60)
    for _ in range(4):
        row = desk.send(id)
    assert (row.step, _ours(us)) == ("bound", ["Only once"])


def _kill(monkeypatch: pytest.MonkeyPatch, *, landed: bool) -> None:
    from connectors.bluesky.connector import BlueskyConnector

    whole: Callable[..., Any] = BlueskyConnector.push

    def dies(self: Any, object: str, changes: Any) -> Any:
        if landed:
            whole(self, object, changes)
        raise KeyboardInterrupt

    monkeypatch.setattr(BlueskyConnector, "push", dies)


def _later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + seconds)


def _cid(person: Any, uri: str) -> str:
    _, _, did, collection, key = uri.split("/")
    found = person.ask("com.atproto.repo.getRecord", repo=did, collection=collection, rkey=key)
    return str(found["cid"])


def _ours(us: Any) -> list[str]:
    found = us.ask("com.atproto.repo.listRecords", repo=us.did, collection="app.bsky.feed.post", limit=100)
    return [one["value"]["text"] for one in found["records"]]
