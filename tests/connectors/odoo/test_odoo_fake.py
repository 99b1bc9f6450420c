"""The fake Odoo is not only our own belief: odoorpc, a client library of others, works with it; and it says no as the
recordings of a real Odoo 17 do.
"""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from odoo_fake_server import DATABASE, KEY, LOGIN, FakeOdoo

ODOORPC = pytest.importorskip("odoorpc", reason="odoorpc is not installed (dev dependency)")


@pytest.fixture
def client(odoo: FakeOdoo) -> Any:
    made = ODOORPC.ODOO("127.0.0.1", port=int(odoo.url.rpartition(":")[2]), timeout=20)
    made.login(DATABASE, LOGIN, KEY)
    return made


def test_odoorpc_logs_in_and_reads_the_version(odoo: FakeOdoo, client: Any) -> None:
    assert client.version == f"{odoo.version}.0"
    with pytest.raises(ODOORPC.error.RPCError):
        ODOORPC.ODOO("127.0.0.1", port=client.port).login(DATABASE, LOGIN, "wrong")


def test_odoorpc_makes_finds_changes_and_deletes(odoo: FakeOdoo, client: Any) -> None:
    partners = client.env["res.partner"]
    id = partners.create({"name": "Ann", "email": "ann@example.org"})
    assert partners.search([("email", "=", "ann@example.org")]) == [id]
    record = partners.browse(id)
    assert (record.name, record.active, record.parent_id.ids) == ("Ann", True, [])
    partners.write([id], {"active": False})
    assert partners.search([("id", "=", id)]) == []
    assert partners.with_context(active_test=False).search([("id", "=", id)]) == [id]
    assert partners.unlink([id]) is True
    assert partners.read([id], ["name"]) == []


def test_odoorpc_sees_odoos_errors(odoo: FakeOdoo, client: Any) -> None:
    for call, words in (
        (lambda: client.execute("res.partner", "create", {"nope": 1}), "Invalid field 'nope'"),
        (lambda: client.execute("no.such.model", "search", []), "doesn't exist"),
        (lambda: client.execute("res.partner", "write", [999], {"name": "x"}), "does not exist"),
        (
            lambda: client.execute("res.partner", "search", [("nofield", "=", 1)]),
            "Invalid field res.partner.nofield",
        ),
    ):
        with pytest.raises(ODOORPC.error.RPCError, match=words):
            call()


RECORDED = Path(os.environ.get("HUB_TEST_VENDORS", "")) / "odoo" / "recorded"
_FAILED = (
    "res_partner_create_unknown_field",
    "res_partner_create_missing_name",
    "res_partner_write_missing",
    "bad_credentials",
    "bad_domain",
    "unknown_model",
)


@pytest.mark.skipif(
    not os.environ.get("HUB_TEST_VENDORS") or not RECORDED.is_dir(),
    reason="HUB_TEST_VENDORS names no folder with recordings",
)
@pytest.mark.parametrize("name", _FAILED)
def test_the_fake_says_no_as_a_real_17_did(name: str) -> None:
    """Same question, same class of error, and the same words as far as no id stands in them."""
    recorded = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    question = recorded["request"]
    args = question["params"]["args"]
    key = "wrong" if name == "bad_credentials" else KEY
    question["params"]["args"] = [DATABASE, 1, key, *args[3:]]
    with FakeOdoo(17) as fake:
        asked = urllib.request.Request(
            f"{fake.url}/jsonrpc", json.dumps(question).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            said = json.load(answer)
    theirs, ours = recorded["body"]["error"]["data"], said["error"]["data"]
    assert ours["name"] == theirs["name"]
    assert ours["message"].split("(Record")[0] == theirs["message"].split("(Record")[0]
