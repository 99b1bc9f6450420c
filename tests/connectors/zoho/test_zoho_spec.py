"""The judge of requests is no yes-man: what the vendor's specification does not allow, it says."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from hub.testkit.loopback import Request


@pytest.fixture
def judge(zoho: Any) -> Any:
    found = sys.modules["zoho_test_spec"].judge()
    if found is None:
        pytest.skip("the vendor's specification is not here: name its folder in HUB_TEST_VENDORS")
    return found


def request(method: str, path: str, body: Any = None, /, **query: str) -> Request:
    raw = json.dumps(body).encode() if body is not None else b""
    return Request(method, path, query, {}, raw, path)


GOOD = (
    request("GET", "/crm/v8/Contacts", fields="id,Last_Name", per_page="200", sort_by="id", sort_order="asc"),
    request("POST", "/crm/v8/Contacts", {"data": [{"Last_Name": "x"}], "trigger": []}),
    request("PUT", "/crm/v8/Leads", {"data": [{"id": "1", "Last_Name": "x"}], "trigger": ["workflow"]}),
    request("GET", "/crm/v8/settings/fields", module="Contacts"),
    request("POST", "/crm/v8/coql", {"select_query": "select id from Contacts where (a = 'b')"}),
    request("GET", "/crm/v8/Contacts/actions/count"),
)
BAD = (
    (request("GET", "/crm/v8/Contacts", fields="id", sort="id"), "no parameter sort"),
    (request("GET", "/crm/v8/Contacts", fields="id", sort_by="Last_Name"), "sort_by"),
    (request("GET", "/crm/v8/Contacts", ids="7328395000000700001," * 60), "ids"),
    (request("POST", "/crm/v8/Contacts", {"data": [{}] * 101}), "data"),
    (request("POST", "/crm/v8/Contacts", {"data": [{}], "triggers": []}), "triggers"),
    (request("PUT", "/crm/v8/Contacts", {"data": [{"id": 7}]}), "string"),
    (request("POST", "/crm/v8/Contacts", {"data": [{}], "trigger": ["everything"]}), "everything"),
    (request("GET", "/crm/v8/settings/fields"), "module is missing"),
    (request("POST", "/crm/v8/coql", {"query": "select"}), "select_query"),
    (request("POST", "/crm/bulk/v8/read", {"query": {"fields": []}}), "module"),
    (request("POST", "/crm/v8/actions/watch", {"watch": [{"events": ["Contacts.all"]}]}), "notify_url"),
    (request("GET", "/crm/v7/Contacts", fields="id"), "no such operation"),
)


@pytest.mark.parametrize("one", GOOD, ids=lambda one: f"{one.method} {one.path}")
def test_what_the_specification_allows_passes(judge: Any, one: Request) -> None:
    assert judge(one) == []


@pytest.mark.parametrize(("one", "word"), BAD, ids=lambda one: one if isinstance(one, str) else one.path)
def test_what_it_does_not_allow_is_told(judge: Any, one: Request, word: str) -> None:
    assert any(word in said for said in judge(one)), judge(one)
