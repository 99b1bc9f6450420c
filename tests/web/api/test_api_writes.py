"""Writes by API: a merge patch that is an edit, refused whole or taken whole, only by who may."""

from __future__ import annotations

from typing import Any

import pytest

from hub.canonical.ids import read
from hub.cli.root import run
from hub.flows import steward
from hub.flows.wiring import load_wiring


def test_a_patch_changes_what_it_names(api: Any) -> None:
    id = api.id("2")
    before = api.ask(f"/customers/{id}").json
    found = api.patch(id, {"phone[mobile]": "+49 170 1234567", "email": None})
    assert found.status_code == 200
    assert found.json["overruled"] == {}
    assert found.json["version"] == before["version"] + 1
    assert found.headers["ETag"] == f'"{found.json["version"]}"'
    now = api.ask(f"/customers/{id}").json
    assert now == {key: value for key, value in found.json.items() if key != "overruled"}
    fields = {path: value for path, value in before["fields"].items() if path != "email"}
    assert now["fields"] == {**fields, "phone[mobile]": "+491701234567"}


def test_what_the_rules_decide_is_told(api: Any) -> None:
    id = api.id("2")
    steward.set_pin(api.db, load_wiring(api.db), read("cus", id), path="email", value="pin@x.org", by="eve")
    found = api.patch(id, {"email": "api@x.org"})
    assert (found.status_code, found.json["overruled"]) == (200, {"email": "pin"})
    assert found.json["fields"]["email"] == "pin@x.org"


def test_only_to_the_version_that_is_known(api: Any) -> None:
    id = api.id("2")
    tag = api.ask(f"/customers/{id}").headers["ETag"]
    assert api.patch(id, {"job_title": "Boss"}, headers={"If-Match": tag}).status_code == 200
    late = api.patch(id, {"job_title": "Chief"}, headers={"If-Match": tag})
    assert (late.status_code, late.json["code"]) == (412, "stale")
    assert api.ask(f"/customers/{id}").json["fields"]["job_title"] == "Boss"
    assert api.patch(id, {"job_title": "Chief"}, headers={"If-Match": '"x"'}).status_code == 412
    assert api.patch(id, {"job_title": "Chief"}, headers={"If-Match": "*"}).status_code == 200


def test_a_token_that_may_only_write_reads_nothing(api: Any) -> None:
    id = api.id("2")
    token = api.make("writer", "write")
    found = api.patch(id, {"job_title": "Boss"}, token=token)
    assert found.status_code == 200
    assert set(found.json) == {"id", "version", "overruled"}


def test_what_cannot_be_taken_is_named_field_by_field(api: Any) -> None:
    id = api.id("2")
    before = api.ask("/changes").json["latest"]
    found = api.patch(
        id, {"emial": "x@y.org", "birth_date": "soon", "job_title": "Boss", "external_ref[crm]": "7"}
    )
    assert (found.status_code, found.json["code"]) == (422, "record_rejected")
    assert set(found.json["fields"]) == {"emial", "birth_date", "external_ref[crm]"}
    assert api.ask("/changes").json["latest"] == before


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"fields": {"job_title": "x"}', "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"fields": []}', "application/json", 400),
        (b'{"fields": {}}', "application/json", 400),
        (b'{"fields": {"job_title": "x"}, "more": 1}', "application/json", 400),
        (b'{"job_title": "x"}', "application/json", 400),
        (b'{"fields": {"job_title": "x"}}', "text/plain", 415),
        (b'{"fields": {"job_title": "\xff"}}', "application/json", 400),
        (b'{"fields": {"job_title": "' + b"x" * 70_000 + b'"}}', "application/json", 413),
        (b'{"fields": {"job_title": "x"}}', "application/merge-patch+json", 200),
    ],
)
def test_what_is_no_patch(api: Any, body: bytes, kind: str, status: int) -> None:
    found = api.ask(f"/customers/{api.id('2')}", method="PATCH", data=body, content_type=kind)
    assert found.status_code == status, found.text
    if status != 200:
        assert found.content_type == "application/problem+json"
        assert found.json["status"] == status


def test_a_changed_configuration_counts_at_once(api: Any) -> None:
    """The wiring is kept between writes, and not longer than it is right."""
    id = api.id("1")
    assert api.patch(id, {"email": "one@x.org"}).json["overruled"] == {}
    file = api.home.parent / "rules.toml"
    file.write_text('[survivorship]\nemail = ["crm", "kunden"]\n', encoding="utf-8")
    assert run(["--home", str(api.home), "apply", str(file)]) == 0
    found = api.patch(id, {"email": "two@x.org"}).json
    assert "two@x.org" in str(found)
    wiring = api.app.extensions["hub.api.wiring"][1]
    assert wiring.rules.of("email") == ("crm", "kunden")


def test_the_commands_show_no_link_and_the_right_source(api: Any, capfdbinary: Any) -> None:
    id = api.id("2")
    api.patch(id, {"job_title": "Boss"})
    capfdbinary.readouterr()
    assert run(["--home", str(api.home), "export", "links"]) == 0
    assert b"api" not in capfdbinary.readouterr().out
    assert run(["--home", str(api.home), "customer", "show", id]) == 0
    shown = capfdbinary.readouterr().out.decode()
    assert "Boss" in shown
    assert "cus_" in shown.splitlines()[0]
    assert not [line for line in shown.splitlines() if line.startswith("api ")]
    assert run(["--home", str(api.home), "connection", "list"]) == 0
    assert b"api" not in capfdbinary.readouterr().out
    assert run(["--home", str(api.home), "rebuild", "--check"]) == 0
