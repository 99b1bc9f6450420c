"""What readers get of interactions: the API, exports, the command and the customer's page."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from hub.canonical.ids import show
from hub.cli.root import run
from hub.flows import exports, tokens
from hub.queue import JobQueue
from hub.web import create_app


class Api:
    def __init__(self, desk: Any) -> None:
        self.token = tokens.add(
            desk.db, "test", scopes=("read", "write", "export"), by="test", now=time.time()
        )
        self.client = create_app(desk.settings).test_client()

    def ask(self, path: str, *, method: str = "GET", **options: Any) -> Any:
        headers = {**options.pop("headers", {}), "Authorization": f"Bearer {self.token}"}
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **options)


@pytest.fixture
def heard(desk: Any, bob: Any, us: Any) -> Any:
    """A desk that has heard three things from bob."""
    ours = us.post("We have new widgets.")
    for number in range(2):
        bob.post(f"@ hello {number}", to=us.did)
        time.sleep(0.002)
    bob.like(ours)
    desk.sync()
    return desk


@pytest.fixture
def api(heard: Any) -> Any:
    made = Api(heard)
    yield made
    if (own := made.client.application.extensions.get("hub.store")) is not None:
        own.close()


@pytest.fixture
def bell(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the workers are rung for."""
    rung: list[tuple[Any, ...]] = []
    monkeypatch.setattr(JobQueue, "dispatch", lambda self, *call: rung.append(call))
    return rung


def test_the_interactions_of_a_customer_come_in_pages_latest_first(api: Any, heard: Any, bob: Any) -> None:
    who = show("cus", heard.customer("social", f"author:{bob.did}"))
    first = api.ask(f"/customers/{who}/interactions?limit=2").json
    second = api.ask(f"/customers/{who}/interactions?limit=2&cursor={first['next']}").json
    listed = [*first["interactions"], *second["interactions"]]
    assert [one["fields"].get("body") for one in listed] == [None, "@ hello 1", "@ hello 0"]
    assert second["next"] is None
    assert {one["customer_id"] for one in listed} == {who}
    assert [one["occurred_at"] for one in listed] == sorted((o["occurred_at"] for o in listed), reverse=True)
    assert api.ask(f"/customers/{who}/interactions?cursor=nonsense").status_code == 400


def test_one_interaction_by_our_id_and_by_theirs(api: Any, heard: Any, bob: Any) -> None:
    who = heard.customer("social", f"author:{bob.did}")
    row = heard.timeline(who)[1]
    one = api.ask(f"/interactions/{show('int', row.id)}").json
    assert (one["external_id"], one["gone"], one["sending"]) == (row.external_id, False, None)
    query = {"connection": "social", "external_id": row.external_id}
    assert api.ask("/interactions", query_string=query).json["interactions"] == [one]
    assert api.ask(f"/interactions/{show('int', 7)}").status_code == 404


def test_an_answer_by_api_is_rung_for_and_asked_twice_is_one(
    api: Any, heard: Any, bob: Any, us: Any, bell: list[tuple[Any, ...]]
) -> None:
    row = heard.timeline(heard.customer("social", f"author:{bob.did}"))[1]
    body = {"text": "Hello yourself!", "in_reply_to": show("int", row.id)}
    asked = {"method": "POST", "json": body, "headers": {"Idempotency-Key": "k1"}}
    first, second = api.ask("/interactions", **asked), api.ask("/interactions", **asked)
    assert first.json == second.json
    assert first.json["sending"]["state"] == "waiting"
    assert [one[0] for one in bell] == ["drain", "drain"]
    heard.sync()
    sent = api.ask("/interactions", **asked).json
    assert sent["sending"] == {"state": "sent", "cause": None, "asked_by": "api:test"}
    assert us.read(sent["external_id"])["text"] == "Hello yourself!"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"text": "x", "connection": "social"}, {}),
        ({"text": "x"}, {"Idempotency-Key": "k"}),
        ({"text": "", "connection": "social"}, {"Idempotency-Key": "k"}),
        ({"text": "x", "connection": "social", "tone": "warm"}, {"Idempotency-Key": "k"}),
        ({"text": "x", "connection": "crm"}, {"Idempotency-Key": "k"}),
    ],
)
def test_what_cannot_be_said_is_refused(api: Any, heard: Any, body: Any, headers: Any) -> None:
    answer = api.ask("/interactions", method="POST", json=body, headers=headers)
    assert answer.status_code == 400, answer.json
    assert answer.json["fix"]
    assert heard.rows("SELECT count(*) FROM creation WHERE object = 'interaction'")[0][0] == 0


def test_exports_have_every_interaction_a_line_each(api: Any, heard: Any) -> None:
    lines = [json.loads(line) for line in api.ask("/exports/interactions").text.splitlines()]
    assert len(lines) == 4
    assert lines == [api.ask(f"/interactions/{one['id']}").json for one in lines]
    after = api.ask(f"/exports/interactions?after={lines[1]['id']}").text.splitlines()
    assert len(after) == 2
    exported = list(exports.interactions(heard.db))
    assert [one["id"] for one in exported] == [one["id"] for one in lines]
    mention = next(one for one in exported if one["body"] == "@ hello 0")
    assert mention["author"]["handle"] == "bob.test"
    assert (mention["kind"], mention["custom"]["bluesky"]["reason"], mention["gone"]) == (
        "mention",
        "mention",
        False,
    )


def test_the_page_of_a_customer_tells_what_was_said(api: Any, heard: Any, bob: Any) -> None:
    heard.reply(heard.timeline(heard.customer("social", f"author:{bob.did}"))[1].id, "Soon, <b>Bob</b>!")
    who = show("cus", heard.customer("social", f"author:{bob.did}"))
    page = api.client.get(f"/customers/{who}").text
    assert '<h1><bdi class="name">bob.test' in page, "somebody without a name is called by the account"
    assert page.index("it is not sent yet") < page.index("Reacted") < page.index("Mentioned us")
    assert "@ hello 1" in page
    assert "Soon, &lt;b&gt;Bob" in page
    assert "4 interactions" in page
    assert "The golden record changed" not in page, "it did not"
    assert 'href="https://bsky.app/profile/did:plc:' in page


def test_the_command_lists_answers_and_publishes(
    heard: Any, bob: Any, us: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (heard.home / "hub.toml").write_text(f'database_url = "{heard.db.url}"\n', encoding="utf-8")
    who = show("cus", heard.customer("social", f"author:{bob.did}"))

    def hub(*words: str) -> list[dict[str, Any]]:
        capsysbinary.readouterr()
        code = run(["--home", str(heard.home), "--json", *words])
        out, err = capsysbinary.readouterr()
        assert code == 0, err.decode()
        return [json.loads(line) for line in out.splitlines()]

    listed = hub("interaction", "list", who)
    assert [one["text"] for one in listed] == ["like", "@ hello 1", "@ hello 0"]
    (answer,) = hub("interaction", "reply", listed[1]["id"], "--text", "Hello Bob")
    assert (answer["sending"], answer["customer_id"]) == ("sent", who)
    assert us.read(answer["external_id"])["reply"]["parent"]["uri"] == listed[1]["external_id"]
    (post,) = hub("interaction", "post", "--connection", "social", "--text", "Sale!", "--key", "sale")
    (again,) = hub("interaction", "post", "--connection", "social", "--text", "Sale!", "--key", "sale")
    assert post == again
    (shown,) = hub("customer", "show", who)
    assert shown["interactions"] == 4
    assert len(hub("export", "interactions")) == 6
