"""Records as the hub reads them, through the shipped map; what is taken from a text; keys, lengths and links."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.bluesky import compose, graphemes, shape, tid
from connectors.bluesky.compose import Parent
from hub import resources
from hub.errors import RecordRejected
from hub.mapping.engine import Context, compile_map
from hub.mapping.load import load_map

US, BOB = "did:plc:us", "did:plc:bob"
OURS = f"at://{US}/app.bsky.feed.post/3lc2nzqk7ts2a"
THEIRS = f"at://{BOB}/app.bsky.feed.post/3lc2nzqk7ts2b"


def person(**told: Any) -> dict[str, Any]:
    profile = {"did": BOB, "handle": "bob.bsky.social", **told}
    return shape.person(profile, hosted=["bsky.social"], web="https://bsky.app")


def record(
    value: dict[str, Any], *, uri: str = THEIRS, author: dict[str, Any] | None = None
) -> dict[str, Any]:
    value = {"createdAt": "2026-03-01T10:00:00.000Z", **value}
    made = shape.record({"uri": uri, "cid": "c1"}, value, author or person(), ours=US, indexed_at=None)
    return dict(made.raw)


def mapped(raw: dict[str, Any]) -> dict[str, Any]:
    text = resources.map_text("bluesky", "interaction")
    assert text is not None
    (part,) = compile_map(load_map(text, file="map"), context=Context()).pull(raw)
    return part.values


def mention(did: str) -> dict[str, Any]:
    return {
        "index": {"byteStart": 0, "byteEnd": 3},
        "features": [{"$type": "app.bsky.richtext.facet#mention", "did": did}],
    }


def reply(parent: str, root: str) -> dict[str, Any]:
    return {"parent": {"uri": parent, "cid": "c"}, "root": {"uri": root, "cid": "c"}}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"facets": [mention(US)]}, "mention"),
        ({"facets": [mention("did:plc:other")]}, "other"),
        ({"reply": reply(OURS, OURS)}, "reply"),
        ({"reply": reply(OURS, OURS), "facets": [mention(US)]}, "reply"),
        ({"reply": reply(THEIRS, OURS)}, "reply"),
        ({"reply": reply(THEIRS, THEIRS), "facets": [mention(US)]}, "mention"),
        ({"embed": {"$type": "app.bsky.embed.record", "record": {"uri": OURS, "cid": "c"}}}, "quote"),
        (
            {
                "embed": {
                    "$type": "app.bsky.embed.recordWithMedia",
                    "media": {"$type": "app.bsky.embed.images", "images": []},
                    "record": {"record": {"uri": OURS, "cid": "c"}},
                }
            },
            "quote",
        ),
    ],
)
def test_what_a_post_is_to_us_is_told_by_the_post(value: dict[str, Any], reason: str) -> None:
    assert record({"text": "hello", **value})["reason"] == reason


def test_a_reply_is_a_whole_canonical_interaction() -> None:
    author = person(displayName=" Bob ", website="https://bob.example.org/")
    value = {"text": "How much? bob@x.example.org", "langs": ["pt-BR"], "reply": reply(OURS, OURS)}
    assert mapped(record(value, author=author)) == {
        "channel": "bluesky",
        "kind": "comment",
        "direction": "inbound",
        "author_record": BOB,
        "thread_ref": OURS,
        "in_reply_to": OURS,
        "body": "How much? bob@x.example.org",
        "language": "pt-BR",
        "occurred_at": "2026-03-01T10:00:00Z",
        "permalink": f"https://bsky.app/profile/{BOB}/post/3lc2nzqk7ts2b",
        "author": "bob.bsky.social",
        "author.network": "bluesky",
        "author.platform_user_id": BOB,
        "author.global_id": BOB,
        "author.profile_url": f"https://bsky.app/profile/{BOB}",
        "author.display_name": "Bob",
        "author.website": "https://bob.example.org/",
        "author.email": "bob@x.example.org",
        "custom.bluesky.reason": "reply",
        "custom.bluesky.verified": False,
        "custom.bluesky.website_proved": False,
    }


@pytest.mark.parametrize(("kind", "subject"), [(shape.LIKE, {"uri": OURS, "cid": "c"}), (shape.FOLLOW, US)])
def test_likes_and_follows_are_reactions(kind: str, subject: Any) -> None:
    values = mapped(record({"subject": subject}, uri=f"at://{BOB}/{kind}/3lc2nzqk7ts2c"))
    assert (values["kind"], values["author_record"]) == ("reaction", BOB)
    assert "body" not in values
    assert values.get("custom.bluesky.about") == (OURS if kind == shape.LIKE else None)
    assert values["permalink"] == f"https://bsky.app/profile/{BOB}"


def test_what_we_say_is_for_whom_it_answers() -> None:
    ours = shape.person({"did": US, "handle": "us.example"}, hosted=[], web="https://bsky.app")
    answer = mapped(record({"text": "Ten.", "reply": reply(THEIRS, THEIRS)}, uri=OURS, author=ours))
    assert (answer["direction"], answer["customer_record"], answer["kind"]) == ("outbound", BOB, "comment")
    post = mapped(record({"text": "Sale! mail us@us.example"}, uri=OURS, author=ours))
    assert (post["direction"], post["kind"], post["thread_ref"]) == ("outbound", "message", OURS)
    assert "customer_record" not in post
    assert "author.email" not in post, "our own address is nobody's"


def test_a_handle_is_a_proved_domain_unless_it_is_given_away() -> None:
    assert person()["domain"] is None
    own = person(handle="bob.example.org", website="https://www.bob.example.org/shop")
    assert (own["domain"], own["website_proved"]) == ("bob.example.org", True)
    assert person(handle="bob.example.org", website="https://other.example.org")["website_proved"] is False
    lost = person(handle="handle.invalid")
    assert (lost["handle"], lost["domain"]) == (None, None), "the network could not follow it back"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("write to Bob.Miller+shop@Example.ORG, please", {"email": "bob.miller+shop@example.org"}),
        ("call +49 (30) 90-1820.", {"phone": "+4930901820"}),
        ("bob@x.org or +49 30 901820", {"email": "bob@x.org", "phone": "+4930901820"}),
        ("bob@x.org and ann@x.org", {}),
        ("bob@x.org, again BOB@x.org", {"email": "bob@x.org"}),
        ("+49 30 901820 or +49 30 901821", {}),
        ("0171 2345678", {}),
        ("see https://x.org/?mail=bob@x.org", {}),
        ("ftp://bob@x.org/file", {}),
        ("@bob.x.org hello", {}),
        ("bob@localhost", {}),
        ("order 2026-03-01 +1", {}),
        ("+1234567890123456789", {}),
        ("a@b.c", {}),
    ],
)
def test_only_one_plain_address_is_taken_from_a_text(text: str, found: dict[str, str]) -> None:
    assert shape.written(text) == found


def test_the_key_of_a_marker_is_a_tid_and_always_the_same() -> None:
    markers = [f"int_{number:013d}" for number in range(2000)]
    keys = [tid.for_marker(one) for one in markers]
    assert keys == [tid.for_marker(one) for one in markers]
    assert len(set(keys)) == len(keys)
    assert all(tid.seconds(one) is not None and one[0] in "234567abcdefghij" for one in keys)
    at = tid.seconds(tid.for_marker("int_01jq5w8x7y2ab"))
    assert at is not None and 1_735_689_600 < at < 2_500_000_000
    assert tid.seconds(tid.for_marker("something else")) is not None
    assert tid.seconds("self") is None


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("abc", 3),
        ("e\u0301", 1),
        ("👩‍👩‍👧", 1),
        ("🇩🇪🇫🇷", 2),
        ("👍🏽", 1),
        ("❤️", 1),
        ("한", 1),
        ("\u1112\u1161\u11ab", 1),
        ("a\r\nb", 3),
        ("\n\u0301", 2),
        ("你好", 2),
    ],
)
def test_length_is_what_a_reader_sees(text: str, length: int) -> None:
    assert graphemes.count(text) == length


def composed(text: str, **more: Any) -> dict[str, Any]:
    return compose.post(
        {"text": text, **more},
        created_at="2026-03-01T10:00:00.000Z",
        find_post=lambda uri: (
            Parent({"uri": uri, "cid": "p"}, {"uri": OURS, "cid": "r"}) if uri == THEIRS else None
        ),
        find_account=lambda handle: BOB if handle == "bob.example.org" else None,
    )


def test_links_mentions_and_tags_are_marked_by_bytes() -> None:
    text = "Grüße 👋 @Bob.Example.org, siehe (https://x.example/ä?b=1#c). @nobody.example.org #Käse #1"
    marked = {
        text.encode()[one["index"]["byteStart"] : one["index"]["byteEnd"]].decode(): one["features"][0]
        for one in composed(text)["facets"]
    }
    assert marked == {
        "@Bob.Example.org": {"$type": "app.bsky.richtext.facet#mention", "did": BOB},
        "https://x.example/ä?b=1#c": {
            "$type": "app.bsky.richtext.facet#link",
            "uri": "https://x.example/ä?b=1#c",
        },
        "#Käse": {"$type": "app.bsky.richtext.facet#tag", "tag": "Käse"},
    }


def test_a_reply_names_its_parent_and_the_root_of_the_thread() -> None:
    made = composed("Ten.", parent=THEIRS, lang="en")
    assert made["reply"] == {"parent": {"uri": THEIRS, "cid": "p"}, "root": {"uri": OURS, "cid": "r"}}
    assert made["langs"] == ["en"]


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ({"text": "  "}, "empty"),
        ({"text": None}, "empty"),
        ({"text": "x" * 301}, "301 characters"),
        ({"text": "👩‍👩‍👧" * 200}, "bytes"),
        ({"text": "a\0b"}, "NUL"),
        ({"text": "x", "parent": f"at://{BOB}/app.bsky.feed.like/3lc2nzqk7ts2c"}, "no post"),
        ({"text": "x", "parent": "https://bsky.app/profile/x/post/y"}, "no post"),
        ({"text": "x", "parent": OURS}, "not there any more"),
        ({"text": "x", "lang": "klingon!"}, "language"),
        ({"text": "x", "image": "cat.png"}, "image"),
    ],
)
def test_what_cannot_be_published_is_refused_before_anything_is_sent(
    payload: dict[str, Any], why: str
) -> None:
    with pytest.raises(RecordRejected, match=why):
        composed(**payload)


@pytest.mark.parametrize(
    ("created", "indexed", "at"),
    [
        ("2026-03-01T10:00:00Z", "2026-03-01T10:00:05.000Z", "2026-03-01T10:00:00Z"),
        ("2026-03-02T10:00:00Z", "2026-03-01T10:00:05.000Z", "2026-03-01T10:00:05.000Z"),
        ("2026-03-01T12:00:00+02:00", "2026-03-01T10:00:05.000Z", "2026-03-01T12:00:00+02:00"),
        ("yesterday", "2026-03-01T10:00:05.000Z", "2026-03-01T10:00:05.000Z"),
        ("2026-03-01T10:00:00.123456789Z", None, "2026-03-01T10:00:00.123456789Z"),
        (None, None, None),
        (5, None, None),
    ],
)
def test_when_it_was_is_the_earlier_of_two_clocks(created: Any, indexed: str | None, at: str | None) -> None:
    value = {"text": "x", "createdAt": created}
    made = shape.record({"uri": THEIRS, "cid": "c"}, value, person(), ours=US, indexed_at=indexed)
    assert made.raw["at"] == at
    assert mapped(dict(made.raw)).get("occurred_at") is None or at is not None


@pytest.mark.parametrize(
    "value",
    [
        {"facets": [5]},
        {"facets": "x"},
        {"facets": [{"features": [{"$type": "app.bsky.richtext.facet#mention"}]}]},
        {"reply": 5},
        {"reply": {"parent": 5}},
        {"embed": [1]},
        {"embed": {"record": {"record": 5}}},
        {"langs": "en"},
        {"langs": ["i-klingon"]},
        {"text": 5},
    ],
)
def test_what_strangers_put_into_a_record_is_read_all_the_same(value: dict[str, Any]) -> None:
    told = {"website": "javascript:alert(1)", "displayName": "\u202e\x00", "handle": "xn--80ak6aa92e.com"}
    values = mapped(record({"text": "hello", **value}, author=person(**told)))
    assert values["author_record"] == BOB
    assert "author.website" not in values
