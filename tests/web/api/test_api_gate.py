"""Who may ask what: every address, every scope, and no more than so often."""

from __future__ import annotations

import re
import time
from typing import Any

import orjson
import pytest
from openapi_spec_validator import validate

from hub.cli.root import run
from hub.errors import NotSignedIn, RateLimited, WrongUse
from hub.flows import tokens
from hub.flows.tokens import Token
from hub.web.api.gate import Gate


def rules(api: Any) -> list[tuple[str, str]]:
    """(method, path below /api/v1 with an id in it) of every view but the document."""
    found = []
    for rule in api.app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/") and rule.endpoint != "api-docs.openapi_json":
            path = re.sub(r"<[^>]+>", "cus_0000000000001", rule.rule).removeprefix("/api/v1")
            found += [(method, path) for method in rule.methods - {"OPTIONS", "HEAD"}]
    return sorted(found)


def test_nothing_is_open(api: Any) -> None:
    assert len(rules(api)) >= 11
    for method, path in rules(api):
        for token in (None, "hub_0123456789ab_" + "x" * 43, "nonsense", api.token[:-1] + "_"):
            found = api.ask(path, method=method, token=token, query_string={"unknown": "1"})
            assert (found.status_code, found.json["code"]) == (401, "not_signed_in"), (method, path)
            assert found.headers["WWW-Authenticate"] == "Bearer"


def test_each_address_needs_the_scope_that_the_document_names(api: Any) -> None:
    document = api.client.get("/api/v1/openapi.json").json
    single = {scope: api.make(f"only-{scope}", scope) for scope in tokens.SCOPES}
    for method, path in rules(api):
        named = path.replace("cus_0000000000001", "{id}")
        (security,) = document["paths"][f"/api/v1{named}"][method.lower()]["security"]
        (needed,) = security["token"]
        for scope, token in single.items():
            status = api.ask(path, method=method, token=token).status_code
            assert (status == 403) is (scope != needed), (method, path, scope, status)


