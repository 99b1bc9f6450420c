"""The address of webhooks: what it answers, that it says no more than that, and the command that shows the inbox."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest_cli import caller

from hub import settings
from hub.cli.root import run
from hub.flows.receiving import MOST_BYTES
from hub.sdk import registry
from hub.sdk.manifest import read_manifest
from hub.store.session import Database
from hub.testkit import hostile
from hub.testkit.hostile.connector import Hostile
from hub.testkit.remote import KEY, WEBHOOK_SECRET, HostileRemote
from hub.web import create_app

CONNECTIONS = """
[connection.shop]
connector = "hostile"
url = "{url}"
key = "file:key"
webhook_secret = "file:hook"
[connection.shop.customer]
map_text = '''
object = "customer"
[pull]
display_name = "name"
email = "mail"
'''
[connection.crm]
connector = "files"
path = "in/"
[[connection.crm.file]]
match = "*.csv"
map = "crm.toml"
"""


class Site(NamedTuple):
    """A hub with one system that calls, and a client of its web part."""

    home: Path
    remote: HostileRemote
    client: Any
    hub: Any

    def post(self, path: str = "/hooks/shop", *, id: str = "c1", **options: Any) -> Any:
        headers, body = self.remote.webhook(id, age=options.pop("age", 0.0))
        options.setdefault("data", body)
        return self.client.post(path, headers=headers | options.pop("headers", {}), **options)

    def inbox(self, *words: str) -> list[dict[str, Any]]:
        return list(self.hub("inbox", "list", *words, "--json").records)


@pytest.fixture
def site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Iterator[Site]:
    load, manifest = registry.load, read_manifest(Path(hostile.__path__[0]))
    monkeypatch.setattr(
        registry, "load", lambda name: (Hostile, manifest) if name == "hostile" else load(name)
    )
    home = tmp_path / "home"
    remote = HostileRemote().start()
    assert run(["init", str(home)]) == 0
    (home / "in").mkdir()
    (home / "key").write_text(KEY)
    (home / "hook").write_text(WEBHOOK_SECRET)
    (home / "crm.toml").write_text('object = "customer"\n[pull]\nemail = "mail"\n')
    file = home / "connections.toml"
    file.write_text(CONNECTIONS.format(url=remote.url))
    assert run(["--home", str(home), "apply", str(file)]) == 0
    app = create_app(settings.load(home))
    try:
        yield Site(home, remote, app.test_client(), caller(home, capfdbinary))
    finally:
        remote.stop()
        if (own := app.extensions.get("hub.store")) is not None:
            own.close()


def test_a_signed_one_is_taken_and_a_repeated_one_answered_alike(site: Site) -> None:
    headers, body = site.remote.webhook("c1")
    for _ in range(2):
        found = site.client.post("/hooks/shop", headers=headers, data=body)
        assert (found.status_code, found.data) == (200, b"taken\n")
    (row,) = site.inbox()
    assert (row["state"], row["times"]) == ("waiting", 1)
    assert row["hints"] == [{"object": "customer", "external_id": "c1", "deleted": False}]


def test_it_is_open_under_any_name_while_the_pages_are_not(site: Site) -> None:
    assert site.post(headers={"Host": "hub.example.org"}).status_code == 200
    assert site.client.get("/", headers={"Host": "hub.example.org"}).status_code == 421


@pytest.mark.parametrize(
    ("code", "options"),
    [
        (401, {"data": b"{}"}),
        (401, {"headers": {"X-Hostile-Signature": ""}}),
        (401, {"headers": {"X-Hostile-Signature": "v1=zz"}}),
        (401, {"headers": {"X-Hostile-Time": "soon"}}),
        (401, {"age": 3600}),
        (404, {"path": "/hooks/nobody"}),
        (404, {"path": "/hooks/crm"}),
        (404, {"path": "/hooks/api"}),
        (404, {"path": "/hooks/a%00b"}),
        (413, {"data": b"x" * (MOST_BYTES + 1)}),
    ],
)
def test_what_is_not_right_is_refused_without_a_reason(
    site: Site, code: int, options: dict[str, Any]
) -> None:
    found = site.post(**options)
    assert found.status_code == code
    assert found.mimetype == "text/plain"
    assert len(found.data) < 20
    told = {row["code"]: row["cause"] for row in site.inbox()}
    assert set(told) == ({"not_signed"} if code == 401 else set())
    assert WEBHOOK_SECRET not in json.dumps(told)


def test_a_body_sent_without_its_length_is_cut_off_too(site: Site) -> None:
    found = site.client.post(
        "/hooks/shop",
        input_stream=io.BytesIO(b"x" * (MOST_BYTES + 10)),
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert found.status_code == 413


def test_a_question_nobody_answers_is_nothing(site: Site) -> None:
    assert site.client.get("/hooks/shop?hub.challenge=<script>").status_code == 404
    assert site.client.head("/hooks/shop").status_code == 404
    assert site.client.put("/hooks/shop").status_code == 405


def test_a_question_is_answered_as_text(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hostile, "answer_challenge", lambda self, query: query["c"].encode())
    for method in ("GET", "POST"):
        found = site.client.open("/hooks/shop?c=<b>1", method=method)
        assert (found.status_code, found.data, found.mimetype) == (200, b"<b>1", "text/plain")
        assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert site.client.head("/hooks/shop?c=1").status_code == 200


def test_while_it_cannot_be_kept_the_sender_is_told_to_come_again(site: Site) -> None:
    (site.home / "hook").unlink()
    found = site.post()
    assert (found.status_code, found.headers["Retry-After"]) == (503, "30")
    (site.home / "hook").write_text(WEBHOOK_SECRET)
    assert site.post().status_code == 200
    store = site.home / "data" / "hub.sqlite"
    store.rename(store.with_suffix(".away"))
    app = create_app(settings.load(site.home))
    headers, body = site.remote.webhook("c1")
    assert app.test_client().post("/hooks/shop", headers=headers, data=body).status_code == 503
    app.extensions["hub.store"].close()
    store.unlink()
    store.with_suffix(".away").rename(store)


def test_the_command_lists_and_replays(site: Site) -> None:
    id = site.remote.put({"name": "Ann Archer", "email": "ann@x.org"})
    site.post(id=id)
    site.remote.suspended = True
    (row,) = site.inbox()
    said = site.hub("inbox", "replay", str(row["id"]), "--json")
    assert (said.code, said.records) == (1, [{"rows": 1, "became": {"waiting": 1}}])
    (row,) = site.inbox("shop", "--state", "waiting")
    assert "suspended" in row["cause"]
    site.remote.suspended = False
    assert site.hub("connection", "resume", "shop").code == 0
    assert site.hub("inbox", "replay", str(row["id"])).code == 0
    assert site.hub("inbox", "list").out.count("customer c1") == 1
    assert "Ann Archer" in site.hub("customer", "find", "ann").out
    assert site.hub("inbox", "replay", "99").code == 2
    assert site.hub("inbox", "replay").code == 2


def test_what_needs_a_person_is_on_the_first_page(site: Site) -> None:
    site.post(data=b"{}")
    assert b"Webhooks for shop are refused" in site.client.get("/").data
    site.post()
    told = site.client.get("/").data
    assert (
        b"are refused" not in told
    )  # one was taken after it: the secret is right, and somebody else knocked
    site.remote.suspended = True
    (row,) = site.inbox("--state", "waiting")
    with Database(settings.load(site.home).database_url).claim() as conn:
        conn.exec_driver_sql(f"UPDATE inbox SET state = 'dead', cause = 'no such row' WHERE id = {row['id']}")
    told = site.client.get("/").data
    assert b"One webhook from shop could not be taken" in told
    assert b"hub inbox list shop --state dead" in told


def test_the_keys_are_those_documented(site: Site) -> None:
    readme = (Path(__file__).parents[2] / "hub" / "cli" / "README.md").read_text(encoding="utf-8")
    site.post()
    (row,) = site.inbox()
    (said,) = site.hub("inbox", "replay", str(row["id"]), "--json").records
    for command, found in (("inbox list", row), ("inbox replay", said)):
        (line,) = (one for one in readme.splitlines() if one.startswith(f"| `{command}` |"))
        keys = re.findall(r"`(\w+)`", re.sub(r"\([^()]*\)", "", line.split("|")[2]))
        assert set(found) == set(keys)


def test_the_check_says_where_to_send_them(site: Site) -> None:
    found = {one["step"]: one for one in site.hub("connection", "check", "shop", "--json").records}
    told = found["webhook address"]["detail"]
    assert "a secret is set" in told
    assert "http://127.0.0.1:8080/hooks/shop" in told
    (site.home / "hub.toml").write_text('public_url = "https://hub.example.org/crm/"\n')
    found = {one["step"]: one for one in site.hub("connection", "check", "shop", "--json").records}
    assert found["webhook address"]["detail"].endswith("register https://hub.example.org/crm/hooks/shop")
    (site.home / "hub.toml").write_text('public_url = "hub.example.org"\n')
    assert site.hub("connection", "list").code == 2
