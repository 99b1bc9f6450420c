"""Declared connectors against a small server: paging, proofs of who calls, and what bad answers mean."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest

from hub.errors import ConnectionBroken, HubError, NeedsReauth, WrongUse
from hub.sdk.connector import Change, ConnectionView
from hub.sdk.limits import Limits
from hub.sdk.manifest import Manifest, load_manifest
from hub.sdk.registry import assemble
from hub.sdk.rest import access
from hub.sdk.rest.connector import RestConnector
from hub.testkit.fake_rest import FakeRest, iso, reply
from hub.testkit.loopback import Reply, Request

MANIFEST = """
name     = "acme"
title    = "Acme"
vendor   = "Acme"
evidence = "its own server, 2026-11-24"

[object.customer]
pull = true
push = true
fetch_batch = 5
page_size = 3
version = "modified"
conditional = true
overlap_seconds = 2

[rest]
check = "people"
AUTH
[rest.customer]
path = "people"
rows = "people"
version = "changed"
one = "people/{id}"
update = "PUT people/{id}"
condition = "If-Match"
size_param = "limit"
moment = "changed"
LIST
"""
SINCE = 'since = "since"\n'
BY_OFFSET = 'paging = "offset"\nposition_param = "skip"\n'
BY_PAGE = 'paging = "page"\nposition_param = "page"\n'
BY_TOKEN = 'paging = "token"\ntoken = "next"\ntoken_param = "cursor"\n'
BY_LINK = 'paging = "link"\n'
BY_BODY_LINK = 'paging = "link"\ntoken = "link"\n'


class People(FakeRest):
    """Lists by every way of paging at once; by id unless `by_time`."""

    routes = {
        "GET /people": "people",
        "GET /people/{id}": "person",
        "PUT /people/{id}": "write",
        "POST /token": "token",
    }
    by_time = False
    wants: Callable[[Request], bool] = staticmethod(lambda request: True)
    status = 200
    tokens = 0

    def allowed(self, request: Request) -> bool:
        return request.path == "/token" or self.wants(request)

    def render(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": int(row["id"]), "name": row["name"], "changed": iso(row["changed"])}

    def people(self, request: Request) -> Reply:
        asked = request.query
        since = asked.get("since", "")
        key = (lambda row: (row["changed"], int(row["id"]))) if self.by_time else (lambda row: int(row["id"]))
        rows = sorted((row for row in self.rows.values() if iso(row["changed"]) >= since), key=key)
        size = int(asked.get("limit", 100))
        start = int(asked.get("skip") or asked.get("cursor") or size * (int(asked.get("page", 1)) - 1))
        page, more = rows[start : start + size], start + size < len(rows)
        link = f"{self.url}/people?limit={size}&skip={start + size}" if more else None
        content = {
            "people": [self.render(row) for row in page],
            "link": link,
            "next": start + size if more else None,
        }
        return reply(content, headers={"Link": f'<{link}>; rel="next"'} if link else {})

    def person(self, request: Request, id: str) -> Reply:
        return reply(self.render(self.rows[id])) if id in self.rows else self.refusal(404, "nobody")

    def write(self, request: Request, id: str) -> Reply:
        if request.headers.get("if-match") not in (None, iso(self.rows[id]["changed"])):
            return self.refusal(412, "changed meanwhile")
        if self.status == 204:
            self.put(orjson.loads(request.body), id=id)
            return Reply(204, b"")
        self.put(orjson.loads(request.body), id=id)
        return reply(self.render(self.rows[id]))

    def token(self, request: Request) -> Reply:
        self.tokens += 1
        return reply({"access_token": f"access-{self.tokens}", "expires_in": 3600, "host": self.url})


@pytest.fixture
def server() -> Iterator[People]:
    with People() as running:
        yield running


def manifest(listing: str = BY_OFFSET, auth: str = "", extra: str = "") -> Manifest:
    return load_manifest(
        MANIFEST.replace("LIST", listing).replace("AUTH", extra + auth), file="manifest.toml"
    )


def connector(
    server: People, given: Manifest, secrets: Mapping[str, str] | None = None, **settings: str
) -> RestConnector:
    assert given.rest is not None
    rest = given.rest
    kind = type("Acme", (RestConnector,), {"spec": classmethod(lambda cls: access.settings(rest))})
    kept = {"key": "key-123456", **(secrets or {})}
    view = ConnectionView("acme", {"url": server.url, **settings}, kept.get)
    made = assemble(kind, given, view, limits=Limits(patience=0.1), sleep=lambda seconds: None)
    assert isinstance(made, RestConnector)
    return made


def names(source: RestConnector, cursor: Any = None) -> tuple[list[str], Any]:
    found: dict[str, str] = {}
    for page in source.pull("customer", cursor):
        assert len(page.records) <= 3
        found |= {one.external_id: one.raw["name"] for one in page.records}
        cursor = page.cursor if page.cursor is not None else cursor
    return list(found.values()), cursor


@pytest.mark.parametrize(
    "listing", [BY_OFFSET, BY_PAGE, BY_PAGE + "first = 1\n", BY_TOKEN, BY_LINK, BY_BODY_LINK]
)
@pytest.mark.parametrize("by_time", ["", "sorted = true\n"])
def test_every_way_of_paging_brings_everybody(server: People, listing: str, by_time: str) -> None:
    server.by_time = bool(by_time)
    for number in range(10):
        server.put({"name": f"P{number}"}, at=1_000_000.0 + number // 4 * 10)
    source = connector(server, manifest(listing + SINCE + by_time))
    found, cursor = names(source)
    assert sorted(found) == [f"P{number}" for number in range(10)]
    server.put({"name": "changed"}, id="3")
    server.put({"name": "new"})
    later, _ = names(source, cursor)
    assert {"changed", "new"} <= set(later)
    if by_time:
        assert len(later) < 10, "the cursor does not narrow"


def test_without_a_time_filter_all_are_read_each_time(server: People) -> None:
    for number in range(5):
        server.put({"name": f"P{number}"})
    source = connector(server, manifest(BY_TOKEN))
    _, cursor = names(source)
    assert len(names(source, cursor)[0]) == 5


def test_a_token_that_is_no_longer_good_begins_the_pass_anew(server: People) -> None:
    for number in range(7):
        server.put({"name": f"P{number}"})
    source = connector(server, manifest(BY_TOKEN))
    first = next(iter(source.pull("customer", None)))
    assert first.cursor["token"]
    server.routes = {**People.routes, "GET /people": "once_gone"}

    expired = {"left": 1}

    def gone_first(request: Request) -> Reply:
        if "cursor" in request.query and expired["left"]:
            expired["left"] -= 1
            return server.refusal(410, "expired")
        return server.people(request)

    server.once_gone = gone_first  # type: ignore[attr-defined]
    assert len(names(source, first.cursor)[0]) == 7


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ("[rest.auth]\n", "authorization", "Bearer key-123456"),
        ('[rest.auth]\nscheme = "Token"\n', "authorization", "Token key-123456"),
        ('[rest.auth]\nkind = "header"\nname = "X-Key"\n', "x-key", "key-123456"),
        ('[rest.auth]\nkind = "basic"\n', "authorization", f"Basic {base64.b64encode(b'me:pass-9988').decode()}"),
    ],
)  # fmt: skip
def test_each_proof_is_sent(server: People, auth: str, header: str, value: str) -> None:
    server.wants = lambda request: request.headers.get(header) == value
    settings = {"user": "me"} if "basic" in auth else {}
    source = connector(server, manifest(auth=auth), {"password": "pass-9988"}, **settings)
    assert [one.ok for one in source.check()] == [True, True]


def test_a_key_in_the_query_is_never_told(server: People) -> None:
    server.wants = lambda request: request.query.get("k") == "key-123456"
    given = manifest(auth='[rest.auth]\nkind = "query"\nname = "k"\n')
    assert [one.ok for one in connector(server, given).check()] == [True, True]
    server.wants = lambda request: False
    with pytest.raises(NeedsReauth) as error:
        names(connector(server, given))
    assert "key-123456" not in str(error.value)


def test_a_refused_access_token_is_renewed(server: People) -> None:
    given = manifest(
        auth='[rest.auth]\nkind = "oauth2"\nserver = "https://x.example"\ngrant = "client_credentials"\n'
    )
    server.put({"name": "P"})
    server.wants = lambda request: request.headers.get("authorization") == "Bearer access-2"
    source = connector(server, given, {"client_secret": "shh-4411"}, client_id="me", auth_url=server.url)
    assert names(source)[0] == ["P"]
    assert source.authorisation() is not None and server.tokens == 2


@pytest.mark.parametrize(
    ("extra", "body", "good"),
    [
        ('ok = "success"\n', {"success": True, "people": []}, True),
        ('ok = "success"\n', {"success": False, "people": []}, False),
        ('ok = "success"\n', {"people": []}, False),
        ('error = "error"\nmessage = "error.text"\n', {"error": {"text": "locked"}, "people": []}, False),
        ('error = "error"\n', {"error": None, "people": []}, True),
        ("", {}, False),
        ("", {"people": None}, False),
    ],
)
def test_status_200_is_not_the_verdict(server: People, extra: str, body: dict[str, Any], good: bool) -> None:
    server.people = lambda request: reply(body)  # type: ignore[method-assign]
    source = connector(server, manifest(extra=extra))
    if good:
        assert names(source)[0] == []
        return
    with pytest.raises(ConnectionBroken):
        names(source)


def test_a_row_without_id_is_put_aside(server: People) -> None:
    server.people = lambda request: reply(
        {"people": [{"name": "who"}, {"id": True}, "x", {"id": 5, "changed": ""}]}
    )  # type: ignore[method-assign]
    (page, *_) = connector(server, manifest('paging = "none"\n')).pull("customer", None)
    assert ([one.external_id for one in page.records], len(page.rejected)) == ([], 3)


def test_a_write_on_condition_and_one_without_an_answer_body(server: People) -> None:
    id = server.put({"name": "Old"}, at=5.0)
    source = connector(server, manifest())
    (stale,) = source.push("customer", [Change("k", id, {"name": "New"}, version="elsewhen")])
    assert stale.outcome == "not_landed"
    server.status = 204
    (done,) = source.push("customer", [Change("k", id, {"name": "New"}, version=iso(5.0))])
    assert (done.outcome, done.record, server.rows[id]["name"]) == ("done", None, "New")


def test_a_class_without_the_tables_is_refused(server: People) -> None:
    with pytest.raises(WrongUse, match=r"no table \[rest\]"):
        given = manifest()
        bare = replace(given, rest=None)
        kind = type("Acme", (RestConnector,), {"spec": classmethod(lambda cls: access.settings(given.rest))})
        assemble(kind, bare, ConnectionView("a", {"url": server.url}, {"key": "key-1"}.get))


def test_errors_are_ours(server: People) -> None:
    server.people = lambda request: reply([1, 2])  # type: ignore[method-assign]
    with pytest.raises(HubError):
        names(connector(server, manifest()))