def test_the_document_is_openapi_and_says_what_is_there(api: Any) -> None:
    found = api.client.get("/api/v1/openapi.json")
    document = found.json
    validate(document)
    assert document["openapi"] == "3.1.0"
    for path in document["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict) and "responses" in operation:
                assert operation["summary"]
                assert {"200", "401", "403", "429"} <= set(operation["responses"])
    shown = api.ask(f"/customers/{api.id('1')}").json
    assert set(shown) == set(document["components"]["schemas"]["Customer"]["properties"])
    order = api.ask("/orders?connection=crm&external_id=O1").json["orders"][0]
    assert set(order) == set(document["components"]["schemas"]["Order"]["properties"])
    change = api.ask("/changes").json
    assert set(change) == set(document["components"]["schemas"]["Changes"]["properties"])
    assert set(change["changes"][0]) == set(document["components"]["schemas"]["Change"]["properties"])
    value = api.ask(f"/customers/{api.id('1')}/provenance").json["fields"]["email"]
    assert set(value) == set(document["components"]["schemas"]["ValueOrigin"]["properties"])


def test_every_error_is_a_problem(api: Any) -> None:
    for path, method, status in (
        ("/nothing", "GET", 404), ("/customers", "POST", 405), ("/customers/x", "DELETE", 405),
        ("/customers?limit=x", "GET", 400), ("/changes?after=-1", "GET", 400),
    ):  # fmt: skip
        found = api.ask(path, method=method)
        assert (found.status_code, found.content_type) == (status, "application/problem+json")
        assert {"type", "title", "status", "code", "detail"} <= set(found.json)


def test_a_defect_and_a_store_that_is_away_tell_nothing(
    api: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from sqlalchemy.exc import OperationalError

    for raised, status in (
        (KeyError("secret detail"), 500),
        (OperationalError("secret", {}, Exception("x")), 503),
    ):

        def defect(*_: Any, _raised: Exception = raised, **__: Any) -> None:
            raise _raised

        monkeypatch.setattr("hub.store.queries.readers.customer", defect)
        found = api.ask("/customers/cus_0000000000001")
        assert found.status_code == status
        assert "secret" not in found.text
        assert (found.headers.get("Retry-After") == "5") is (status == 503)
    assert "a request failed" in caplog.text


def test_a_token_ends_by_revoking_and_by_time(api: Any) -> None:
    short = api.make("short", "read", expires_at=time.time() + 0.2)
    assert api.ask("/changes", token=short).status_code == 200
    time.sleep(0.3)
    api.app.extensions["hub.api.gate"]._known.clear()  # what seconds would do
    assert api.ask("/changes", token=short).status_code == 401
    tokens.revoke(api.db, "all", by="test", now=time.time())
    api.app.extensions["hub.api.gate"]._known.clear()
    assert api.ask("/changes").status_code == 401


def test_the_store_holds_no_token(api: Any) -> None:
    from sqlalchemy import text

    with api.db.read() as conn:
        rows = conn.execute(text("SELECT * FROM api_token")).all()
        noted = conn.execute(text("SELECT detail FROM audit WHERE act = 'token.add'")).all()
    secret = api.token.split("_", 2)[2]
    assert rows
    assert secret not in str(rows) + str(noted)


def test_one_name_one_token_in_force(api: Any) -> None:
    with pytest.raises(WrongUse, match="already"):
        api.make("all", "read")
    tokens.revoke(api.db, "all", by="test", now=time.time())
    assert api.make("all", "read") != api.token
    for name, scopes in (("Bad Name", ("read",)), ("x", ()), ("x", ("admin",))):
        with pytest.raises(WrongUse):
            api.make(name, *scopes)
    for text in ("", "hub__", "x" * 500, "hub_0123456789ab_ä"):
        with pytest.raises(NotSignedIn):
            tokens.check(api.db, text, now=time.time())


def test_a_burst_is_served_and_a_flood_is_not(api: Any) -> None:
    token = api.make("slow", "read", per_minute=5)
    answers = [api.ask("/changes", token=token) for _ in range(7)]
    assert [one.status_code for one in answers] == [200] * 5 + [429] * 2
    assert [one.headers["RateLimit-Remaining"] for one in answers[:5]] == ["4", "3", "2", "1", "0"]
    assert 0 < int(answers[5].headers["Retry-After"]) <= 12
    assert answers[5].json["code"] == "rate_limited"
    assert api.ask("/changes").status_code == 200  # others are not held back


def test_the_bucket_fills_evenly() -> None:
    now = [0.0]
    gate = Gate(clock=lambda: now[0])
    token = Token(1, "t", frozenset(), 60)
    assert [gate.count(token) for _ in range(60)] == list(range(59, -1, -1))
    with pytest.raises(RateLimited) as raised:
        gate.count(token)
    assert raised.value.after == pytest.approx(1.0)
    now[0] = 1.0
    assert gate.count(token) == 0
    now[0] = 1e6
    assert gate.count(token) == 59


def test_tokens_by_command(api: Any, capfdbinary: Any) -> None:
    at = ["--home", str(api.home)]
    capfdbinary.readouterr()
    assert run([*at, "token", "add", "shop", "--scope", "read", "--scope", "export", "--expires", "90d"]) == 0
    out, err = capfdbinary.readouterr()
    token = out.decode().strip()
    assert b"cannot be shown again" in err
    assert api.ask("/changes", token=token).status_code == 200
    assert api.ask("/exports/orders", token=token).status_code == 200
    assert run([*at, "token", "list", "--json"]) == 0
    listed = capfdbinary.readouterr().out.decode()
    assert '"name":"shop"' in listed
    assert set(orjson.loads(listed.splitlines()[0])) == {
        "name", "scopes", "per_minute", "created_by", "created_at", "expires_at", "used_at", "revoked_at",
    }  # fmt: skip
    assert token.split("_", 2)[2] not in listed
    assert run([*at, "token", "revoke", "shop"]) == 0
    assert run([*at, "token", "revoke", "shop"]) == 2
    assert run([*at, "token", "add", "x", "--scope", "admin"]) == 2
    assert run([*at, "token", "add", "x", "--scope", "read", "--expires", "soon"]) == 2
    api.app.extensions["hub.api.gate"]._known.clear()
    assert api.ask("/changes", token=token).status_code == 401
